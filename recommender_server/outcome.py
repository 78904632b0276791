"""What came of the last training on a data folder, and whether the next one is due."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from recommender_server.judge import Verdict

if TYPE_CHECKING:
    from recommender_server.settings import RecommenderSettings

log = logging.getLogger(__name__)

RECORD = "training.json"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a training."""

    at_unix_seconds: float
    verdict: Verdict
    generation: str
    """The generation in use after it; empty when there is none."""
    newest_interaction: int


def last_outcome(data: Path) -> Outcome | None:
    """What came of the last training on a folder; None before the first."""
    try:
        return msgspec.json.decode((data / RECORD).read_bytes(), type=Outcome)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        log.warning("%s is not readable (%s): the next training replaces it", data / RECORD, error)
        return None


def is_due(settings: RecommenderSettings, at_unix_seconds: float, newest: int) -> bool:
    """Whether the schedule wants a training now, `newest` being the newest interaction."""
    plan = settings.schedule
    last = last_outcome(Path(settings.data_folder))
    if not plan.every_hours:
        return False
    if last is None:
        return newest >= plan.minimum_new_interactions
    # A clock that was set back must not put it off for years.
    waited = not 0 <= at_unix_seconds - last.at_unix_seconds < plan.every_hours * 3600
    return waited and newest - last.newest_interaction >= plan.minimum_new_interactions
