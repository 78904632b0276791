"""The core program: one queue, one consumer, and the world around the functional core.

Failure policy: music first. Library, player and defaults are enough to play; broker, server,
camera and sound card may be missing, come late or go, and are said once. Only settings and a
store that cannot be opened end the program.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from contracts import topics
from contracts.bus import Bus, Publication
from contracts.library import library_hash
from contracts.messages import Tier, encode
from contracts.tally import Tally
from contracts.vision_wire import Configure
from device import effects, events
from device.control import Control
from device.core import Core
from device.eye import Eye, listening_socket
from device.journal import Journal
from device.look import look
from device.mqtt_commands import MqttCommands
from device.music.scout import Scout
from device.recommend.local import LocalTiers
from device.recommend.remote import RemoteRecommender
from device.status import Status
from device.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from contracts.track import Track, TrackId
    from device.effects import Effect
    from device.events import Event
    from device.music.ports import Player
    from device.settings import DeviceSettings

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
LOOK_SECONDS = 0.1
"""Between two snapshots of the status."""
VOLUME_KEY = "volume"


class App:
    """Puts the core into its world."""

    def __init__(
        self,
        settings: DeviceSettings,
        player: Callable[[Callable[[Event], None]], tuple[Player, str]],
        *,
        clock: Callable[[], float],
        unix_clock: Callable[[], float],
        inherited_sockets: int = 0,
    ) -> None:
        self._settings, self._clock, self._unix_clock = settings, clock, unix_clock
        self._queue: queue.SimpleQueue[Event | Publication | bool] = queue.SimpleQueue()
        self._ended = threading.Event()
        folder = Path(settings.state_folder).expanduser()
        self._store = Store(folder / "device.sqlite")
        self._library: dict[TrackId, Track] = {}
        self._core = Core(settings, self._library, boot=uuid.uuid4().hex[:16])
        self._journal = Journal()
        self._not_kept = Tally(log, "things could not be kept", clock)
        self._local = LocalTiers(self._store, self._queue.put, clock)
        self._remote = RemoteRecommender(
            settings.device_id,
            self._publish,
            self._store,
            put=self._queue.put,
            take_pack=self._local.take_pack,
            clock=clock,
        )
        self._commands = MqttCommands(settings.device_id, self._queue.put, clock)
        self._bus = self._make_bus()
        camera = settings.camera
        configure = Configure(camera=camera.source, frames_per_second=camera.frames_per_second)
        socket = listening_socket(Path(settings.vision_socket), inherited_sockets)
        self._eye = Eye(socket, configure, self._queue.put, clock)
        self._control = Control(folder / "control.sock", self.status, self._queue.put, clock)
        self._faces: events.FacesSeen | None = None
        self._snapshot, self._looked_at, self._ticked_at = Status(), float("-inf"), float("-inf")
        self._perform: dict[type[Effect], Callable[[Any], None]] = {
            effects.Play: self._play,
            effects.Prepare: self._prepare,
            effects.Pause: lambda _: self._player.pause(),
            effects.Resume: lambda _: self._player.resume(),
            effects.Stop: lambda _: self._player.stop(),
            effects.SetVolume: self._set_volume,
            effects.SetCamera: lambda e: self._eye.set_camera(on=e.on),
            effects.Ask: self._ask,
            effects.Remember: self._remember,
            effects.MarkBroken: self._mark_broken,
            effects.Announce: lambda e: self._announce(e.state),
            effects.Tell: lambda e: self._tell(topics.EVENT, encode(e.event)),
            effects.Note: lambda e: log.info("%s", e.text),
        }
        music = Path(settings.music_folder).expanduser()
        self._scout = Scout(music, self._store, self._queue.put, clock)
        self._scout.start()
        # Last, since opening a sound card takes longest: files are read meanwhile.
        self._player, self._sound_driver = player(self._queue.put)

    def run(self) -> None:
        """Run until `end` is called."""
        try:
            self._start()
            while not self._ended.is_set():
                self._step()
        finally:
            self._stop()

    def end(self) -> None:
        """Stop soon; may be called from a signal handler."""
        self._ended.set()

    def status(self) -> Status:
        """The newest snapshot, for any thread."""
        return self._snapshot

    def _look(self) -> Status:
        return look(
            self._core,
            library=self._library,
            faces=self._faces,
            remote=self._remote,
            player=self._player,
            sound_driver=self._sound_driver,
            journal=self._journal,
            scanned=self._scout.scanned,
            now=self._clock(),
        )

    # Start and stop

    def _make_bus(self) -> Bus:
        device = self._settings.device_id
        available = topics.of_device(device, topics.AVAILABILITY)
        return Bus(
            self._settings.broker,
            f"mlfym-{device}",
            subscriptions=[
                *self._remote.subscriptions,
                self._commands.subscription,
            ],
            received=self._queue.put,
            link_changed=self._queue.put,
            will=Publication(topic=available, payload=topics.OFFLINE, retain=True),
        )

    def _start(self) -> None:
        volume = self._store.get(VOLUME_KEY)
        self._do(self._core.set_volume(float(volume) if volume else self._core.volume))
        self._handle(events.Tick(at=self._clock(), unix_seconds=self._unix_clock()))
        self._control.start()
        self._eye.start()
        self._bus.start()
        if self._settings.camera.on_at_start:
            self._eye.set_camera(on=True)
        # What was known yesterday plays at once.
        self._handle(events.LibraryChanged(at=self._clock(), tracks=()))

    def _stop(self) -> None:
        self._tell(topics.AVAILABILITY, topics.OFFLINE, retain=True)
        self._bus.stop()
        self._eye.stop()
        self._control.stop()
        self._player.close()
        self._store.close()

    # The one consumer

    def _step(self) -> None:
        with contextlib.suppress(queue.Empty), self._unstored():
            self._take(self._queue.get(timeout=TICK_SECONDS))
        if self._clock() - self._ticked_at >= TICK_SECONDS:
            self._ticked_at = self._clock()
            with self._unstored():
                self._remote.tick()
            self._handle(events.Tick(at=self._ticked_at, unix_seconds=self._unix_clock()))
        if self._clock() - self._looked_at >= LOOK_SECONDS:
            self._snapshot, self._looked_at = self._look(), self._clock()

    def _take(self, item: Event | Publication | bool) -> None:  # noqa: FBT001 - the link's state
        if isinstance(item, bool):
            self._link_changed(up=item)
        elif isinstance(item, Publication):
            self._receive(item)
        else:
            self._handle(item)

    def _handle(self, event: Event) -> None:
        if isinstance(event, events.FacesSeen):
            self._faces = event
        elif isinstance(event, events.LibraryChanged):
            event = self._library_is(self._store.tracks())
        self._do(self._core.handle(event))

    def _do(self, wanted: list[Effect]) -> None:
        for effect in wanted:
            self._journal.note(effect, self._core.state(self._clock()), self._clock())
            with self._unstored():
                self._perform[type(effect)](effect)

    @contextlib.contextmanager
    def _unstored(self) -> Iterator[None]:
        """A disk that is full or away costs what was to be kept, never the music."""
        try:
            yield
        except StoreError as error:
            self._not_kept.count(str(error))

    def _library_is(self, tracks: dict[TrackId, Track]) -> events.LibraryChanged:
        self._library.clear()
        self._library.update(tracks)
        library = library_hash(tracks.values())
        self._local.set_library(library, tuple(tracks.values()))
        self._remote.set_library(library, tuple(tracks.values()))
        return events.LibraryChanged(at=self._clock(), tracks=tuple(tracks))

    def _link_changed(self, *, up: bool) -> None:
        self._remote.link_changed(up)
        if up:
            self._tell(topics.AVAILABILITY, topics.ONLINE, retain=True)
            self._announce(self._core.state(self._clock()))

    def _receive(self, publication: Publication) -> None:
        if not self._commands.receive(publication):
            self._remote.receive(publication)

    # Effects

    def _play(self, effect: effects.Play) -> None:
        path = self._store.path_of(effect.track)
        if path is None:
            why = "its file is no longer in the library"
            self._queue.put(events.TrackFailed(at=self._clock(), track=effect.track, why=why))
            return
        self._player.play(
            effect.track,
            path,
            start_seconds=effect.start_seconds,
            crossfade_seconds=effect.crossfade_seconds,
        )

    def _prepare(self, effect: effects.Prepare) -> None:
        if path := self._store.path_of(effect.track):
            self._player.prepare(effect.track, path)

    def _set_volume(self, effect: effects.SetVolume) -> None:
        self._player.set_volume(effect.volume)
        self._store.put(VOLUME_KEY, str(effect.volume))

    def _ask(self, effect: effects.Ask) -> None:
        query = msgspec.structs.replace(effect.query, library=self._remote.library)
        if effect.tier is Tier.SERVER:
            self._remote.ask(effect.request, query)
        else:
            self._local.ask(effect.tier, effect.request, query)

    def _remember(self, effect: effects.Remember) -> None:
        self._store.remember(effect.interaction)
        self._remote.send_outbox()

    def _mark_broken(self, effect: effects.MarkBroken) -> None:
        path = self._store.path_of(effect.track)
        log.warning("%s cannot be played: %s", path, effect.why)
        if path and path.exists():  # else its disk is away, and the file is as good as ever
            self._store.mark_broken(effect.track, effect.why)

    def _announce(self, state: msgspec.Struct) -> None:
        self._tell(topics.STATE, msgspec.json.encode(state), retain=True)

    def _tell(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        topic = topics.of_device(self._settings.device_id, leaf)
        self._publish(Publication(topic=topic, payload=payload, retain=retain))

    def _publish(self, publication: Publication) -> bool:
        return self._bus.publish(publication)
