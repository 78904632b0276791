"""The page in Firefox: every face loads without a complaint, and the flow of 2020 works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from device.frontends.web import staff_pin
from tests.test_web_accessibility import CAFE, HOME
from tests.web_pages import FIREFOX, PIN, enter_staff, firefox, shown
from tests.web_stage import PageStage

pytestmark = pytest.mark.skipif(not FIREFOX, reason="no Firefox: apt install firefox-esr")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        with firefox() as launched:
            yield launched


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PageStage]:
    staff_pin.set_pin(tmp_path, PIN)
    with PageStage(tmp_path, HOME) as stage:
        stage.answers.command("play")
        yield stage


def test_the_phones_page_and_the_flow_of_2020(home: PageStage, browser: Browser) -> None:
    """A mood by hand, not this, an answer, another like this; a file is added, a photo picked."""
    with shown(browser, home, "/", "ko") as page:
        page.locator(".tab.mood").click()
        page.locator("[data-key=sad]").click()
        expect(page.locator("[data-key=sad]")).to_have_attribute("aria-pressed", "true")
        page.locator(".tab.now").click()
        page.locator("[data-key=not]").click()
        page.locator(".question .answer").first.click()
        expect(page.locator(".question")).to_have_count(0)
        heard = page.locator(".names h1").inner_text()
        page.locator("[data-key=another]").click()
        expect(page.locator(".names h1")).not_to_have_text(heard)
        for tab in ("find", "queue", "photo"):
            page.locator(f".tab.{tab}").click()
            expect(page.locator("#panel > div")).to_be_visible()
        wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0


def test_the_mood_colours_the_page(home: PageStage, browser: Browser) -> None:
    """oklch, relative colours and registered properties are understood: glad is not sad."""
    colours = []
    with shown(browser, home, "/") as page:
        for mood in ("sad", "happy"):
            home.answers.command("mood", mood)
            page.wait_for_selector(f"html[data-mood={'negative' if mood == 'sad' else 'positive'}]")
            page.evaluate("() => { document.documentElement.style.transition = 'none'; }")
            accent = "() => getComputedStyle(document.querySelector('.round.big')).backgroundColor"
            colours.append(page.evaluate(accent))
    assert len(set(colours)) == 2
    assert not set(colours) & {"rgba(0, 0, 0, 0)", "transparent"}


def test_the_staffs_page(home: PageStage, browser: Browser) -> None:
    """The PIN, then all its parts."""
    with shown(browser, home, "/staff", "en", (1280, 1000)) as page:
        enter_staff(page)
        expect(page.locator("main.staff > .card").first).to_be_visible()


def test_the_kiosk(tmp_path: Path, browser: Browser) -> None:
    """A touch, the notice, the camera after it, the end."""
    with PageStage(tmp_path, CAFE) as cafe:
        cafe.answers.command("play")
        cafe.answers.command("mounting", "confirmed")
        with shown(browser, cafe, "/kiosk", "en", (1280, 800)) as page:
            page.locator(".touch").click()
            assert cafe.stage.core.camera == "off"
            page.locator(".notice .primary").click()
            page.wait_for_selector(".session")
            page.get_by_role("button", name=re.compile("^Done$")).click()
            expect(page.locator(".touch")).to_be_visible()
