"""The page for everybody: axe-core on every face, what a screen reader is told, the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.web_pages import (
    CHROMIUM,
    HOME,
    LOCALES,
    UNHURRIED,
    enter_staff,
    playing,
    shown,
)
from tests.web_stage import PageStage

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt install chromium")

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
Scene = Callable[[Page, PageStage], object]


@pytest.fixture
def cafe(tmp_path: Path) -> Iterator[PageStage]:
    with playing(tmp_path, UNHURRIED) as stage:
        yield stage


def faults(page: Page) -> list[str]:
    """What axe-core finds, in dark and in light; every rule of WCAG 2.2 AA and good practice."""
    found = []
    for theme in ("dark", "light"):
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        answer = Axe().run(page, options={"runOnly": TAGS, "resultTypes": ["violations"]})
        found += [
            f"{theme}: {wrong['id']} ({wrong['impact']}): {node['html'][:160]} "
            f"{node['failureSummary'][:300]}"
            for wrong in answer.response["violations"]
            for node in wrong["nodes"]
        ]
    return found


def ask(page: Page, stage: PageStage) -> None:
    """A question is open."""
    stage.answers.command("not_this")
    page.wait_for_selector(".question")


def tab(name: str) -> Scene:
    def go(page: Page, _stage: PageStage) -> None:
        page.locator(f".tab.{name}").click()

    return go


def adding(page: Page, stage: PageStage) -> None:
    """A file could not be added."""
    tab("find")(page, stage)
    page.locator(".adding summary").click()
    file: FilePayload = {"name": "large.wav", "mimeType": "audio/wav", "buffer": bytes(600_000)}
    page.set_input_files("#music-file", file)
    expect(page.locator(".uploads .refused")).to_be_visible()


def seen(_page: Page, stage: PageStage) -> None:
    """The camera reads a face."""
    stage.answers.command("camera", "on")
    stage.see("happiness", 20.0)


LISTENER: tuple[Scene, ...] = (
    lambda _page, _stage: None,
    seen,
    tab("mood"),
    tab("find"),
    adding,
    tab("queue"),
    tab("photo"),
    tab("now"),
    ask,
)
KIOSK: tuple[Scene, ...] = (
    lambda page, _: page.wait_for_selector(".touch"),
    lambda page, _: page.locator(".touch").click(),
    lambda page, _: page.locator(".notice .primary").click(),
    lambda page, _: page.get_by_role("button", name=re.compile("Wish|노래 신청")).click(),
)


@pytest.mark.parametrize("language", LOCALES)
def test_axe_finds_nothing_on_the_phones_page(
    home: PageStage, browser: Browser, language: str
) -> None:
    """On any tab, with a question open, with a file refused; dark and light."""
    with shown(browser, home, "/", language) as page:
        for scene in LISTENER:
            scene(page, home)
            assert faults(page) == []


@pytest.mark.parametrize("language", LOCALES)
def test_axe_finds_nothing_at_the_kiosk(cafe: PageStage, browser: Browser, language: str) -> None:
    """Start, notice, session and the keys for a wish."""
    with shown(browser, cafe, "/kiosk", language, (1280, 800)) as page:
        for scene in KIOSK:
            scene(page, cafe)
            assert faults(page) == []


@pytest.mark.parametrize("language", LOCALES)
def test_axe_finds_nothing_on_the_staffs_page(
    cafe: PageStage, browser: Browser, language: str
) -> None:
    """Before the PIN and after it."""
    with shown(browser, cafe, "/staff", language, (1280, 1000)) as page:
        assert faults(page) == []
        enter_staff(page)
        assert faults(page) == []


def test_axe_finds_nothing_on_a_page_without_music(tmp_path: Path, browser: Browser) -> None:
    """The first thing that somebody sees who just switched it on."""
    with PageStage(tmp_path, HOME, library={}) as stage, shown(browser, stage) as page:
        expect(page.locator(".first .adding")).to_be_visible()
        assert faults(page) == []


def test_axe_would_find_a_fault(home: PageStage, browser: Browser) -> None:
    """A button without a name and text that is hard to read, planted here."""
    with shown(browser, home) as page:
        page.evaluate(
            """() => {
              const bad = document.createElement("button");
              const grey = document.createElement("p");
              grey.textContent = "hard to read";
              grey.style.setProperty("color", "#777");
              grey.style.setProperty("background", "#888");
              document.querySelector("main").append(bad, grey);
            }"""
        )
        said = "\n".join(faults(page))
        assert "button-name" in said
        assert "color-contrast" in said


def test_a_screen_reader_hears_of_a_new_song_and_a_new_mood(
    home: PageStage, browser: Browser
) -> None:
    """A polite live region says both, in the page's language, once each."""
    with shown(browser, home, "/", "ko") as page:
        news = page.get_by_role("log", name="새 소식")
        expect(news).to_be_attached()
        home.answers.command("next")
        playing = home.stage.core.deck.playing
        assert playing is not None
        title = home.library[playing.track].title
        expect(news).to_contain_text(title)
        home.answers.command("mood", "calm")
        expect(news).to_contain_text("차분해요")
        assert news.get_attribute("aria-live") == "polite"
        said = news.inner_text()
        home.answers.command("volume", "30")
        expect(page.get_by_label("음량").first).to_have_value("30")
        assert news.inner_text() == said


