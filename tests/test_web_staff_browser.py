"""The staff's page in a real browser: the week, wishes, sums, the log, the broker, a new PIN."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from cli.broker import free_port
from contracts.messages import InteractionKind
from device import effects
from device.dayparts import Daypart, LocalTime, daypart_at
from device.frontends.web import staff_pin
from device.frontends.web.assets import FOLDER
from device.settings import WebSettings
from device.totals import DayTotals
from tests.stage import QUICK
from tests.test_web_staff import heard
from tests.web_pages import (
    CHROMIUM,
    COUNTER,
    LOCALES,
    PATIENCE_MS,
    PIN,
    WIDTHS,
    enter_staff,
    playing,
)
from tests.web_stage import PageStage

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt install chromium")

NEW_PIN = "739105"
WEEK = (
    Daypart(name="Late", start="22:30", until="01:15", days=("fri", "sat"), volume_ceiling=0.8),
    Daypart(name="Night", start="23:00", until="07:00", quiet=True),
    Daypart(name="Brunch", start="09:30", until="13:00", days=("sat", "sun")),
    Daypart(name="Morning", start="07:00", until="11:00", volume=0.3, allow_explicit=False),
    Daypart(name="Sunday", start="15:00", until="15:00", days=("sun",)),
)
HOME = msgspec.structs.replace(QUICK, camera=COUNTER, dayparts=WEEK)
CAFE = msgspec.structs.replace(HOME, web=WebSettings(cafe=True))
KEY = re.compile(r"^(?:[a-z_]+\.)+[a-z_]+$")
Opening = Callable[..., Page]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PageStage]:
    with playing(tmp_path, HOME) as stage:
        yield stage


@pytest.fixture
def opening(browser: Browser) -> Iterator[Opening]:
    """Opens the staff's page; no script fails and no policy is broken, what is refused may be."""
    complaints: list[str] = []
    with contextlib.ExitStack() as contexts:

        def opened(stage: PageStage, language: str = "en", *, entered: bool = True) -> Page:
            context = browser.new_context(
                viewport={"width": 390, "height": 844},
                locale=LOCALES[language],
                reduced_motion="reduce",
            )
            contexts.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            expect.set_options(timeout=PATIENCE_MS)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda line: complaints.append(line.text) if "Policy" in line.text else None,
            )
            page.goto(stage.address + "/staff")
            page.wait_for_selector("main:not([aria-busy])")
            if entered:
                enter_staff(page)
            return page

        yield opened
    assert complaints == []


def words(language: str) -> dict[str, str]:
    told: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return told


def names(stage: PageStage) -> list[str]:
    """Of the dayparts that core follows."""
    own = stage.stage.core.plan.by_hand
    return [part.name for part in (stage.settings.dayparts if own is None else own)]


def faults(page: Page) -> list[str]:
    """What is wrong with what is shown: too wide, unnamed, too small, untranslated."""
    found: list[str] = page.evaluate(
        """() => {
          const wrong = [], wide = document.documentElement.scrollWidth - innerWidth;
          if (wide > 0) wrong.push(`wider than the window by ${wide}`);
          for (const e of document.querySelectorAll("button, a, input, select, textarea")) {
            if (!e.checkVisibility()) continue;
            const name = e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.innerText;
            if (!name?.trim()) wrong.push(`no name: ${e.outerHTML.slice(0, 120)}`);
            const box = e.getBoundingClientRect();
            if (e.tagName === "BUTTON" && (box.width < 24 || box.height < 24))
              wrong.push(`too small: ${e.outerHTML.slice(0, 120)}`);
          }
          return wrong;
        }"""
    )
    return found + [word for word in page.inner_text("body").split() if KEY.match(word)]


