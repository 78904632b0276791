from __future__ import annotations

from pathlib import Path

import pytest

from contracts.release_state import WISH, ReleaseState, ask_for_release, read_release_state


def test_what_the_updater_wrote_is_read(tmp_path: Path) -> None:
    """Keys of a later updater are passed over, missing ones have their defaults."""
    path = tmp_path / "state.json"
    path.write_text('{"installed": "0.1.0", "latest": "0.2.0", "colour": 1, "phase": "checking"}')
    state = read_release_state(path)
    assert state == ReleaseState(installed="0.1.0", latest="0.2.0", phase="checking")
    assert state
    assert state.in_progress
    assert not ReleaseState().in_progress


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"percent": 101}', b'"x"', b"\xff" * 99999])
def test_what_cannot_be_read_is_no_state(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing, torn or of another kind."""
    path = tmp_path / "state.json"
    if content is not None:
        path.write_bytes(content)
    assert read_release_state(path) is None


def test_a_wish_is_an_empty_file(tmp_path: Path) -> None:
    """Made twice it is the same wish."""
    ask_for_release(tmp_path)
    ask_for_release(tmp_path)
    assert (tmp_path / WISH).read_bytes() == b""
