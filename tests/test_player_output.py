"""A sound card that is pulled out or hangs, and how soon it is missed and tried again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from device.music.sound import SoundUnavailableError
from device.music.sound.card import STUCK_SECONDS, Card, CardLostError, Heard
from device.music.sound.output import Output
from device.music.sound.speaker import PUMP_SECONDS
from device.vision.fakes import HandClock


class PluggedCard:
    """A card that is there as long as its name is among the plugged."""

    def __init__(self) -> None:
        self.heard = Heard()

    def close(self, *, play_out: bool = True) -> None:
        assert isinstance(play_out, bool)


class Desk:
    """An output whose card can be pulled out, and a clock set by hand."""

    def __init__(self, devices: Path) -> None:
        self.clock, self.devices, self.there = HandClock(), devices, True
        self.tried_at: list[float] = []
        self.output = Output(self.opened, None, self.clock.now, devices)
        self.tried_at.clear()

    def opened(self, _name: str | None) -> Card:
        self.tried_at.append(self.clock.now() - 100.0)
        if not self.there:
            why = "no card"
            raise SoundUnavailableError(why)
        return PluggedCard()  # type: ignore[return-value] # all that an output needs of one

    def look_for(self, seconds: float) -> None:
        """Ask eight times a second, much as the player does, until the card is there."""
        for _ in range(round(seconds * 8)):
            if self.output.card or self.output.reopened():
                return
            self.clock.wait(0.125)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_card_that_went_is_tried_again_ever_more_rarely(desk: Desk) -> None:
    """After 1, then 1, 2, 4 and 8 seconds more, and then every ten."""
    desk.there = False
    desk.output.lose()
    desk.look_for(37)
    assert desk.tried_at == [1, 2, 4, 8, 16, 26, 36]


def test_a_card_that_is_plugged_in_is_opened_at_once(desk: Desk) -> None:
    """Whatever the next try would have been: the kernel shows another device."""
    desk.there = False
    desk.output.lose()
    desk.look_for(20)
    desk.tried_at.clear()
    desk.there = True
    (desk.devices / "pcmC1D0p").touch()
    desk.look_for(0.125)
    assert desk.output.card is not None
    assert desk.tried_at == [20]


def test_a_card_that_comes_back_is_tried_every_second_again_when_it_goes_once_more(
    desk: Desk,
) -> None:
    """The patience of the last time is over."""
    desk.there = False
    desk.output.lose()
    desk.look_for(12)
    desk.there = True
    desk.look_for(10)
    assert desk.output.card is not None
    lost_at = desk.clock.now() - 100.0
    desk.output.lose()
    desk.look_for(5)
    assert desk.tried_at[-1] - lost_at == 1


def test_what_takes_no_sound_is_missed_within_a_second() -> None:
    """A stopped speaker is a card that hangs: it is lost once nothing was taken for so long."""
    assert STUCK_SECONDS + PUMP_SECONDS <= 1
    card = Card("dummy", None, 40, stuck_seconds=0.2)
    os.kill(card.process_id, signal.SIGSTOP)
    minute = np.zeros((60 * 44_100, 2), np.int16)
    with pytest.raises(CardLostError, match=r"took nothing for 0\.2 s"):
        card.write(minute, 0.0)
    card.close(play_out=False)


def test_a_speaker_that_ended_is_missed_even_in_silence() -> None:
    """Nobody has to play for it."""
    card = Card("dummy", None, 40)
    os.kill(card.process_id, signal.SIGKILL)
    os.waitid(os.P_PID, card.process_id, os.WEXITED | os.WNOWAIT)
    with pytest.raises(CardLostError, match="gone"):
        card.silence()
    card.close(play_out=False)
