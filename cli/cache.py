"""Where what is made or fetched once is kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`mlfym` in the user's cache folder (XDG base directories); not made by this."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "mlfym"
