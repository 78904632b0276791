"""`python -m device.music.sound.decoder FD`: decodes one file to PCM on an open descriptor.

One line on stdin says what to play and from where; stdout says `playing`, then `end`, or
`failed <why>`. The PCM is exact to the sample: what an encoder added before and behind the
music is left out, so that albums join, and a start in the middle is the sample it should be.
Waits when the pipe is full; ends when stdin ends. Knows no numpy, so that it starts quickly.
"""

from __future__ import annotations

import errno
import json
import os
import select
import sys
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from device.music.sound import FRAME_BYTES, RATE

if TYPE_CHECKING:
    from av.audio import AudioFrame, AudioStream
    from av.container import InputContainer

FORMATS = "aac,aiff,ape,asf,dsf,flac,mov,mp3,mpc,mpc8,ogg,tta,w64,wav,wv"
"""Containers of music; playlists, which could name other files, are not among them."""
DISK_ERRORS = frozenset({errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN})
"""A disk or network share that went away: nothing is wrong with the file."""
ROLL_SECONDS = 0.5
"""Decoded before a start in the middle and dropped: mp3 borrows bits from earlier frames, and
opus takes 80 ms to settle."""
MANY_DAMAGED = 50
"""So many packets in a row that cannot be decoded end a track; a scratch does not."""


class UndecodableError(ValueError):
    """The file holds no sound that can be decoded; says why."""


def main() -> None:
    """Decode the file that stdin names."""
    pipe, requests = int(sys.argv[1]), sys.stdin.buffer
    import av  # noqa: F401, PLC0415 - loaded while nobody waits for it

    request = requests.readline()
    if not request:
        _end()
    wanted = json.loads(request)
    os.set_blocking(pipe, False)
    try:
        for number, pcm in enumerate(decoded(wanted["path"], wanted["start_seconds"])):
            if not number:
                _say("playing")
            _write(pipe, pcm, requests)
    except (UndecodableError, OSError) as error:
        _say(f"failed {getattr(error, 'strerror', None) or error}")
        _end()
    _say("end")
    os.close(pipe)
    requests.read()
    _end()


def decoded(path: str, start_seconds: float = 0.0) -> Iterator[bytes]:
    """Sound of a file from a position on, as interleaved PCM, whole frames at a time.

    The first piece may be empty: nothing follows it when the position is beyond the end.

    Raises:
        UndecodableError: it holds no sound, or none that can be decoded.
        OSError: it cannot be opened or read.

    """
    import av  # noqa: PLC0415 - a third of a second on a Pi, for the programs that decode

    file = os.open(path, os.O_RDONLY)
    try:
        # A name of our own making: no file name is taken for a protocol, whatever its bytes.
        options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
        name = f"file:/proc/self/fd/{file}"
        with av.open(name, container_options=options, metadata_errors="replace") as container:
            yield from _sound(container, start_seconds)
    except av.FFmpegError as error:
        if error.errno in DISK_ERRORS:
            raise OSError(error.errno, error.strerror) from error
        msg = "not a music file, or damaged from the beginning"
        raise UndecodableError(msg) from error
    finally:
        os.close(file)


def decoded_from(file: BinaryIO) -> Iterator[bytes]:
    """As `decoded`, from the beginning, of a file that is open: for who may open none."""
    import av  # noqa: PLC0415 - as in `decoded`

    try:
        options = {"format_whitelist": FORMATS}
        with av.open(file, "r", container_options=options, metadata_errors="replace") as container:
            yield from _sound(container, 0.0)
    except av.FFmpegError as error:
        if error.errno in DISK_ERRORS:
            raise OSError(error.errno, error.strerror) from error
        msg = "not a music file, or damaged from the beginning"
        raise UndecodableError(msg) from error


