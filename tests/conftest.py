"""What holds for every test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.web_stage import PageStage

# A test draws no window and opens no sound card of the machine it runs on.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; one a module, since Playwright bears no second one beside it."""
    from tests.web_pages import chromium  # noqa: PLC0415 - most tests open no page

    with chromium() as launched:
        yield launched


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PageStage]:
    """A device whose music plays, and its page."""
    from tests.web_pages import HOME, playing  # noqa: PLC0415 - as above

    with playing(tmp_path, HOME) as stage:
        yield stage