def test_the_picture_is_the_schedule(home: PageStage, opening: Opening) -> None:
    """Every quarter of an hour of the week, over midnight and where dayparts meet."""
    page = opening(home, entered=False)
    bands = page.evaluate(
        "async (parts) => (await import('/page/staff_week.js')).bandsOf(parts)",
        msgspec.to_builtins(WEEK),
    )
    drawn, decided = [], []
    for day in range(7):
        for minute in range(0, 1440, 15):
            held = [b["part"] for b in bands[day] if b["from"] <= minute < b["until"]]
            drawn.append([WEEK[part].name for part in held])
            part = daypart_at(WEEK, LocalTime(day, minute * 60))
            decided.append([part.name] if part else [])
    assert drawn == decided
    assert {name for row in drawn for name in row} == {part.name for part in WEEK}


@pytest.mark.parametrize("language", LOCALES)
def test_a_daypart_is_added_changed_and_taken_out(
    home: PageStage, opening: Opening, language: str
) -> None:
    """Core follows each step, keeps it, and the last one can be undone."""
    said, page = words(language), opening(home, language)
    before = names(home)
    page.locator("[data-key=part-add]").click()
    page.locator("[data-key=name]").fill("차 시간")
    page.locator("[data-key=start]").fill("15:00")
    page.locator("[data-key=until]").fill("17:30")
    page.get_by_role("button", name=said["day.weekend"]).click()
    page.locator("[data-key=aimcalm]").click()
    page.locator("[data-key=prefer_tags]").fill("piano, jazz")
    page.locator("[data-key=clean]").check()
    assert faults(page) == []
    page.locator("[data-key=part-save]").click()
    expect(page.locator(".parts li")).to_have_count(len(before) + 1)
    added = (home.stage.core.plan.by_hand or ())[-1]
    assert added == Daypart(
        name="차 시간",
        start="15:00",
        until="17:30",
        days=("sat", "sun"),
        policy="calm",  # type: ignore[arg-type] # a word of an enumeration
        prefer_tags=("piano", "jazz"),
        allow_explicit=False,
    )
    page.locator("[data-key=part0]").click()
    page.locator("[data-key=name]").fill("Later")
    page.locator("[data-key=part-save]").click()
    expect(page.locator("[data-key=part0]")).to_contain_text("Later")
    page.locator(f"[data-key=part{len(before)}]").click()
    page.get_by_role("button", name=said["dayparts.remove"], exact=True).click()
    expect(page.locator(".parts li")).to_have_count(len(before))
    assert names(home) == ["Later", *before[1:]]
    page.get_by_role("button", name=said["dayparts.undo"]).click()
    expect(page.locator(".parts li")).to_have_count(len(before) + 1)
    page.get_by_role("button", name=said["dayparts.settings"]).first.click()
    expect(page.locator("[data-key=part0]")).to_contain_text("Late")
    assert home.stage.core.plan.by_hand is None


@pytest.mark.parametrize("language", LOCALES)
def test_what_is_wrong_is_marked_where_it_is(
    home: PageStage, opening: Opening, language: str
) -> None:
    """In the person's language, with what to write; what was typed stays."""
    said, page = words(language), opening(home, language)
    page.locator("[data-key=part3]").click()
    page.locator("[data-key=name]").fill(" ")
    for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"):
        page.locator(f".week-days [data-key={day}]").click()
    page.locator("[data-key=prefer_tags]").fill("jazz")
    page.locator("[data-key=avoid_tags]").fill("Jazz")
    page.locator("[data-key=part-save]").click()
    wrong = [said[f"dayparts.wrong.{field}"] for field in ("name", "days", "both")]
    expect(page.locator(".fault")).to_have_text(wrong)
    page.locator("[data-key=name]").fill("Morning")
    page.get_by_role("button", name=said["day.all"], exact=True).click()
    page.locator("[data-key=part-save]").click()
    expect(page.locator(".fault")).to_have_text(wrong[2:])
    expect(page.locator("[data-key=prefer_tags]")).to_have_value("jazz")
    assert home.stage.core.plan.by_hand is None


