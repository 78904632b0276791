"""The schedule and the rules for wishes that staff write: read whole, held at once, and kept."""

from __future__ import annotations

import json

import msgspec
import pytest

from contracts.messages import Playback, Policy
from device import effects, events
from device.dayparts import DAYS, Daypart
from device.schedule import ScheduleError, schedule_of
from device.session import Hold, Session
from device.settings import DeviceSettings, MusicSettings
from device.wish_rules import WishRules
from tests.stage import QUICK, Stage, make_library

NIGHT = Daypart(name="night", start="23:00", until="07:00", quiet=True)
SET = DeviceSettings(mood=QUICK.mood, music=MusicSettings(volume=0.7), dayparts=(NIGHT,))
NOON = 1_767_225_600 + 12 * 3600
"""2026-01-01, a Thursday."""
LUNCH = {"name": "점심", "start": "11:30", "until": "14:00"}


def stage_at(unix_seconds: float = NOON) -> Stage:
    """A device that plays at this time of a Thursday, with what it keeps."""
    stage = Stage(SET, make_library())
    stage.happen(events.Tick(at=stage.at, unix_seconds=unix_seconds))
    stage.happen(events.Restored(at=stage.at))
    stage.happen(events.LibraryChanged(at=stage.at, tracks=tuple(stage.library)))
    return stage


def tick(stage: Stage, unix_seconds: float) -> None:
    stage.at += 60
    stage.happen(events.Tick(at=stage.at, unix_seconds=unix_seconds))


def give(stage: Stage, *parts: dict[str, object]) -> str:
    """Staff write this schedule."""
    answer = stage.command("dayparts", json.dumps(parts))
    assert not answer.refused, answer.text
    return answer.text


def faults(*parts: object) -> list[tuple[int, str, str]]:
    """Place, field and word of everything that is wrong with a schedule."""
    with pytest.raises(ScheduleError) as caught:
        schedule_of(json.dumps(parts))
    assert all(fault.text for fault in caught.value.faults)
    return [(fault.part, fault.field, fault.why) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"name": ""}, "name", "name"),
        ({"name": "   "}, "name", "name"),
        ({"name": "n" * 41}, "name", "name"),
        ({"start": "25:00"}, "start", "start"),
        ({"until": "7:00"}, "until", "until"),
        ({"days": []}, "days", "days"),
        ({"days": ["friday"]}, "days", "days"),
        ({"policy": "louder"}, "policy", "policy"),
        ({"volume": 40}, "volume", "volume"),
        ({"volume": 0.9, "volume_ceiling": 0.5}, "volume", "louder"),
        ({"volume_ceiling": -1}, "volume_ceiling", "volume_ceiling"),
        ({"prefer_tags": [f"t{n}" for n in range(17)]}, "prefer_tags", "prefer_tags"),
        ({"avoid_tags": [""]}, "avoid_tags", "avoid_tags"),
        ({"prefer_tags": ["Jazz"], "avoid_tags": ["jazz"]}, "avoid_tags", "both"),
        ({"quiet": "yes"}, "quiet", "quiet"),
        ({"colour": "red"}, "colour", "unreadable"),
    ],
)
def test_a_fault_names_its_daypart_and_its_field(
    change: dict[str, object], field: str, why: str
) -> None:
    """And a word that a page can say in any language."""
    assert faults(LUNCH, LUNCH | change) == [(1, field, why)]


def test_all_faults_come_at_once() -> None:
    """Whoever wrote three mends three."""
    assert faults({"name": "", "start": "x", "until": "12:00"}, LUNCH | {"days": []}) == [
        (0, "name", "name"),
        (0, "start", "start"),
        (1, "days", "days"),
    ]


@pytest.mark.parametrize("argument", ["", "lunch", "{}", "[1]", "[" * 2000, "\ud800"])
def test_what_is_no_schedule_is_refused(argument: str) -> None:
    """It says how one is written."""
    with pytest.raises(ScheduleError, match=r'"start": "11:30"'):
        schedule_of(argument)


def test_a_schedule_has_an_end() -> None:
    """48 dayparts are enough."""
    assert len(schedule_of(json.dumps([LUNCH] * 48)) or ()) == 48
    assert faults(*[LUNCH] * 49) == [(-1, "", "many")]


def test_another_schedule_holds_at_once() -> None:
    """Policy, volume and quiet, without waiting; a refused one changes nothing."""
    stage = stage_at()
    assert (stage.core.policy, stage.core.volume.level) == (Policy.LIFT, 0.7)
    assert give(stage, LUNCH | {"policy": "calm", "volume": 0.3}) == "1 dayparts; now: 점심"
    assert (stage.core.policy, stage.core.volume.level) == (Policy.CALM, 0.3)
    assert stage.command("dayparts", "[3]").refused
    assert stage.core.policy is Policy.CALM
    give(stage, LUNCH | {"quiet": True})
    assert stage.core.hold is Hold.QUIET
    give(stage)
    assert stage.core.hold is None
    assert stage.core.volume.level == 0.7
    assert stage.core.deck.playback is Playback.PLAYING


