"""From a piece to its notes: the arrangement's patterns laid over the chords."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from device.demo.harmony import Chord, Key, Note, led, tune
from device.demo.pieces import Piece
from device.demo.styles import Part

LENGTH_SECONDS = 43.0
"""How long the pieces are meant to be; they end with the four bars nearest to it."""
LOWEST_BASS = 45
"""MIDI number of the lowest root in a pattern; parts shift it as they need."""
ACCENT, USUAL, WEAK = 1.0, 0.8, 0.45
LOUDNESS = {"X": ACCENT, "o": WEAK}


@dataclass(frozen=True)
class Score:
    """All notes of a piece, part by part."""

    parts: list[tuple[Part, list[Note]]]
    drums: list[tuple[Part, list[Note]]]
    beats: float
    """Up to the end of the last bar."""


def written(piece: Piece, length_seconds: float = LENGTH_SECONDS) -> Score:
    """The score of a piece, with as many bars as come near a length."""
    style, bar_beats = piece.style, piece.style.beats_in_bar
    bar_seconds = bar_beats * 60 / piece.bpm
    bars = max(4, 4 * round(length_seconds / bar_seconds / 4))
    degrees = _form(piece, bars)
    key = Key(piece.tonic, piece.mode)
    chords = led(key, degrees, style.chord_notes)
    rng = np.random.default_rng(piece.seed)
    melody = tune(
        key,
        degrees,
        style.rhythms[piece.rhythm],
        beats_in_bar=bar_beats,
        lift=style.lift,
        rng=rng,
    )
    parts = []
    for part in style.parts:
        if part.pattern == "tune":
            from_beat = part.enters * bar_beats if part.enters < bars else 0
            notes = [_shifted(n, part.shift) for n in melody if n.beat >= from_beat]
        else:
            notes = list(_played(part, chords, bar_beats, style.swing))
        parts.append((part, notes))
    drums = [(part, list(_beaten(part, bars, bar_beats, style.swing))) for part in style.drums]
    return Score(parts, drums, float((bars + 1) * bar_beats))


def _form(piece: Piece, bars: int) -> list[int]:
    """Two verses, a chorus, and so on; the tonic as the last bar."""
    sections = (piece.verse, piece.verse, piece.chorus)
    return [sections[bar // 4 % 3][bar % 4] for bar in range(bars)] + [0]


def _steps(pattern: str, bar: int) -> str:
    bars = pattern.split("|")
    return bars[bar % len(bars)]


def _played(part: Part, chords: Sequence[Chord], bar_beats: int, swing: float) -> Iterator[Note]:
    """A pattern over every chord from where the part enters; the last chord is held."""
    last = len(chords) - 1
    for bar in range(min(part.enters, last), last):
        steps = _steps(part.pattern, bar)
        step_beats = bar_beats / len(steps)
        for index, sign in enumerate(steps):
            if sign in ".-":
                continue
            held = len(steps[index + 1 :]) - len(steps[index + 1 :].lstrip("-"))
            late = swing * step_beats if index % 2 else 0.0
            beat = bar * bar_beats + index * step_beats + late
            beats = (1 + held) * step_beats * 0.97 - late
            loud = LOUDNESS.get(sign, USUAL if index % 4 else 0.9)
            for pitch in _pitches(sign, chords[bar], chords[bar + 1]):
                yield Note(beat, beats, pitch + part.shift, loud)
    sign = "r" if any(c in part.pattern for c in "rRf") else "x"
    for pitch in _pitches(sign, chords[last], chords[last]):
        yield Note(last * bar_beats, bar_beats, pitch + part.shift, USUAL)


def _pitches(sign: str, chord: Chord, following: Chord) -> list[int]:
    bass = LOWEST_BASS + (chord.root - LOWEST_BASS) % 12
    if sign in "xX":
        return list(chord.pitches)
    if sign.isdigit():
        octave, index = divmod(int(sign), len(chord.pitches))
        return [chord.pitches[index] + 12 * octave]
    goal = LOWEST_BASS + (following.root - LOWEST_BASS) % 12
    return [{"r": bass, "R": bass + 12, "f": bass + 7, "a": goal - 1}[sign]]


def _beaten(part: Part, bars: int, bar_beats: int, swing: float) -> Iterator[Note]:
    """Strokes of a drum; the last bar has only its first beat."""
    for bar in range(part.enters, bars):
        steps = _steps(part.pattern, bar - part.enters)
        step_beats = bar_beats / len(steps)
        for index, sign in enumerate(steps):
            if sign != ".":
                late = swing * step_beats if index % 2 else 0.0
                beat = bar * bar_beats + index * step_beats + late
                yield Note(beat, step_beats, 0, LOUDNESS.get(sign, USUAL))
    if part.pattern[0] in "xX" and part.enters < bars:
        yield Note(bars * bar_beats, 1.0, 0, USUAL)


def _shifted(note: Note, shift: int) -> Note:
    return Note(note.beat, note.beats, note.pitch + shift, note.loud)
