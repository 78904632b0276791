"""Faults injected into the real programs of an appliance, and what became of the music."""