def test_a_touch_on_the_week_begins_a_daypart_there(home: PageStage, opening: Opening) -> None:
    """On a band it opens that one."""
    page = opening(home)
    thursday = page.locator(".week .line").nth(3)
    thursday.scroll_into_view_if_needed()
    box = thursday.bounding_box()
    assert box is not None
    thursday.click(position={"x": box["width"] * 18.5 / 24, "y": box["height"] / 2})
    expect(page.locator("[data-key=start]")).to_have_value("18:00")
    pressed = page.locator(".week-days [aria-pressed=true]")
    expect(pressed).to_have_text(["Thu"])
    page.locator("[data-key=close]").click()
    thursday.click(position={"x": box["width"] * 9 / 24, "y": box["height"] / 2})
    expect(page.locator("[data-key=name]")).to_have_value("Morning")


def test_of_two_pages_the_later_is_shown_what_the_earlier_did(
    home: PageStage, opening: Opening
) -> None:
    """Nothing that somebody wrote is lost unseen."""
    page = opening(home)
    expect(page.locator(".parts li")).to_have_count(len(WEEK))
    rest = msgspec.json.encode([part for part in WEEK if part.quiet]).decode()
    home.answers.command("dayparts", rest)  # what holds now is the same, so no page looks again
    page.locator("[data-key=up1]").click()
    expect(page.locator(".toast")).to_contain_text("Somebody else")
    expect(page.locator(".parts li")).to_have_count(1)
    assert names(home) == ["Night"]


@pytest.mark.parametrize("language", LOCALES)
def test_every_card_fits_every_width(home: PageStage, opening: Opening, language: str) -> None:
    """With a daypart opened and the access list unfolded, at 320, 768 and 1920 px."""
    page = opening(home, language)
    page.locator("[data-key=part0]").click()
    page.locator("details summary").last.click()
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        assert faults(page) == []


def test_staff_close_wishes_and_limit_them(home: PageStage, opening: Opening) -> None:
    """At once, and core keeps it."""
    page = opening(home)
    minutes = page.locator("[data-key=minutes]")
    minutes.fill("5")
    minutes.press("Tab")
    expect(page.locator(".toast")).to_contain_text("follow it")
    page.locator("[data-key=explicit]").uncheck()
    page.locator("[data-key=open]").uncheck()
    expect(minutes).to_have_count(0)
    rules = home.stage.core.guest.rules_by_hand
    assert rules is not None
    assert (rules.open, rules.minutes, rules.explicit) == (False, 5.0, False)


def test_the_camera_and_masks_are_staffs(home: PageStage, opening: Opening) -> None:
    """On and off; a mask by its numbers, and away again."""
    page = opening(home)
    for on in (True, False):
        page.locator("[data-key=camera]").click()
        expect(page.locator("[data-key=camera]")).to_have_class("say" if on else "primary")
    assert [e.on for e in home.stage.done if isinstance(e, effects.SetCamera)] == [True, False]
    page.get_by_role("button", name="Add a mask").click()
    page.locator("[data-key='1left']").fill("10")
    page.locator("[data-key='1left']").press("Tab")
    page.get_by_role("button", name="Remove mask 1").click()
    page.get_by_role("button", name="Keep the masks").click()
    expect(page.locator(".toast")).to_contain_text("masks hold")
    assert [mask.left for mask in home.stage.core.masks] == [0.1]


def test_the_log_comes_as_a_file(home: PageStage, opening: Opening) -> None:
    """What the table shows, for a spreadsheet."""
    heard(home.folder, time.time() - 7200, InteractionKind.COMPLETED, 1)
    page = opening(home)
    expect(page.locator("tbody")).to_contain_text("=노래 1")
    with page.expect_download() as coming:
        page.get_by_role("link", name="As a file").click()
    text = Path(coming.value.path()).read_text("utf-8-sig")
    assert coming.value.suggested_filename.startswith("mlfym-")
    assert "'=노래 1,가수" in text


