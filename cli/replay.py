"""Replay a recorded session and tell each decision with its reason."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.settings import EXIT_SETTINGS, SettingsError
from device.decisions import in_words
from device.events import CommandGiven, Tick
from device.questions import load_questions
from device.replaying import RecordingError, replay

if TYPE_CHECKING:
    from collections.abc import Iterable

    from device.replaying import Step


def run(arguments: list[str]) -> int:
    """Print the decisions of a recording; 1 when it is none."""
    options = _parser().parse_args(arguments)
    try:
        questions = load_questions(options.questions)
        with options.recording.open("rb") as lines:
            count = _tell(replay(lines, questions), everything=options.events)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except (RecordingError, OSError) as error:
        print(f"mlfym replay: {options.recording}: {error}", file=sys.stderr)
        return 1
    print(f"{count} events")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mlfym replay", description=__doc__)
    parser.add_argument("recording", type=Path, help="JSON lines, as record.events_file keeps them")
    parser.add_argument("--events", action="store_true", help="show what led to each decision")
    parser.add_argument("--questions", type=Path, help="the questions that the device asked")
    return parser


def _tell(steps: Iterable[Step], *, everything: bool) -> int:
    count, began = 0, None
    for step in steps:
        count += 1
        began = step.event.at if began is None else began
        for line in told(step, everything=everything):
            print(f"{step.event.at - began:10.2f}  {line}")
    return count


def told(step: Step, *, everything: bool) -> list[str]:
    """Lines about one event."""
    event = step.event
    state = partial(step.core.state, event.at)
    lines = [words for effect in step.effects if (words := in_words(effect, state))]
    quiet = isinstance(event, Tick) or not lines
    if everything and not quiet:
        said = f" {event.name} {event.argument}" if isinstance(event, CommandGiven) else ""
        lines.insert(0, f"· {type(event).__name__}{said}")
    return lines
