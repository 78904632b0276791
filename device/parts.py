"""Makes the parts of the core program as the settings want them; starts none of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from contracts import topics
from contracts.bus import Bus, Publication
from contracts.vision_wire import Configure
from device.core import Core
from device.eye import Eye, listening_socket
from device.frontends.opening import open_buttons
from device.music.scout import Scout
from device.questions import load_questions
from device.recommend.local import LocalTiers
from device.recommend.remote import RemoteRecommender

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from contracts.track import Track, TrackId
    from device.events import Event
    from device.settings import DeviceSettings
    from device.store import Store

    Put = Callable[[Event | Publication | bool], None]
    Clock = Callable[[], float]


def state_folder(settings: DeviceSettings) -> Path:
    """Where the device keeps what it must not forget."""
    return Path(settings.state_folder).expanduser()


def make_core(settings: DeviceSettings, library: Mapping[TrackId, Track], boot: str) -> Core:
    """The functional core, with the questions that the settings name.

    Raises:
        SettingsError: the file of questions cannot be used, and why.

    """
    named = settings.music.questions_file
    questions = load_questions(Path(named).expanduser() if named else None)
    return Core(settings, library, boot, questions)


def make_bus(
    settings: DeviceSettings,
    subscriptions: Sequence[str],
    put: Put,
    received: Callable[[Publication], None],
) -> Bus:
    """The connection to the broker, which says `offline` for the device when it is lost."""
    available = topics.of_device(settings.device_id, topics.AVAILABILITY)
    return Bus(
        settings.broker,
        f"mlfym-{settings.device_id}",
        subscriptions=subscriptions,
        received=received,
        link_changed=put,
        will=Publication(topic=available, payload=topics.OFFLINE, retain=True),
    )


def make_tiers(
    settings: DeviceSettings,
    publish: Callable[[Publication], bool],
    store: Store,
    put: Put,
    clock: Clock,
) -> tuple[RemoteRecommender, LocalTiers]:
    """The server's tier and this device's own, which take the packs that the server makes."""
    local = LocalTiers(store, put, clock)
    remote = RemoteRecommender(
        settings.device_id,
        publish,
        store,
        put=put,
        take_pack=local.take_pack,
        clock=clock,
        shelf=store,
    )
    return remote, local


def make_eye(settings: DeviceSettings, put: Put, clock: Clock, inherited_sockets: int) -> Eye:
    """Core's end of the vision socket, with whatever switch and light the camera has.

    Raises:
        OSError: the socket's path cannot be bound.
        ButtonsError: a pin that the settings name cannot be had.

    """
    camera = settings.camera
    configure = Configure(
        camera=camera.source, frames_per_second=camera.frames_per_second, masks=camera.masks
    )
    socket = listening_socket(Path(settings.vision_socket), inherited_sockets)
    return Eye(socket, configure, put, clock, open_buttons(settings.buttons, put, clock))


def make_scout(settings: DeviceSettings, store: Store, put: Put, clock: Clock) -> Scout:
    """Who walks through the music folder."""
    folder = Path(settings.music_folder).expanduser()
    return Scout(folder, store, put, clock, settings=settings.library)
