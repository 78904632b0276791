"""Browsers for the tests of the page, and what every such test does with one."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, Page, expect, sync_playwright

from contracts.vision_wire import Box
from device.frontends.web import staff_pin
from device.settings import CameraSettings, DeviceSettings, WebSettings
from tests.stage import QUICK
from tests.web_stage import PageStage

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 120_000
PHONE = (390, 844)
PIN = "482913"
expect.set_options(timeout=PATIENCE_MS)  # five seconds at first: a busy machine takes longer
LOCALES = {"en": "en-GB", "ko": "ko-KR"}
WIDTHS = ((320, 640), (768, 1024), (1920, 1080))
COUNTER = CameraSettings(masks=(Box(left=0.85, top=0.0, width=0.15, height=1.0),))
HOME = msgspec.structs.replace(QUICK, camera=COUNTER)
CAFE = msgspec.structs.replace(HOME, web=WebSettings(cafe=True))
UNHURRIED = msgspec.structs.replace(
    HOME, web=WebSettings(cafe=True, idle_seconds=600, session_seconds=1800)
)
"""A café whose kiosk does not go back to its start while a busy machine looks at a scene."""


@contextlib.contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Debian's Chromium, with further words on its command line."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *more]
        )
        yield launched
        launched.close()


@contextlib.contextmanager
def playing(folder: Path, settings: DeviceSettings) -> Iterator[PageStage]:
    """A stage with a PIN whose music plays; a café's camera has been looked at by staff."""
    staff_pin.set_pin(folder, PIN)
    with PageStage(folder, settings) as stage:
        stage.answers.command("play")
        if settings.web.cafe:
            stage.answers.command("mounting", "confirmed")
        yield stage


@contextlib.contextmanager
def shown(
    browser: Browser,
    stage: PageStage,
    path: str = "/",
    language: str = "en",
    size: tuple[int, int] = PHONE,
) -> Iterator[Page]:
    """A page of a stage; at its end nothing was complained of in its console."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=LOCALES[language],
        reduced_motion="reduce",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None,
    )
    page.goto(stage.address + path)
    page.wait_for_selector("main:not([aria-busy])")
    yield page
    context.close()
    assert complaints == []


def enter_staff(page: Page) -> None:
    """Enter the PIN on the pad."""
    for digit in PIN:
        page.locator(".pad .key", has_text=re.compile(f"^{digit}$")).click()
    page.get_by_role("button", name=re.compile("^(Enter|확인)$")).click()
    page.wait_for_selector(".grid-box")
