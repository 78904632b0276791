"""A Pi has no clock: it leaps by years when the network tells the time. Nothing may hang on it."""

from __future__ import annotations

import ast
from pathlib import Path

import msgspec
import pytest

from contracts.messages import InteractionKind, Playback
from contracts.track import Track, TrackId
from device import effects, events
from device.dayparts import Daypart
from device.music.catalogue import KEPT_SECONDS, Catalogue
from device.music.scout import Scout
from device.session import Hold
from device.settings import LibrarySettings
from device.store import Entry, Store
from recommender_server.generation import named_at
from recommender_server.interactions import opinions, without_leaps
from recommender_server.judge import Verdict
from recommender_server.outcome import RECORD, Outcome, is_due
from recommender_server.settings import ConfidenceSettings, RecommenderSettings
from recommender_server.storage import Deed
from tests.stage import QUICK, Stage
from tests.test_architecture import SOURCES

YEARS = 5 * 365.25 * 86_400
LEAPS = [YEARS, -YEARS]
DAY = 86_400.0
NOON = 1_767_268_800.0  # 2026-01-01 12:00 UTC


class LeapingStage(Stage):
    """A stage whose wall clock can be set."""

    unix_ahead = NOON

    def tick(self, seconds: float = 0.0) -> None:
        """Let time go by a quarter of a second at a time."""
        for _ in range(max(1, round(seconds * 4))):
            self.at += 0.25 if seconds else 0.0
            self.happen(events.Tick(at=self.at, unix_seconds=self.at + self.unix_ahead))

    def begin(self) -> None:
        """Music begins."""
        self.tick()
        self.happen(events.Restored(at=self.at))
        self.happen(events.LibraryChanged(at=self.at, tracks=tuple(self.library)))


@pytest.mark.parametrize("leap", LEAPS)
def test_a_leap_changes_nothing_that_takes_time(leap: float) -> None:
    """Music, no-repeat window, own word and sleep timer go by the monotonic clock."""
    stage = LeapingStage()
    stage.begin()
    stage.command("mood", "calm 5")
    stage.command("sleep", "2")
    for _ in range(3):
        stage.command("next")
        stage.tick(1)
    barred, playing = stage.core.playlist.barred(stage.at), stage.core.deck.playing
    stage.unix_ahead += leap
    stage.tick(60)
    assert stage.core.deck.playing is playing
    assert stage.core.deck.playback is Playback.PLAYING
    assert stage.core.playlist.barred(stage.at) == barred
    assert stage.core.believed.chosen_by_hand
    stage.tick(70)
    assert stage.core.hold is Hold.SLEEP
    stage.tick(180)
    assert not stage.core.believed.chosen_by_hand


@pytest.mark.parametrize("leap", LEAPS)
def test_the_time_of_day_is_the_new_clock_s(leap: float) -> None:
    """Quiet hours begin with the leap into them, and end with the leap out of them."""
    quiet = Daypart(name="night", start="22:00", until="06:00", quiet=True)
    stage = LeapingStage(msgspec.structs.replace(QUICK, dayparts=(quiet,)))
    stage.begin()
    stage.unix_ahead += leap // DAY * DAY + 11 * 3600
    stage.tick(1)
    assert stage.core.hold is Hold.QUIET
    stage.unix_ahead = NOON
    stage.tick(1)
    assert stage.core.hold is None
    assert stage.core.deck.playback is Playback.PLAYING


def again(stage: LeapingStage, off_seconds: float, leap: float) -> LeapingStage:
    """Switched off, and on again with another clock."""
    kept = [e for e in stage.done if isinstance(e, effects.Keep)][-1].session
    other = LeapingStage(QUICK, dict(stage.library))
    other.at = 20.0
    other.unix_ahead = stage.at + stage.unix_ahead + off_seconds + leap - other.at
    other.tick()
    other.happen(events.Restored(at=other.at, session=kept))
    return other


@pytest.mark.parametrize("leap", [*LEAPS, 0.0])
def test_a_restart_under_another_clock_repeats_nothing(leap: float) -> None:
    """What was played lately stays barred for its four hours, and no longer; so does a word."""
    stage = LeapingStage()
    stage.begin()
    for _ in range(3):
        stage.command("next")
        stage.tick(1)
    stage.command("mood", "calm 30")
    barred = set(stage.core.playlist.barred(stage.at))
    other = again(stage, 60, leap)
    assert len(barred) > 2
    assert set(other.core.playlist.barred(other.at)) == barred
    assert other.core.playlist.barred(other.at + 4 * 3600) == ()
    assert other.core.believed.chosen_by_hand
    assert other.core.hand.until == pytest.approx(other.at + 30 * 60, abs=61)


def test_the_time_that_a_device_was_off_counts_when_it_can_be_known() -> None:
    """After a night the window is over; after years nobody knows, and it is not."""
    stage = LeapingStage()
    stage.begin()
    stage.command("next")
    assert again(stage, 9 * 3600, 0.0).core.playlist.barred(20.0) == ()
    assert again(stage, 0.0, YEARS).core.playlist.barred(20.0) != ()


