from __future__ import annotations

import wave
from collections import defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from device.analysis.tags import read_tags
from device.demo.harmony import Key, led, tune
from device.demo.library import STAMP, LibraryError, file_name, make_library, tagged_wav
from device.demo.mixing import loudness_db, sounded
from device.demo.pieces import PIECES, Piece
from device.demo.score import written
from device.demo.synth import INSTRUMENTS, SAMPLE_RATE

SHORT_SECONDS = 16.0
QUADRANTS = ("happy", "angry", "calm", "sad")


@cache
def short(piece: Piece) -> NDArray[np.float32]:
    return sounded(piece, SHORT_SECONDS)


def brightness_hertz(sound: NDArray[np.float32]) -> float:
    """Spectral centroid of the amplitudes."""
    blocks = sound.mean(axis=0)[: sound.shape[1] // 8192 * 8192].reshape(-1, 8192)
    spectrum = np.abs(np.fft.rfft(blocks, axis=1)).sum(axis=0)
    frequencies = np.fft.rfftfreq(8192, 1 / SAMPLE_RATE)
    return float((spectrum * frequencies).sum() / spectrum.sum())


def notes_a_second(piece: Piece) -> float:
    score = written(piece)
    count = sum(len(notes) for _, notes in [*score.parts, *score.drums])
    return count / (score.beats * 60 / piece.bpm)


def test_twenty_pieces_five_of_each_mood() -> None:
    """The demo has twenty pieces, five in each quadrant, by at least eight artists."""
    moods = [piece.quadrant for piece in PIECES]
    assert [moods.count(q) for q in QUADRANTS] == [5, 5, 5, 5]
    assert len({piece.artist for piece in PIECES}) >= 8
    assert len({file_name(piece) for piece in PIECES}) == 20


def test_the_first_four_serve_every_mood() -> None:
    """Whoever has only the first four pieces has one of each mood."""
    assert {piece.quadrant for piece in PIECES[:4]} == set(QUADRANTS)


def test_every_piece_lasts_long_enough() -> None:
    """Every piece is written for 40 to 60 seconds."""
    lengths = [written(piece).beats * 60 / piece.bpm for piece in PIECES]
    assert all(40 <= seconds <= 60 for seconds in lengths), lengths


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.title)
def test_the_sound_is_clean(piece: Piece) -> None:
    """No piece clips, has a constant part, jumps at its ends or falls silent inside."""
    sound = short(piece)
    assert np.isfinite(sound).all()
    assert 0.4 < np.abs(sound).max() < 1
    assert np.abs(sound.mean(axis=1)).max() < 2e-3
    assert np.abs(sound[:, -1]).max() < 1e-3
    tenths = np.abs(sound[:, : sound.shape[1] // 3200 * 3200]).max(axis=0).reshape(-1, 3200)
    quiet = tenths.max(axis=1) < 1e-3
    assert not any(quiet[i : i + 10].all() for i in range(len(quiet) - 9))


def test_levels_are_alike() -> None:
    """No two pieces differ by more than 4 dB in loudness."""
    levels = [loudness_db(short(piece).mean(axis=0)) for piece in PIECES]
    assert max(levels) - min(levels) < 4, levels


def test_pieces_sound_in_both_ears() -> None:
    """Every piece is stereo, and neither side is empty or upside down."""
    for piece in PIECES:
        left, right = short(piece)
        assert 0.1 < np.corrcoef(left, right)[0, 1] < 0.99, piece.title
        assert 0.5 < np.std(left) / np.std(right) < 2, piece.title


def test_moods_differ_in_sound() -> None:
    """Lively pieces are brighter, denser and faster than quiet ones; cheerful ones are in major."""
    bright, dense = defaultdict(list), defaultdict(list)
    for piece in PIECES:
        bright[piece.quadrant].append(brightness_hertz(short(piece)))
        dense[piece.quadrant].append(notes_a_second(piece))
    for lively in ("happy", "angry"):
        for quiet in ("calm", "sad"):
            assert np.mean(bright[lively]) > 1.4 * np.mean(bright[quiet])
            assert min(dense[lively]) > max(dense[quiet])
    major = {"major", "lydian", "mixolydian"}
    assert all((piece.mode in major) == (piece.valence > 0) for piece in PIECES)
    assert min(p.bpm for p in PIECES if p.arousal > 0) > max(p.bpm for p in PIECES if p.arousal < 0)


def test_the_same_piece_is_the_same_file() -> None:
    """Two runs make byte for byte the same file."""
    assert tagged_wav(PIECES[0], 1, 4.0) == tagged_wav(PIECES[0], 1, 4.0)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_instruments_are_in_tune(name: str) -> None:
    """Every instrument sounds the pitch it is asked for, within a fifth of a semitone."""
    pitch = 57
    sound = INSTRUMENTS[name](pitch, 1.5)[2000:34000]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 19))
    frequencies = np.fft.rfftfreq(1 << 19, 1 / SAMPLE_RATE)
    near = (frequencies > 220 * 2 ** (-1 / 12)) & (frequencies < 220 * 2 ** (1 / 12))
    peak = frequencies[near][spectrum[near].argmax()]
    assert abs(12 * np.log2(peak / 220)) < 0.2


