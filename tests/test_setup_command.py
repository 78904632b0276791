from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli import setup
from device.setup.hotspot_key import FILE, HotspotKey, hotspot_key


def told(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> tuple[int, str, str]:
    """Exit status, output and complaints of `mlfym setup` with these words."""
    status = setup.run(["--folder", str(folder), *words])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_hotspot_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name, its password, and both as a QR code that a phone reads, the same every time."""
    status, out, err = told(capsys, tmp_path)
    key = hotspot_key(tmp_path)
    assert (status, err) == (0, "")
    assert f"Wi-Fi     {key.ssid}\npassword  {key.password}\n" in out
    assert out.startswith(key.drawn())
    assert told(capsys, tmp_path, "--show") == (0, out, "")


def test_what_is_drawn_in_blocks_is_the_code(tmp_path: Path) -> None:
    """Two rows of modules to a line, with a quiet border of two around them."""
    rows = hotspot_key(tmp_path).drawn().split("\n")
    assert len({len(row) for row in rows}) == 1
    assert len(rows[0]) in {2 * len(rows), 2 * len(rows) - 1}
    assert set(rows[0]) == {"█"}
    assert all(row[:2] == row[-2:] == "██" for row in rows[:-1])


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<?xml"), ("a.png", b"\x89PNG")])
def test_a_sticker_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, start: bytes
) -> None:
    """The password is then in the picture, and on the screen only when that was asked for too."""
    picture = tmp_path / name
    status, out, _ = told(capsys, tmp_path, "--picture", str(picture))
    assert status == 0
    assert picture.read_bytes().startswith(start)
    assert "whoever sees it" in out
    assert hotspot_key(tmp_path).password not in out
    _, out, _ = told(capsys, tmp_path, "--picture", str(picture), "--show")
    assert hotspot_key(tmp_path).password in out


@pytest.mark.parametrize("name", ["a.bmp", "no/such/folder/a.svg"])
def test_a_sticker_that_cannot_be_drawn_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Nothing is shown then."""
    status, out, err = told(capsys, tmp_path, "--picture", str(tmp_path / name), "--show")
    assert (status, out) == (1, "")
    assert re.match("mlfym setup: .+", err)


def test_a_damaged_key_is_told_and_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be on a sticker already."""
    (tmp_path / FILE).write_text('{"ssid": 4}', encoding="utf-8")
    status, out, err = told(capsys, tmp_path)
    assert (status, out) == (1, "")
    assert err.startswith("mlfym setup: ")
    assert (tmp_path / FILE).read_text(encoding="utf-8") == '{"ssid": 4}'


def test_a_key_that_is_somebody_elses_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says by whom it may be read."""

    def denied(_folder: Path) -> HotspotKey:
        raise PermissionError(13, "Permission denied")

    status = setup.run(["--folder", str(tmp_path)], denied)
    assert (status, capsys.readouterr().err) == (
        1,
        "mlfym setup: only root may read it: sudo mlfym setup\n",
    )
