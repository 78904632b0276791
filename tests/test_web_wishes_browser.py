"""A guest's phone in a real browser: whether wishes are taken is said before they search."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from device import events
from device.dayparts import Daypart
from tests.web_pages import CAFE, CHROMIUM, LOCALES, PATIENCE_MS, playing, shown
from tests.web_stage import PageStage

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt install chromium")

NOON = 1_767_225_600 + 12 * 3600
SIESTA = Daypart(name="siesta", start="12:00", until="14:00", quiet=True)


@pytest.fixture
def cafe(tmp_path: Path) -> Iterator[PageStage]:
    with playing(tmp_path, CAFE) as stage:
        yield stage


def as_phone(route: Route) -> None:
    """The browser here is at the device: it is told what a phone is told."""
    route.fulfill(json=route.fetch().json() | {"kiosk": False})


def wish_page(page: Page) -> None:
    """Where a guest's phone wishes."""
    page.route("**/api/about", as_phone)
    page.reload()
    page.locator(".tab.find").click()
    expect(page.locator(".rows li button").first).to_be_visible()


def words(language: str, key: str, **values: str) -> str:
    """Those of the page."""
    folder = Path(__file__).parent.parent / "device" / "frontends" / "web" / "page"
    text: str = json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))[key]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@pytest.mark.parametrize("language", LOCALES)
def test_whether_wishes_are_taken_is_said_before_anybody_searches(
    cafe: PageStage, browser: Browser, language: str
) -> None:
    """Above the search, and anew as it changes: open, staff take none, quiet, too many wait."""
    with shown(browser, cafe, "/", language) as page:
        wish_page(page)
        said, star = page.locator(".taking p"), page.locator(".rows li button").first
        expect(said).to_have_text(words(language, "wish.how", minutes="15"))
        assert star.get_attribute("aria-disabled") is None
        above = page.evaluate(
            "() => document.querySelector('.taking').getBoundingClientRect().bottom"
            " <= document.querySelector('input[type=search]').getBoundingClientRect().top"
        )
        assert above
        cafe.answers.command("wishes", "closed")
        expect(said).to_have_text(words(language, "wish.off"))
        expect(star).to_have_attribute("aria-disabled", "true")
        cafe.answers.command("wishes", "open")
        cafe.answers.command("dayparts", msgspec.json.encode([SIESTA]).decode())
        cafe.take(events.Tick(at=cafe.stage.at, unix_seconds=NOON))
        expect(said).to_have_text(words(language, "wish.quiet.until", time="14:00"))
        cafe.answers.command("dayparts", "none")
        expect(said).to_have_text(words(language, "wish.how", minutes="15"))
        cafe.answers.command("wish", f"{30:016x}")
        cafe.answers.command("wishes", '{"most_waiting": 1}')
        expect(said).to_have_text(words(language, "wish.full"))
        cafe.answers.command("wishes", '{"most_waiting": 9, "minutes": 0}')
        expect(said).to_have_text(words(language, "wish.how.free"))
        expect(star).not_to_have_attribute("aria-disabled", "true")


def test_a_closed_wish_says_why_and_sends_nothing(cafe: PageStage, browser: Browser) -> None:
    """The star can still be reached by the keyboard; the place is not lost."""
    with shown(browser, cafe) as page:
        wish_page(page)
        cafe.answers.command("wishes", "closed")
        star = page.locator(".rows li button").nth(3)
        expect(star).to_have_attribute("aria-disabled", "true")
        star.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".toast")).to_have_text(words("en", "wish.off"))
        assert [name for name, _ in cafe.commands if name == "wish"] == []
        expect(star).to_be_focused()


def test_after_a_wish_the_page_says_until_when_the_guest_waits(
    cafe: PageStage, browser: Browser
) -> None:
    """By the phone's own clock; when that time has come, the page says so by itself."""
    with shown(browser, cafe) as page:
        page.clock.install(time="2026-01-01T20:00:00")
        wish_page(page)
        star = page.locator(".rows li button").nth(5)
        star.focus()
        page.keyboard.press("Enter")
        said = page.locator(".taking p")
        expect(said).to_have_text(re.compile(r"another song from 20:1[5-9] on"))
        expect(star).to_have_attribute("aria-disabled", "true")
        expect(star).to_be_focused()
        cafe.now += 900
        page.clock.fast_forward(901_000)
        expect(said).to_have_text(words("en", "wish.how", minutes="15"))
        expect(star).not_to_have_attribute("aria-disabled", "true")


def test_a_guest_wishes_for_an_artist(cafe: PageStage, browser: Browser) -> None:
    """Any song of theirs that the house takes: banned ones are passed over, and cost nothing."""
    theirs = [f"{n:016x}" for n in range(1, 48, 6)]
    for track in theirs[:5]:
        cafe.answers.command("ban", track)
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    page = context.new_page()  # a refusal is an error line of the console, so not `shown`
    page.set_default_timeout(PATIENCE_MS)
    page.goto(cafe.address)
    wish_page(page)
    page.locator("[data-key=artists]").click()
    page.get_by_role("button", name=re.compile("^한강")).click()
    expect(page.locator(".rows li")).to_have_count(len(theirs))
    page.locator("[data-key=any]").click()
    expect(page.locator(".toast")).to_contain_text("is on its way")
    (wished,) = [q.track for q in cafe.stage.core.playlist.upcoming if q.by_hand]
    assert wished in theirs[5:]
    context.close()
