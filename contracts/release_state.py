"""What the updater tells of releases, and how a device asks it for one.

The updater (`cli/updating`, root) writes `state.json` into its own folder, readable by all; core
reads it and shows it to home automation. A wish goes the other way: core makes an empty file in
its own state folder, systemd (`mlfym-update.path`) sees it and starts the updater, which removes
it. The file says nothing: only what is signed and newer is ever installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

RELEASE_STATE = Path("/var/lib/mlfym-update/state.json")
"""On an appliance; where nobody installed with systemd/install it is not there."""
WISH = "update-wanted"
"""Name of the empty file in core's state folder."""
_LARGEST_BYTES = 64 * 1024


class ReleaseState(msgspec.Struct, frozen=True, kw_only=True):
    """The last that the updater said; every key is always there."""

    installed: str = ""
    """Version that runs and was found healthy, for instance 0.2.0."""
    latest: str = ""
    """Newest signed version seen for this machine; `installed` when there is none newer."""
    summary: str = ""
    """What the newest one brings, in its maker's words; up to 255 characters."""
    phase: str = "idle"
    """`idle`, or what it is at: `reading`, `preparing`, `switching`, `checking`, `rolling back`."""
    percent: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    """Of the update that is under way; none while idle."""
    outcome: str = ""
    """Of the last try: `installed`, `rolled back` or `refused`; empty before the first."""
    why: str = ""
    """One line about the outcome, for a person."""

    @property
    def in_progress(self) -> bool:
        """Whether an update is under way."""
        return self.phase != "idle"


def read_release_state(path: Path = RELEASE_STATE) -> ReleaseState | None:
    """What the updater last said; none where there is no updater, or nothing that can be read."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST_BYTES), type=ReleaseState)
    except (OSError, msgspec.DecodeError):
        return None


def ask_for_release(state_folder: Path) -> None:
    """Ask the updater to install the newest release that it can find.

    Args:
        state_folder: core's own (`state_folder` of its settings).

    Raises:
        OSError: it cannot be written.

    """
    (state_folder / WISH).touch()
