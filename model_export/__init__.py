"""Train, quantise, evaluate and package the emotion model."""
