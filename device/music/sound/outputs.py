"""Which sound outputs there are, by the names that settings and commands take."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from device.music.sound import SoundUnavailableError

LISTING_SECONDS = 20.0


def outputs(driver: str | None = None) -> tuple[str, ...]:
    """Names of the outputs that are plugged in now; takes a second or so on a Pi.

    Args:
        driver: SDL's name of the sound driver; None is the system's choice.

    Raises:
        SoundUnavailableError: the driver is not there, or does not answer.

    """
    try:
        listing = subprocess.run(
            [sys.executable, "-m", "device.music.sound.listing"],
            env=os.environ | ({"SDL_AUDIODRIVER": driver} if driver else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LISTING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"the sound driver did not answer for {LISTING_SECONDS:g} s: restart the device"
        raise SoundUnavailableError(msg) from error
    answer = listing.stdout.decode("utf-8", "replace").strip()
    if not answer.startswith("["):
        why = answer.removeprefix("failed ") or "the sound driver crashed"
        msg = f"no sound ({driver or 'default driver'}): {why}; name another driver"
        raise SoundUnavailableError(msg)
    return tuple(dict.fromkeys(json.loads(answer)))
