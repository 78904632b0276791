"""The seed vocabulary of the tag space: recommender_server/seed/*.toml, written for MLFYM.

One line a word: its place in valence and arousal, the words it is near to, its synonyms, and
how much it tells about mood where that is not what its kind tells.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from contracts.tag_space import CERTAINTY, KINDS, normalise
from contracts.track import Arousal, Valence
from recommender_server.errors import RecommenderError

SEED = Path(__file__).parent / "seed"


class SeedError(RecommenderError):
    """A line of the seed vocabulary is wrong; says which and how."""


class Line(msgspec.Struct, frozen=True, array_like=True):
    """What stands after a word in the seed."""

    valence: Valence
    arousal: Arousal
    near: Annotated[str, msgspec.Meta(min_length=1)]
    also: str = ""
    tells: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] | None = None


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A word of the seed."""

    name: str
    kind: str
    valence: float
    arousal: float
    near: tuple[str, ...]
    also: tuple[str, ...]
    """Synonyms, Korean and English."""
    certainty: float
    """How much it tells about mood, 0 to 1: its own, or what its kind does."""


def read_seed(folder: Path = SEED) -> tuple[Term, ...]:
    """Every term of the seed, in the order of the files.

    Raises:
        SeedError: names every line that is wrong, twice there, or near to an unknown word.

    """
    terms = tuple(term for path in sorted(folder.glob("*.toml")) for term in _terms(path))
    problems = _problems(terms)
    if problems:
        msg = f"{folder} has {len(problems)} problem(s):\n" + "\n".join(problems)
        raise SeedError(msg)
    return terms


def _terms(path: Path) -> list[Term]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        tables = msgspec.convert(table, dict[str, dict[str, Line]])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        msg = f"{path}: {error}"
        raise SeedError(msg) from error
    return [
        Term(
            name=normalise(word),
            kind=kind,
            valence=line.valence,
            arousal=line.arousal,
            near=_list(line.near),
            also=_list(line.also),
            certainty=CERTAINTY.get(kind, 0.0) if line.tells is None else line.tells,
        )
        for kind, lines in tables.items()
        for word, line in lines.items()
    ]


def _list(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split(",") if (word := normalise(part)))


def _problems(terms: tuple[Term, ...]) -> list[str]:
    owner: dict[str, str] = {}
    found = [f"{t.name}: unknown kind {t.kind}" for t in terms if t.kind not in KINDS]
    found += [
        f"{term.name}: {word!r} already belongs to {owner[word]!r}"
        for term in terms
        for word in (term.name, *term.also)
        if owner.setdefault(word, term.name) != term.name
    ]
    found += [
        f"{term.name}: near to {word!r}, which the seed does not have"
        for term in terms
        for word in term.near
        if word not in owner
    ]
    return found
