"""What a fault is: how it is injected, how often, and what counts as having survived it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

MUSIC_WITHIN_SECONDS = 5.0
"""Music is to be back so soon, whatever was killed."""


class NotSurvivedError(AssertionError):
    """What should have come back did not; says what was waited for."""


class Trial(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One injection and what became of it."""

    survived: bool = True
    lost: int = 0
    """Things that had been promised and are gone: likes that were answered, for instance."""
    count: int = 1
    """How many injections this stands for: hostile messages come by the thousand."""
    music_seconds: float | None = None
    """From the injection until music was heard again; 0 when it never stopped, None where
    no music is part of it."""
    why: str = ""
    """What was wrong, when it was not survived."""


@dataclass(frozen=True)
class Ground:
    """Where a fault is injected.

    Attributes:
        folder: empty, for whatever the programs write.
        music: a folder of music that can be played.
        times: how often to inject it.
        patience_seconds: how long anything is waited for before it counts as not survived.

    """

    folder: Path
    music: Path
    times: int
    patience_seconds: float = 90.0


@dataclass(frozen=True)
class Fault:
    """A fault by name.

    Attributes:
        name: as the command line and the table have it.
        what: what is done, for the table.
        inject: does it `times` over, yielding a trial each.
        times: how often in the slow run.
        limit_seconds: the slow run ends it after this.
        music_within_seconds: later than this is not survived.
        lacking: why it cannot be injected here; empty when it can.

    """

    name: str
    what: str
    inject: Callable[[Ground], Iterator[Trial]]
    times: int = 5
    limit_seconds: float = 600.0
    music_within_seconds: float = MUSIC_WITHIN_SECONDS
    lacking: Callable[[], str] = str

    def judged(self, trial: Trial) -> Trial:
        """The trial, not survived when its music came too late."""
        seconds = trial.music_seconds
        if seconds is None or seconds <= self.music_within_seconds or not trial.survived:
            return trial
        why = f"music after {seconds:.1f} s, at most {self.music_within_seconds:g} s are allowed"
        return msgspec.structs.replace(trial, survived=False, why=why)
