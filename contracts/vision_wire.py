"""What core and vision say to each other: numbers, never pixels.

A Unix socket of SOCK_SEQPACKET at a path that core owns: one packet, one JSON message. A
guest's photo crosses as the descriptor of a sealed memfd beside its `AnalysePhoto`. Vision
connects, and reconnects when core went away; its camera closes when core is silent for
`CORE_SILENCE_SECONDS`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from contracts.emotion import EMOTIONS
from contracts.errors import ContractError
from contracts.mood import Probability
from contracts.track import Arousal, Valence

MAX_PACKET_BYTES = 65_536
MAX_PHOTO_BYTES = 8 * 1024 * 1024
HEARTBEAT_SECONDS = 0.5
CORE_SILENCE_SECONDS = 2.0

Fraction = Annotated[float, msgspec.Meta(ge=-1.0, le=2.0)]
"""Share of the frame's width or height; a face may reach a little beyond the frame."""


class VisionMessageError(ContractError):
    """A packet that is neither side's message."""


class Packet(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Base of both directions."""


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle in fractions of the frame, origin top left."""

    left: Fraction
    top: Fraction
    width: Fraction
    height: Fraction


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """One face of one frame."""

    box: Box
    score: Probability
    """How sure the detector is that this is a face."""
    emotions: Annotated[
        tuple[Probability, ...], msgspec.Meta(min_length=len(EMOTIONS), max_length=len(EMOTIONS))
    ]
    """Calibrated probabilities in the order of contracts.emotion.EMOTIONS."""
    valence: Valence
    arousal: Arousal
    known: bool = True
    """False when the classifier is too unsure to be listened to."""
    roll_degrees: float = 0.0


# Core → vision


class Configure(Packet, frozen=True, kw_only=True):
    """Settings; sent first, and again when they change."""

    camera: str
    """`picamera2`, an OpenCV index, or the path of a video, GIF or picture."""
    frames_per_second: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0
    masks: tuple[Box, ...] = ()
    """A face whose centre lies in one of these is not reported."""


class CameraOn(Packet, frozen=True, kw_only=True):
    """The LED is lit and the notice was acknowledged: open the camera."""


class CameraOff(Packet, frozen=True, kw_only=True):
    """Close the camera."""


class Heartbeat(Packet, frozen=True, kw_only=True):
    """Core is alive."""


class AnalysePhoto(Packet, frozen=True, kw_only=True):
    """Analyse the picture in the sealed memfd that travels with this packet."""

    photo: str


# Vision → core


class Hello(Packet, frozen=True, kw_only=True):
    """Vision is up, with these models."""

    detector: str
    classifier: str


class CameraState(StrEnum):
    """What the camera is doing."""

    OFF = "off"
    OPENING = "opening"
    ON = "on"
    FAILED = "failed"


class CameraReport(Packet, frozen=True, kw_only=True):
    """The camera's state changed."""

    state: CameraState
    detail: str = ""


class FacesSeen(Packet, frozen=True, kw_only=True):
    """The faces of the newest frame, largest first; none when there are none."""

    frame: int
    captured_seconds: float
    """CLOCK_MONOTONIC when the frame was read."""
    faces: tuple[Face, ...] = ()


class PhotoAnalysed(Packet, frozen=True, kw_only=True):
    """The faces of a guest's photo."""

    photo: str
    width: int
    height: int
    faces: tuple[Face, ...] = ()


class PhotoRefused(Packet, frozen=True, kw_only=True):
    """The photo could not be analysed, and why, in words for the guest."""

    photo: str
    why: str


ToVision = Configure | CameraOn | CameraOff | Heartbeat | AnalysePhoto
FromVision = Hello | CameraReport | FacesSeen | PhotoAnalysed | PhotoRefused


def encode(packet: ToVision | FromVision) -> bytes:
    """JSON of a packet."""
    return msgspec.json.encode(packet)


def decode_to_vision(payload: bytes) -> ToVision:
    """A packet from core.

    Raises:
        VisionMessageError: it is none of core's.

    """
    try:
        packet: ToVision = msgspec.json.decode(payload, type=ToVision)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"not a packet from core: {error}"
        raise VisionMessageError(msg) from error
    return packet


def decode_from_vision(payload: bytes) -> FromVision:
    """A packet from vision.

    Raises:
        VisionMessageError: it is none of vision's.

    """
    try:
        packet: FromVision = msgspec.json.decode(payload, type=FromVision)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"not a packet from vision: {error}"
        raise VisionMessageError(msg) from error
    return packet
