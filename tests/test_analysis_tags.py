"""Tags out of every container that a music folder brings, over real files."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen.flac import FLAC
from mutagen.id3 import APIC, TALB, TCON, TIT2, TMOO, TPE1, TPE2, TPOS, TRCK, TXXX, UFID
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4, MP4FreeForm

from device.analysis.__main__ import answer, answer_to
from device.analysis.tags import UnreadableFileError, read_tags
from device.analysis.wire import (
    AnalysisLineError,
    FileTags,
    ReadRequest,
    Sandbox,
    decode_answer,
    encode_line,
)

VENDOR = struct.pack("<I", 5) + b"mlfym"
NO_COMMENTS = VENDOR + struct.pack("<I", 0)


def ogg_page(serial: int, number: int, kind: int, position: int, packet: bytes) -> bytes:
    """One page with one whole packet (RFC 3533); kind 2 begins a stream, 4 ends it."""
    lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, kind, position, serial, number, 0, len(lacing))
    page = bytearray(head + lacing + packet)
    page[22:26] = struct.pack("<I", ogg_crc(page))
    return bytes(page)


def ogg_crc(page: bytes) -> int:
    """CRC-32 of polynomial 04c11db7, neither reflected nor inverted."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1) ^ (0x104C11DB7 if register & 0x80000000 else 0)
    return register


def write_vorbis(path: Path) -> Path:
    """Headers of one second of mono at 8 kHz; no reader of tags decodes more."""
    head = b"\x01vorbis" + struct.pack("<IBIiiiBB", 0, 1, 8000, 0, 8000, 0, 0xB8, 1)
    packets = [head, b"\x03vorbis" + NO_COMMENTS + b"\x01", b"\x05vorbis" + bytes(20)]
    pages = [ogg_page(1, n, 2 if n == 0 else 0, 0, packet) for n, packet in enumerate(packets)]
    path.write_bytes(b"".join(pages) + ogg_page(1, 3, 4, 8000, bytes(10)))
    return path


