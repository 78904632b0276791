"""Why a file that somebody sends is not taken, in a word for the page and in words to act on."""

from __future__ import annotations

import contextlib
import errno
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 1_000_000
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Trouble(StrEnum):
    """What is wrong."""

    KIND = "kind"
    LARGE = "large"
    FULL = "full"
    UNWRITABLE = "unwritable"
    BROKEN = "broken"
    CUT = "cut"


class UploadRefusedError(Exception):
    """A file that is not taken.

    Attributes:
        trouble: what is wrong.
        text: what to do about it, in English.

    """

    def __init__(self, trouble: Trouble, text: str) -> None:
        super().__init__(text)
        self.trouble, self.text = trouble, text


def unplayable() -> UploadRefusedError:
    """Its name ends like nothing we play."""
    text = "that is no music this device can play: send mp3, flac, ogg, opus, m4a or wav"
    return UploadRefusedError(Trouble.KIND, text)


def too_large(most_bytes: int) -> UploadRefusedError:
    """It has more than this."""
    text = f"a file may have up to {most_bytes / MEGABYTE:g} MB"
    return UploadRefusedError(Trouble.LARGE, text)


def full() -> UploadRefusedError:
    """No room."""
    text = "the disk of this device is full: remove something first"
    return UploadRefusedError(Trouble.FULL, text)


def unwritable(error: OSError) -> UploadRefusedError:
    """Nobody may write there."""
    why = error.strerror or str(error)
    text = f"the music folder cannot be written ({why}): give the device the right to write there"
    return UploadRefusedError(Trouble.UNWRITABLE, text)


def broken(name: str, why: str) -> UploadRefusedError:
    """The sandboxed reader cannot make anything of it."""
    return UploadRefusedError(Trouble.BROKEN, f"{name} cannot be read as music: {why}")


def cut_short() -> UploadRefusedError:
    """The rest never came."""
    return UploadRefusedError(Trouble.CUT, "it was cut short: send it again")


@contextlib.contextmanager
def disk_refusals() -> Iterator[None]:
    """What the disk says, as a refusal."""
    try:
        yield
    except OSError as error:
        raise full() if error.errno in FULL else unwritable(error) from error
