"""Opens the page of a device, where its settings want one."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from device.music.upload_refusal import MEGABYTE
from device.music.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.vision_wire import PhotoAnalysed, PhotoRefused
    from device.answers import Answers
    from device.browse import Shelves
    from device.music.artwork import Artwork
    from device.settings import DeviceSettings
    from device.status import Status

log = logging.getLogger(__name__)


class Page(Protocol):
    """Something that runs beside core."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


class Shell(Protocol):
    """What the page needs of the program that it runs in: device.app.App."""

    answers: Answers
    shelves: Shelves
    artwork: Artwork
    clock: Callable[[], float]
    unix_clock: Callable[[], float]
    look_for_music: Callable[[], None]

    @property
    def photo(self) -> Callable[[bytes], PhotoAnalysed | PhotoRefused]:
        """Has vision look at a picture file."""

    def status(self) -> Status:
        """The newest snapshot."""

    def end(self) -> None:
        """Stop soon."""


class NoPage:
    """A device without a page."""

    def start(self) -> None:
        """Nothing begins."""

    def stop(self) -> None:
        """Nothing ends."""


def open_page(settings: DeviceSettings, shell: Shell) -> Page:
    """The page's server, not started yet; one that does nothing where port 0 is set."""
    if not settings.web.port:
        return NoPage()
    # A device without a page does not load what serves one.
    from device.frontends.web.house import House  # noqa: PLC0415

    try:
        from device.frontends.web.server import WebServer  # noqa: PLC0415
    except ImportError as error:
        log.warning("no page, since %s is not installed: install the extra `web`", error.name)
        return NoPage()
    return WebServer(
        House(
            settings=settings,
            folder=Path(settings.state_folder).expanduser(),
            status=shell.status,
            answers=shell.answers,
            shelves=shell.shelves,
            cover=shell.artwork.artwork,
            photo=shell.photo,
            uploads=Uploads(
                Path(settings.music_folder).expanduser(),
                most_bytes=int(settings.web.upload_megabytes * MEGABYTE),
                spare_bytes=int(settings.web.upload_spare_megabytes * MEGABYTE),
            ),
            look_for_music=shell.look_for_music,
            restart=shell.end,
            clock=shell.clock,
            unix_clock=shell.unix_clock,
        )
    )
