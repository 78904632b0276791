"""What was chosen on the set-up page (device.setup), which core takes over when it starts.

The set-up program runs as a user of its own and only lays a file down; core alone writes in its
own folder. Each file is taken once: a PIN that is set later is not undone by an older choice.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from contracts.whole_file import write_whole

if TYPE_CHECKING:
    from device.settings import DeviceSettings

log = logging.getLogger(__name__)

FILE = "chosen.json"
HANDOVER = Path("/var/lib/mlfym-setup")
"""Where the set-up program lays it."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Empty is as before."""

    at_unix: float
    language: Annotated[str, msgspec.Meta(pattern="^(ko|en)?$")] = ""
    name: Annotated[str, msgspec.Meta(pattern="^([a-z0-9][a-z0-9-]{0,62})?$")] = ""
    """`kitchen` makes http://kitchen.local; topics keep the device's id."""
    music_folder: str = ""
    pin_hash: str = ""
    """argon2id, as device.frontends.web.staff_pin makes it."""
    phones: bool = False
    """The page listens to the network, not to this machine alone."""


def with_chosen(settings: DeviceSettings, handover: Path = HANDOVER) -> DeviceSettings:
    """The settings with what was chosen laid over; a new choice is taken over first."""
    own = Path(settings.state_folder).expanduser()
    kept, fresh = _read(own / FILE), _read(handover / FILE)
    if fresh and (kept is None or fresh.at_unix != kept.at_unix):
        try:
            _take(own, fresh)
        except OSError as error:  # the next start takes it
            log.warning("what was chosen at the set-up cannot be kept: %s", error)
        kept = fresh
    return _laid_over(settings, kept) if kept else settings


def _read(path: Path) -> Chosen | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Chosen)
    except (FileNotFoundError, PermissionError):
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning("%s cannot be read, so it does not count: %s", path, error)
        return None


def _take(own: Path, fresh: Chosen) -> None:
    own.mkdir(parents=True, exist_ok=True)
    if fresh.pin_hash:
        # argon2 comes with the page; whoever has no page has no PIN.
        from device.frontends.web import staff_pin  # noqa: PLC0415

        write_whole(own / staff_pin.FILE, fresh.pin_hash.encode("ascii"), mode=0o600)
    bare = msgspec.structs.replace(fresh, pin_hash="")
    write_whole(own / FILE, msgspec.json.encode(bare), mode=0o600)


def _laid_over(settings: DeviceSettings, chosen: Chosen) -> DeviceSettings:
    web, network = settings.web, settings.network
    if chosen.phones and web.port:
        web = msgspec.structs.replace(web, listen="0.0.0.0")  # noqa: S104 - chosen by a person
    if chosen.language:
        web = msgspec.structs.replace(web, language=chosen.language)
    if chosen.name:
        network = msgspec.structs.replace(network, mdns_name=chosen.name)
    return msgspec.structs.replace(
        settings,
        web=web,
        network=network,
        music_folder=chosen.music_folder or settings.music_folder,
    )
