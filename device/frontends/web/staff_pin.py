"""The staff's PIN: kept as an argon2id hash, tried ever more slowly.

It is set at the device alone: by `./mlfym pin` as its owner, or by who holds its buttons
(device.frontends.web.pin_reset).
"""

from __future__ import annotations

import contextlib
import itertools
import re
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from contracts.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE = "staff_pin"
PIN = re.compile(r"[0-9]{6,12}")
FREE_TRIES = 5
"""So many wrong ones in a row cost no wait: fingers slip."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 10.0, 3600.0
"""After that the wait doubles with each: a million PINs would take a century."""
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane."""


class PinError(ValueError):
    """A PIN that cannot be set, or may not be tried now; says what to do."""

    def __init__(self, text: str, wait_seconds: float = 0.0) -> None:
        super().__init__(text)
        self.wait_seconds = wait_seconds


def set_pin(folder: Path, pin: str) -> None:
    """Keep a PIN; whoever is in with the old one stays in until the device notices.

    Raises:
        PinError: it is not 6 to 12 digits, or easy to guess.
        OSError: it cannot be written.

    """
    check_shape(pin)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE, HASHER.hash(pin).encode("ascii"), mode=0o600)


def check_shape(pin: str) -> None:
    """Raise a PinError unless it may become a PIN: 6 to 12 digits that are not easy to guess."""
    if not PIN.fullmatch(pin):
        msg = "a PIN is 6 to 12 digits"
        raise PinError(msg)
    steps = {int(b) - int(a) for a, b in itertools.pairwise(pin)}
    if len(set(pin)) == 1 or steps in ({1}, {-1}):
        msg = "that PIN is the first that anybody tries: take digits that do not follow one another"
        raise PinError(msg)


def forget_pin(folder: Path) -> None:
    """Leave the device without a PIN: nobody is staff until one is set."""
    (folder / FILE).unlink(missing_ok=True)


class StaffPin:
    """Checks PINs against the file, which may change at any time."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._file, self._clock = folder / FILE, clock
        self._wrong = 0
        self._closed_until = float("-inf")

    @property
    def is_set(self) -> bool:
        """Whether there is one."""
        return self._file.exists()

    @property
    def wait_seconds(self) -> float:
        """How long nothing may be tried."""
        return max(0.0, self._closed_until - self._clock())

    def version(self) -> int:
        """Another number after the PIN was changed or taken back."""
        with contextlib.suppress(OSError):
            return self._file.stat().st_mtime_ns
        return 0

    def check(self, pin: str) -> bool:
        """Whether this is the PIN; takes a tenth of a second of work.

        Raises:
            PinError: none is set, or too many were wrong lately.

        """
        if self.wait_seconds > 0:
            seconds = int(self.wait_seconds) + 1
            msg = f"too many wrong PINs: try again in {seconds} seconds"
            raise PinError(msg, seconds)
        # Counted before it is known: of two tries at once none comes free.
        self._wrong += 1
        if self._wrong >= FREE_TRIES:
            doubled = FIRST_WAIT_SECONDS * 2.0 ** min(self._wrong - FREE_TRIES, 20)
            self._closed_until = self._clock() + min(doubled, LONGEST_WAIT_SECONDS)
        right = self._verify(pin)
        if right:
            self._wrong, self._closed_until = 0, float("-inf")
        return right

    def _verify(self, pin: str) -> bool:
        try:
            kept = self._file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            msg = "no staff PIN is set: run `./mlfym pin` on the device"
            raise PinError(msg) from error
        if not PIN.fullmatch(pin):
            return False
        try:
            return HASHER.verify(kept, pin)
        except (Argon2Error, InvalidHashError):
            return False
