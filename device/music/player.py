"""The player of the product: decoders → mix → sound card, each on its own side of a pipe.

One thread feeds the card. Failure policy: a track that cannot be decoded is a TrackFailed and
what plays goes on; a card that goes away is a SoundLost, the music waits where it was, and the
card is tried again, each time later and at once when something is plugged in, until SoundBack.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
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
from device.music.ports import PAUSE_SECONDS, Join, SoundMeasured
from device.music.sound import RATE, SoundUnavailableError
from device.music.sound.card import STUCK_SECONDS, Card, CardLostError
from device.music.sound.decks import Deck, Happening, Source, What
from device.music.sound.mixer import Mixer
from device.music.sound.output import Output
from device.music.sound.pcm import Pcm
from device.music.sound.stream import Decoder, PcmStream
from device.music.sound.tone import test_tone

__all__ = ["PygamePlayer", "SoundUnavailableError"]

log = logging.getLogger(__name__)

BLOCK_FRAMES = 1024
BUFFER_MS = 46
CROSSFADE_SECONDS = 4.0
HANDOVER_SECONDS = 2.0
"""TrackEnding comes so much before the crossfade has to begin."""
AHEAD_SECONDS = 2.0
"""Decoded ahead of the ending's notice: 1.4 MB at the default crossfade."""
DECODER_SECONDS = 30.0
"""So long a decoder may take to begin, or to go on, before its track counts as broken."""
IDLE_SECONDS = 0.5


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
        crossfade_seconds, stuck_seconds: as `set_crossfade`; a card stuck for so long is lost.

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
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self._put, self._clock = put, clock
        opened = partial(Card, driver, buffer_ms=buffer_ms, stuck_seconds=stuck_seconds)
        self._output = Output(opened, device, clock)
        self._mixer = Mixer(ending_seconds=crossfade_seconds + HANDOVER_SECONDS)
        self._asked_at = 0.0
        self._lock = threading.Lock()
        self._spare = Decoder()
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._feed, name="player", daemon=True)
        self._thread.start()

    # What plays

    def play(
        self,
        track: TrackId,
        path: Path,
        *,
        start_seconds: float = 0.0,
        crossfade_seconds: float = 0.0,
        gain_db: float = 0.0,
    ) -> None:
        """Start a track as soon as its first sound is decoded; what plays fades out."""
        if not start_seconds and self._mixer.confirm(track):
            return
        prepared = None if start_seconds else self._mixer.taken(track)
        source = prepared.source if prepared else self._stream(path, start_seconds)
        self._asked_at = self._clock()
        deck = Deck(
            track,
            source,
            path,
            start_seconds=start_seconds,
            fade_seconds=crossfade_seconds,
            gain_db=gain_db,
        )
        self._mixer.play(deck)
        self._wake.set()

    def prepare(
        self,
        track: TrackId,
        path: Path,
        *,
        join: Join = Join.CROSSFADE,
        gain_db: float = 0.0,
    ) -> None:
        """Decode the first seconds of a track that will probably be played next."""
        gapless = join is Join.GAPLESS
        if not self._mixer.is_prepared(track, gapless=gapless):
            stream = self._stream(path, 0.0)
            self._mixer.prepare(Deck(track, stream, path, gain_db=gain_db, gapless=gapless))

    def unprepare(self) -> None:
        """Forget what was prepared."""
        self._mixer.prepare(None)

    def seek(self, seconds: float) -> None:
        """Go to a position in the playing track as soon as it is decoded there."""
        current = self._mixer.current()
        if current is None:
            return
        start = max(0.0, seconds)
        self._asked_at = self._clock()
        stream, gain_db = self._stream(current.path, start), current.gain_db
        deck = Deck(current.track, stream, current.path, start_seconds=start, gain_db=gain_db)
        self._mixer.seek(deck)
        self._wake.set()

    def pause(self) -> None:
        """Fade out and hold the position."""
        self._mixer.hold()

    def fade_out(self, seconds: float) -> None:
        """Fade out within so many seconds and hold the position."""
        self._mixer.hold(seconds)

    def resume(self, fade_seconds: float = PAUSE_SECONDS) -> None:
        """Go on where `pause` or `fade_out` stopped."""
        self._mixer.resume(fade_seconds)
        self._wake.set()

    def stop(self) -> None:
        """Fade out and forget the track."""
        self._mixer.stop()

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0 to 1; its square is the gain."""
        self._mixer.master.set_volume(volume)

    def set_crossfade(self, seconds: float) -> None:
        """Tell endings 2 s before a crossfade of so many seconds has to begin."""
        self._mixer.ending_seconds = seconds + HANDOVER_SECONDS

    def output(self, name: str) -> None:
        """Play through the card of this name; "" is the default."""
        self._output.choose(name or None)
        self._wake.set()

    def test_tone(self) -> None:
        """Sound a tone on the left, then on the right, over whatever plays."""
        self._mixer.master.sound_tone(test_tone())
        self._wake.set()

    def announce(self, sound: Pcm) -> None:
        """Play this over the lowered music."""
        self._mixer.master.announce(sound)
        self._wake.set()

    def position_seconds(self) -> float:
        """Position in the playing track; 0 when nothing plays."""
        return self._mixer.position_seconds()

    def measured(self) -> SoundMeasured:
        """What the sound driver was given so far, by the speaker program's own count."""
        heard = self._output.heard
        return SoundMeasured(
            seconds=heard.frames / RATE,
            rms=float((heard.squares / heard.frames) ** 0.5) if heard.frames else 0.0,
            first_at=heard.first_at,
        )

    @property
    def sound_process_id(self) -> int | None:
        """The program that holds the sound card; None while the card is lost."""
        return self._output.card.process_id if self._output.card else None

    def close(self) -> None:
        """Fade out and let go of the sound card."""
        self._mixer.stop()
        self._closing = True
        self._wake.set()
        self._thread.join()

    def _stream(self, path: Path, start_seconds: float) -> PcmStream:
        """Decode with the program that waits for work, and start the next one."""
        with self._lock:
            decoder, self._spare = self._spare, Decoder()
        return PcmStream(
            decoder,
            path,
            start_seconds=start_seconds,
            ahead_seconds=self._mixer.ending_seconds + AHEAD_SECONDS,
            changed=self._wake.set,
        )

    # The player's thread

    def _feed(self) -> None:
        while not (self._closing and (self._mixer.silent or self._output.card is None)):
            try:
                card = self._output.card or self._reopened()
                if card and self._output.switching:
                    self._leave(card)
                elif card is None or self._mixer.silent:
                    self._rest(card)
                else:
                    self._feed_block(card)
            except CardLostError as error:
                log.warning("%s; trying to open it again", error)
                self._output.lose()
                self._put(SoundLost(at=self._clock()))
        with self._lock:
            self._spare.close()
        self._mixer.close()
        self._output.close()

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

    def _leave(self, card: Card) -> None:
        """Fade out on a card, and then let go of it for the one that was chosen."""
        self._mixer.master.leave_card()
        while not (self._mixer.silent or self._mixer.master.card_left):
            self._feed_block(card)
        self._output.switch()
        self._put(SoundLost(at=self._clock()))

    def _reopened(self) -> Card | None:
        """The card again, if it is time to try and it is there; music fades in on it."""
        card = None if self._closing else self._output.reopened()
        if card:
            self._mixer.master.enter_card()
            log.info("the sound card is back")
            self._put(SoundBack(at=self._clock()))
        return card
