"""How tracks join and fades go, measured in what SDL's disk driver wrote: what would be heard."""

from __future__ import annotations

import os
import queue
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.encoded import RATE, sweep, write
from contracts.track import TrackId
from device.events import Event, TrackEnded, TrackEnding, TrackStarted
from device.music.player import PygamePlayer
from device.music.ports import Join
from device.music.sound.decoder import decoded

if TYPE_CHECKING:
    from collections.abc import Callable

A, B = TrackId("a" * 16), TrackId("b" * 16)
PATIENCE_SECONDS = 300.0
LEVEL = 12_000.0
WINDOW = RATE // 1000
"""A millisecond."""
QUIET = 0.1
"""Of the music's level: a window below it is a gap."""
CROSSFADE_SECONDS = 4.0
Heard = NDArray[np.float64]


class Listening:
    """A player on the disk driver, and what it wrote; `answer` hears each event."""

    def __init__(self, folder: Path, crossfade_seconds: float = 1.0) -> None:
        self._path = folder / "heard.raw"
        self._path.unlink(missing_ok=True)
        os.environ |= {"SDL_DISKAUDIOFILE": str(self._path), "SDL_DISKAUDIODELAY": "4"}
        self.answer: Callable[[Event], None] = lambda _event: None
        self._events: queue.Queue[Event] = queue.Queue()
        self.player = PygamePlayer(
            self._put,
            driver="disk",
            crossfade_seconds=crossfade_seconds,
            stuck_seconds=PATIENCE_SECONDS,
        )

    def until(self, kind: type[Event], track: TrackId) -> None:
        """Wait for an event of a track."""
        while True:
            event = self._events.get(timeout=PATIENCE_SECONDS)
            if isinstance(event, kind) and getattr(event, "track", None) == track:
                return

    def wait_until_prepared(self) -> None:
        """Wait for a decoder, which a busy machine may start late."""
        deck = self.player._mixer._prepared  # noqa: SLF001 - only benches and tests ask
        if deck:
            deck.source.wait(RATE // 2, PATIENCE_SECONDS)

    def heard(self) -> Heard:
        """Both channels of all that was heard, silence included; ends the player."""
        self.player.close()
        return np.fromfile(self._path, np.int16).reshape(-1, 2).astype(np.float64)

    def _put(self, event: Event) -> None:
        self.answer(event)
        self._events.put(event)


def steepest(sound: Heard) -> float:
    """Largest step from a sample to the next."""
    return float(np.abs(np.diff(sound, axis=0)).max())


def trimmed(sound: Heard) -> Heard:
    """Without the silence before and behind."""
    sounding = np.flatnonzero(sound.any(axis=1))
    return sound[sounding[0] : sounding[-1] + 1]


def longest_gap_ms(sound: Heard) -> int:
    """Milliseconds in a row that are quieter than a tenth of the music."""
    windows = np.abs(sound[: len(sound) // WINDOW * WINDOW]).reshape(-1, WINDOW * 2).max(axis=1)
    longest = now = 0
    for quiet in windows < QUIET * LEVEL:
        now = now + 1 if quiet else 0
        longest = max(longest, now)
    return longest


def gapless(folder: Path, suffix: str) -> dict[str, Any]:
    """Music that goes through a cut into two files: what is heard around the cut.

    The music's own step is that of the decoded files: a lossy encoder that is given a cut rings
    at it, and no player can take that back.
    """
    whole, cut = sweep(6.0), round(3.3 * RATE) + 123
    one = write(folder / f"one{suffix}", whole[:cut])
    two = write(folder / f"two{suffix}", whole[cut:])
    listening = Listening(folder)
    listening.answer = lambda event: (
        listening.player.pause() if isinstance(event, TrackStarted) and event.track == A else None
    )
    listening.player.play(A, one)
    listening.until(TrackStarted, A)
    listening.player.prepare(B, two, join=Join.GAPLESS)
    listening.wait_until_prepared()
    listening.player.resume()
    listening.until(TrackEnded, B)
    heard = trimmed(listening.heard())
    parts = [trimmed(_decoded(path)) for path in (one, two)]
    join = len(whole) - cut  # frames before the end
    around = slice(-join - RATE // 5, -join + RATE // 5)
    error = np.abs(heard[around] - np.concatenate(parts)[around]).max()
    return {
        "gap_ms": longest_gap_ms(heard[around]),
        "furthest_from_the_files": float(error),
        "steepest_step": steepest(heard[around]),
        "the_musics_own": max(steepest(parts[0][-RATE // 5 :]), steepest(parts[1][: RATE // 5])),
    }


def crossfade(folder: Path) -> dict[str, Any]:
    """Two steady tones over 4 s: power, gaps and steps on the way."""
    first = write(folder / "first.flac", _tone(220.0, 12.0))
    second = write(folder / "second.flac", _tone(331.0, 8.0))
    listening = Listening(folder, CROSSFADE_SECONDS)
    listening.answer = lambda event: (
        listening.player.play(B, second, crossfade_seconds=CROSSFADE_SECONDS)
        if isinstance(event, TrackEnding) and event.track == A
        else None
    )
    listening.player.prepare(B, second)
    listening.player.play(A, first)
    listening.until(TrackEnded, B)
    heard = trimmed(listening.heard())
    tenths = heard[: len(heard) // 4410 * 4410, 0].reshape(-1, 4410)
    power_db = 10 * np.log10(np.square(tenths).mean(axis=1) / (LEVEL**2 / 2))
    return {
        "gap_ms": longest_gap_ms(heard[RATE // 10 : -RATE // 10]),
        "power_db": [round(float(power_db[1:-1].min()), 2), round(float(power_db[1:-1].max()), 2)],
        "steepest_step": steepest(heard),
        "the_musics_own": round(LEVEL * 2 * np.pi * 331.0 / RATE * 2**0.5, 1),
    }


def fades(folder: Path) -> dict[str, Any]:
    """Start, pause, resume, seek and stop in the middle of a tone: steps over all of it.

    A seek has two places of the tone at once for a moment, at sin and cos of their levels.
    """
    tone = write(folder / "tone.flac", _tone(220.0, 20.0))
    listening = Listening(folder)

    def pause(event: Event) -> None:
        if isinstance(event, TrackStarted):
            listening.player.pause()

    listening.answer = pause
    listening.player.play(A, tone, start_seconds=1.001)
    listening.until(TrackStarted, A)
    listening.player.resume()
    listening.player.seek(15.003)
    listening.until(TrackEnding, A)
    listening.player.stop()
    heard = listening.heard()
    at_once = LEVEL * 2 * np.pi * 220.0 / RATE * 2**0.5
    return {"steepest_step": steepest(heard), "the_musics_own": round(at_once, 1)}


def measured(folder: Path) -> dict[str, Any]:
    """All joins and fades."""
    return {
        "gapless flac": gapless(folder, ".flac"),
        "gapless mp3": gapless(folder, ".mp3"),
        "gapless m4a": gapless(folder, ".m4a"),
        "crossfade": crossfade(folder),
        "start, pause, resume, seek, stop": fades(folder),
    }


def _decoded(path: Path) -> Heard:
    return np.frombuffer(b"".join(decoded(str(path))), np.int16).reshape(-1, 2).astype(np.float64)


def _tone(hertz: float, seconds: float) -> NDArray[np.int16]:
    at = np.arange(round(seconds * RATE)) / RATE
    sine = (LEVEL * np.sin(2 * np.pi * hertz * at)).astype(np.int16)
    return np.stack([sine, sine], 1)
