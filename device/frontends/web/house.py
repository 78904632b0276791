"""What the page may use of the device: a few calls, each safe from any thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contracts.track import TrackId
    from contracts.vision_wire import PhotoAnalysed, PhotoRefused
    from device.answers import Answers
    from device.browse import Shelves
    from device.music.uploads import Uploads
    from device.settings import DeviceSettings
    from device.status import Status


@dataclass(frozen=True, kw_only=True)
class House:
    """The device as the page sees it."""

    settings: DeviceSettings
    folder: Path
    """Where the device keeps its state: the staff's PIN, and the history to be read."""
    status: Callable[[], Status]
    """The newest snapshot; never waits."""
    answers: Answers
    """Brings a command to core; waits for core's answer, at most 1.5 s."""
    shelves: Shelves
    cover: Callable[[TrackId], bytes | None]
    """JPEG of at most 512 pixels each way; None when there is none. May take a second."""
    photo: Callable[[bytes], PhotoAnalysed | PhotoRefused]
    """Has vision look at a picture file; waits for its answer."""
    uploads: Uploads
    """Takes music that is added on the page."""
    look_for_music: Callable[[], None]
    """Has the library look what is new."""
    restart: Callable[[], None]
    """Ends core; systemd starts it again."""
    clock: Callable[[], float]
    """Monotonic seconds."""
    unix_clock: Callable[[], float]
