"""What the demo is made of: four real programs, a live display and a report."""
