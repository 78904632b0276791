"""The talk with a listener about what to hear: "not this", and "another like this"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.mood import MoodClass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contracts.track import TrackId
    from device.questions import Answer, Question, Questions

OPEN_SECONDS = 120.0
"""A question that nobody answers closes: the next guest did not ask for it."""
CHAIN_SECONDS = 3600.0
"""Within this time "another like this" never brings a song again."""


class Dialogue:
    """At most one open question, in turn out of the three of a mood."""

    def __init__(self, questions: Questions) -> None:
        self._questions = {
            MoodClass.NEGATIVE: questions.negative,
            MoodClass.NEUTRAL: questions.neutral,
            MoodClass.POSITIVE: questions.positive,
        }
        self._turn = dict.fromkeys(self._questions, 0)
        self.open: Question | None = None
        self._opened_at = 0.0

    def ask(self, mood: MoodClass, at: float) -> Question:
        """Open the next question of a mood; an unknown one is asked as a neutral one."""
        known = mood if mood in self._questions else MoodClass.NEUTRAL
        three = self._questions[known]
        self.open, self._opened_at = three[self._turn[known] % len(three)], at
        self._turn[known] += 1
        return self.open

    def answer(self, word: str) -> Answer | None:
        """The answer with this id or number, counted from 1; it closes the question."""
        answers = self.open.answers if self.open else ()
        by_word = {str(n): a for n, a in enumerate(answers, start=1)} | {a.id: a for a in answers}
        given = by_word.get(word)
        if given:
            self.open = None
        return given

    def close(self) -> None:
        """Nobody wants to answer."""
        self.open = None

    def expire(self, at: float) -> None:
        """Close what was not answered in time."""
        if self.open and at - self._opened_at > OPEN_SECONDS:
            self.open = None


class Chain:
    """The songs that "another like this" has brought: none of them comes again."""

    def __init__(self) -> None:
        self._seen: dict[TrackId, None] = {}
        self._grew_at = float("-inf")

    def seen(self, at: float) -> tuple[TrackId, ...]:
        """Songs of the chain, oldest first; none once it is over."""
        if at - self._grew_at > CHAIN_SECONDS:
            self._seen.clear()
        return tuple(self._seen)

    def grow(self, tracks: Iterable[TrackId], at: float) -> None:
        """Count these as brought."""
        self.seen(at)
        self._seen.update(dict.fromkeys(tracks))
        self._grew_at = at

    def end(self) -> None:
        """Another wish came between."""
        self._seen.clear()
