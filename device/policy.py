"""What the music does with a mood: where it aims in valence and arousal, track by track."""

from __future__ import annotations

from contracts.messages import Policy
from contracts.mood import Mood, MoodClass
from contracts.track import Track

LIFT_AFTER_TRACKS = 1
"""This many tracks match a low mood before the music starts to lift it."""
LIFT_OVER_TRACKS = 4
LIFTED = (0.6, 0.3)
"""Valence and arousal that `lift` arrives at: content and awake, not hectic."""
CALM = (0.4, -0.6)
EVEN = (0.3, -0.1)
"""A neutral face asks for nothing sad and nothing loud: at least so pleasant, at most so lively."""
SAD_STREAK_CAP = 2

BY_HAND: dict[str, Mood] = {
    name: Mood(mood=mood, valence=valence, arousal=arousal, confidence=1.0, chosen_by_hand=True)
    for name, mood, valence, arousal in (
        ("positive", MoodClass.POSITIVE, 0.7, 0.5),
        ("neutral", MoodClass.NEUTRAL, 0.1, 0.0),
        ("negative", MoodClass.NEGATIVE, -0.6, -0.3),
        ("happy", MoodClass.POSITIVE, 0.8, 0.6),
        ("calm", MoodClass.NEUTRAL, 0.4, -0.6),
        ("sad", MoodClass.NEGATIVE, -0.7, -0.5),
        ("angry", MoodClass.NEGATIVE, -0.6, 0.8),
    )
}
"""Moods a listener can pick; the first three are those of the web service of 2020."""


class OwnWord:
    """What a listener said about their mood: it counts before the camera until it runs out."""

    def __init__(self) -> None:
        self.mood: Mood | None = None
        self.word = ""
        self.until: float | None = None
        """Monotonic seconds; None: until it is taken back."""

    def say(self, word: str, until: float | None = None) -> None:
        """Take the listener at their word; one that BY_HAND does not know takes it back."""
        self.mood, self.until = BY_HAND.get(word), until
        self.word = word if self.mood else ""

    def over(self, at: float) -> bool:
        """Whether its time has just run out; then it is taken back."""
        if self.until is None or at < self.until:
            return False
        self.say("")
        return True


def aim(mood: Mood, policy: Policy, tracks_since_change: int) -> tuple[float, float]:
    """Valence and arousal that the next track should have.

    Args:
        mood: the believed mood, not unknown.
        policy: match, lift or calm.
        tracks_since_change: tracks started since this mood was believed.

    """
    if policy is Policy.CALM:
        return CALM
    if mood.mood is MoodClass.NEUTRAL and not mood.chosen_by_hand:
        return max(mood.valence, EVEN[0]), min(mood.arousal, EVEN[1])
    if policy is Policy.MATCH or mood.valence >= 0 or mood.chosen_by_hand:
        return mood.valence, mood.arousal
    steps = tracks_since_change - LIFT_AFTER_TRACKS + 1
    share = max(0.0, min(1.0, steps / LIFT_OVER_TRACKS))
    return (
        mood.valence + share * (LIFTED[0] - mood.valence),
        mood.arousal + share * (LIFTED[1] - mood.arousal),
    )


def is_sad(track: Track) -> bool:
    """Whether a track is low in valence and in arousal."""
    return (
        track.valence is not None
        and track.arousal is not None
        and track.valence < -0.2  # noqa: PLR2004 - the quadrant, less a margin
        and track.arousal < 0
    )
