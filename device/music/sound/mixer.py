"""Mixes decks to PCM, sample by sample: joins, fades and volume without gaps and clicks.

No thread, clock or device in here: `render` is asked for frames and returns them, with what
happened on the way. Levels move in straight lines; a deck's level becomes a gain by a quarter
sine, so that two tracks that cross over keep their power (sin² + cos² = 1).
"""

from __future__ import annotations

import threading

import numpy as np

from contracts.track import TrackId
from device.music.ports import PAUSE_SECONDS
from device.music.sound import CHANNELS, RATE
from device.music.sound.decks import Deck, Happening, Rendered, Sound, Source, What
from device.music.sound.master import SOFT_SECONDS, Master
from device.music.sound.ramp import Ramp

START_SECONDS = 0.005
"""Fade into a track that nothing plays before: long enough not to click, short for a drum."""


class Mixer:
    """One deck plays, others fade out, one may wait until it is decoded, one may be prepared.

    Safe between threads; `render` is one thread's.
    """

    def __init__(self, *, ending_seconds: float, volume: float = 1.0) -> None:
        self._lock = threading.Lock()
        self.master = Master(volume)
        self.ending_seconds = ending_seconds
        self._playing: Deck | None = None
        self._incoming: Deck | None = None
        self._prepared: Deck | None = None
        self._leaving: list[Deck] = []
        self._held = Ramp(1.0)
        """1 while playing, 0 while paused; its square is the gain."""

    # Tracks

    def play(self, deck: Deck) -> None:
        """Cross over to this deck as soon as it is ready; forget what was prepared."""
        with self._lock:
            self._close(self._incoming, self._prepared)
            self._incoming, self._prepared = deck, None
            if self._held.target == 0.0:
                self._drop_held()

    def prepare(self, deck: Deck | None) -> None:
        """Keep a deck until it is played, or begins by itself; None forgets the last."""
        with self._lock:
            self._close(self._prepared)
            self._prepared = deck

    def is_prepared(self, track: TrackId, *, gapless: bool) -> bool:
        """Whether this is what was prepared last."""
        with self._lock:
            deck = self._prepared
            return deck is not None and (deck.track, deck.gapless) == (track, gapless)

    def taken(self, track: TrackId) -> Deck | None:
        """What was prepared of this track, no longer prepared; None when it is another."""
        with self._lock:
            deck = self._prepared
            if deck is None or deck.track != track:
                return None
            self._prepared = None
            return deck

    def confirm(self, track: TrackId) -> bool:
        """Whether this track began by itself; says so once."""
        with self._lock:
            deck = self._playing
            if deck is None or not deck.by_itself or deck.track != track:
                return False
            deck.by_itself = False
            return True

    def current(self) -> Deck | None:
        """What plays or is about to."""
        with self._lock:
            return self._incoming or self._playing

    def seek(self, deck: Deck) -> None:
        """Go on with this deck, another place of the track that is current."""
        with self._lock:
            current = self._incoming or self._playing
            if current is None or current.track != deck.track:
                deck.source.close()
                return
            deck.started, deck.by_itself = current.started, current.by_itself
            deck.fade_seconds = 0.0 if current.started else current.fade_seconds
            self._close(self._incoming)
            self._incoming = deck
            if self._paused and self._playing and deck.started:
                self._close(self._playing)
                self._playing, self._incoming = deck, None
                deck.level = Ramp(1.0)

    def stop(self) -> None:
        """Fade out and forget everything."""
        with self._lock:
            self._close(self._incoming, self._prepared)
            self._incoming = self._prepared = None
            if self._held.target == 0.0:
                self._drop_held()
            self._leave(SOFT_SECONDS)

    # Levels

    def hold(self, fade_seconds: float = PAUSE_SECONDS) -> None:
        """Fade out and hold."""
        with self._lock:
            self._held.go(0.0, fade_seconds)

    def resume(self, fade_seconds: float = PAUSE_SECONDS) -> None:
        """Fade in and go on."""
        with self._lock:
            self._held.go(1.0, fade_seconds)

    # What there is

    def position_seconds(self) -> float:
        """Position in the playing track, where a seek will be too; 0 when nothing plays."""
        with self._lock:
            seeking = self._incoming if self._incoming and self._incoming.started else None
            deck = seeking or self._playing
            return deck.position_seconds if deck else 0.0

    @property
    def silent(self) -> bool:
        """Whether a render would bring nothing."""
        with self._lock:
            return self._silent

    @property
    def _silent(self) -> bool:
        ready = self._incoming is not None and self._incoming.source.ready
        idle = not (self._playing or self._leaving or ready)
        return (self._paused or idle) and not self.master.has_tone

    @property
    def _paused(self) -> bool:
        return self._held.resting and self._held.target == 0.0

    def waiting_for(self) -> Source | None:
        """What is to be played and is not decoded yet."""
        with self._lock:
            return self._incoming.source if self._incoming else None

    def sounding(self) -> list[Source]:
        """What the next render needs sound of."""
        with self._lock:
            playing = [self._playing] if self._playing else []
            return [] if self._paused else [deck.source for deck in [*self._leaving, *playing]]

    def close(self) -> None:
        """Let go of everything at once."""
        with self._lock:
            self._close(self._incoming, self._prepared, self._playing, *self._leaving)

    # Rendering

    def render(self, frames: int) -> Rendered:
        """The next frames; none at all while it is `silent`."""
        with self._lock:
            happenings: list[Happening] = []
            mixed = np.zeros((frames, CHANNELS), np.float32)
            sounding = max(self._add_music(mixed, happenings), self.master.add_tone(mixed))
            pcm, squares = self.master.finished(mixed[:sounding], last=self._silent)
            return Rendered(pcm, squares, tuple(happenings))

    def _add_music(self, mixed: Sound, happenings: list[Happening]) -> int:
        """Add the decks' sound to the beginning of `mixed`; so many frames of it."""
        frames = len(mixed)
        if self._held.target == 0.0:
            frames = min(frames, self._held.frames_left)
        if not frames:
            return 0
        self._begin_incoming(happenings)
        sounding = 0
        for deck in self._leaving:
            sound = deck.render(frames)
            mixed[: len(sound)] += sound
            sounding = max(sounding, len(sound))
        self._leaving = [deck for deck in self._leaving if self._still_heard(deck)]
        sounding = max(sounding, self._add_playing(mixed[:frames], happenings))
        if not self._held.resting or self._held.target != 1.0:
            mixed[:frames] *= np.square(self._held.take(frames))[:, None]
        return sounding

    def _add_playing(self, mixed: Sound, happenings: list[Happening]) -> int:
        """Add what plays and, where that ends, what follows it without a gap."""
        done = 0
        while deck := self._playing:
            left = self._left(deck)
            wanted = len(mixed) - done
            sound = deck.render(wanted if left is None else min(left, wanted))
            mixed[done : done + len(sound)] += sound
            done += len(sound)
            self._announce(deck, happenings)
            if self._left(deck) != 0:
                break
            self._end(deck, happenings)
        return done

    def _left(self, deck: Deck) -> int | None:
        """Frames until it ends: silence behind its sound is kept where an album goes on."""
        left = deck.source.left_frames
        whole = self._prepared is not None and self._prepared.gapless
        return left + deck.source.tail_frames if left is not None and whole else left

    def _begin_incoming(self, happenings: list[Happening]) -> None:
        """Put the waiting deck on when it is ready; a broken one leaves what plays alone."""
        deck = self._incoming
        if deck is None or not deck.source.ready:
            return
        self._incoming = None
        if deck.source.error:
            deck.source.close()
            happenings.append(Happening(What.FAILED, deck.track, why=deck.source.error))
            return
        fade = SOFT_SECONDS
        if not deck.started and not deck.frames:
            fade, deck.frames = START_SECONDS, deck.source.skip_silence()
        if self._playing or self._leaving:
            fade = self._leave(max(deck.fade_seconds, SOFT_SECONDS))
        deck.level.go(1.0, fade)
        self._playing = deck

    def _leave(self, fade_seconds: float) -> float:
        """Fade out what plays within what is left of it, and say so; what was fading hurries."""
        for deck in self._leaving:
            deck.level.go(0.0, min(SOFT_SECONDS, fade_seconds))
        if self._playing:
            left = self._playing.source.left_frames
            if left is not None:
                fade_seconds = max(START_SECONDS, min(fade_seconds, left / RATE))
            self._playing.level.go(0.0, fade_seconds)
            self._leaving.append(self._playing)
        self._playing = None
        return fade_seconds

    def _drop_held(self) -> None:
        """Let go of what is paused, unheard, or still fading into a pause: softly."""
        if self._held.resting:
            self._close(self._playing, *self._leaving)
            self._leaving, self._playing = [], None
        else:
            heard = self._held.level**2
            for deck in [*self._leaving, *([self._playing] if self._playing else [])]:
                deck.gain *= heard
            self._leave(SOFT_SECONDS)
        self._held = Ramp(1.0)

    def _announce(self, deck: Deck, happenings: list[Happening]) -> None:
        if not deck.started:
            deck.started = True
            happenings.append(Happening(What.STARTED, deck.track))
        left = self._left(deck)
        if left is not None and left <= self.ending_seconds * RATE and not deck.ending:
            deck.ending = True
            happenings.append(Happening(What.ENDING, deck.track, seconds_left=left / RATE))

    def _end(self, deck: Deck, happenings: list[Happening]) -> None:
        """Take a deck off, and let what is prepared without a gap begin on the next sample."""
        self._playing = None
        deck.source.close()
        if self._incoming and self._incoming.started:
            return  # somebody seeks in it
        error, follower = deck.source.error, self._prepared
        what = What.FAILED if error else What.ENDED
        happenings.append(Happening(what, deck.track, why=error))
        if follower is None or self._incoming or not follower.gapless:
            return
        if not follower.source.error:  # not decoded yet: the next render waits for it
            follower.level, follower.by_itself = Ramp(1.0), True
            self._playing, self._prepared = follower, None

    def _still_heard(self, deck: Deck) -> bool:
        if deck.source.left_frames != 0 and not deck.level.resting:
            return True
        deck.source.close()
        return False

    @staticmethod
    def _close(*decks: Deck | None) -> None:
        for deck in decks:
            if deck:
                deck.source.close()