def test_what_a_change_does_not_touch_stays() -> None:
    """A volume that was turned by hand since, and music that was started in quiet hours."""
    stage = stage_at()
    give(stage, LUNCH | {"volume": 0.3})
    stage.command("volume", "50")
    give(stage, LUNCH | {"volume": 0.3, "policy": "calm"})
    assert stage.core.volume.level == 0.5
    give(stage, LUNCH | {"quiet": True})
    stage.command("play")
    give(stage, LUNCH | {"quiet": True, "name": "siesta"})
    assert stage.core.deck.playback is Playback.PLAYING


def test_the_settings_are_what_it_goes_back_to() -> None:
    """`none` is no schedule at all; `settings` is theirs."""
    stage = stage_at()
    stage.command("dayparts", "none")
    tick(stage, NOON + 12 * 3600)
    assert stage.core.plan.part is None
    assert "settings" in stage.command("dayparts", "settings").text
    assert stage.core.plan.part == NIGHT


def kept(stage: Stage) -> Session:
    """What is on the disk, read back."""
    session = [e.session for e in stage.done if isinstance(e, effects.Keep)][-1]
    return msgspec.json.decode(msgspec.json.encode(session), type=Session)


def begun_again(stage: Stage, unix_seconds: float) -> Stage:
    """The same device after a power cut."""
    again = Stage(SET, dict(stage.library))
    again.happen(events.Tick(at=again.at, unix_seconds=unix_seconds))
    again.happen(events.LibraryChanged(at=again.at, tracks=tuple(again.library)))
    again.happen(events.Restored(at=again.at, session=kept(stage)))
    return again


def test_a_schedule_is_kept_over_a_restart() -> None:
    """All of it, with the volume that was heard last."""
    stage = stage_at()
    part = LUNCH | {
        "days": ["thu"],
        "volume": 0.3,
        "prefer_tags": ["재즈"],
        "allow_explicit": False,
    }
    give(stage, part)
    stage.command("volume", "20")
    again = begun_again(stage, NOON + 600)
    assert again.core.plan.by_hand == stage.core.plan.by_hand
    assert again.core.plan.part is not None
    assert again.core.plan.part.prefer_tags == ("재즈",)
    assert again.core.volume.level == 0.2
    tick(again, NOON + 3 * 3600)
    assert again.core.plan.part is None
    assert again.core.volume.level == 0.7


@pytest.mark.parametrize("quiet", [True, False])
def test_after_a_restart_the_kept_schedule_says_whether_it_is_quiet(quiet: bool) -> None:  # noqa: FBT001
    """Not that of the settings, which was read first."""
    stage = stage_at()
    give(stage, {"name": "all day", "start": "00:00", "until": "00:00", "quiet": quiet})
    midnight = NOON + 12 * 3600 if not quiet else NOON + 600
    again = begun_again(stage, midnight)
    assert (again.core.hold is Hold.QUIET) is quiet
    assert (again.core.deck.playback is Playback.PLAYING) is not quiet


def test_the_rules_for_wishes_are_kept_over_a_restart() -> None:
    """Closed stays closed; what is not said stays as it is."""
    stage = stage_at()
    stage.command("wishes", '{"minutes": 5, "explicit": false}')
    assert stage.command("wishes", "closed").text == "no wishes are taken"
    again = begun_again(stage, NOON + 600)
    assert again.core.guest.rules_by_hand == WishRules(open=False, minutes=5, explicit=False)


@pytest.mark.parametrize(
    "argument", ["", "maybe", "[]", '{"minutes": -1}', '{"often": true}', '{"most_waiting": 0}']
)
def test_rules_that_are_none_are_refused(argument: str) -> None:
    """With how they are written; nothing changes."""
    stage = stage_at()
    answer = stage.command("wishes", argument)
    assert answer.refused
    assert '"minutes": 15' in answer.text
    assert stage.core.guest.rules_by_hand is None


def test_a_wish_keeps_to_the_rules() -> None:
    """Explicit words by the staff's word alone, and only so many that wait."""
    stage = stage_at()
    dirty, clean, other = (f"{n:016x}" for n in (16, 17, 18))
    library = stage.library
    library[dirty] = msgspec.structs.replace(library[dirty], explicit=True)  # type: ignore[index] # a NewType
    stage.command("wishes", '{"explicit": false, "most_waiting": 1}')
    assert "explicit" in stage.command("wish", dirty).text
    assert not stage.command("wish", clean).refused
    assert "later" in stage.command("wish", other).text
    stage.command("wishes", '{"explicit": true, "most_waiting": 9}')
    assert not stage.command("wish", dirty).refused


def test_every_field_of_a_daypart_comes_back() -> None:
    """What the page reads it can send again."""
    part = Daypart(
        name="Brunch",
        start="09:00",
        until="12:30",
        days=("sat", "sun"),
        policy=Policy.CALM,
        volume=0.4,
        volume_ceiling=0.6,
        prefer_tags=("jazz",),
        avoid_tags=("metal",),
        allow_explicit=False,
        quiet=False,
    )
    assert schedule_of(msgspec.json.encode([part])) == (part,)
    assert len(DAYS) == 7
