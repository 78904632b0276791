"""The device's own language: with it the page begins, whatever the browser would ask for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, expect

from device.frontends.web.assets import INDEX, load_assets
from device.settings import WebSettings
from tests.web_pages import CAFE, CHROMIUM, playing, shown

KOREAN = msgspec.structs.replace(CAFE, web=WebSettings(cafe=True, language="ko"))
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt install chromium")


def test_the_page_says_its_language_before_any_script() -> None:
    """For a screen reader, and for the script; without a choice it is as it was."""
    plain, korean = (load_assets(language=name)[INDEX].content.decode() for name in ("", "ko"))
    assert '<html lang="en">' in plain
    assert korean == plain.replace('<html lang="en">', '<html lang="ko" data-language="ko">')


@needs_chromium
def test_page_and_kiosk_begin_in_the_devices_language(browser: Browser, tmp_path: Path) -> None:
    """In a British browser; who picks English keeps it, at the kiosk until the next guest comes."""
    with playing(tmp_path, KOREAN) as cafe, shown(browser, cafe, "/") as page:
        root = page.locator("html")
        expect(root).to_have_attribute("lang", "ko")
        page.locator(".tongue").click()
        expect(root).to_have_attribute("lang", "en")
        page.reload()
        expect(root).to_have_attribute("lang", "en")
        page.goto(f"{cafe.address}/kiosk")
        expect(root).to_have_attribute("lang", "ko")
        page.locator(".tongue").click()
        expect(root).to_have_attribute("lang", "en")
        page.locator(".scene.idle").click()
        page.locator(".notice .both .say").first.click()  # without the camera
        page.locator(".session .primary").click()  # done
        expect(root).to_have_attribute("lang", "ko")
