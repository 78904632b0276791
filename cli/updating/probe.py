"""`python -m cli.updating.probe`: what this version says of itself, asked by the one before it.

Prints one JSON object; later versions may add keys. `core` is what plays, none where there is no
speaker or it does not answer; `bad` names what `./mlfym doctor` finds wrong.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from device.status import Status

DEVICE = Path("/etc/mlfym/device.toml")


def main(device: Path = DEVICE) -> int:
    """Print it; 0 whenever it could be found out."""
    print(json.dumps(seen(device)))
    return 0


def seen(device: Path) -> dict[str, Any]:
    """As the module's docstring says."""
    if not device.is_file():
        return {"core": None, "bad": []}
    from cli.appliance import checks  # noqa: PLC0415 - a server has none of the device's packages
    from cli.doctor import said  # noqa: PLC0415
    from contracts.settings import load_settings  # noqa: PLC0415
    from device.settings import DeviceSettings  # noqa: PLC0415

    settings = load_settings(device, DeviceSettings)
    core = checks.core_status(settings)
    found = checks.all_findings(settings, checks.Machine(Path("/"), said), core)
    return {
        "core": _told(core) if core else None,
        "bad": [finding.name for finding in found if finding.state == "bad"],
    }


def _told(status: Status) -> dict[str, Any]:
    playing = status.state.playing
    return {
        "playback": str(status.state.playback),
        "track": str(playing.track) if playing else "",
        "position_seconds": status.position_seconds,
    }


if __name__ == "__main__":
    sys.exit(main())
