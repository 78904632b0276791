"""The page where things go wrong or get large: in a real browser, at the sizes of real screens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from contracts.track import Track, TrackId
from contracts.vision_wire import CameraState
from device import events
from device.settings import WebSettings
from tests.web_pages import (
    CHROMIUM,
    HOME,
    PATIENCE_MS,
    UNHURRIED,
    chromium,
    playing,
    shown,
)
from tests.web_stage import PageStage, page_library

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt install chromium")

NAME = "music.example"
SAID_ELSEWHERE = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
LONG = Track(
    id=TrackId("f" * 16),
    title="가" * 255,
    artist="나" * 255,
    album="다" * 255,
    duration_seconds=61.0,
    valence=0.1,
    arousal=0.1,
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(SAID_ELSEWHERE) as launched:
        yield launched


def can_be_pressed(page: Page, key: str) -> bool:
    """Whether it is on the screen without scrolling, and nothing lies over its middle."""
    free: bool = page.evaluate(
        """(key) => {
          const wanted = document.querySelector(`[data-key=${key}]`);
          const box = wanted.getBoundingClientRect();
          return wanted.contains(document.elementFromPoint(
            box.left + box.width / 2, box.top + box.height / 2));
        }""",
        key,
    )
    return free


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (768, 1024), (1280, 800), (1920, 1080)])
def test_names_of_255_letters_leave_the_buttons_on_the_screen(
    tmp_path: Path, browser: Browser, size: tuple[int, int]
) -> None:
    """The whole title is still in the page, and shows when it is pointed at."""
    library = {LONG.id: LONG, **page_library(8)}
    with PageStage(tmp_path, HOME, library=library) as stage:
        stage.answers.command("play_track", LONG.id)
        with shown(browser, stage, size=size) as page:
            title = page.locator(".names h1")
            expect(title).to_have_attribute("title", LONG.title)
            expect(title).to_have_text(LONG.title)
            assert can_be_pressed(page, "play")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", [(390, 844), (768, 1024), (1280, 800), (1920, 1080)])
def test_a_question_and_its_answers_are_seen_without_scrolling(
    home: PageStage, browser: Browser, size: tuple[int, int]
) -> None:
    """The title of what plays too: the page does not jump."""
    with shown(browser, home, size=size) as page:
        home.answers.command("not_this")
        page.wait_for_selector(".question")
        answers = page.locator(".answer")
        for n in range(answers.count()):
            assert can_be_pressed(page, f"answer-{n}")
        assert page.evaluate("scrollY") == 0
        assert page.evaluate("document.querySelector('h1').getBoundingClientRect().top") > 0


def test_a_device_that_is_gone_is_plain_to_see(home: PageStage, browser: Browser) -> None:
    """The clock of the song stands still, and a touch says what to look at."""
    context = browser.new_context(viewport={"width": 320, "height": 640}, locale="ko-KR")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(home.address)
    expect(page.locator("[data-key=like]")).to_be_visible()
    home.server.stop()
    expect(page.locator(".away")).to_have_text("연결이 끊겼어요")
    expect(page.locator("body")).to_have_class(re.compile("gone"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    stands = page.evaluate(
        """async () => {
          const { position } = await import("/page/live.js"), at = position();
          for (let n = 0; n < 20; n++) await new Promise(requestAnimationFrame);
          return position() === at;
        }"""
    )
    assert stands
    page.locator("[data-key=like]").click()
    expect(page.locator(".toast.wrong")).to_contain_text("켜져 있는지 확인해 주세요")
    context.close()


def test_a_camera_that_is_gone_is_said_once_and_can_be_tried_again(
    home: PageStage, browser: Browser
) -> None:
    """Not that it is off, which it is not; a mood can be picked by hand meanwhile."""
    home.take(events.CameraChanged(at=home.stage.at, state=CameraState.FAILED))
    with shown(browser, home) as page:
        page.locator(".tab.mood").click()
        panel = page.locator("#panel")
        expect(panel).to_contain_text("The camera does not answer")
        expect(panel).not_to_contain_text("The camera is off")
        page.get_by_role("button", name="Try the camera again").click()
        expect(page.get_by_role("button", name="Turn the camera off")).to_be_visible()
        assert home.stage.core.camera == "on"


def test_an_empty_library_says_so_and_what_to_do(tmp_path: Path, browser: Browser) -> None:
    """Not that a search found nothing; a slider without a song is not shown."""
    with PageStage(tmp_path, HOME, library={}) as stage, shown(browser, stage) as page:
        expect(page.locator(".seek")).to_be_hidden()
        expect(page.locator(".first .file")).to_be_visible()
        for tab in ("find", "queue"):
            page.locator(f".tab.{tab}").click()
            expect(page.locator("#panel")).to_contain_text("There is no music yet.")


def test_a_kiosk_shows_scene_after_scene_without_growing(tmp_path: Path, browser: Browser) -> None:
    """What a scene listened to ends with it: a kiosk stands for weeks."""
    count = "async () => (await import('/page/live.js')).listened()"
    with (
        playing(tmp_path, UNHURRIED) as cafe,
        shown(browser, cafe, "/kiosk", size=(1280, 800)) as page,
    ):
        kept = page.evaluate(count)
        for _ in range(3):
            page.locator(".touch").click()
            page.get_by_role("button", name="Without the camera").click()
            page.get_by_role("button", name="Wish for a song").click()
            expect(page.get_by_label("Search the library")).to_be_focused()
            assert page.evaluate(count) > kept
            page.get_by_role("button", name="Back").click()
            page.get_by_role("button", name="Done").click()
            expect(page.locator(".touch")).to_be_focused()
            assert page.evaluate(count) == kept


# A phone by plain http: the page is at a name, so the browser takes it for no secure place


def taken_by_a_phone() -> bytes:
    """A photo of 12.6 megapixels that says where it was taken."""
    chance = np.random.default_rng(7)
    small = chance.integers(0, 255, (75, 100, 3), dtype=np.uint8)
    pixels = cv2.resize(small, (4096, 3072), interpolation=cv2.INTER_LINEAR)
    good, jpeg = cv2.imencode(".jpg", pixels)
    assert good
    place = b"Exif\0\0GPS 37.5665 N 126.9780 E"
    marked = b"\xff\xe1" + (len(place) + 2).to_bytes(2, "big") + place
    whole = jpeg.tobytes()
    return whole[:2] + marked + whole[2:]


def test_a_phones_photo_works_by_plain_http_and_its_place_stays_on_the_phone(
    tmp_path: Path, browser: Browser
) -> None:
    """Of its camera, through a file; a smaller copy goes, without what the file says beside it."""
    settings = msgspec.structs.replace(HOME, web=WebSettings(names=(NAME,)))
    with playing(tmp_path, settings) as stage:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, locale="en-GB", has_touch=True, is_mobile=True
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"http://{NAME}:{stage.port}/")
        page.locator(".tab.photo").click()
        assert page.evaluate("isSecureContext") is False
        expect(page.locator("label[for=photo-camera]")).to_be_visible()
        camera = page.locator("#photo-camera")
        assert camera.get_attribute("capture") == "user"
        photo = taken_by_a_phone()
        camera.set_input_files({"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": photo})
        expect(page.get_by_role("img", name="Your photo with 1 marked faces")).to_be_visible()
        (sent,) = stage.photos
        read = cv2.imdecode(np.frombuffer(sent, np.uint8), cv2.IMREAD_COLOR)
        assert read is not None
        assert read.shape[:2] == (1500, 2000)
        assert (b"GPS" in photo, b"GPS" in sent) == (True, False)
        page.locator(".tab.now").click()
        page.locator("[data-key=like]").click()
        expect(page.locator("[data-key=like]")).to_have_attribute("aria-pressed", "true")
        context.close()
