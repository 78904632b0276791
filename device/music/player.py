"""The player of the product: decoders → mix → sound card, each on its own side of a pipe.

One thread feeds the card. Failure policy: a track that cannot be decoded is a TrackFailed and
what plays goes on; a card that goes away is a SoundLost, the music waits where it was, and the
card is tried again, each time later, until SoundBack.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from contracts.track import TrackId
from device.events import (
    Event,
    SoundBack,
    SoundLost,
    TrackEnded,
    TrackEnding,
    TrackFailed,
    TrackStarted,
)
from device.music.ports import SoundMeasured
from device.music.sound import RATE, SoundUnavailableError
from device.music.sound.card import Card, CardLostError, Heard
from device.music.sound.mixer import Deck, Happening, Mixer, Source, What
from device.music.sound.stream import Decoder, PcmStream

__all__ = ["PygamePlayer", "SoundUnavailableError"]

log = logging.getLogger(__name__)

BLOCK_FRAMES = 1024
BUFFER_MS = 46
CROSSFADE_SECONDS = 4.0
HANDOVER_SECONDS = 2.0
"""TrackEnding comes so much before the crossfade has to begin."""
AHEAD_SECONDS = 2.0
"""Decoded ahead of the ending's notice: 1.4 MB at the default crossfade."""
DECODER_SECONDS = 15.0
"""So long a decoder may take to begin, or to go on, before its track counts as broken."""
IDLE_SECONDS = 0.5
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 1.0, 30.0