def test_chords_lead_into_one_another() -> None:
    """C, F, G in C major keep their notes close: no voice moves more than a fifth."""
    chords = led(Key(60, "major"), (0, 3, 4, 0))
    assert [{p % 12 for p in c.pitches} for c in chords[:3]] == [{0, 4, 7}, {5, 9, 0}, {7, 11, 2}]
    for one, next_one in pairwise(chords):
        moves = [abs(a - b) for a, b in zip(one.pitches, next_one.pitches, strict=True)]
        assert max(moves) <= 7


def test_a_tune_stays_in_its_key_and_comes_home() -> None:
    """A melody uses the key's notes only, and its eighth bar ends on a note of the tonic chord."""
    key = Key(62, "minor")
    rhythm = (1.0, 1.0, 2.0, 1.0, 1.0, 2.0)
    rng = np.random.default_rng(3)
    notes = tune(key, [0, 3, 4, 0, 5, 2, 4, 0], rhythm, beats_in_bar=4, lift=5, rng=rng)
    scale = {key.pitch(degree) % 12 for degree in range(7)}
    assert {note.pitch % 12 for note in notes} <= scale
    assert notes[-1].pitch % 12 in {2, 5, 9}
    assert notes[-1].beat + notes[-1].beats <= 32


class TestLibrary:
    def test_files_are_tagged(self, tmp_path: Path) -> None:
        """The device reads title, artist, moods, tempo, year, valence and arousal of a file."""
        piece = PIECES[3]
        (path,) = make_library(tmp_path, pieces=[piece], length_seconds=2.0)
        with path.open("rb") as file:
            tags = read_tags(str(path), file)
        assert (tags.title, tags.artist, tags.album) == (piece.title, piece.artist, piece.album)
        assert set(piece.moods) <= set(tags.tags)
        assert (tags.bpm, tags.year) == (piece.bpm, piece.year)
        assert (tags.valence, tags.arousal) == (piece.valence, piece.arousal)
        with wave.open(str(path)) as file:
            assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
            assert file.getframerate() == SAMPLE_RATE

    def test_a_second_call_only_looks(self, tmp_path: Path) -> None:
        """Files that are there are not written again."""
        first = make_library(tmp_path, pieces=PIECES[:2], length_seconds=2.0)
        times = [path.stat().st_mtime_ns for path in first]
        again = make_library(tmp_path, pieces=PIECES[:2], length_seconds=2.0)
        assert again == first
        assert [path.stat().st_mtime_ns for path in again] == times

    def test_what_is_missing_or_cut_is_made_again(self, tmp_path: Path) -> None:
        """A lost file, a cut one and a damaged stamp are mended."""
        paths = make_library(tmp_path, pieces=PIECES[:2], length_seconds=2.0)
        whole = [path.read_bytes() for path in paths]
        paths[0].unlink()
        paths[1].write_bytes(whole[1][:1000])
        make_library(tmp_path, pieces=PIECES[:2], length_seconds=2.0)
        assert [path.read_bytes() for path in paths] == whole
        (tmp_path / STAMP).write_bytes(b"{")
        make_library(tmp_path, pieces=PIECES[:2], length_seconds=2.0)
        assert [path.read_bytes() for path in paths] == whole

    def test_an_interrupted_call_is_completed(self, tmp_path: Path) -> None:
        """What was finished before an interruption is kept, and only whole files are there."""

        def interrupt(done: int, _of: int) -> None:
            if done == 1:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make_library(tmp_path, interrupt, pieces=PIECES[:2], length_seconds=2.0)
        (kept,) = tmp_path.glob("*.wav")
        written_at = kept.stat().st_mtime_ns
        seen: list[tuple[int, int]] = []
        made = make_library(
            tmp_path, lambda n, of: seen.append((n, of)), pieces=PIECES[:2], length_seconds=2.0
        )
        assert seen == [(1, 2), (2, 2)]
        assert kept.stat().st_mtime_ns == written_at
        assert sorted(tmp_path.glob("*.wav")) == sorted(made)

    def test_a_folder_that_cannot_be_written_is_explained(self, tmp_path: Path) -> None:
        """A file where the folder should be is an error that says what to do."""
        blocked = tmp_path / "file"
        blocked.write_text("in the way")
        with pytest.raises(LibraryError, match="choose another folder"):
            make_library(blocked)
