"""Music and faces made by our own code, for the demo and the tests."""

from pathlib import Path

BUNDLED_REEL = Path(__file__).with_name("reel.mp4")
"""Drawn once, by `python -m device.demo.reel`, since it takes 20 s and never changes by itself."""
