"""Opens what lets people and homes reach the device: its page and home automation."""

from __future__ import annotations

import logging
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.release_state import ask_for_release
from device.camera_gate import CameraGate, OpenGate
from device.frontends.home_assistant.sharing import Sharing
from device.frontends.web.opening import open_page
from device.performing import DISCOVERY_KEY, ON
from device.settings import ButtonSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.bus import Publication
    from device.events import Event
    from device.frontends.web.opening import Page, Shell
    from device.settings import DeviceSettings
    from device.status import Status
    from device.store import Store


log = logging.getLogger(__name__)


def open_buttons(
    settings: ButtonSettings, put: Callable[[Event], None], clock: Callable[[], float]
) -> CameraGate:
    """Buttons, camera switch and privacy LED; a device without any does not load what reads pins.

    Raises:
        ButtonsError: a pin that the settings name cannot be had.

    """
    if settings == ButtonSettings():
        return OpenGate()
    from device.frontends.buttons import Buttons  # noqa: PLC0415

    return Buttons(settings, put, clock)


class Frontends:
    """All of them, as core's shell sees them. Every call but `start` and `stop` is core's thread's.

    `parts` start in order and stop in reverse.
    """

    def __init__(
        self,
        parts: list[Page],
        sharing: Sharing,
        restart: Callable[[], None],
        state_folder: Path,
    ) -> None:
        self._parts, self._sharing, self.restart = parts, sharing, restart
        self._state_folder = state_folder
        self.receive = sharing.receive
        self.link_up = sharing.link_up

    def start(self) -> None:
        """Begin."""
        for part in self._parts:
            part.start()

    def stop(self) -> None:
        """End."""
        for part in reversed(self._parts):
            part.stop()

    def show(self, status: Status) -> None:
        """Tell a new snapshot."""
        self._sharing.show(status)

    def discover(self, *, on: bool) -> None:
        """Let home automation find this device, or forget it."""
        self._sharing.discover(on=on)

    def ask_for_release(self) -> None:
        """Ask the updater for the newest release; a disk that cannot be written is said."""
        try:
            ask_for_release(self._state_folder)
        except OSError as error:
            log.warning("no update can be asked for: %s", error)


def program_version() -> str:
    """Of the installed program."""
    try:
        return version("mlfym")
    except PackageNotFoundError:
        return "0"


def open_frontends(
    settings: DeviceSettings,
    shell: Shell,
    publish: Callable[[Publication], bool],
    store: Store,
) -> Frontends:
    """Those that the settings want, not started yet."""
    cover = shell.artwork.artwork
    sharing = Sharing(settings, publish, cover, shell.clock, version=program_version())
    said = store.get(DISCOVERY_KEY)
    if said is not None:
        sharing.discoverable = said == ON
    parts = [open_page(settings, shell)]
    if settings.network.mdns_name:
        from device.frontends.naming import Naming  # noqa: PLC0415 - only who wants it loads it

        parts.append(Naming(settings))
    folder = Path(settings.state_folder).expanduser()
    return Frontends(parts, sharing, shell.end, folder)
