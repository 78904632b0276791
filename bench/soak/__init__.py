"""Days go by in minutes for the real programs, to see what grows."""