def test_a_cafes_day_is_told_in_sums_of_five(tmp_path: Path, opening: Opening) -> None:
    """And no guest alone."""
    staff_pin.set_pin(tmp_path, PIN)
    with PageStage(tmp_path, CAFE) as cafe:
        page = opening(cafe)
        expect(page.get_by_text("No 5 guests yet.")).to_be_visible()
        today = page.evaluate("fetch('/api/staff/day').then((a) => a.json()).then((d) => d.day)")
        moods = {"positive": 7, "neutral": 3}
        cafe.stage.core.guest.tally.days = (DayTotals(day=today, moods=moods),)
        cafe.refresh()
        page.get_by_role("button", name="The day before").click()
        page.get_by_role("button", name="The day after").click()
        expect(page.get_by_text("Moods of 10 guests")).to_be_visible()


def test_the_broker_is_tried_and_kept(home: PageStage, opening: Opening) -> None:
    """What is wrong is said in words; the password is never shown again."""
    page = opening(home)
    page.locator("[data-key=broker-host]").fill("127.0.0.1")
    page.locator("[data-key=broker-port]").fill(str(free_port()))
    page.locator("[data-key=broker-user]").fill("radio")
    page.locator("[data-key=broker-password]").fill("geheim")
    page.locator("[data-key=try]").click()
    expect(page.locator(".verdict")).to_contain_text("nothing listens on that port")
    page.locator("[data-key=keep]").click()
    expect(page.get_by_text("From the next start on: 127.0.0.1")).to_be_visible()
    expect(page.locator("[data-key=broker-password]")).to_have_value("")
    assert "geheim" not in page.content()
    page.locator("details summary").last.click()
    assert page.locator("textarea").input_value().startswith("user radio\n")


def typed(page: Page, pin: str) -> None:
    for digit in pin:
        page.locator(".pad .key", has_text=re.compile(f"^{digit}$")).click()
    page.get_by_role("button", name="Enter").click()


def test_a_forgotten_pin_is_set_anew_at_the_device(home: PageStage, opening: Opening) -> None:
    """After its buttons were held: twice the same, not an easy one, and then it lets in."""
    page = opening(home, entered=False)
    expect(page.get_by_role("heading", name="Staff")).to_be_visible()
    home.answers.command("pin_reset", "begin")
    expect(page.get_by_role("heading", name="A new PIN")).to_be_visible()
    typed(page, NEW_PIN)
    typed(page, "739106")
    expect(page.locator(".toast")).to_contain_text("differ")
    for _ in range(2):
        typed(page, "123456")
    expect(page.locator(".toast")).to_contain_text("6 to 12 digits")
    for _ in range(2):
        typed(page, NEW_PIN)
    expect(page.locator(".toast")).to_contain_text("The new PIN is set")
    typed(page, NEW_PIN)
    page.wait_for_selector(".grid-box")


def test_a_phone_waits_for_a_press_of_the_devices_button(tmp_path: Path, opening: Opening) -> None:
    """What it typed holds from then on; the page says what to press."""
    staff_pin.set_pin(tmp_path, PIN)
    behind = WebSettings(proxies=("127.0.0.0/8",))
    with PageStage(tmp_path, msgspec.structs.replace(HOME, web=behind)) as stage:
        page = opening(stage, entered=False)
        page.set_extra_http_headers({"X-Forwarded-For": "192.0.2.7"})
        stage.answers.command("pin_reset", "begin")
        expect(page.get_by_role("heading", name="A new PIN")).to_be_visible()
        for _ in range(2):
            typed(page, NEW_PIN)
        expect(page.get_by_role("heading", name="Press play at the device")).to_be_visible()
        assert faults(page) == []
        stage.answers.command("pin_reset", "confirm")
        expect(page.locator(".toast")).to_contain_text("The new PIN is set")
    assert staff_pin.StaffPin(tmp_path, lambda: 0.0).check(NEW_PIN)
