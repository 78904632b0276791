"""The limiter, and what fades do to what is started or stopped in them: exact to the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.music.sound import CHANNELS, RATE
from device.music.sound.decks import MOST_GAIN_DB, Deck, Sound, What
from device.music.sound.limiter import CEILING, Limiter
from device.music.sound.mixer import Mixer
from device.music.sound.pcm import Pcm
from tests.test_player_mixer import LEVEL, A, B, Constant, rendered


class WithTail(Constant):
    """Sound with digital silence at both ends, as files have it."""

    lead, tail = RATE // 10, RATE // 5

    @property
    def tail_frames(self) -> int:
        return self.tail

    def skip_silence(self) -> int:
        return self.lead

    def take(self, frames: int) -> Pcm:
        sound = super().take(frames)
        silent = min(frames - len(sound), self.tail)
        self.tail -= silent
        return np.concatenate([sound, np.zeros((silent, CHANNELS), np.int16)])


def limited(sound: Sound, block: int) -> Sound:
    limiter = Limiter()
    blocks = [limiter.through(sound[at : at + block]) for at in range(0, len(sound), block)]
    return np.concatenate([*blocks, limiter.flush()])


@given(
    peaks=st.lists(st.tuples(st.integers(0, 5000), st.floats(0.1, 4.0)), max_size=12),
    block=st.sampled_from([100, 441, 1024, 3000]),
)
def test_nothing_exceeds_full_scale_and_nothing_is_lost(
    peaks: list[tuple[int, float]], block: int
) -> None:
    """Whatever comes, no sample is above full scale, and as many go out as came in."""
    sound = np.full((6000, CHANNELS), 1000.0, np.float32)
    for at, size in peaks:
        sound[at : at + 7] = size * 32_767
    out = limited(sound, block)
    assert out.shape == sound.shape
    assert np.abs(out).max() <= CEILING * 1.0001


def test_what_fits_is_left_as_it_is() -> None:
    """Sound up to full scale leaves bit by bit as it came."""
    sound = np.linspace(-32_767, 32_767, 8000, dtype=np.float32).repeat(2).reshape(-1, 2)
    assert (limited(sound, 1024) == sound).all()


def test_the_limiter_makes_no_step() -> None:
    """A tone that is twice too loud for a while has no step above its own at full scale."""
    at = np.arange(RATE) / RATE
    swell = 1 + np.minimum(1, np.maximum(0, np.sin(2 * np.pi * 1.5 * at) * 3))
    tone = (32_000 * swell * np.sin(2 * np.pi * 220 * at)).astype(np.float32)
    out = limited(np.stack([tone, tone], 1), 1024)
    assert np.abs(np.diff(out, axis=0)).max() <= 1.1 * 32_767 * 2 * np.pi * 220 / RATE


def test_a_gain_levels_a_track_within_reason() -> None:
    """-6 dB is half the level; a tag that asks for too much gets no more than is allowed."""
    for gain_db, level in ((-6.0206, LEVEL / 2), (64.0, LEVEL * 10 ** (MOST_GAIN_DB / 20))):
        mixer = Mixer(ending_seconds=1.0)
        mixer.play(Deck(A, Constant(RATE), Path(), gain_db=gain_db))
        assert rendered(mixer, 0.5)[-1] == pytest.approx(min(level, CEILING), abs=2)


def test_playing_into_a_slow_fade_makes_no_step() -> None:
    """Half way through a fade of 2 s the next track starts, at full level, without a click."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(Deck(A, Constant(10 * RATE), Path()))
    before = rendered(mixer, 0.5)
    mixer.hold(2.0)
    fading = rendered(mixer, 1.0)
    mixer.play(Deck(B, Constant(10 * RATE), Path(), fade_seconds=1.0))
    after = rendered(mixer, 1.5)
    whole = np.concatenate([before[RATE // 10 :], fading, after])
    assert fading[-1] < LEVEL / 3
    assert after[-1] == LEVEL
    assert np.abs(np.diff(whole)).max() < 12


def test_stopping_in_a_slow_fade_makes_no_step() -> None:
    """What is still fading when it is stopped goes out softly, and it is silent then."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(Deck(A, Constant(10 * RATE), Path()))
    rendered(mixer, 0.5)
    mixer.hold(2.0)
    rendered(mixer, 0.5)
    mixer.stop()
    out = rendered(mixer, 0.5)
    assert out[-1] == 0
    assert np.abs(np.diff(out)).max() < 12
    assert mixer.silent


def test_silence_between_an_albums_tracks_is_kept() -> None:
    """Joined without a gap, silence at the end and the beginning belongs to the album."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(Deck(A, WithTail(RATE), Path()))
    mixer.prepare(Deck(B, Constant(RATE), Path(), gapless=True))
    blocks = [mixer.render(441) for _ in range(300)]
    happenings = [h.what for block in blocks for h in block.happenings]
    assert [what for what in happenings if what is not What.ENDING] == [
        What.STARTED,
        What.ENDED,
    ] * 2
    heard = np.concatenate([block.pcm for block in blocks])
    assert len(heard) == 2 * RATE + RATE // 5
    assert not heard[RATE + 100 : RATE + RATE // 5 - 100].any()


def test_silence_at_a_tracks_beginning_is_skipped_elsewhere() -> None:
    """A track that does not continue an album begins with its first sound."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(Deck(A, WithTail(RATE), Path()))
    mixer.render(441)
    assert mixer.position_seconds() == pytest.approx(0.1 + 0.01)


def test_a_card_is_left_and_entered_softly() -> None:
    """Another output is chosen: the music fades to nothing on the old and rises on the new."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(Deck(A, Constant(10 * RATE), Path()))
    rendered(mixer, 0.5)
    mixer.master.leave_card()
    left = rendered(mixer, 0.2)
    assert left[-1] == 0
    assert mixer.master.card_left
    mixer.master.enter_card()
    entered = rendered(mixer, 0.2)
    assert entered[-1] == LEVEL
    assert np.abs(np.diff(np.concatenate([left, entered]))).max() < 12
