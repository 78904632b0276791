"""A mood: what the emotions of the last seconds smooth to."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from contracts.track import Arousal, Valence


class MoodClass(StrEnum):
    """The three emotions of 2020, and the honest fourth."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    UNKNOWN = "unknown"


Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Mood(msgspec.Struct, frozen=True, kw_only=True):
    """A smoothed mood."""

    mood: MoodClass = MoodClass.UNKNOWN
    valence: Valence = 0.0
    arousal: Arousal = 0.0
    confidence: Probability = 0.0
    """Smoothed probability of `mood`; 0 while it is unknown."""
    chosen_by_hand: bool = False
    """The listener said so; the camera does not overrule it."""


UNKNOWN_MOOD = Mood()
