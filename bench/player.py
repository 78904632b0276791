"""What playing costs, how exactly tracks join, and how soon a position plays.

Processor time a second of music, of each program: this one feeds and mixes, the decoder
decodes, the speaker holds the card (SDL's disk driver at the pace of a real one, so that what
a real driver would add is not in it). Joins are measured in what the disk driver wrote.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import joins, pages, timing
from bench.encoded import RATE, write
from contracts.track import TrackId
from device.events import Event, SoundBack, SoundLost, TrackStarted
from device.music.player import PygamePlayer
from device.music.sound.stream import Decoder, PcmStream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device.music.sound.decks import Source

TRACK = TrackId("c" * 16)
SECONDS = 60.0
LONG_SECONDS = 240.0
FORMATS = (".mp3", ".flac")
POLL_SECONDS = 0.05


class Playing:
    """A player on the disk driver at the pace of a sound card, heard by nobody."""

    def __init__(self, folder: Path) -> None:
        os.environ["SDL_DISKAUDIOFILE"] = str(folder / "unheard.raw")
        os.environ.pop("SDL_DISKAUDIODELAY", None)
        self.at: dict[type[Event], float] = {}
        self._told = threading.Condition()
        self.player = PygamePlayer(self._put, driver="disk", stuck_seconds=joins.PATIENCE_SECONDS)

    def until(self, kind: type[Event]) -> float:
        """Wait for an event; monotonic seconds when it came."""
        with self._told:
            self._told.wait_for(lambda: kind in self.at, joins.PATIENCE_SECONDS)
            return self.at[kind]

    def listen(self, seconds: float) -> float:
        """Let so many seconds of music go by; how many it was."""
        began = self.player.measured().seconds
        while (now := self.player.measured().seconds) < began + seconds:
            time.sleep(POLL_SECONDS)
        return now - began

    def _put(self, event: Event) -> None:
        with self._told:
            self.at[type(event)] = time.monotonic()
            self._told.notify_all()


def music(seconds: float) -> NDArray[np.int16]:
    """Shape (frames, 2): chords under noise, as dense as any music to a decoder."""
    chance = np.random.default_rng(1)
    at = np.arange(round(seconds * RATE)) / RATE
    chord = np.sin(2 * np.pi * np.outer(at, (220.0, 277.2, 329.6))).sum(axis=1)
    noise = chance.normal(0, 0.15, (len(at), 2))
    sound: NDArray[np.float64] = (chord[:, None] / 6 + noise) * 16_000
    return np.rint(sound).astype(np.int16)


def cost(path: Path) -> dict[str, float]:
    """Percent of a core for each program while a file plays, by the music's own seconds."""
    playing = Playing(path.parents[1])
    player = playing.player
    player.play(TRACK, path)
    playing.until(TrackStarted)
    playing.listen(10.0)  # until it is decoded ahead
    speaker, decoder = player.sound_process_id, decoder_of(player)
    before = _cpu(speaker, decoder)
    heard = playing.listen(SECONDS)
    spent = [after - earlier for after, earlier in zip(_cpu(speaker, decoder), before, strict=True)]
    player.close()
    names = ("feeding and mixing", "decoder", "speaker")
    return {n: round(100 * s / heard, 2) for n, s in zip(names, spent, strict=True)}


def decoder_of(player: PygamePlayer) -> int:
    """Process id of the program that decodes what plays."""
    deck = player._mixer.current()  # noqa: SLF001 - only a bench asks for it
    source: Source | None = deck.source if deck else None
    assert isinstance(source, PcmStream)  # noqa: S101 - told to the type checker
    return source.process_id


def _cpu(speaker: int | None, decoder: int) -> tuple[float, float, float]:
    """Seconds of this process but its main thread, of the decoder and of the speaker."""
    here = time.process_time() - time.thread_time()
    return here, timing.cpu_seconds(decoder), timing.cpu_seconds(speaker) if speaker else 0.0


def start(path: Path, seconds: float) -> dict[str, float]:
    """CPU seconds from the wish to hear a position until its first tenth of a second is there.

    A decoder is started ahead, as the player does; what that takes is told beside it.
    """
    decoder = Decoder()
    time.sleep(2.0)  # it imports while nobody waits
    before, here = timing.cpu_seconds(decoder.process.pid), time.process_time()
    ready = threading.Event()
    stream = PcmStream(decoder, path, start_seconds=seconds, ahead_seconds=0.2, changed=ready.set)
    ready.wait(joins.PATIENCE_SECONDS)
    spent = timing.cpu_seconds(decoder.process.pid) - before + time.process_time() - here
    stream.close()
    return {"cpu_seconds": round(spent, 3), "starting_a_decoder": round(before, 3)}


