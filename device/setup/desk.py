"""What the page shows and what it was told: between the loop that decides and the page's own."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from device.setup.choices import Wish
from device.setup.nmcli import Network
from device.setup.settings import SetupSettings


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A moment of it."""

    networks: tuple[Network, ...] = ()
    trouble: str = ""
    """Why the last network could not be joined, see NmcliError.trouble."""
    typed: Wish | None = None
    """What was sent last, without the password."""


class Desk:
    """Any thread may read and write."""

    def __init__(self, settings: SetupSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._shown = Shown()

    @property
    def shown(self) -> Shown:
        """As of now."""
        with self._lock:
            return self._shown

    def show_networks(self, networks: tuple[Network, ...]) -> None:
        """These were seen."""
        with self._lock:
            self._shown = replace(self._shown, networks=networks)

    def show_outcome(self, trouble: str, typed: Wish | None) -> None:
        """That came of the last form."""
        with self._lock:
            self._shown = replace(self._shown, trouble=trouble, typed=typed)
