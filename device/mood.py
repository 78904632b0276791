"""From the emotions of single frames to a mood: a hidden Markov model of three moods.

A listener's mood is one of three, lasts `lasts_seconds` at the mean and then becomes either of
the others. What the faces of a frame read as (mean by face area, over the moods' classes) is
evidence of it, but frames in a row show the same picture and are misread together, so Δt seconds
of them count for Δt/τ independent ones, and none for more than one in `misread` wrong ones allows:

    p ← Ap, A the chance of each mood after Δt; then p ∝ p · ((1 - ε) x + ε/3)^(Δt/τ)

(Rabiner 1989, *A Tutorial on Hidden Markov Models*, with the evidence tempered). A mood is believed
when its p stays above `enter` for the dwell, and given up below `leave`. Valence and arousal come
from an exponential filter of the emotions with the same τ.
"""

from __future__ import annotations

import math
from operator import itemgetter, mul
from typing import TYPE_CHECKING

from contracts.emotion import EMOTIONS, NEGATIVE, POSITIVE, VALENCE_AROUSAL
from contracts.mood import UNKNOWN_MOOD, Mood, MoodClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.vision_wire import Face
    from device.settings import MoodSettings

MOODS = (MoodClass.NEGATIVE, MoodClass.NEUTRAL, MoodClass.POSITIVE)
NEUTRAL_AT = EMOTIONS.index("neutral")
negatives = itemgetter(*(n for n, name in enumerate(EMOTIONS) if name in NEGATIVE))
positives = itemgetter(*(n for n, name in enumerate(EMOTIONS) if name in POSITIVE))
VALENCES, AROUSALS = zip(*(VALENCE_AROUSAL[name] for name in EMOTIONS), strict=True)

LONGEST_STEP_SECONDS = 1.0
"""After a stall one frame counts for no more than this: it is still only one frame."""


def group_emotions(faces: Sequence[Face]) -> tuple[float, ...] | None:
    """Mean class probabilities [8] of the faces by area; None when no face is readable."""
    readable = [face for face in faces if face.known]
    if len(readable) < 2:  # noqa: PLR2004 - mostly one listens, and is the mean
        return readable[0].emotions if readable else None
    areas = [max(face.box.width * face.box.height, 1e-6) for face in readable]
    total = sum(areas)
    shares = [area / total for area in areas]
    classes = zip(*(face.emotions for face in readable), strict=True)
    return tuple(sum(map(mul, shares, column)) for column in classes)


def _three_moods(emotions: tuple[float, ...]) -> dict[MoodClass, float]:
    """What contracts.emotion.three_classes says, for each frame."""
    negative, positive = sum(negatives(emotions)), sum(positives(emotions))
    return {
        MoodClass.NEGATIVE: negative,
        MoodClass.NEUTRAL: emotions[NEUTRAL_AT],
        MoodClass.POSITIVE: positive,
    }


class MoodFilter:
    """The mood of whoever is before the camera."""

    def __init__(self, settings: MoodSettings) -> None:
        self._settings = settings
        self._forget()

    def _forget(self) -> None:
        self._emotions: tuple[float, ...] | None = None
        self._chances = dict.fromkeys(MOODS, 1 / len(MOODS))
        self._seen_at: float | None = None
        self._candidate = MoodClass.UNKNOWN
        self._candidate_since = 0.0
        self._believed = MoodClass.UNKNOWN

    @property
    def emotions(self) -> dict[str, float]:
        """Filtered probability of each emotion; empty while nobody was seen."""
        return dict(zip(EMOTIONS, self._emotions, strict=True)) if self._emotions else {}

    def see(self, faces: Sequence[Face], at: float) -> Mood:
        """Mood after the faces of one frame at monotonic second `at`."""
        emotions = group_emotions(faces)
        if emotions is None:
            return self.wait(at)
        step = 0.0 if self._seen_at is None else at - self._seen_at
        step = min(max(step, 0.0), LONGEST_STEP_SECONDS)
        self._emotions = self._filtered(emotions, step)
        self._chances = self._after(emotions, step)
        self._seen_at = at
        self._decide(at)
        return self.mood()

    def wait(self, at: float) -> Mood:
        """Mood when time went by without a readable face."""
        if self._seen_at is not None and at - self._seen_at > self._settings.forget_seconds:
            self._forget()
        return self.mood()

    def mood(self) -> Mood:
        """The believed mood, with the filtered valence and arousal."""
        if self._emotions is None or self._believed is MoodClass.UNKNOWN:
            return UNKNOWN_MOOD
        valence = sum(map(mul, self._emotions, VALENCES))
        arousal = sum(map(mul, self._emotions, AROUSALS))
        return Mood(
            mood=self._believed,
            valence=max(-1.0, min(1.0, valence)),
            arousal=max(-1.0, min(1.0, arousal)),
            confidence=min(1.0, self._chances[self._believed]),
        )

    def _filtered(self, emotions: tuple[float, ...], step: float) -> tuple[float, ...]:
        if self._emotions is None:
            return emotions
        weight = 1 - math.exp(-step / self._settings.time_constant_seconds)
        old_and_new = zip(self._emotions, emotions, strict=True)
        return tuple(old + weight * (new - old) for old, new in old_and_new)

    def _after(self, emotions: tuple[float, ...], step: float) -> dict[MoodClass, float]:
        """Probability of each mood after `step` seconds that read as these emotions."""
        settings, read = self._settings, _three_moods(emotions)
        count, total = len(MOODS), sum(read.values()) or 1.0
        changed = 1 - math.exp(-step / settings.lasts_seconds)
        power = step / settings.time_constant_seconds
        likely = {
            mood: (chance + changed * ((1 - chance) / (count - 1) - chance))
            * ((1 - settings.misread) * read[mood] / total + settings.misread / count) ** power
            for mood, chance in self._chances.items()
        }
        whole = sum(likely.values())
        return {mood: chance / whole for mood, chance in likely.items()}

    def _decide(self, at: float) -> None:
        chances = self._chances
        best = max(chances, key=lambda mood: chances[mood])
        if best is not self._candidate or chances[best] < self._threshold(best):
            self._candidate = best if chances[best] >= self._threshold(best) else MoodClass.UNKNOWN
            self._candidate_since = at
        held = at - self._candidate_since >= self._settings.dwell_seconds
        if self._candidate is not MoodClass.UNKNOWN and held:
            self._believed = self._candidate
        elif (
            self._believed is not MoodClass.UNKNOWN
            and chances[self._believed] < self._settings.leave
            and self._candidate is MoodClass.UNKNOWN
        ):
            self._believed = MoodClass.UNKNOWN

    def _threshold(self, mood: MoodClass) -> float:
        negative = mood is MoodClass.NEGATIVE
        return self._settings.enter_negative if negative else self._settings.enter
