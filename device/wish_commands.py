"""Commands about what to hear: mood, era, "not this" and its questions, "another like this"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import InteractionKind, Policy
from contracts.mood import MoodClass
from device.command import Command, CommandError, Done, meant, number, titled
from device.effects import Effect
from device.first_lists import ANY_ERA, decade_words, era_of, eras_of
from device.policy import BY_HAND

if TYPE_CHECKING:
    from device.core import Core

AUTO = "auto"
"""The mood that hands back to the camera."""
MOST_MINUTES = 1440
MOST_TAGS, LONGEST_TAG = 32, 64
MOOD_WORDS = (AUTO, *BY_HAND)


def mood_of(argument: str) -> tuple[str, int | None]:
    """Word and minutes of `calm` or `calm 60`.

    Raises:
        CommandError: no such mood, or no such time.

    """
    word, _, minutes = argument.partition(" ")
    if word not in MOOD_WORDS:
        msg = f"mood {argument!r}: choose one of {', '.join(MOOD_WORDS)}"
        raise CommandError(msg)
    return word, number(minutes.strip(), "mood for minutes", 1, MOST_MINUTES) if minutes else None


def _mood(core: Core, argument: str, at: float) -> Done:
    word, minutes = mood_of(argument)
    before = core.believed
    core.hand.say(word, at + minutes * 60.0 if minutes else None)
    known = core.believed.mood is not MoodClass.UNKNOWN
    changed = core.believed != before
    effects = core.mood_changed(at, now=known) if changed else []
    text = "the camera tells the mood" if word == AUTO else f"mood {word}"
    return Done(effects, f"{text} for {minutes} minutes" if minutes and word != AUTO else text)


def _policy(core: Core, argument: str, at: float) -> Done:
    core.policy_by_hand = Policy(argument)
    return Done(core.ask(at), f"policy {argument}")


def _named(core: Core, at: float, tags: tuple[str, ...]) -> list[Effect]:
    """Ask for what was named, to be played at once."""
    core.chain.end()
    core.dialogue.close()
    core.switch_when_answered()
    return core.ask(at, tags=tags) if tags else core.ask(at)


def _tags(core: Core, argument: str, at: float) -> Done:
    words = [word.strip()[:LONGEST_TAG] for word in argument.split(",") if word.strip()]
    tags = tuple(words[:MOST_TAGS])
    return Done(_named(core, at, tags), f"asked for {', '.join(tags) or 'what fits'}")


def check_era(argument: str) -> None:
    """Raise a CommandError unless it is a decade or `any`."""
    if argument != ANY_ERA and era_of(argument) is None:
        msg = f"era {argument!r}: give a decade such as 90s or 2010s, or {ANY_ERA}"
        raise CommandError(msg)


def _era(core: Core, argument: str, at: float) -> Done:
    era = None if argument == ANY_ERA else era_of(argument)
    there = eras_of(core.library.values())
    if era is not None and era not in there:
        known = ", ".join(f"{decade_words(e)} ({count})" for e, count in there.items())
        msg = f"no track of the {decade_words(era)}; there are {known or 'no years in the tags'}"
        raise CommandError(msg, "no_era")
    core.wishes.era = era
    core.playlist.drop(lambda q: q.by_hand or core.may_come(q.track))
    core.chain.end()
    core.switch_when_answered()
    effects = core.first_list(at)
    return Done(effects, f"music of the {decade_words(era)}" if era else "music of any time")


def _not_this(core: Core, _argument: str, at: float) -> Done:
    question = core.dialogue.ask(core.believed.mood, at)
    answers = "; ".join(f"{n} {a.en}" for n, a in enumerate(question.answers, start=1))
    return Done([], f"{question.en} {answers}")


def _answer(core: Core, argument: str, at: float) -> Done:
    question = core.dialogue.open
    if question is None:
        msg = "no question is open: not_this opens one"
        raise CommandError(msg, "no_question")
    given = core.dialogue.answer(argument.strip())
    if given is None:
        known = ", ".join(answer.id for answer in question.answers)
        msg = f"answer {argument!r}: choose one of {known}, or its number"
        raise CommandError(msg)
    core.chain.end()
    core.switch_when_answered(InteractionKind.SKIPPED)
    return Done(core.ask(at, tags=given.tags, avoid_tags=given.avoid), given.en)


def _dismiss(core: Core, _argument: str, _at: float) -> Done:
    core.dialogue.close()
    return Done([], "no question is open")


def _another_like_this(core: Core, _argument: str, at: float) -> Done:
    seed = meant(core, "")
    core.chain.grow([seed.id], at)
    seen = set(core.chain.seen(at))
    left = any(t.id not in seen and core.may_be_offered(t.id) for t in core.library.values())
    if not left:
        core.chain.end()
        msg = f"nothing is left that was not played: you have heard all {len(seen)} of them"
        raise CommandError(msg, "no_more_like")
    liked = core.leave(InteractionKind.MORE_LIKE_THIS, at)
    core.switch_when_answered()
    effects = liked + core.ask(at, seed_track=seed.id)
    return Done(effects, f"looking for another like {titled(seed)}")


def _more_like_this(core: Core, _argument: str, at: float) -> Done:
    seed = meant(core, "")
    liked = core.leave(InteractionKind.MORE_LIKE_THIS, at)
    return Done(liked + core.ask(at, seed_track=seed.id), f"more like {titled(seed)} after it")


COMMANDS = {
    "mood": Command(
        _mood,
        "Say your mood; it counts before the camera's",
        "a mood, and minutes if it is to end",
        choices=MOOD_WORDS,
        check=mood_of,
    ),
    "policy": Command(_policy, "What the music does with a mood", choices=tuple(Policy)),
    "tags": Command(_tags, "Play what has these tags", "words with commas between them"),
    "era": Command(_era, "Music of a decade", "90s, 2010s or any", check=check_era),
    "not_this": Command(_not_this, "Something else: opens a question"),
    "answer": Command(_answer, "Answer the open question", "the id or number of an answer"),
    "dismiss": Command(_dismiss, "Close the open question"),
    "another_like_this": Command(_another_like_this, "Another song like this, now"),
    "more_like_this": Command(_more_like_this, "Go on with songs like this"),
}
