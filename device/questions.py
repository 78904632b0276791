"""The questions of 2020: "not this" opens one, and each answer leads to music of its own.

Three for each mood, four or five answers each, in Korean and English, from a TOML file that
people may edit (device/questions.toml is the one that ships).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from contracts.messages import Tag
from contracts.settings import SettingsError, load_settings

SHIPPED = Path(__file__).with_name("questions.toml")
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One way to go on."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,40}$")]
    en: Words
    ko: Words
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(min_length=1, max_length=32)]
    """The bag of tags that its music is asked for with."""
    avoid: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=32)] = ()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answers."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,40}$")]
    en: Words
    ko: Words
    answers: Annotated[tuple[Answer, ...], msgspec.Meta(min_length=4, max_length=5)]


Three = Annotated[tuple[Question, ...], msgspec.Meta(min_length=3, max_length=3)]


class Questions(msgspec.Struct, frozen=True, kw_only=True):
    """Three for each mood of 2020."""

    negative: Three
    neutral: Three
    positive: Three


def load_questions(path: Path | None = None) -> Questions:
    """Questions of a file; without one, those that ship.

    Raises:
        SettingsError: the file is missing or is no TOML, or a mood has not three questions with
            four or five answers each, or an id comes twice.

    """
    source = path or SHIPPED
    questions = load_settings(source, Questions)
    problems = [
        *_twice("question", [q.id for of in _all(questions) for q in of]),
        *(
            line
            for of in _all(questions)
            for q in of
            for line in _twice(f"{q.id}: answer", [a.id for a in q.answers])
        ),
    ]
    if problems:
        raise SettingsError(str(source), problems)
    return questions


def _all(questions: Questions) -> tuple[Three, ...]:
    return questions.negative, questions.neutral, questions.positive


def _twice(what: str, ids: list[str]) -> list[str]:
    return [
        f"{what} {i!r} comes twice: ids must differ" for i in sorted(set(ids)) if ids.count(i) > 1
    ]
