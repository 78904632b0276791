"""The page in Firefox: every face loads without a complaint, and the flow of 2020 works."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.marionette import Firefox
from tests.web_pages import CAFE, PIN
from tests.web_stage import PageStage

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="no Firefox: apt install firefox-esr")

WIDER = "return document.documentElement.scrollWidth - innerWidth"
PRESS = """
[...document.querySelectorAll(".pad .key")].find((key) => key.textContent == arguments[0]).click();
"""
TITLE = "document.querySelector('.names h1').textContent"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    profile = tmp_path_factory.mktemp("firefox") / "profile"
    with Firefox(str(PROGRAM), profile, "ko-KR, ko") as started:
        yield started


def test_the_phones_page_and_the_flow_of_2020(home: PageStage, firefox: Firefox) -> None:
    """In Korean: a mood by hand, not this, an answer, another like this; every tab opens."""
    firefox.open(home.address, 500, 900)
    assert firefox.run("return document.documentElement.lang") == "ko"
    firefox.click(".tab.mood")
    firefox.click("[data-key=sad]")
    firefox.until("document.querySelector('[data-key=sad]').getAttribute('aria-pressed') == 'true'")
    firefox.click(".tab.now")
    firefox.click("[data-key=not]")
    firefox.click(".question .answer")
    firefox.until("!document.querySelector('.question')")
    heard = firefox.run(f"return {TITLE}")
    firefox.click("[data-key=another]")
    firefox.until(f"{TITLE} != {json.dumps(heard)}")
    for tab in ("find", "queue", "photo"):
        firefox.click(f".tab.{tab}")
        firefox.until("document.querySelector('#panel > div')")
        assert firefox.run(WIDER) <= 0
    assert [name for name, _ in home.commands][-4:] == [
        "mood",
        "not_this",
        "answer",
        "another_like_this",
    ]
    assert firefox.complaints(home.address) == []


def test_the_mood_colours_the_page(home: PageStage, firefox: Firefox) -> None:
    """oklch, relative colours and registered properties are understood: glad is not sad."""
    firefox.open(home.address, 1300, 900)
    firefox.run("document.documentElement.style.setProperty('transition', 'none')")
    colours = []
    for mood, kind in (("sad", "negative"), ("happy", "positive")):
        home.answers.command("mood", mood)
        firefox.until(f"document.documentElement.dataset.mood == '{kind}'")
        button = "getComputedStyle(document.querySelector('.round.big')).backgroundColor"
        colours.append(firefox.run(f"return {button}"))
    assert len(set(colours)) == 2
    assert not set(colours) & {"rgba(0, 0, 0, 0)", "transparent"}
    assert firefox.complaints(home.address) == []


def test_the_staffs_page(home: PageStage, firefox: Firefox) -> None:
    """The PIN on its pad, then all its parts."""
    firefox.open(f"{home.address}/staff", 1300, 900)
    for digit in PIN:
        firefox.run(PRESS, digit)
    firefox.click(".pad .key:last-child")
    firefox.until("document.querySelector('.grid-box')")
    assert firefox.run(WIDER) <= 0
    assert firefox.complaints(home.address) == []


def test_the_kiosk(tmp_path: Path, firefox: Firefox) -> None:
    """A touch, the notice, the camera after it, the end."""
    with PageStage(tmp_path, CAFE) as cafe:
        cafe.answers.command("play")
        cafe.answers.command("mounting", "confirmed")
        firefox.open(f"{cafe.address}/kiosk", 1300, 900)
        firefox.click(".touch")
        firefox.until("document.querySelector('.notice .primary')")
        assert cafe.stage.core.camera == "off"
        firefox.click(".notice .primary")
        firefox.click(".session .both .primary")
        firefox.until("document.querySelector('main').dataset.scene == 'idle'")
        assert firefox.run(WIDER) <= 0
        assert firefox.complaints(cafe.address) == []
