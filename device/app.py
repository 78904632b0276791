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
from contracts.bus import Publication
from device import events, parts, starting
from device.answers import Answers
from device.bookmark import Bookmark, memory_folder
from device.browse import Shelves
from device.collection import Collection
from device.control import Control
from device.effects import Answered, SetVolume
from device.frontends.announcements import Announcements
from device.frontends.home_assistant.sharing import status_topic
from device.frontends.opening import open_frontends
from device.guest import public_state
from device.inbox import Inbox
from device.journal import Journal
from device.look import look
from device.mqtt_commands import MqttCommands
from device.music.artwork import Artwork
from device.music.catalogue import Catalogue
from device.music.tag_reader import TagReader
from device.notify import Notifier
from device.opinions import judged
from device.performing import OUTPUT_KEY, Performer
from device.recorder import Recorder
from device.snapshots import Snapshots
from device.store import Store
from device.store_watch import StoreWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.effects import Effect
    from device.events import Event
    from device.music.ports import Player
    from device.settings import DeviceSettings
    from device.status import Status

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25


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
        self._queue = Inbox(self._refuse, clock)
        self._ended, self._notifier = threading.Event(), Notifier()
        self._ticked_at = float("-inf")
        put, folder, boot = self._queue.put, parts.state_folder(settings), uuid.uuid4().hex[:16]
        self._store = Store(folder / "device.sqlite", spare_memory=True)
        self._store_watch = StoreWatch(self._store, put)
        self._bookmark = Bookmark(folder / "position", memory_folder())
        self._recorder, self._journal = Recorder(settings, boot), Journal()
        tiers = parts.make_tiers(settings, self._publish, self._store, put, clock)
        self._remote, self._local = tiers
        self.shelves = Shelves(partial(judged, self._store))
        told = (self._recorder.library, self.shelves.put)
        self._collection = Collection(settings, self._store, told, tiers)
        self._core = parts.make_core(settings, self._collection.tracks, boot)
        self._eye = parts.make_eye(settings, put, clock, inherited_sockets)
        self.clock, self.unix_clock, self.photo = clock, unix_clock, self._eye.photos.analyse
        self.answers = Answers(put, clock)
        self.artwork = Artwork(folder / "artwork", Catalogue(self._store), TagReader)
        self._commands = MqttCommands(settings.device_id, put, clock, self._publish)
        self._bus = parts.make_bus(settings, self._subscriptions(), put, self._arrived)
        self._scout = parts.make_scout(settings, self._store, put, clock)
        self._scout.start()
        self.look_for_music = self._scout.look
        # Last, since opening a sound card takes longest: files are read meanwhile.
        self._player, self._sound_driver = player(put)
        self._snapshots = Snapshots(self._look, clock)
        self._performer = self._make_performer()
        self._control = Control(folder / "control.sock", self.status, self.answers, self.shelves)
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
        return self._snapshots.newest

    def _look(self, faces: events.FacesSeen | None, now: float) -> Status:
        return look(
            self._core,
            library=self._collection.tracks,
            faces=faces,
            remote=self._remote,
            player=self._player,
            sound_driver=self._sound_driver,
            journal=self._journal,
            scanned=self._scout.scanned,
            now=now,
        )

    # Start and stop

    def _subscriptions(self) -> list[str]:
        home = status_topic(self._settings.home_assistant.prefix)
        return [*self._remote.subscriptions, self._commands.subscription, home]

    def _make_performer(self) -> Performer:
        return Performer(
            device_id=self._settings.device_id,
            library=self._collection.tracks,
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
        self._library_changed()
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
        self._bookmark.close()
        self._store.close()

    # The one consumer

    def _step(self) -> None:
        with contextlib.suppress(queue.Empty), self._performer.unstored():
            self._take(self._queue.get(timeout=TICK_SECONDS))
        now = self._clock()
        self._notifier.alive(now)
        if now - self._ticked_at >= TICK_SECONDS:
            self._ticked_at = now
            self._store_watch.tick(now)
            with self._performer.unstored():
                self._remote.tick()
            self._handle(self._tick())
            deck = self._core.deck
            on = deck.playing.track if deck.playing else None
            self._bookmark.write(on, deck.position_seconds(now), now)
        if self._snapshots.due():
            self._frontends.show(self._snapshots.take())

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
            self._snapshots.faces = event
        elif isinstance(event, events.LibraryChanged):
            event = self._library_changed()
        self._recorder.event(event)
        self._do(self._core.handle(event))

    def _do(self, wanted: list[Effect]) -> None:
        self._performer.why_not_kept = ""
        for effect in wanted:
            at = self._clock()
            self._journal.note(effect, partial(self._core.state, at), at)
            if isinstance(effect, Answered):
                answer = self._performer.honest(effect)
                self._commands.answered(answer)
                self._snapshots.take()  # whoever is told finds it done
                self._performer.perform(answer)
            else:
                self._performer.perform(effect)

    def _library_changed(self) -> events.LibraryChanged:
        changed = self._collection.read_again(self._clock())
        self._queue.put(events.ListsRead(at=changed.at, lists=self._collection.own_lists()))
        return changed

    def _link_changed(self, *, up: bool) -> None:
        self._remote.link_changed(up)
        if up:
            self._performer.tell(topics.AVAILABILITY, topics.ONLINE, retain=True)
            self._performer.announce(public_state(self._core, self._clock()))
            self._frontends.link_up()

    def _arrived(self, publication: Publication) -> None:
        """On paho's thread: a command takes its place among commands."""
        if not self._commands.receive(publication):
            self._queue.put(publication)

    def _refuse(self, answer: Answered) -> None:
        """On the thread of whoever gave the command: it does not come to core."""
        self._commands.answered(answer)
        self.answers.give(answer)

    def _receive(self, publication: Publication) -> None:
        if not self._frontends.receive(publication):
            self._remote.receive(publication)

    def _publish(self, publication: Publication) -> bool:
        return self._bus.publish(publication)
