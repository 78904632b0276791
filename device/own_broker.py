"""The broker that staff named on the page: kept beside the store, for its owner alone.

It counts before that of the settings file and after `--broker`, from the next start on.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from contracts.settings import BrokerSettings
from contracts.whole_file import sync, write_whole

if TYPE_CHECKING:
    from device.settings import DeviceSettings

log = logging.getLogger(__name__)

FILE = "broker.json"


def own_broker(folder: Path) -> BrokerSettings | None:
    """What was kept; None when nothing was, or when it cannot be read, which is said."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=BrokerSettings)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning("the page's broker cannot be read, so that of the settings is used: %s", error)
        return None


def keep_broker(folder: Path, broker: BrokerSettings) -> None:
    """Use this one from the next start on.

    Raises:
        OSError: it cannot be written; what was there is untouched.

    """
    write_whole(folder / FILE, msgspec.json.encode(broker), mode=0o600)


def forget_broker(folder: Path) -> None:
    """Use that of the settings from the next start on."""
    (folder / FILE).unlink(missing_ok=True)
    sync(folder)


def with_own_broker(settings: DeviceSettings) -> DeviceSettings | None:
    """The settings with the broker of the page; None where none was named there."""
    named = own_broker(Path(settings.state_folder).expanduser())
    return msgspec.structs.replace(settings, broker=named) if named else None
