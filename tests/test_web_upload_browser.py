"""Adding music with a real browser: files picked and dropped, each told of until it is there."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from contracts.track import Track
from device.music.files import UPLOADS, track_id
from tests.stage import QUICK
from tests.test_uploads import music
from tests.web_pages import CHROMIUM, PATIENCE_MS, shown
from tests.web_stage import PageStage

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt install chromium")

DROP = """([files, kinds]) => {
  const carried = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
    carried.items.add(new File([bytes], name));
  }
  for (const kind of kinds) {
    const event = new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
    if (kind === "dragover" && !event.defaultPrevented) throw new Error("it would be opened");
  }
}"""


def file_of(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "audio/wav", "buffer": content}


def row(page: Page, name: str) -> str:
    """What the page says of a file."""
    return page.locator(".uploads li", has_text=name).locator(".below").inner_text()


def test_files_are_sent_and_told_of_until_the_library_has_them(
    tmp_path: Path, browser: Browser
) -> None:
    """One is taken in; one is damaged, one too large, and each says so."""
    with PageStage(tmp_path, QUICK) as stage:
        context = browser.new_context(locale="en-GB", reduced_motion="reduce")
        page = context.new_page()  # a refusal is an error line of the console, so not `shown`
        page.set_default_timeout(PATIENCE_MS)
        page.goto(stage.address)
        page.locator(".tab.find").click()
        page.locator(".adding summary").click()
        picked = [
            file_of("새벽.wav", music(2.0)),
            file_of("broken.mp3", bytes(900)),
            file_of("large.wav", bytes(stage.most_upload_bytes + 1)),
        ]
        page.set_input_files("#music-file", picked)
        expect(page.locator(".uploads .refused")).to_have_count(2)
        assert row(page, "broken.mp3") == "This file is damaged or holds no music."
        assert row(page, "large.wav") == "This file is too large for this device."
        expect(page.locator(".uploads .stored")).to_have_count(1)
        assert (tmp_path / "music" / UPLOADS / "새벽.wav").read_bytes() == music(2.0)
        identity = track_id(tmp_path / "music", tmp_path / "music" / UPLOADS / "새벽.wav")
        stage.shelves.put([*stage.library.values(), Track(id=identity, title="새벽")])
        expect(page.locator(".uploads .taken")).to_contain_text("In the library")
        expect(page.locator(".adding [role=status]")).to_have_text("2 of 3 could not be added.")
        context.close()


def test_files_are_dropped_anywhere_on_the_page(tmp_path: Path, browser: Browser) -> None:
    """Two at once, with a picture among them that is passed over; the page says that they may be
    let go, and then shows where they went.
    """
    with PageStage(tmp_path, QUICK) as stage, shown(browser, stage) as page:
        page.locator(".tab.mood").click()
        names = {"a.wav": music(level=1), "b.wav": music(level=2), "cover.jpg": b"\xff\xd8"}
        files = [[n, base64.b64encode(c).decode()] for n, c in names.items()]
        page.evaluate(DROP, [files, ["dragenter"]])
        expect(page.locator("body")).to_have_class("dropping")
        page.evaluate(DROP, [files, ["dragover", "drop"]])
        expect(page.locator("body")).not_to_have_class("dropping")
        expect(page.locator(".uploads")).to_be_visible()
        expect(page.locator(".uploads .stored")).to_have_count(2)
        assert page.get_attribute("main", "data-tab") == "find"
        folder = tmp_path / "music" / UPLOADS
        assert sorted(f.name for f in folder.iterdir()) == ["a.wav", "b.wav"]


def test_where_none_may_be_added_nothing_offers_it(tmp_path: Path, browser: Browser) -> None:
    """The page then has no such part."""
    with (
        PageStage(tmp_path, QUICK, most_upload_bytes=0) as stage,
        shown(browser, stage) as page,
    ):
        page.locator(".tab.find").click()
        expect(page.locator(".rows li").first).to_be_visible()
        expect(page.locator(".adding")).to_be_hidden()
