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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from contracts import topics
from contracts.bus import Bus, Publication
from contracts.library import library_hash
from contracts.vision_wire import Configure
from device import events, starting
from device.answers import Answers
from device.bookmark import Bookmark
from device.browse import Shelves
from device.control import Control
from device.core import Core
from device.effects import Answered, SetVolume
from device.eye import Eye, listening_socket
from device.frontends.announcements import Announcements
from device.frontends.home_assistant.sharing import status_topic
from device.frontends.opening import open_buttons, open_frontends
from device.guest import public_state
from device.journal import Journal
from device.look import look
from device.mqtt_commands import MqttCommands
from device.music.artwork import Artwork
from device.music.catalogue import Catalogue
from device.music.scout import Scout
from device.music.tag_reader import TagReader
from device.notify import Notifier
from device.opinions import judged
from device.own_lists import DEFAULT_FOLDER, ids_by_path, read_lists
from device.performing import OUTPUT_KEY, Performer
from device.questions import load_questions
from device.recommend.local import LocalTiers
from device.recommend.remote import RemoteRecommender
from device.recorder import Recorder
from device.status import Status
from device.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.track import Track, TrackId
    from device.effects import Effect
    from device.events import Event
    from device.music.ports import Player
    from device.settings import DeviceSettings

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
LOOK_SECONDS = 0.1
"""Between two snapshots of the status."""


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
        self._ended, self._notifier = threading.Event(), Notifier()
        folder = Path(settings.state_folder).expanduser()
        self._store = Store(folder / "device.sqlite")
        self._library: dict[TrackId, Track] = {}
        boot = uuid.uuid4().hex[:16]
        music = settings.music
        asked = Path(music.questions_file).expanduser() if music.questions_file else None
        self._core = Core(settings, self._library, boot, load_questions(asked))
        self._recorder, self._journal = Recorder(settings, boot), Journal()
        self._bookmark = Bookmark(folder / "position")
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
        self._eye = self._make_eye(inherited_sockets)
        self.answers = Answers(self._queue.put, clock)
        self.clock, self.unix_clock, self.photo = clock, unix_clock, self._eye.photos.analyse
        self.shelves = Shelves(partial(judged, self._store))
        self._control = Control(folder / "control.sock", self.status, self.answers, self.shelves)
        self._faces: events.FacesSeen | None = None
        self._snapshot, self._looked_at, self._ticked_at = Status(), float("-inf"), float("-inf")
        self.artwork = Artwork(folder / "artwork", Catalogue(self._store), TagReader)
        self._scout = self._make_scout()
        self._scout.start()
        # Last, since opening a sound card takes longest: files are read meanwhile.
        self._player, self._sound_driver = player(self._queue.put)
        self._performer = self._make_performer()
        self._frontends = open_frontends(settings, self, self._publish, self._store)

    def run(self) -> None:
        """Run until `end` is called."""
        try:
            self._start()
            self._notifier.ready()
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
        home = status_topic(self._settings.home_assistant.prefix)
        return Bus(
            self._settings.broker,
            f"mlfym-{device}",
            subscriptions=[*self._remote.subscriptions, self._commands.subscription, home],
            received=self._queue.put,
            link_changed=self._queue.put,
            will=Publication(topic=available, payload=topics.OFFLINE, retain=True),
        )

    def _make_eye(self, inherited_sockets: int) -> Eye:
        camera, put, clock = self._settings.camera, self._queue.put, self._clock
        configure = Configure(
            camera=camera.source, frames_per_second=camera.frames_per_second, masks=camera.masks
        )
        socket = listening_socket(Path(self._settings.vision_socket), inherited_sockets)
        return Eye(socket, configure, put, clock, open_buttons(self._settings.buttons, put, clock))

    def _make_scout(self) -> Scout:
        folder = Path(self._settings.music_folder).expanduser()
        library = self._settings.library
        return Scout(folder, self._store, self._queue.put, self._clock, settings=library)

    def _make_performer(self) -> Performer:
        return Performer(
            device_id=self._settings.device_id,
            library=self._library,
            player=self._player,
            store=self._store,
            eye=self._eye,
            remote=self._remote,
            local=self._local,
            answers=self.answers,
            announcements=Announcements(Path(self._settings.music_folder), self._player),
            frontends=lambda: self._frontends,
            publish=self._publish,
            put=self._queue.put,
            clock=self._clock,
        )

    def _start(self) -> None:
        self._do([SetVolume(volume=self._core.volume.level)])
        self._handle(self._tick())
        # What was known yesterday plays at once, and goes on where it was.
        self._library_is(self._store.tracks())
        self._handle(starting.restored(self._store, self._bookmark, self._clock()))
        self._control.start()
        self._frontends.start()
        self._eye.start()
        self._bus.start()
        if starting.camera_wanted(self._store, self._settings):
            self._eye.set_camera(on=True)
        if output := self._store.get(OUTPUT_KEY):
            self._player.output(output)
        self._handle(events.LibraryChanged(at=self._clock(), tracks=()))

    def _stop(self) -> None:
        self._notifier.stopping()
        self._performer.tell(topics.AVAILABILITY, topics.OFFLINE, retain=True)
        self._bus.stop()
        self._scout.stop()
        self._frontends.stop()
        self._eye.stop()
        self._control.stop()
        self._player.close()
        self._store.close()

    # The one consumer

    def _step(self) -> None:
        with contextlib.suppress(queue.Empty), self._performer.unstored():
            self._take(self._queue.get(timeout=TICK_SECONDS))
        now = self._clock()
        self._notifier.alive(now)
        if now - self._ticked_at >= TICK_SECONDS:
            self._ticked_at = now
            with self._performer.unstored():
                self._remote.tick()
            self._handle(self._tick())
            deck = self._core.deck
            on = deck.playing.track if deck.playing else None
            self._bookmark.write(on, deck.position_seconds(now), now)
        if now - self._looked_at >= LOOK_SECONDS:
            self._snapshot, self._looked_at = self._look(), now
            self._frontends.show(self._snapshot)

    def _tick(self) -> events.Tick:
        unix = self._unix_clock()
        offset = starting.utc_offset_seconds(unix)
        return events.Tick(at=self._clock(), unix_seconds=unix, utc_offset_seconds=offset)

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
        self._recorder.event(event)
        self._do(self._core.handle(event))

    def _do(self, wanted: list[Effect]) -> None:
        for effect in wanted:
            at = self._clock()
            self._journal.note(effect, partial(self._core.state, at), at)
            if isinstance(effect, Answered):
                self._snapshot = self._look()  # whoever is told finds it done
            self._performer.perform(effect)

    def _library_is(self, tracks: dict[TrackId, Track]) -> events.LibraryChanged:
        self._library.clear()
        self._library.update(tracks)
        rows = tuple(tracks.values())
        self._recorder.library(rows)
        self.shelves.put(rows)
        library = library_hash(rows)
        self._local.set_library(library, rows)
        self._remote.set_library(library, rows)
        self._queue.put(events.ListsRead(at=self._clock(), lists=self._own_lists()))
        return events.LibraryChanged(at=self._clock(), tracks=tuple(tracks))

    def _own_lists(self) -> dict[str, tuple[TrackId, ...]]:
        named = self._settings.music.lists_folder
        music = Path(self._settings.music_folder).expanduser()
        folder = Path(named).expanduser() if named else music / DEFAULT_FOLDER
        return read_lists(folder, partial(ids_by_path, self._store)) if folder.is_dir() else {}

    def _link_changed(self, *, up: bool) -> None:
        self._remote.link_changed(up)
        if up:
            self._performer.tell(topics.AVAILABILITY, topics.ONLINE, retain=True)
            self._performer.announce(public_state(self._core, self._clock()))
            self._frontends.link_up()

    def _receive(self, publication: Publication) -> None:
        if not (self._frontends.receive(publication) or self._commands.receive(publication)):
            self._remote.receive(publication)

    def _publish(self, publication: Publication) -> bool:
        return self._bus.publish(publication)
