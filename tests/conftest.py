"""What holds for every test."""

from __future__ import annotations

import os

# A test draws no window and opens no sound card of the machine it runs on.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
