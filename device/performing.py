"""Performs what the core decided: each effect through the port that it belongs to.

Failure policy: a disk that is full or away costs what was to be kept, never the music.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

import msgspec

from contracts import topics
from contracts.bus import Publication
from contracts.messages import Tier, encode
from contracts.tally import Tally
from device import effects, events, opinions
from device.music.ports import Join
from device.music.reach import Reach
from device.recommend import forgetting
from device.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from contracts.track import Track, TrackId
    from device.answers import Answers
    from device.effects import Effect
    from device.events import Event
    from device.eye import Eye
    from device.frontends.announcements import Announcements
    from device.frontends.opening import Frontends
    from device.music.ports import Player
    from device.recommend.local import LocalTiers
    from device.recommend.remote import RemoteRecommender
    from device.store import Store

log = logging.getLogger(__name__)

SESSION_KEY, CAMERA_KEY, OUTPUT_KEY = "session", "camera", "output"
DISCOVERY_KEY = "discovery"
ON, OFF = "on", "off"


class Performer:
    """The world's side of the core."""

    def __init__(
        self,
        *,
        device_id: str,
        library: Mapping[TrackId, Track],
        player: Player,
        store: Store,
        eye: Eye,
        remote: RemoteRecommender,
        local: LocalTiers,
        answers: Answers,
        announcements: Announcements,
        frontends: Callable[[], Frontends],
        publish: Callable[[Publication], bool],
        put: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        self._device_id, self._library, self._player = device_id, library, player
        self._store, self._eye, self._answers = store, eye, answers
        self._remote, self._local, self._announcements = remote, local, announcements
        self._frontends = frontends
        self._publish, self._put, self._clock = publish, put, clock
        self._reach = Reach()
        self._not_kept = Tally(log, "things could not be kept", clock)
        self.why_not_kept = ""
        """Of what was performed since it was emptied, the last that could not be kept."""
        self._perform = self._who_does()

    def _who_does(self) -> dict[type[Effect], Callable[[Any], None]]:
        player, eye = self._player, self._eye
        return {
            effects.Play: self._play,
            effects.Prepare: self._prepare,
            effects.Unprepare: lambda _: player.unprepare(),
            effects.Seek: lambda e: player.seek(e.seconds),
            effects.Pause: lambda _: player.pause(),
            effects.FadeOut: lambda e: player.fade_out(e.seconds),
            effects.Resume: lambda e: player.resume(e.fade_seconds),
            effects.Stop: lambda _: player.stop(),
            effects.SetVolume: lambda e: player.set_volume(e.volume),
            effects.SetCamera: self._set_camera,
            effects.SetMasks: lambda e: eye.set_masks(e.masks),
            effects.SetOutput: self._set_output,
            effects.SoundTest: lambda _: player.test_tone(),
            effects.PlayAnnouncement: lambda e: self._announcements.announce(e.source),
            effects.Discover: self._discover,
            effects.AskForRelease: lambda _: self._frontends().ask_for_release(),
            effects.Restart: lambda _: self._frontends().restart(),
            effects.Ask: self._ask,
            effects.Remember: self._remember,
            effects.Judge: lambda e: opinions.judge(self._store, e.track, e.verdict),
            effects.Keep: self._keep,
            effects.EraseHistory: self._erase,
            effects.MarkBroken: self._mark_broken,
            effects.Announce: lambda e: self.announce(e.state),
            effects.Tell: lambda e: self.tell(topics.EVENT, encode(e.event)),
            effects.Answered: self._answer,
            effects.Note: lambda e: log.info("%s", e.text),
        }

    def perform(self, effect: Effect) -> None:
        """Do it."""
        with self.unstored():
            self._perform[type(effect)](effect)

    @contextlib.contextmanager
    def unstored(self) -> Iterator[None]:
        """What cannot be kept is counted and said now and then."""
        try:
            yield
        except StoreError as error:
            self.why_not_kept = str(error)
            self._not_kept.count(str(error))

    def honest(self, answer: effects.Answered) -> effects.Answered:
        """The answer to a command whose effects were performed: refused if they were not kept."""
        if not self.why_not_kept or answer.refused:
            return answer
        text = f"{answer.name}: this could not be kept: {self.why_not_kept}"
        return msgspec.structs.replace(answer, text=text, refused=True, code="not_kept")

    def announce(self, state: msgspec.Struct) -> None:
        """Tell the world the state."""
        self.tell(topics.STATE, msgspec.json.encode(state), retain=True)

    def tell(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish on a topic of this device."""
        topic = topics.of_device(self._device_id, leaf)
        self._publish(Publication(topic=topic, payload=payload, retain=retain))

    def _play(self, effect: effects.Play) -> None:
        path = self._store.path_of(effect.track)
        if path is None:
            why = "its file is no longer in the library"
            self._put(events.TrackFailed(at=self._clock(), track=effect.track, why=why))
            return
        self._player.play(
            effect.track,
            path,
            start_seconds=effect.start_seconds,
            crossfade_seconds=effect.crossfade_seconds,
            gain_db=self._gain_db(effect.track),
        )

    def _prepare(self, effect: effects.Prepare) -> None:
        path = self._store.path_of(effect.track)
        join = Join.GAPLESS if effect.gapless else Join.CROSSFADE
        if path:
            gain_db = self._gain_db(effect.track)
            self._player.prepare(effect.track, path, join=join, gain_db=gain_db)

    def _gain_db(self, track: TrackId) -> float:
        """The album's where there is one: between its tracks the steps are meant."""
        known = self._library.get(track)
        if known is None:
            return 0.0
        gain_db = known.gain_db if known.album_gain_db is None else known.album_gain_db
        return gain_db or 0.0

    def _set_camera(self, effect: effects.SetCamera) -> None:
        self._eye.set_camera(on=effect.on)
        self._store.put(CAMERA_KEY, ON if effect.on else OFF)

    def _set_output(self, effect: effects.SetOutput) -> None:
        self._player.output(effect.name)
        self._store.put(OUTPUT_KEY, effect.name)

    def _discover(self, effect: effects.Discover) -> None:
        self._frontends().discover(on=effect.on)
        self._store.put(DISCOVERY_KEY, ON if effect.on else OFF)

    def _ask(self, effect: effects.Ask) -> None:
        query = msgspec.structs.replace(effect.query, library=self._remote.library)
        if effect.tier is Tier.SERVER:
            self._remote.ask(effect.request, query)
        else:
            self._local.ask(effect.tier, effect.request, query)

    def _remember(self, effect: effects.Remember) -> None:
        self._store.remember(effect.interaction)
        self._remote.send_outbox()

    def _keep(self, effect: effects.Keep) -> None:
        self._store.put(SESSION_KEY, msgspec.json.encode(effect.session).decode())

    def _erase(self, effect: effects.EraseHistory) -> None:
        self._store.erase_history()
        if effect.opinions:
            opinions.forget_all(self._store)
        self._local.forget_pack()
        forgetting.wish(self._store, opinions=effect.opinions)

    def _mark_broken(self, effect: effects.MarkBroken) -> None:
        path = self._store.path_of(effect.track)
        log.warning("%s cannot be played: %s", path, effect.why)
        # Else its disk is away, or hangs, and the file is as good as ever.
        if path and self._reach.ask(path):
            self._store.mark_broken(effect.track, effect.why)

    def _answer(self, effect: effects.Answered) -> None:
        log.info("%s: %s", effect.name, "answered" if effect.personal else effect.text)
        self._answers.give(effect)
