"""What the schedule does to the music when a daypart begins or ends, as the wall clock says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.dayparts import daypart_at, local_time
from device.effects import Effect, Note
from device.session import Hold
from device.volume import DAYPART

if TYPE_CHECKING:
    from device.core import Core
    from device.dayparts import Daypart, LocalTime
    from device.events import Tick

QUIET_FADE_SECONDS = 8.0


class Plan:
    """The daypart that holds, and the time of day."""

    def __init__(self) -> None:
        self.part: Daypart | None = None
        self.now: LocalTime | None = None
        """None until the first tick."""


def clock(core: Core, event: Tick) -> list[Effect]:
    """Note the time of day; at a daypart's beginning or end, do what it wants."""
    plan = core.plan
    plan.now = local_time(event.unix_seconds, event.utc_offset_seconds)
    before, part = plan.part, daypart_at(core.settings.dayparts, plan.now)
    if part is before:
        return []
    plan.part = part
    named = f"{part.name} begins" if part else f"{before.name if before else ''} is over"
    note = Note(text=f"{named}: {_words(core, part)}")
    return [note, *_volume(core, before, part), *_begin(core, before, part, event.at)]


def _volume(core: Core, before: Daypart | None, part: Daypart | None) -> list[Effect]:
    ceiling = part.volume_ceiling if part else None
    effects = core.volume.set_ceiling(1.0 if ceiling is None else ceiling, DAYPART)
    if part and part.volume is not None:
        effects += core.volume.set(part.volume)
    elif before and before.volume is not None:
        effects += core.volume.set(core.settings.music.volume)
    return effects


def _begin(core: Core, before: Daypart | None, part: Daypart | None, at: float) -> list[Effect]:
    if part and part.policy:
        core.policy_by_hand = None  # the schedule is the later word
    core.playlist.drop(lambda q: q.by_hand or core.may_come(q.track))
    effects: list[Effect] = []
    if part and part.quiet:
        effects += core.hold_music(Hold.QUIET, at, QUIET_FADE_SECONDS)
    elif before and before.quiet:
        effects += core.release(Hold.QUIET, at)
    asked = part or before
    plain = asked is None or asked.quiet
    return effects if plain else effects + core.ask(at)


def _words(core: Core, part: Daypart | None) -> str:
    """What holds from now on, in words."""
    if part is None:
        return "as the settings say"
    said = [f"policy {core.policy if part.policy is None else part.policy}"]
    said += ["quiet"] if part.quiet else []
    said += [f"volume {part.volume:.0%}"] if part.volume is not None else []
    said += [f"at most {part.volume_ceiling:.0%}"] if part.volume_ceiling is not None else []
    said += [f"rather {', '.join(part.prefer_tags)}"] if part.prefer_tags else []
    said += [f"no {', '.join(part.avoid_tags)}"] if part.avoid_tags else []
    said += ["nothing explicit"] if not part.allow_explicit else []
    return "; ".join(said)