def lost_card(path: Path) -> dict[str, float]:
    """Milliseconds by the wall until a card that was taken away is missed, and is back."""
    playing = Playing(path.parents[1])
    playing.player.play(TRACK, path)
    playing.until(TrackStarted)
    playing.listen(1.0)
    speaker = playing.player.sound_process_id
    assert speaker is not None  # noqa: S101 - told to the type checker
    taken = time.monotonic()
    os.kill(speaker, signal.SIGKILL)
    lost, back = playing.until(SoundLost), playing.until(SoundBack)
    playing.player.close()
    return {"missed_ms": round(1e3 * (lost - taken)), "back_ms": round(1e3 * (back - taken))}


def core_program(music_folder: Path, seconds: float = SECONDS) -> dict[str, float]:
    """Percent of a core of the whole core program while it plays a folder, mix included."""
    state = music_folder.parent / "core"
    state.mkdir()
    settings, heard = state / "device.toml", state / "heard.raw"
    settings.write_text(
        f'music_folder = "{music_folder}"\nstate_folder = "{state}"\n'
        f'vision_socket = "{state / "vision.sock"}"\n[sound]\ndriver = "disk"\n'
    )
    core = subprocess.Popen(
        [sys.executable, "-m", "device", "--settings", str(settings)],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"SDL_DISKAUDIOFILE": str(heard)},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(heard, 15.0)  # started, scanned, decoded ahead
        spent, before = timing.cpu_seconds(core.pid), _seconds_in(heard)
        _wait_for(heard, before + seconds)
        spent, played = timing.cpu_seconds(core.pid) - spent, _seconds_in(heard) - before
    finally:
        core.terminate()
        core.wait()
    return {"percent": round(100 * spent / played, 2)}


def _wait_for(heard: Path, seconds: float) -> None:
    until = time.monotonic() + joins.PATIENCE_SECONDS
    while _seconds_in(heard) < seconds and time.monotonic() < until:
        time.sleep(POLL_SECONDS)


def _seconds_in(heard: Path) -> float:
    return heard.stat().st_size / 4 / RATE if heard.exists() else 0.0


def measured(folder: Path) -> dict[str, Any]:
    """Everything this bench measures."""
    sound = music(LONG_SECONDS)
    library = folder / "music"
    library.mkdir()
    files = {suffix: write(library / f"long{suffix}", sound) for suffix in FORMATS}
    return {
        "machine": timing.machine(),
        "percent of a core while playing": {s[1:]: cost(p) for s, p in files.items()},
        "core program while playing": core_program(library),
        "start at 200 s": {s[1:]: start(p, 200.0) for s, p in files.items()},
        "card taken away": lost_card(files[".flac"]),
        "joins": joins.measured(folder),
    }


def tables(found: dict[str, Any]) -> dict[str, str]:
    """The figures as Markdown tables by their names on docs/sound.md."""
    costs = found["percent of a core while playing"]
    names = list(next(iter(costs.values())))
    starts = found["start at 200 s"]
    joined = [
        [name, join.get("gap_ms", ""), round(join["steepest_step"]), round(join["the_musics_own"])]
        for name, join in found["joins"].items()
    ]
    return {
        "playing": pages.table(
            ["% of a core", *names], [[s, *(c[n] for n in names)] for s, c in costs.items()]
        ),
        "starts": pages.table(
            ["CPU seconds", "to the first sound", "of starting a decoder ahead"],
            [[s, *c.values()] for s, c in starts.items()],
        ),
        "joins": pages.table(["", "gap, ms", "steepest step", "the music's own"], joined),
    }


def run(arguments: list[str]) -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser("./mlfym bench player", description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write the figures into as well")
    parser.add_argument("--page", type=Path, help="page whose tables are filled in")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder))
    if chosen.json:
        chosen.json.write_text(pages.as_json(found), "utf-8")
    if chosen.page:
        pages.fill(chosen.page, tables(found))
    sys.stdout.write(pages.as_json(found))
    return 0