def test_the_page_has_landmarks_and_names(home: PageStage, browser: Browser) -> None:
    """What a screen reader jumps between: the head, the main part, parts of the page, the song."""
    with shown(browser, home) as page:
        for role, name in (
            ("navigation", "Parts of the page"),
            ("region", "Now"),
            ("slider", "Place in the song"),
            ("slider", "Volume"),
            ("button", "Pause"),
        ):
            expect(page.get_by_role(role, name=name, exact=True)).to_have_count(1)  # type: ignore[arg-type] # roles
        assert page.get_by_role("main").count() == 1
        assert page.get_by_role("banner").count() == 1
        heading = page.get_by_role("heading", level=1)
        playing = home.stage.core.deck.playing
        assert playing is not None
        expect(heading).to_have_text(home.library[playing.track].title)
        mood = page.locator(".dial")
        expect(mood.get_by_text("Not sure")).to_be_attached()


@pytest.mark.parametrize("language", LOCALES)
def test_the_flow_of_2020_by_the_keyboard_alone(
    home: PageStage, browser: Browser, language: str
) -> None:
    """A mood by hand, not this, an answer, another like this: Tab and Enter are enough."""
    with shown(browser, home, "/", language, (1280, 800)) as page:
        press(page, "sad")
        expect(page.locator("[data-key=sad]")).to_have_attribute("aria-pressed", "true")
        press(page, "not")
        expect(page.locator(".question")).to_be_visible()
        press(page, "answer-0")
        expect(page.locator(".question")).to_have_count(0)
        heard = page.locator(".names h1").inner_text()
        press(page, "another")
        expect(page.locator(".names h1")).not_to_have_text(heard)
        names = [name for name, _ in home.commands]
        assert {"mood", "not_this", "answer", "another_like_this"} <= set(names)


def press(page: Page, key: str) -> None:
    """Go there by Tab, see where it is, and press Enter."""
    for _ in range(80):
        if page.evaluate("document.activeElement.dataset.key || ''") == key:
            break
        page.keyboard.press("Tab")
    else:
        pytest.fail(f"{key} is not reached by Tab")
    outline = page.evaluate(
        """() => {
          const style = getComputedStyle(document.activeElement);
          const box = document.activeElement.getBoundingClientRect();
          const inside = box.top >= 0 && box.bottom <= innerHeight + 1;
          return [style.outlineStyle, parseFloat(style.outlineWidth), inside];
        }"""
    )
    assert outline == ["solid", 3, True]
    page.keyboard.press("Enter")
