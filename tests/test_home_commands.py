"""Mute, music by itself, and announcements."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from contracts.messages import Playback
from device import effects, events
from device.commands import CommandError, checked
from device.music.sound import CHANNELS, RATE
from device.music.sound.master import DUCK_SECONDS, DUCKED, Master
from device.session import Hold
from tests.stage import QUICK, Stage


@pytest.fixture
def stage() -> Stage:
    stage = Stage(QUICK)
    stage.begin()
    stage.wait(1)
    return stage


def volumes(stage: Stage) -> list[float]:
    return [e.volume for e in stage.done if isinstance(e, effects.SetVolume)]


def test_mute_is_silence_and_the_same_volume_after_it(stage: Stage) -> None:
    """The level that is shown stays; a ceiling does not break the silence."""
    stage.command("volume", "40")
    stage.command("mute", "on")
    stage.command("volume_ceiling", "30")
    assert volumes(stage)[-1] == 0.0
    assert stage.core.volume.level == 0.3
    stage.command("mute", "toggle")
    assert volumes(stage)[-1] == 0.3
    assert not stage.core.volume.muted


def test_turning_it_up_ends_the_silence(stage: Stage) -> None:
    """As on every loudspeaker."""
    stage.command("mute", "on")
    stage.command("volume", "+5")
    assert not stage.core.volume.muted
    assert volumes(stage)[-1] > 0.0


def test_without_auto_play_only_a_hand_begins_music(stage: Stage) -> None:
    """What would have let the music go on does not; play does."""
    stage.command("auto_play", "off")
    stage.core.hold_music(Hold.QUIET, stage.at)
    assert stage.core.release(Hold.QUIET, stage.at) == []
    stage.wait(5)
    assert stage.core.hold is Hold.LISTENER
    assert stage.core.deck.playback == Playback.PAUSED
    assert "paused" not in stage.command("play").text


@pytest.mark.parametrize("auto_play", [True, False])
def test_auto_play_and_mute_last_over_a_restart(stage: Stage, auto_play: bool) -> None:  # noqa: FBT001
    """A device that was silent yesterday is silent today."""
    stage.command("auto_play", "on" if auto_play else "off")
    stage.happen(events.Restored(at=stage.at))
    stage.command("mute", "on")
    kept = [e for e in stage.done if isinstance(e, effects.Keep)][-1].session
    kept = msgspec.json.decode(msgspec.json.encode(kept), type=type(kept))
    again = Stage(QUICK)
    again.happen(events.Tick(at=again.at, unix_seconds=1e9))
    again.happen(events.Restored(at=again.at, session=kept))
    again.begin()
    again.wait(2)
    assert again.core.volume.muted
    assert volumes(again)[-1] == 0.0
    assert (again.core.deck.playback is Playback.PLAYING) is auto_play


@pytest.mark.parametrize("source", ["", "  ", "ftp://nas/a.mp3", "file:///a", "x" * 1001, "a\0b"])
def test_what_is_no_sound_is_refused(source: str) -> None:
    """Only the web and the music folder."""
    with pytest.raises(CommandError, match="local network"):
        checked("announce", source)


def test_an_announcement_is_asked_for(stage: Stage) -> None:
    """As core was told."""
    stage.command("announce", " bell.wav ")
    assert effects.PlayAnnouncement(source="bell.wav") in stage.done


def test_music_is_lowered_under_an_announcement_and_comes_back() -> None:
    """Before the first sample of it the music is down; after the last it rises again."""
    master = Master()
    said = np.full((RATE, CHANNELS), 100, np.int16)
    master.announce(said)
    lead = round(DUCK_SECONDS * RATE)
    music = np.full((3 * RATE, CHANNELS), 1000.0, np.float32)
    for chunk in np.split(music, 300):
        master.add_tone(chunk)
    heard = music[:, 0]
    assert heard[0] > 990
    assert np.all(np.diff(heard[:lead]) <= 0)
    assert np.allclose(heard[lead + 100 : lead + RATE - 500], 1000 * DUCKED + 100, atol=0.5)
    assert heard[-1] == 1000.0
    assert not master.has_tone


def test_two_announcements_follow_one_another() -> None:
    """Neither is lost, and the music stays down between them."""
    master = Master()
    for level in (100, 300):
        master.announce(np.full((RATE, CHANNELS), level, np.int16))
    heard = np.full((4 * RATE, CHANNELS), 0.0, np.float32)
    assert master.add_tone(heard) == 2 * (RATE + round(DUCK_SECONDS * RATE))
    assert {0.0, 100.0, 300.0} == set(heard[:, 0].tolist())
