"""Library and player."""
