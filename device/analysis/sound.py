"""What the sound of a file tells: its loudness, tempo, valence and arousal."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from device.analysis.circumplex import estimate
from device.analysis.features import features
from device.analysis.loudness import REFERENCE_LUFS, Loudness
from device.analysis.sandbox import step_back
from device.analysis.tags import UnreadableFileError
from device.analysis.wire import FileSound
from device.music.sound import CHANNELS, RATE
from device.music.sound.decoder import UndecodableError, decoded_from

HEARD_SECONDS = 600
"""Of a longer file the first ten minutes stand for all: they bound time and memory."""
LEAST_SECONDS = 10
PLAIN_PULSE = 0.25
"""Below this the tempo is a guess, and is not told."""
GAIN_RANGE = (-60.0, 60.0)
_PIECE_FRAMES = RATE * 10


def read_sound(path: str, file: BinaryIO) -> FileSound:
    """Decode a file and listen to it.

    Raises:
        UnreadableFileError: nothing in it can be decoded.
        OSError: the file cannot be read.

    """
    step_back()
    loudness = Loudness(RATE)
    try:
        mono = heard(file, loudness)
    except UndecodableError as error:
        raise UnreadableFileError(str(error)) from error
    lufs = loudness.integrated_lufs()
    if lufs is None or len(mono) < LEAST_SECONDS * RATE // 2:
        return FileSound(path=path, gain_db=_gain(lufs))
    found = features(mono)
    place = estimate(found)
    return FileSound(
        path=path,
        valence=place.valence,
        arousal=place.arousal,
        valence_certainty=place.valence_certainty,
        arousal_certainty=place.arousal_certainty,
        bpm=round(found["bpm"], 1) if found["pulse"] >= PLAIN_PULSE else None,
        gain_db=_gain(lufs),
    )


def _gain(lufs: float | None) -> float | None:
    return None if lufs is None else round(float(np.clip(REFERENCE_LUFS - lufs, *GAIN_RANGE)), 2)


def heard(
    file: BinaryIO, loudness: Loudness, seconds: float = HEARD_SECONDS
) -> NDArray[np.float32]:
    """So many seconds, or a little more, as mono at half the rate; their loudness is measured.

    Raises:
        UndecodableError: nothing in it can be decoded.
        OSError: the file cannot be read.

    """
    mono: list[NDArray[np.float32]] = []
    waiting, count, frames = [], 0, 0
    for pcm in decoded_from(file):
        waiting.append(pcm)
        count += len(pcm) // (2 * CHANNELS)
        if count >= _PIECE_FRAMES:
            mono.append(_taken(b"".join(waiting), loudness))
            frames += count
            waiting, count = [], 0
        if frames >= seconds * RATE:
            break
    mono.append(_taken(b"".join(waiting), loudness))
    return np.concatenate(mono)


def _taken(pcm: bytes, loudness: Loudness) -> NDArray[np.float32]:
    samples = np.frombuffer(pcm, np.int16).reshape(-1, CHANNELS)
    stereo = samples.astype(np.float32) / np.float32(32768)
    loudness.add(stereo)
    pairs = stereo[: len(stereo) // 2 * 2].reshape(-1, 2 * CHANNELS)
    halved: NDArray[np.float32] = pairs.mean(axis=1, dtype=np.float32)
    return halved
