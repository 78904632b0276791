"""Measured figures, as JSON."""
