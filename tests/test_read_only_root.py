"""An appliance whose root is read-only: only its own folder takes anything."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import wave
from contextlib import closing
from pathlib import Path

import pytest

from contracts.settings import to_toml
from device.control import DeviceAwayError, ask_device
from device.settings import DeviceSettings, LibrarySettings, SoundSettings
from device.store import Store
from tests.test_spare_memory import may_mount

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 120.0
"""A machine may be slow; what is waited for is not how fast it is."""
LOCKED = """
set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind /
for place in /tmp /var /home /run /dev/shm; do
    mountpoint -q $place && mount -o remount,ro,bind $place || true
done
if touch /locked 2>/dev/null; then exit 99; fi
shift
exec "$@"
"""


def make_music(folder: Path) -> None:
    folder.mkdir()
    for number in (1, 2):
        with wave.open(str(folder / f"{number}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(8000)
            out.writeframes(bytes([number, number]) * 8000 * 20)


@pytest.mark.skipif(not may_mount(), reason="mount namespaces are not allowed here")
def test_the_core_plays_with_one_writable_folder(tmp_path: Path) -> None:
    """Everything else is mounted read-only; it plays, and what it keeps is kept."""
    music, state = tmp_path / "music", tmp_path / "state"
    make_music(music)
    state.mkdir()
    settings = DeviceSettings(
        music_folder=str(music),
        state_folder=str(state),
        vision_socket=str(state / "vision.sock"),
        sound=SoundSettings(driver="dummy"),
        library=LibrarySettings(listen=False),
    )
    (tmp_path / "device.toml").write_text(to_toml(settings), encoding="utf-8")
    core = [sys.executable, "-m", "device", "--settings", str(tmp_path / "device.toml")]
    command = ["unshare", "-rm", "bash", "-c", LOCKED, "locked", str(state), *core]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as device:
        try:
            _until_heard(state / "control.sock", device)
            assert ask_device(state / "control.sock").state.unkept == ""
            ask_device(state / "control.sock", "like")
        finally:
            device.terminate()
            said = device.communicate()[1]
    assert device.returncode == 0, said
    assert "Read-only" not in said
    with closing(Store(state / "device.sqlite")) as store:
        assert [one.kind for one in store.history()][-1] == "liked"
        assert len(store.tracks()) == 2


def _until_heard(socket: Path, device: subprocess.Popen[str]) -> None:
    ends, pause = time.monotonic() + PATIENCE_SECONDS, threading.Event()
    while time.monotonic() < ends and device.poll() is None:
        try:
            if ask_device(socket).heard.seconds > 0:
                return
        except DeviceAwayError:
            pause.wait(0.2)
    device.terminate()
    pytest.fail(f"nothing was heard: {device.communicate()[1]}")
