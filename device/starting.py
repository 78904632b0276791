"""How a device comes back: what it was doing, whether its camera is wanted, the local time."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import msgspec

from device.events import Restored
from device.opinions import BANNED, LIKED, judged
from device.performing import CAMERA_KEY, ON, SESSION_KEY
from device.session import Session

if TYPE_CHECKING:
    from device.bookmark import Bookmark
    from device.settings import DeviceSettings
    from device.store import Store

log = logging.getLogger(__name__)

OLD_VOLUME_KEY = "volume"
"""Where versions before sessions kept the volume."""


def restored(store: Store, bookmark: Bookmark, at: float) -> Restored:
    """What was kept; a session that cannot be read costs itself alone."""
    session = _session(store)
    playing = session.playing.track if session and session.playing else None
    return Restored(
        at=at,
        session=session,
        position_seconds=bookmark.read(playing) if playing else 0.0,
        liked=judged(store, LIKED),
        banned=judged(store, BANNED),
    )


def _session(store: Store) -> Session | None:
    kept = store.get(SESSION_KEY)
    if kept is None:
        volume = store.get(OLD_VOLUME_KEY)
        return Session(volume=float(volume)) if volume else None
    try:
        return msgspec.json.decode(kept, type=Session)
    except msgspec.DecodeError as error:
        log.warning("where the music was cannot be read, it begins anew: %s", error)
        return None


def camera_wanted(store: Store, settings: DeviceSettings) -> bool:
    """Camera on and off last over restarts; before either was said, the settings count."""
    if settings.web.cafe:
        return False  # only a guest who has read the notice opens it
    said = store.get(CAMERA_KEY)
    return settings.camera.on_at_start if said is None else said == ON


def utc_offset_seconds(unix_seconds: float) -> int:
    """Local time less UTC at a moment, summer time and all."""
    return time.localtime(unix_seconds).tm_gmtoff