class PygamePlayer:
    """Keeps device.music.ports.Player.

    `put` is called on the player's thread. A track that another crosses over gets no
    TrackEnded: the next one's TrackStarted says so.

    Args:
        put: takes the events.
        clock: monotonic seconds, for the events' `at`.
        driver: SDL's name of the sound driver; None is the system's choice, which is never
            `dummy` or `disk`.
        device: SDL's name of the card; None is the driver's default.
        buffer_ms: the card's buffer; larger bears a busier machine, smaller reacts sooner.
        crossfade_seconds: the usual crossfade: TrackEnding comes 2 s before it has to begin.

    Raises:
        SoundUnavailableError: no card can be opened.

    """

    def __init__(
        self,
        put: Callable[[Event], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        driver: str | None = None,
        device: str | None = None,
        buffer_ms: int = BUFFER_MS,
        crossfade_seconds: float = CROSSFADE_SECONDS,
    ) -> None:
        self._put, self._clock = put, clock
        self._open: Callable[[], Card] = lambda: Card(driver, device, buffer_ms)
        ending = crossfade_seconds + HANDOVER_SECONDS
        self._ahead_seconds = ending + AHEAD_SECONDS
        self._mixer = Mixer(ending_seconds=ending)
        self._heard_before = Heard()
        self._card: Card | None = self._open()
        self._lost_at, self._retry_seconds = 0.0, FIRST_RETRY_SECONDS
        self._asked_at = 0.0
        self._lock = threading.Lock()
        self._spare = Decoder()
        self._prepared: tuple[TrackId, Path, PcmStream] | None = None
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._feed, name="player", daemon=True)
        self._thread.start()

    def play(
        self,
        track: TrackId,
        path: Path,
        *,
        start_seconds: float = 0.0,
        crossfade_seconds: float = 0.0,
        gain: float = 1.0,
    ) -> None:
        """Start a track as soon as its first sound is decoded; what plays fades out."""
        source = self._taken(track, path, start_seconds)
        self._asked_at = self._clock()
        self._mixer.play(Deck(track, source, start_seconds, crossfade_seconds, gain))
        self._wake.set()

    def prepare(self, track: TrackId, path: Path) -> None:
        """Decode the first seconds of a track that will probably be played next."""
        with self._lock:
            if self._prepared and self._prepared[:2] == (track, path):
                return
            if self._prepared:
                self._prepared[2].close()
            self._prepared = (track, path, self._stream(path, 0.0))

    def pause(self) -> None:
        """Fade out and hold the position."""
        self._mixer.pause()

    def resume(self) -> None:
        """Go on where `pause` stopped."""
        self._mixer.resume()
        self._wake.set()

    def stop(self) -> None:
        """Fade out and forget the track."""
        self._mixer.stop()

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0 to 1; its square is the gain."""
        self._mixer.set_volume(volume)

    def position_seconds(self) -> float:
        """Position in the playing track; 0 when nothing plays."""
        return self._mixer.position_seconds()

    def measured(self) -> SoundMeasured:
        """What the sound driver was given so far, by the speaker program's own count."""
        before, now = self._heard_before, self._card.heard if self._card else Heard()
        frames = before.frames + now.frames
        return SoundMeasured(
            seconds=frames / RATE,
            rms=float(((before.squares + now.squares) / frames) ** 0.5) if frames else 0.0,
            first_at=before.first_at if before.first_at is not None else now.first_at,
        )

    @property
    def sound_process_id(self) -> int | None:
        """The program that holds the sound card; None while the card is lost."""
        return self._card.process_id if self._card else None

    def close(self) -> None:
        """Fade out and let go of the sound card."""
        self._mixer.stop()
        self._closing = True
        self._wake.set()
        self._thread.join()

    # Decoders

    def _taken(self, track: TrackId, path: Path, start_seconds: float) -> PcmStream:
        with self._lock:
            if self._prepared and self._prepared[:2] == (track, path) and not start_seconds:
                source, self._prepared = self._prepared[2], None
                return source
            return self._stream(path, start_seconds)

    def _stream(self, path: Path, start_seconds: float) -> PcmStream:
        """Decode with the program that waits for work, and start the next one."""
        decoder, self._spare = self._spare, Decoder()
        return PcmStream(
            decoder,
            path,
            start_seconds=start_seconds,
            ahead_seconds=self._ahead_seconds,
            changed=self._wake.set,
        )

    # The player's thread

    def _feed(self) -> None:
        while not (self._closing and (self._mixer.silent or self._card is None)):
            try:
                card = self._card or self._reopened()
                if card is None or self._mixer.silent:
                    self._rest(card)
                else:
                    self._feed_block(card)
            except CardLostError as error:
                self._lose_card(error)
        self._let_go()

    def _feed_block(self, card: Card) -> None:
        for source in self._mixer.sounding():
            if not source.wait(BLOCK_FRAMES, DECODER_SECONDS):
                source.fail("the decoder stopped in the middle of it")
        rendered = self._mixer.render(BLOCK_FRAMES)
        if len(rendered.pcm):
            card.write(rendered.pcm, rendered.squares)
        for happening in rendered.happenings:
            self._put(self._event(happening))

    def _rest(self, card: Card | None) -> None:
        """Nothing sounds: wait for something to do."""
        if card:
            card.silence()
        late: Source | None = self._mixer.waiting_for()
        if late and not late.ready and self._clock() - self._asked_at > DECODER_SECONDS:
            late.fail("decoding did not begin")
        self._wake.wait(IDLE_SECONDS)
        self._wake.clear()

    def _event(self, happening: Happening) -> Event:
        at, track = self._clock(), happening.track
        match happening.what:
            case What.STARTED:
                return TrackStarted(at=at, track=track)
            case What.ENDING:
                return TrackEnding(at=at, track=track, seconds_left=happening.seconds_left)
            case What.ENDED:
                return TrackEnded(at=at, track=track)
            case What.FAILED:
                return TrackFailed(at=at, track=track, why=happening.why)

    def _lose_card(self, error: CardLostError) -> None:
        log.warning("%s; trying to open it again", error)
        lost, self._card = self._card, None
        if lost:
            lost.close(play_out=False)
            before = self._heard_before
            self._heard_before = Heard(
                before.frames + lost.heard.frames,
                before.squares + lost.heard.squares,
                before.first_at if before.first_at is not None else lost.heard.first_at,
            )
        self._lost_at, self._retry_seconds = self._clock(), FIRST_RETRY_SECONDS
        self._put(SoundLost(at=self._clock()))

    def _reopened(self) -> Card | None:
        """The card again, if it is time to try and it is there."""
        if self._closing or self._clock() - self._lost_at < self._retry_seconds:
            return None
        try:
            self._card = self._open()
        except SoundUnavailableError:
            self._lost_at = self._clock()
            self._retry_seconds = min(2 * self._retry_seconds, LAST_RETRY_SECONDS)
            return None
        log.info("the sound card is back")
        self._put(SoundBack(at=self._clock()))
        return self._card

    def _let_go(self) -> None:
        with self._lock:
            self._spare.close()
            if self._prepared:
                self._prepared[2].close()
        for source in [*self._mixer.sounding(), self._mixer.waiting_for()]:
            if source:
                source.close()
        if self._card:
            self._card.close()
