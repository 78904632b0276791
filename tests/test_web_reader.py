"""The page as a screen reader reads it: Chromium's accessibility tree, and where the focus goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.test_web_accessibility import press
from tests.web_pages import CAFE, CHROMIUM, LOCALES, PIN, playing, shown
from tests.web_stage import PageStage

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt install chromium")


class Node(NamedTuple):
    """What a screen reader is given of one element."""

    role: str
    name: str
    states: dict[str, Any]
    above: tuple[str, ...]
    """Roles and names around it, the nearest first."""


class Reader:
    """Reads a page through Chromium's own accessibility tree, not through its markup."""

    def __init__(self, page: Page) -> None:
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("Accessibility.enable")

    def nodes(self) -> list[Node]:
        """All that is not hidden, in the order of reading."""
        tree = self._cdp.send("Accessibility.getFullAXTree")["nodes"]
        known = {node["nodeId"]: node for node in tree}
        return [self._node(node, known) for node in tree if not node.get("ignored")]

    def focused(self) -> Node:
        """Where the reader stands; the page itself where the focus was lost."""
        at = [n for n in self.nodes() if n.states.get("focused")]
        inner = [n for n in at if n.role != "RootWebArea"]
        return (inner or at)[-1]

    @staticmethod
    def _node(node: dict[str, Any], known: dict[str, dict[str, Any]]) -> Node:
        above, up = [], known.get(node.get("parentId", ""))
        while up:
            if not up.get("ignored"):
                above.append(f"{_value(up, 'role')} {_value(up, 'name')}".strip())
            up = known.get(up.get("parentId", ""))
        states = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
        return Node(_value(node, "role"), _value(node, "name"), states, tuple(above))


def _value(node: dict[str, Any], name: str) -> str:
    return str(node.get(name, {}).get("value", ""))


def in_sight(page: Page) -> bool:
    """Whether what has the focus is nowhere under something else, such as the bar at the foot."""
    seen: bool = page.evaluate(
        """() => {
          const box = document.activeElement.getBoundingClientRect();
          const points = [[0.5, 0.5], [0.5, 0.1], [0.5, 0.9]].map(([x, y]) =>
            document.elementFromPoint(box.left + x * box.width, box.top + y * box.height));
          return points.every((at) => document.activeElement.contains(at));
        }"""
    )
    return seen


@pytest.mark.parametrize("language", LOCALES)
def test_the_flow_of_2020_on_a_phone_as_it_is_read_aloud(
    home: PageStage, browser: Browser, language: str
) -> None:
    """Mood, not this, a question, another like this: the focus is never lost, all is named."""
    with shown(browser, home, "/", language) as page:
        reader, news = Reader(page), page.locator("#news")
        press(page, "mood")
        at = reader.focused()
        assert (at.role, at.states.get("focused")) == ("button", True)
        assert at.name == {"en": "Mood", "ko": "기분"}[language]
        press(page, "sad")
        expect(page.locator("[data-key=sad]")).to_have_attribute("aria-pressed", "true")
        at = reader.focused()
        assert (at.name, at.states["pressed"]) == ({"en": "Sad", "ko": "슬퍼요"}[language], "true")
        assert any(up.startswith("group") for up in at.above)
        expect(news).to_contain_text(at.name)
        press(page, "now")
        press(page, "not")
        expect(page.locator(".question")).to_be_visible()
        question = home.stage.core.dialogue.open
        assert question is not None
        asked = getattr(question, language)
        expect(news).to_contain_text(asked)
        expect(page.locator("[data-key=answer-0]")).to_be_focused()
        at = reader.focused()
        assert at.name == getattr(question.answers[0], language)
        assert f"group {asked}" in at.above
        assert in_sight(page)
        before = page.locator(".names h1").inner_text()
        page.keyboard.press("Enter")
        expect(page.locator(".names h1")).not_to_have_text(before)
        expect(page.locator("[data-key=not]")).to_be_focused()
        expect(news).to_contain_text(page.locator(".names h1").inner_text())
        before = page.locator(".names h1").inner_text()
        press(page, "another")
        expect(page.locator(".names h1")).not_to_have_text(before)
        at = reader.focused()
        assert (at.role, in_sight(page)) == ("button", True)
        assert at.name == {"en": "Another like this", "ko": "비슷한 곡 하나 더"}[language]
        expect(news).to_contain_text(page.locator(".names h1").inner_text())


def test_nothing_that_can_be_pressed_is_without_a_name(home: PageStage, browser: Browser) -> None:
    """In the tree that a screen reader gets, on every tab."""
    with shown(browser, home, "/", "ko") as page:
        reader = Reader(page)
        for tab in ("now", "mood", "find", "queue", "photo"):
            page.locator(f".tab.{tab}").click()
            expect(page.locator("main")).to_have_attribute("data-tab", tab)
            pressed = [n for n in reader.nodes() if n.role in {"button", "link", "slider"}]
            assert len(pressed) > 5
            assert [n for n in pressed if not n.name] == []


def test_what_is_taken_out_of_the_queue_leaves_the_focus_on_what_follows(
    home: PageStage, browser: Browser
) -> None:
    """So that several are taken out one after the other; at the end it stays in the list."""
    for track in (30, 31, 32):
        home.answers.command("queue_add", f"{track:016x}")
    with shown(browser, home) as page:
        page.locator(".tab.queue").click()
        chosen = page.locator(".rows li.chosen")
        expect(chosen).to_have_count(3)
        chosen.first.get_by_role("button").last.focus()
        for left in (2, 1, 0):
            page.keyboard.press("Enter")
            expect(chosen).to_have_count(left)
            at = Reader(page).focused()
            assert at.role == "button", at


def test_staff_stand_at_the_head_of_their_page_after_the_pin(
    tmp_path: Path, browser: Browser
) -> None:
    """By the keyboard alone; a wrong PIN is told where it was typed, and heard once."""
    with playing(tmp_path, CAFE) as cafe:
        context = browser.new_context(viewport={"width": 1280, "height": 1000}, locale="en-GB")
        page = context.new_page()
        page.goto(cafe.address + "/staff")
        field = page.get_by_label("PIN of the staff")
        expect(field).to_be_focused()
        page.keyboard.type("111222")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").first).to_have_text("That is not the PIN.")
        page.keyboard.type(PIN)
        expect(page.get_by_role("alert").first).to_have_text("")
        page.keyboard.press("Enter")
        expect(page.locator(".grid-box")).to_be_visible()
        at = Reader(page).focused()
        assert (at.role, at.name) == ("heading", "Staff")
        context.close()