def _sound(container: InputContainer, start_seconds: float) -> Iterator[bytes]:
    """PCM from a position on: found, decoded from a little earlier, and cut to the sample."""
    if not container.streams.audio:
        msg = "holds no sound"
        raise UndecodableError(msg)
    stream = container.streams.audio[0]
    frames = _frames_from(container, stream, start_seconds)
    first = next(frames, None)
    if first is None and not start_seconds:
        msg = "holds no sound"
        raise UndecodableError(msg)
    yield b""
    if first is None:
        return
    begins = _position(first, stream)
    skip = round(start_seconds * RATE) - round(begins * RATE)
    length = _length(stream)
    left = None if length is None else round((length - begins) * RATE)
    for pcm in _resampled(chain([first], frames)):
        whole = pcm if left is None else pcm[: max(0, left) * FRAME_BYTES]
        left = None if left is None else left - len(pcm) // FRAME_BYTES
        yield whole[skip * FRAME_BYTES :]
        skip = max(0, skip - len(pcm) // FRAME_BYTES)


def _frames_from(
    container: InputContainer, stream: AudioStream, start_seconds: float
) -> Iterator[AudioFrame]:
    """Decoded frames from `start_seconds` or a little earlier on."""
    if start_seconds > ROLL_SECONDS and stream.time_base:
        ticks = (stream.start_time or 0) + int((start_seconds - ROLL_SECONDS) / stream.time_base)
        container.seek(ticks, stream=stream)
        frames = _frames(container, stream)
        first = next(frames, None)
        if first and _position(first, stream) <= start_seconds:
            return chain([first], frames)
        container.seek(stream.start_time or 0, stream=stream)
    return _frames(container, stream)


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Frames one after the other; what is damaged between them is left out."""
    from av import InvalidDataError  # noqa: PLC0415 - as in `decoded`

    damaged = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except InvalidDataError as error:
            damaged += 1
            if damaged == MANY_DAMAGED:
                msg = "damaged: its sound cannot be decoded"
                raise UndecodableError(msg) from error
            continue
        damaged = 0
        yield from (frame for frame in frames if frame.samples)


def _resampled(frames: Iterator[AudioFrame]) -> Iterator[bytes]:
    """Interleaved PCM of frames; one channel becomes two that are alike."""
    from av import AudioResampler  # noqa: PLC0415 - as in `decoded`

    resampler: AudioResampler | None = None
    mono = False
    for frame in frames:
        if resampler is None:
            mono = frame.layout.nb_channels == 1
            resampler = AudioResampler("s16", "mono" if mono else "stereo", RATE)
        for part in resampler.resample(frame):
            yield _bytes(part, mono=mono)
    for part in resampler.resample(None) if resampler else []:
        yield _bytes(part, mono=mono)


def _bytes(part: AudioFrame, *, mono: bool) -> bytes:
    raw = bytes(part.planes[0])[: part.samples * (2 if mono else FRAME_BYTES)]
    if not mono:
        return raw
    both = bytearray(2 * len(raw))
    both[0::4] = both[2::4] = raw[0::2]
    both[1::4] = both[3::4] = raw[1::2]
    return bytes(both)


def _position(frame: AudioFrame, stream: AudioStream) -> float:
    """Seconds of music before a frame."""
    if frame.pts is None or frame.time_base is None:
        return 0.0
    origin = (stream.start_time or 0) * stream.time_base if stream.time_base else 0
    return float(frame.pts * frame.time_base - origin)


def _length(stream: AudioStream) -> float | None:
    """Seconds of music where the container knows them to the sample, as MP4's edit lists do."""
    exact = "mov" in stream.container.format.name.split(",")
    if not exact or not stream.duration or not stream.time_base:
        return None
    return float(stream.duration * stream.time_base)


def _write(pipe: int, pcm: bytes, requests: BinaryIO) -> None:
    """Write it all, unless the parent is gone, which closes both ends."""
    left = memoryview(pcm)
    while left:
        readable, writable, _ = select.select([requests], [pipe], [])
        if readable:
            _end()
        if writable:
            left = left[os.write(pipe, left) :]


def _say(line: str) -> None:
    sys.stdout.buffer.write(" ".join(line.split()).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


def _end() -> None:
    """Leave at once: there is nothing to tidy up."""
    os._exit(0)


if __name__ == "__main__":
    main()
