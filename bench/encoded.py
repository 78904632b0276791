"""Music files of any format, made by benches and tests themselves."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

RATE = 44_100
CODECS = {
    ".wav": "pcm_s16le",
    ".flac": "flac",
    ".mp3": "libmp3lame",
    ".m4a": "aac",
    ".aac": "aac",
    ".opus": "libopus",
}
Stereo = NDArray[np.int16]


def sweep(seconds: float, begin: float = 0.0, rate: int = RATE) -> Stereo:
    """Shape (frames, 2): a tone that rises slowly, so that every moment is known by its sound."""
    at = begin + np.arange(round(seconds * rate)) / rate
    sound = np.stack([np.sin(2 * np.pi * (220 + 20 * at) * at), np.sin(2 * np.pi * 330 * at)], 1)
    return (12_000 * sound).astype(np.int16)


def write(path: Path, sound: Stereo, codec: str = "", rate: int = RATE) -> Path:
    """Encode sound to the format of the file's name, 192 kbit/s where that counts."""
    codec = codec or CODECS[path.suffix]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, layout="stereo")
        stream.bit_rate = 192_000
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        context = stream.codec_context
        resampler = av.AudioResampler(
            context.format.name, "stereo", rate, frame_size=context.frame_size or 4096
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path
