"""The decoder over files of every format, made here."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from bench.encoded import RATE, Stereo, sweep, write
from device.music.sound.decoder import UndecodableError, decoded, decoded_from

SECONDS = 4.0


def pcm(path: Path, start_seconds: float = 0.0) -> Stereo:
    raw = b"".join(decoded(str(path), start_seconds))
    return np.frombuffer(raw, np.int16).reshape(-1, 2)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a"])
def test_a_file_is_as_long_as_its_music(tmp_path: Path, suffix: str) -> None:
    """What an encoder puts before and behind the music is left out, to the sample."""
    music = sweep(SECONDS)
    heard = pcm(write(tmp_path / f"a{suffix}", music))
    assert len(heard) == len(music)
    settled = slice(3000, -3000)  # encoders take a moment to begin
    errors = {
        shift: float(np.square(np.roll(heard, shift, 0)[settled] - music[settled] * 1.0).mean())
        for shift in range(-3, 4)
    }
    assert min(errors, key=lambda shift: errors[shift]) == 0


@pytest.mark.parametrize("codec", ["alac", "aac"])
def test_both_codecs_of_m4a_play(tmp_path: Path, codec: str) -> None:
    """m4a is decoded whether it is Apple's lossless or AAC."""
    assert len(pcm(write(tmp_path / "a.m4a", sweep(1.0), codec))) == RATE


def test_opus_is_brought_to_our_rate(tmp_path: Path) -> None:
    """48,000 frames a second become 44,100, as many seconds as before."""
    path = write(tmp_path / "a.opus", sweep(SECONDS, rate=48_000), rate=48_000)
    assert abs(len(pcm(path)) - SECONDS * RATE) <= 1


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".aac"])
@pytest.mark.parametrize("start", [0.2, 2.345])
def test_a_start_in_the_middle_is_that_very_sample(
    tmp_path: Path, suffix: str, start: float
) -> None:
    """Decoded from a position on, a file gives what it gives there when decoded from 0 on."""
    path = write(tmp_path / f"a{suffix}", sweep(SECONDS))
    rest = pcm(path)[round(start * RATE) :]
    part = pcm(path, start)
    assert len(part) == len(rest)
    # AAC fills noise in anew each time; a sample beside the right one would be 400 away.
    assert np.abs(part.astype(np.int64) - rest).max() < 100


def test_nothing_is_beyond_the_end(tmp_path: Path) -> None:
    """A start behind the end is no error and gives no sound."""
    path = write(tmp_path / "a.mp3", sweep(1.0))
    assert len(pcm(path, 5.0)) == 0


def test_one_channel_sounds_on_both_sides(tmp_path: Path) -> None:
    """Mono is as loud on both sides as it is in the file."""
    path = tmp_path / "mono.wav"
    music = sweep(0.5)[:, 0]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(music.tobytes())
    heard = pcm(path)
    assert (heard[:, 0] == music).all()
    assert (heard[:, 1] == music).all()


@pytest.mark.parametrize(
    "content",
    [b"", b"no music " * 1000, b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(5000)],
    ids=["empty", "text", "tag alone"],
)
def test_what_is_no_music_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty file, a text and a tag without music are refused in words."""
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    with pytest.raises(UndecodableError, match=r"not a music file|holds no sound"):
        pcm(path)


def test_a_scratch_costs_its_moment(tmp_path: Path) -> None:
    """A file with nonsense in its middle plays on behind it."""
    path = write(tmp_path / "a.mp3", sweep(SECONDS))
    content = bytearray(path.read_bytes())
    content[20_000:24_000] = b"scratch." * 500
    path.write_bytes(content)
    assert SECONDS * RATE * 0.8 < len(pcm(path)) <= SECONDS * RATE + RATE


def test_a_playlist_named_like_music_opens_no_other_file(tmp_path: Path) -> None:
    """Only containers of music are read: a list of files, whatever its name, is refused."""
    write(tmp_path / "other.wav", sweep(1.0))
    lists = {
        "hls.mp3": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.wav\n#EXT-X-ENDLIST\n",
        "concat.mp3": "ffconcat version 1.0\nfile other.wav\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(UndecodableError):
            pcm(tmp_path / name)


def test_a_name_that_is_no_text_is_opened(tmp_path: Path) -> None:
    """Names of any bytes, of any length that a disk takes, and that look like addresses."""
    made = write(tmp_path / "a.flac", sweep(0.5))
    for name in ("http:", "노래 🎵" + "가" * 70, b"\xff\xfe".decode("utf-8", "surrogateescape")):
        path = tmp_path / f"{name}.flac"
        path.hardlink_to(made)
        assert len(pcm(path)) == RATE // 2


def test_a_title_in_an_old_encoding_is_no_obstacle(tmp_path: Path) -> None:
    """A tag whose bytes are not UTF-8 costs the tag's letters, not the music."""
    path = write(tmp_path / "a.wav", sweep(1.0))
    name = b"Apn\xe9e\0"
    text = b"INFOINAM" + len(name).to_bytes(4, "little") + name
    tagged = path.read_bytes() + b"LIST" + len(text).to_bytes(4, "little") + text
    path.write_bytes(tagged[:4] + (len(tagged) - 8).to_bytes(4, "little") + tagged[8:])
    with path.open("rb") as file:
        assert b"".join(decoded_from(file)) == b"".join(decoded(str(path)))
    assert len(pcm(path)) == RATE