def write_opus(path: Path) -> Path:
    """Headers of one second."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)
    pages = [
        ogg_page(1, 0, 2, 0, head),
        ogg_page(1, 1, 0, 0, b"OpusTags" + NO_COMMENTS),
        ogg_page(1, 2, 4, 48_000, bytes(10)),
    ]
    path.write_bytes(b"".join(pages))
    return path


def write_flac(path: Path) -> Path:
    """A stream of one second whose samples are missing."""
    rate_channels_bits_samples = (8000 << 44) | (0 << 41) | (15 << 36) | 8000
    info = struct.pack(">HH", 4096, 4096) + bytes(6)
    info += struct.pack(">Q", rate_channels_bits_samples) + bytes(16)
    path.write_bytes(b"fLaC" + struct.pack(">I", 0x80000000 | len(info)) + info)
    return path


def write_mp3(path: Path) -> Path:
    """Silent frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz, about a second."""
    path.write_bytes((b"\xff\xfb\x90\xc0" + bytes(413)) * 38)
    return path


def atom(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), name) + content


def write_mp4(path: Path) -> Path:
    """A movie of one second with one audio track, no codec and no samples."""
    table = atom(b"stsd", bytes(8))
    duration = struct.pack(">IIIIIHH", 0, 0, 0, 8000, 8000, 0, 0)
    media = atom(
        b"mdia",
        atom(b"mdhd", duration),
        atom(b"hdlr", bytes(8), b"soun", bytes(13)),
        atom(b"minf", atom(b"stbl", table)),
    )
    movie = atom(b"moov", atom(b"mvhd", bytes(100)), atom(b"trak", media))
    path.write_bytes(atom(b"ftyp", b"M4A ", bytes(4), b"M4A ") + movie)
    return path


WORDS = {
    "title": "노래 🎵",
    "artist": "가수",
    "album": "앨범",
    "genre": ["Jazz", "Soul; Funk"],
    "mood": "Calm, Rainy Day",
    "date": "1987-05-01",
    "bpm": "92,5",
    "valence": "-0.25",
    "arousal": "7",
    "itunesadvisory": "1",
    "musicbrainz_trackid": "0b7c",
    "isrc": "KRA302000001",
    "albumartist": "여러 가수",
    "compilation": "1",
    "discnumber": "2/3",
    "tracknumber": "07",
    "replaygain_track_gain": "-6.25 dB",
    "r128_album_gain": "-512",
}
TOLD = FileTags(
    path="",
    title="노래 🎵",
    artist="가수",
    album="앨범",
    genres=("Jazz", "Soul", "Funk"),
    tags=("calm", "rainy day"),
    year=1987,
    duration_seconds=1.0,
    bpm=92.5,
    explicit=True,
    valence=-0.25,
    musicbrainz_id="0b7c",
    isrc="KRA302000001",
    album_artist="여러 가수",
    compilation=True,
    disc=2,
    number=7,
    gain_db=-6.25,
    album_gain_db=3.0,
)


def told(path: Path) -> FileTags:
    with path.open("rb") as file:
        tags = read_tags(str(path), file)
    return FileTags(
        **{name: getattr(tags, name) for name in tags.__struct_fields__}
        | {"path": "", "duration_seconds": round(tags.duration_seconds, 1)}
    )


@pytest.mark.parametrize(
    ("name", "write"), [("a.ogg", write_vorbis), ("a.opus", write_opus), ("a.flac", write_flac)]
)
def test_vorbis_comments_are_read(tmp_path: Path, name: str, write: Any) -> None:  # noqa: ANN401
    """Ogg Vorbis, Opus and FLAC say the same in the same words, in any case."""
    path = write(tmp_path / name)
    file = mutagen.File(path)
    if isinstance(file, FLAC):
        file.add_tags()
    for word, value in WORDS.items():
        file[word.upper()] = value
    file.save()
    assert told(path) == TOLD


def test_id3_of_an_mp3_is_read(tmp_path: Path) -> None:
    """Frames, free text of players, the MusicBrainz id and numbered genres."""
    path = write_mp3(tmp_path / "a.mp3")
    file = MP3(str(path))
    file.add_tags()
    for frame in (
        TIT2(text="노래 🎵"),
        TPE1(text="가수"),
        TALB(text="앨범"),
        TCON(text="(8)"),
        TMOO(text="Calm"),
        TXXX(desc="Valence", text="0.5"),
        UFID(owner="http://musicbrainz.org", data=b"0b7c"),
        TPE2(text="여러 가수"),
        TPOS(text="1/2"),
        TRCK(text="3"),
        TXXX(desc="replaygain_track_gain", text="+1.5 dB"),
        APIC(mime="image/png", type=3, data=b"front"),
        APIC(mime="image/png", type=4, desc="back", data=b"back"),
    ):
        file.tags.add(frame)
    file.save()
    assert told(path) == FileTags(
        path="",
        title="노래 🎵",
        artist="가수",
        album="앨범",
        genres=("Jazz",),
        tags=("calm",),
        duration_seconds=1.0,
        valence=0.5,
        musicbrainz_id="0b7c",
        album_artist="여러 가수",
        disc=1,
        number=3,
        gain_db=1.5,
        artwork=hashlib.blake2b(b"front", digest_size=16).hexdigest(),
    )


def test_atoms_of_an_mp4_are_read(tmp_path: Path) -> None:
    """Its own names, and the free ones that taggers write as bytes."""
    path = write_mp4(tmp_path / "a.m4a")
    file = MP4(str(path))
    file.add_tags()
    file["\xa9nam"], file["\xa9ART"], file["\xa9alb"] = "노래 🎵", "가수", "앨범"
    file["aART"], file["cpil"], file["disk"], file["trkn"] = "여러 가수", True, [(1, 1)], [(4, 9)]
    file["\xa9gen"], file["\xa9day"], file["tmpo"], file["rtng"] = "Jazz", "1987", [92], [1]
    file["----:com.apple.iTunes:MOOD"] = MP4FreeForm(b"Calm")
    file["----:com.apple.iTunes:MusicBrainz Track Id"] = MP4FreeForm(b"0b7c")
    file.save()
    assert told(path) == FileTags(
        path="",
        title="노래 🎵",
        artist="가수",
        album="앨범",
        genres=("Jazz",),
        tags=("calm",),
        year=1987,
        duration_seconds=1.0,
        bpm=92.0,
        explicit=True,
        musicbrainz_id="0b7c",
        album_artist="여러 가수",
        compilation=True,
        disc=1,
        number=4,
    )


def test_a_file_without_tags_is_music_still(tmp_path: Path) -> None:
    """Its duration is all that it tells."""
    assert told(write_opus(tmp_path / "a.opus")) == FileTags(path="", duration_seconds=1.0)


def test_text_is_made_safe(tmp_path: Path) -> None:
    """One line, no control characters, no endless titles, tags or lists."""
    path = write_flac(tmp_path / "a.flac")
    file = FLAC(str(path))
    file.add_tags()
    file["title"] = "a\nb\x1b[31m\u202ec" + "x" * 1000
    file["mood"] = [f"{'m' * 100}{n}" for n in range(5)] + [f"mood {n}" for n in range(100)]
    file["date"], file["bpm"], file["valence"] = "last year", "fast", "nan"
    file.save()
    with path.open("rb") as opened:
        tags = read_tags(str(path), opened)
    assert tags.title.startswith("a b [31m cx")
    assert len(tags.title) == 300
    assert len(tags.tags) == 32
    assert max(map(len, tags.tags)) == 64
    assert (tags.year, tags.bpm, tags.valence) == (None, None, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"fLaC",
        b"OggS" + bytes(30),
        b"ID3" + bytes(7),
        b"\xff\xfb",
        b"RIFF",
        zlib.compress(b""),
    ],
)
@pytest.mark.parametrize("suffix", ["mp3", "ogg", "flac", "opus"])
def test_damaged_files_are_answered_with_their_error(
    tmp_path: Path, content: bytes, suffix: str
) -> None:
    """The reader goes on, and the answer fits the wire."""
    path = tmp_path / f"damaged.{suffix}"
    path.write_bytes(content)
    with path.open("rb") as file:
        said = answer(ReadRequest(path=str(path)), file)
    assert said.error
    assert decode_answer(encode_line(said), FileTags) == said


def test_what_is_no_music_is_said(tmp_path: Path) -> None:
    """Another kind of file, and a line that is no request."""
    (tmp_path / "a.txt").write_text("no music at all")
    with (
        (tmp_path / "a.txt").open("rb") as file,
        pytest.raises(UnreadableFileError, match="not a music file"),
    ):
        read_tags(str(tmp_path / "a.txt"), file)
    assert "not a request" in answer_to(b"nonsense\n", None, Sandbox(path="")).error


@pytest.mark.parametrize("line", [b"", b"{", b'{"path":5}', b"[" * 100_000, b'{"path":"\xff"}'])
def test_a_line_that_is_no_answer_is_refused(line: bytes) -> None:
    """Whatever a hijacked reader might say."""
    with pytest.raises(AnalysisLineError):
        decode_answer(line, FileTags)
