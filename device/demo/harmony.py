"""Keys, chords that lead into one another, and tunes that fit over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.random import Generator

MODES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}
"""Semitones of the seven degrees above the tonic."""


@dataclass(frozen=True)
class Note:
    """One note of a part."""

    beat: float
    """Beats from the start of the piece."""
    beats: float
    """How long it is held."""
    pitch: float
    """MIDI number."""
    loud: float = 1.0
    """Share of the part's loudness, 0 to 1."""


@dataclass(frozen=True)
class Chord:
    """A chord of one bar, in close position."""

    root: int
    """Pitch class of the root, 0 to 11."""
    pitches: tuple[int, ...]
    """MIDI numbers from low to high, around middle C."""


@dataclass(frozen=True)
class Key:
    """A tonic and a mode."""

    tonic: int
    """MIDI number of the tonic between C4 (60) and B4 (71)."""
    mode: str

    def pitch(self, degree: int) -> int:
        """MIDI number of a degree; 0 is the tonic, 7 its octave, -1 the note below it."""
        octave, step = divmod(degree, 7)
        return self.tonic + 12 * octave + MODES[self.mode][step]

    def chord(self, degree: int, notes: int = 3) -> list[int]:
        """Pitch classes of the chord of thirds over a degree."""
        return [self.pitch(degree + 2 * i) % 12 for i in range(notes)]


def led(key: Key, degrees: Sequence[int], notes: int = 3) -> list[Chord]:
    """Chords on these degrees, each in the position nearest to the one before."""
    chords: list[Chord] = []
    centre = 60.0
    for degree in degrees:
        classes = key.chord(degree, notes)
        options = []
        for bottom in range(48, 64):
            if bottom % 12 in classes:
                above = sorted((c - bottom) % 12 for c in classes)
                options.append(tuple(bottom + a for a in above))
        best = min(options, key=lambda pitches: abs(sum(pitches) / len(pitches) - centre))
        centre = 0.7 * sum(best) / len(best) + 0.3 * 60
        chords.append(Chord(classes[0], best))
    return chords


def tune(
    key: Key,
    degrees: Sequence[int],
    rhythm: Sequence[float],
    *,
    beats_in_bar: int,
    lift: int,
    rng: Generator,
    leaps: float = 0.25,
) -> list[Note]:
    """A melody over one chord a bar: a motif that returns, and phrases that come to rest.

    Args:
        key: the notes to choose from.
        degrees: the chord's degree of each bar.
        rhythm: beats of each note of the two-bar motif; negative is a rest.
        beats_in_bar: 3 or 4.
        lift: degrees above the tonic around which the melody moves.
        rng: decides where the melody goes.
        leaps: chance of a leap where a step would do.

    """
    motif, answer = _contour(len(rhythm), rng, leaps), _contour(len(rhythm), rng, leaps)
    notes: list[Note] = []
    for phrase in range(0, len(degrees), 2):
        shape = answer if phrase % 8 == 4 else motif
        anchor = _nearest_tone(lift + (2 if phrase % 8 == 4 else 0), degrees[phrase])
        beat = phrase * float(beats_in_bar)
        end = min(phrase + 2, len(degrees)) * float(beats_in_bar)
        for offset, length in zip(shape, rhythm, strict=True):
            stop = beat + abs(length)
            if length > 0 and beat < end:
                degree = degrees[int(beat // beats_in_bar)]
                rests = phrase % 8 == 6 and stop >= end - 1e-6
                place = _nearest_tone(lift, 0) if rests else anchor + offset
                if beat % 2 == 0 and not rests:
                    place = _nearest_tone(place, degree)
                loud = 1.0 if beat % beats_in_bar == 0 else 0.85
                notes.append(Note(beat, min(length, end - beat) * 0.96, key.pitch(place), loud))
            beat = stop
    return notes


def _contour(count: int, rng: Generator, leaps: float) -> list[int]:
    """Offsets in degrees from where a phrase begins: steps, and leaps that are stepped back."""
    offsets, leapt = [0], 0
    for _ in range(count - 1):
        here = offsets[-1]
        sign = 1 if rng.random() < 0.5 - 0.14 * here else -1
        size = 1
        if leapt:
            sign, leapt = -leapt, 0
        elif rng.random() < leaps:
            size = int(rng.choice([2, 3]))
            leapt = sign
        offsets.append(max(-4, min(5, here + sign * size)))
    return offsets


def _nearest_tone(place: int, degree: int) -> int:
    """The tone of the chord on a degree that is nearest to a place."""
    tones = [degree + step + 7 * octave for step in (0, 2, 4) for octave in range(-3, 4)]
    return min(tones, key=lambda tone: (abs(tone - place), tone))