def test_a_disk_that_was_just_pulled_out_is_not_forgotten(tmp_path: Path) -> None:
    """A leap does not make it missing for years; a clock that was ahead makes nothing eternal."""
    store, clock = Store(tmp_path / "store.sqlite"), {"at": 100.0, "ahead": 1e9}
    (tmp_path / "music").mkdir()
    track = Track(id=TrackId("a" * 16), title="A")
    away = Entry(track=track, path=Path("/away/a"), mtime_ns=1, size=1, root="stick")
    store.upsert([away])
    scout = Scout(
        tmp_path / "music",
        store,
        lambda _: None,
        lambda: clock["at"],
        settings=LibrarySettings(disks_beneath=()),
        unix_clock=lambda: clock["at"] + clock["ahead"],
    )
    for ahead in (1e9, 1e9 + YEARS, 1e9, 1e9 + YEARS):
        clock["ahead"] = ahead
        clock["at"] += 600
        scout.scan()
        assert Catalogue(store).missing() == [Path("/away/a")]
    clock["at"] += KEPT_SECONDS + 1200
    scout.scan()
    assert store.entries() == {}
    scout.stop()


# The server


def deed(number: int, kind: InteractionKind, day: float) -> Deed:
    return Deed("a", kind, day * DAY, 60.0, number=number)


@pytest.mark.parametrize("leap", LEAPS)
def test_a_device_s_leap_ages_no_taste(leap: float) -> None:
    """As if the clock had always been right, whichever of its deeds were told wrongly."""
    kinds = [InteractionKind.COMPLETED] * 9
    right = [deed(n, kind, 20_000 + n) for n, kind in enumerate(kinds, start=1)]
    weights = ConfidenceSettings()
    for wrong in (slice(0, 4), slice(4, 6), slice(6, 9)):
        told = list(right)
        told[wrong] = [d._replace(at_unix_seconds=d.at_unix_seconds + leap) for d in right[wrong]]
        found, meant = opinions(told, weights)["a"], opinions(right, weights)["a"]
        # A leap hides a day or two of nine.
        assert found.confidence == pytest.approx(meant.confidence, rel=0.05)


def test_the_last_word_is_the_one_said_last() -> None:
    """A ban that was lifted under an earlier clock is lifted."""
    said = [deed(1, InteractionKind.BANNED, 20_000), deed(2, InteractionKind.UNBANNED, 18_000)]
    assert not opinions(said, ConfidenceSettings())["a"].banned
    assert [d.at_unix_seconds for d in without_leaps(said)] == [0.0, 0.0]


def test_a_clock_set_back_puts_no_training_off(tmp_path: Path) -> None:
    """It is due at once; a clock that is right waits the whole day."""
    settings = RecommenderSettings(data_folder=str(tmp_path))
    verdict = Verdict(promoted=True, why="first", challenger=None, champion=None)
    kept = Outcome(at_unix_seconds=NOON, verdict=verdict, generation="", newest_interaction=0)
    (tmp_path / RECORD).write_bytes(msgspec.json.encode(kept))
    assert is_due(settings, NOON - YEARS, newest=999)
    assert not is_due(settings, NOON + 3600, newest=999)
    assert is_due(settings, NOON + DAY, newest=999)


def test_a_generation_tells_when_it_was_made() -> None:
    """By its name, so that the next can be named later under an earlier clock."""
    assert named_at("20260101T120000.000000Z") == NOON
    assert named_at("another") == 0.0


# Who may ask for the time

MAY_ASK = {
    "device.pace": "the one clock of core",
    "device.setup.__main__": "when something was chosen in the set-up",
    "device.music.scout": "how long a disk is away, minding leaps",
    "recommender_server.schedule": "when a training is due",
    "recommender_server.training": "what a model is named by",
    "cli.history": "what was heard since a day",
    "cli.backup": "when it was made",
    "cli.test_arm64": "the day that a table was measured",
    "cli.library": "since when a file is missing",
    "cli.appliance.checks": "whether a certificate has run out",
    "cli.test": "the date of a table",
}
"""Everything else is told the time, or goes by the monotonic clock."""
WALL = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow")}


def asks_the_time(source: str) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name | ast.Attribute)
        and (
            (node.value.id if isinstance(node.value, ast.Name) else node.value.attr),
            node.attr,
        )
        in WALL
        for node in ast.walk(ast.parse(source))
    )


@pytest.mark.parametrize("source", ["time.time()", "f(time.time)", "dt.datetime.now(tz=None)"])
def test_a_look_at_the_clock_is_found(source: str) -> None:
    """However it is written."""
    assert asks_the_time(source)


def test_nobody_else_asks_for_the_wall_clock() -> None:
    """It leaps, so an interval by it would be one of years."""
    programs = ("contracts", "device", "recommender_server", "cli", "model_export")
    asking = {
        module
        for module, source in SOURCES.items()
        if module.partition(".")[0] in programs and asks_the_time(source)
    }
    assert asking <= set(MAY_ASK)
