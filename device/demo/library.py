"""The demo's music library: made once into a folder, completed if it was interrupted.

Files appear whole or not at all. A stamp beside them names the edition (a hash of the code
that makes the music) and the size of every file, so that a second call only looks.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from mutagen import id3
from mutagen.wave import WAVE

from contracts.whole_file import write_whole
from device.demo.edition import STAMP, Stamp, code_edition, is_finished, read_stamp
from device.demo.mixing import Stereo, sounded
from device.demo.pieces import PIECES, Piece
from device.demo.score import LENGTH_SECONDS
from device.demo.synth import SAMPLE_RATE

NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR_MODES = frozenset({"minor", "harmonic minor", "phrygian", "dorian"})

Progress = Callable[[int, int], None]
"""(pieces there, pieces in all)."""


class LibraryError(OSError):
    """The demo's music cannot be written."""


def make_library(
    folder: Path,
    progress: Progress | None = None,
    *,
    pieces: Sequence[Piece] = PIECES,
    length_seconds: float = LENGTH_SECONDS,
) -> list[Path]:
    """The demo's music as tagged WAV files (32 kHz, stereo, 16 bit), about 6 MB each.

    What a former call finished is kept, so the second call is instant. The first pieces are
    one of each mood.

    Raises:
        LibraryError: the folder cannot be written or the disk is full; says what to do.

    """
    edition = f"{code_edition()}-{length_seconds:g}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stamp = read_stamp(folder)
        sizes = dict(stamp.sizes) if stamp and stamp.edition == edition else {}
        paths = []
        for number, piece in enumerate(pieces, 1):
            path = folder / file_name(piece)
            if not is_finished(path, sizes.get(path.name)):
                sizes[path.name] = _write(path, tagged_wav(piece, number, length_seconds))
                made = Stamp(edition=edition, pieces=len(pieces), sizes=sizes)
                _write(folder / STAMP, msgspec.json.encode(made))
            paths.append(path)
            if progress:
                progress(number, len(pieces))
    except OSError as error:
        msg = f"the demo music cannot be written to {folder}: {error.strerror or error}; "
        msg += "it needs 135 MB: free some space or choose another folder"
        raise LibraryError(msg) from error
    return paths


def file_name(piece: Piece) -> str:
    """A name that every file system takes."""
    return f"{piece.artist} - {piece.title}.wav".replace("/", "-")


def tagged_wav(piece: Piece, number: int, length_seconds: float = LENGTH_SECONDS) -> bytes:
    """The whole file of a piece: sound and ID3 tags; `number` is its place in the library."""
    file = io.BytesIO()
    file.write(wav(sounded(piece, length_seconds)))
    file.seek(0)
    tagged: Any = WAVE(file)  # type: ignore[no-untyped-call]
    tagged.add_tags()
    _fill(tagged.tags, piece, number)
    file.seek(0)
    tagged.save(file)
    return file.getvalue()


def wav(sound: Stereo) -> bytes:
    """16-bit WAV of float32 [2, samples] in [-1, 1]."""
    steps = np.rint(np.clip(sound, -1, 1) * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(np.ascontiguousarray(steps.T).tobytes())
    return file.getvalue()


def _fill(tags: Any, piece: Piece, number: int) -> None:  # noqa: ANN401 - mutagen is untyped
    key = NOTE_NAMES[piece.tonic % 12] + ("m" if piece.mode in MINOR_MODES else "")
    texts: dict[str, str | list[str]] = {
        "TIT2": piece.title,
        "TPE1": piece.artist,
        "TALB": piece.album,
        "TCON": piece.genre,
        "TDRC": str(piece.year),
        "TRCK": str(number),
        "TBPM": str(piece.bpm),
        "TKEY": key,
        "TMOO": list(piece.moods),
        "TXXX:MOOD": list(piece.moods),
        "TXXX:VALENCE": f"{piece.valence:.2f}",
        "TXXX:AROUSAL": f"{piece.arousal:.2f}",
    }
    for name, text in texts.items():
        frame, _, described = name.partition(":")
        more = {"desc": described} if described else {}
        tags.add(id3.Frames[frame](encoding=id3.Encoding.UTF8, text=text, **more))


def _write(path: Path, content: bytes) -> int:
    """Write a file whole or not at all; how many bytes it has."""
    write_whole(path, content)
    return len(content)
