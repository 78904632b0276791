"""What the schedule does to the music when a daypart begins or ends, as the wall clock says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.dayparts import DAY_SECONDS, daypart_at, local_time
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
        self.by_hand: tuple[Daypart, ...] | None = None
        """The staff's schedule; None: that of the settings."""
        self.part: Daypart | None = None
        self.now: LocalTime | None = None
        """None until the first tick."""
        self.day_number = 0
        """Days since 1970-01-01 by the clock on the wall."""


def clock(core: Core, event: Tick) -> list[Effect]:
    """Note the time of day; at a daypart's beginning or end, do what it wants."""
    core.plan.now = local_time(event.unix_seconds, event.utc_offset_seconds)
    core.plan.day_number = (int(event.unix_seconds) + event.utc_offset_seconds) // DAY_SECONDS
    before, part = _turned(core)
    if part == before:
        return []
    named = f"{part.name} begins" if part else f"{before.name if before else ''} is over"
    note = Note(text=f"{named}: {_words(core, part)}")
    return [note, *_volume(core, before, part), *_begin(core, before, part, event.at)]


def schedule(core: Core) -> tuple[Daypart, ...]:
    """The staff's, else that of the settings."""
    own = core.plan.by_hand
    return core.settings.dayparts if own is None else own


def replan(core: Core, parts: tuple[Daypart, ...] | None, at: float) -> list[Effect]:
    """Follow another schedule from now on.

    What it leaves as it was is left alone: a volume that was turned since, music that somebody
    started in quiet hours.
    """
    core.plan.by_hand = parts
    before, part = _turned(core)
    if part == before:
        return []
    effects: list[Effect] = [Note(text=f"the schedule is another: {_words(core, part)}")]
    if _volume_of(before) != _volume_of(part):
        effects += _volume(core, before, part)
    return effects + _begin(core, before, part, at, still_quiet=_quiet(before) and _quiet(part))


def restore(core: Core, parts: tuple[Daypart, ...] | None) -> list[Effect]:
    """Go on with a schedule that was kept; what it means for the music is kept beside it."""
    core.plan.by_hand = parts
    before, part = _turned(core)
    if part == before:
        return []
    if core.hold is Hold.QUIET and not _quiet(part):
        core.hold = None
    elif core.hold is None and _quiet(part):
        core.hold = Hold.QUIET
    return _volume(core, before, part)


def _turned(core: Core) -> tuple[Daypart | None, Daypart | None]:
    """The daypart that held, and the one that holds from now on."""
    plan = core.plan
    before = plan.part
    plan.part = daypart_at(schedule(core), plan.now) if plan.now else None
    return before, plan.part


def _quiet(part: Daypart | None) -> bool:
    return part is not None and part.quiet


def _volume_of(part: Daypart | None) -> tuple[float | None, float | None]:
    return (part.volume, part.volume_ceiling) if part else (None, None)


def _volume(core: Core, before: Daypart | None, part: Daypart | None) -> list[Effect]:
    ceiling = part.volume_ceiling if part else None
    effects = core.volume.set_ceiling(1.0 if ceiling is None else ceiling, DAYPART)
    if part and part.volume is not None:
        effects += core.volume.set(part.volume)
    elif before and before.volume is not None:
        effects += core.volume.set(core.settings.music.volume)
    return effects


def _begin(
    core: Core,
    before: Daypart | None,
    part: Daypart | None,
    at: float,
    *,
    still_quiet: bool = False,
) -> list[Effect]:
    if part and part.policy:
        core.policy_by_hand = None  # the schedule is the later word
    core.playlist.drop(lambda q: q.by_hand or core.may_come(q.track))
    effects: list[Effect] = []
    if still_quiet:
        return effects
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
