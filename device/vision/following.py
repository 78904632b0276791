"""Frames of one camera → faces: looks with the detectors now and then, follows in between.

Between two frames a listener hardly moves, and looking costs far more than following. So each
found face leaves a small picture of itself; in the next frames that picture is searched for
around where the face was (normalised cross-correlation). When it is not found well enough, or it
is time again, the detectors look at the whole frame. The emotions of faces that are followed are
not read in every frame; in between the last reading holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Protocol

import cv2
import msgspec
import numpy as np
from msgspec.structs import replace as replace_fields

from contracts.preprocess import CROP_SIZE, crop_face
from device.vision.emotions import box_of
from device.vision.faces import apart
from device.vision.sight import unmasked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contracts.vision_wire import Box, Face
    from device.vision.faces import FoundFace

Positive = Annotated[float, msgspec.Meta(gt=0)]


class FollowingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How seldom the detectors may look, each with its reason."""

    look_again_seconds: Positive = 0.9
    """While faces are followed. Somebody who joins is seen within a second, as a frame comes
    each fifth of one at most; more often buys nothing, since a face that left is not found."""
    look_near_seconds: Positive = 0.35
    """While nobody is there, for the near detector: every second frame of five a second, so
    that a listener who sits down is seen at once by their own measure."""
    look_far_seconds: Positive = 0.9
    """While nobody is there, for the far detector, which costs twice the near one."""
    likeness: Annotated[float, msgspec.Meta(ge=-1, le=1)] = 0.8
    """Correlation with the face's picture from which on it is the same face. On real videos half
    of the listeners' frames stay above 0.93 for a second, and of what is beside a face 99 in a
    hundred stay below 0.76; where it holds, the box is within 3 % of the detector's at the
    median. Quick turns of the head fall below it, and are looked at anew."""
    read_again_seconds: Positive = 0.35
    """How long a reading of a followed face holds: every second frame of five a second is read.
    A mood is told as soon and as rightly as from all of them (docs/vision.md, *From emotions to
    a mood*), since the next frame shows nearly the same face."""
    forget_seconds: Positive = 1.5
    """After a gap in the frames this long, nothing is known about who is there."""
    close_far_seconds: Positive = 60.0
    """Unused for so long, the far detector's memory is given back; opening it again takes as
    long as four of its looks."""


SEARCHED = 1.5
"""Side of the square that is searched, in sides of the face's box: a face may move a quarter
of its width between frames; one that is faster is looked for anew."""
PICTURE_SIDE = round(CROP_SIZE / SEARCHED)
"""Side of a face's picture in pixels, as wide as its box."""
_MARGIN = (CROP_SIZE - PICTURE_SIDE) // 2


class Finder(Protocol):
    """What a watch asks of device.vision.sight.Sight; the frames are as there."""

    def find_near(self, frame: NDArray[np.uint8]) -> list[FoundFace]:
        """What the near detector finds."""

    def is_close(self, near: Sequence[FoundFace], frame: NDArray[np.uint8]) -> bool:
        """Whether one of these is somebody before the camera."""

    def with_far(self, frame: NDArray[np.uint8], near: list[FoundFace]) -> list[FoundFace]:
        """These and what the far detector finds."""

    @property
    def far_is_open(self) -> bool:
        """Whether the far detector takes memory now."""

    def close_far(self) -> None:
        """Let the far detector's memory go until it is needed again."""

    def read(self, frame: NDArray[np.uint8], found: Sequence[FoundFace]) -> tuple[Face, ...]:
        """The emotions of found faces."""


@dataclass(frozen=True)
class Followed:
    """A face and what it looked like when a detector found it."""

    face: FoundFace
    picture: NDArray[np.uint8]
    """uint8 [PICTURE_SIDE, PICTURE_SIDE]."""
    reading: Face | None = None
    """Its emotions when they were last read."""


class Watch:
    """Whoever is before one camera, frame after frame.

    Args:
        sight: finds and reads faces.
        settings: how seldom it is asked to find them.

    """

    def __init__(self, sight: Finder, settings: FollowingSettings | None = None) -> None:
        self._sight, self._settings = sight, settings or FollowingSettings()
        self.forget()

    def forget(self) -> None:
        """Another camera, or another time: look anew."""
        self._followed: tuple[Followed, ...] = ()
        self._shape: tuple[int, ...] = ()
        self._seen_at = self._near_at = self._far_at = self._read_at = -math.inf

    def faces(
        self, frame: NDArray[np.uint8], at: float, masks: Sequence[Box] = ()
    ) -> tuple[Face, ...]:
        """Faces of a frame with their emotions, largest first.

        Args:
            frame: uint8 [height, width, 3] BGR.
            at: monotonic seconds when it was captured.
            masks: a face whose centre lies in one of them is left out.

        """
        seen = unmasked(self.find(frame, at), frame, masks)
        known = {id(followed.face): followed.reading for followed in self._followed}
        held = [known[id(face)] for face in seen]
        if None in held or at >= self._read_at + self._settings.read_again_seconds:
            return self._read(frame, at, seen)
        return tuple(
            replace_fields(reading, box=box_of(face, frame))
            for face, reading in zip(seen, held, strict=True)
            if reading is not None
        )

    def find(self, frame: NDArray[np.uint8], at: float) -> list[FoundFace]:
        """Where the faces of a frame captured at monotonic second `at` are, largest first."""
        gap = at - self._seen_at
        if frame.shape != self._shape or not 0 <= gap < self._settings.forget_seconds:
            self.forget()
        self._shape, self._seen_at = frame.shape, at
        due = at >= self._next_look()
        moved = None if due else self._moved(frame)
        if moved is None:
            # Whoever was lost is read anew; whoever is only looked for again is not.
            before = self._followed if due else ()
            self._followed = tuple(
                Followed(face, face_picture(frame, face), _last_reading(face, before))
                for face in self._looked(frame, at)
            )
        else:
            self._followed = moved
        self._rest(at)
        return sorted((f.face for f in self._followed), key=lambda face: -face.area)

    def _read(
        self, frame: NDArray[np.uint8], at: float, seen: Sequence[FoundFace]
    ) -> tuple[Face, ...]:
        """Read all faces now, and remember what was read."""
        faces = self._sight.read(frame, seen)
        read = {id(face): reading for face, reading in zip(seen, faces, strict=True)}
        self._followed = tuple(
            replace(followed, reading=read.get(id(followed.face))) for followed in self._followed
        )
        self._read_at = at
        return faces

    def _rest(self, at: float) -> None:
        if self._sight.far_is_open and at >= self._far_at + self._settings.close_far_seconds:
            self._sight.close_far()

    def _next_look(self) -> float:
        again, near = self._settings.look_again_seconds, self._settings.look_near_seconds
        return self._near_at + (again if self._followed else near)

    def _moved(self, frame: NDArray[np.uint8]) -> tuple[Followed, ...] | None:
        """The followed faces where they are now; None when one is not found or two are one."""
        moved: list[Followed] = []
        for followed in self._followed:
            face, likeness = followed_to(frame, followed)
            others = [other.face for other in moved]
            if likeness < self._settings.likeness or (others and not apart(face, others)):
                return None
            moved.append(replace(followed, face=face))
        return tuple(moved)

    def _looked(self, frame: NDArray[np.uint8], at: float) -> list[FoundFace]:
        """What the detectors find; the far one only when it is due or somebody got lost."""
        near = self._sight.find_near(frame)
        self._near_at = at
        if self._sight.is_close(near, frame):
            return near
        if not self._followed and at < self._far_at + self._settings.look_far_seconds:
            return near
        self._far_at = at
        return self._sight.with_far(frame, near)


def _last_reading(face: FoundFace, before: Sequence[Followed]) -> Face | None:
    """What was last read of the followed face that was where this one was found."""
    same = (followed for followed in before if not apart(face, [followed.face]))
    return next((followed.reading for followed in same), None)


def face_picture(frame: NDArray[np.uint8], face: FoundFace) -> NDArray[np.uint8]:
    """What a face looks like, upright, uint8 [PICTURE_SIDE, PICTURE_SIDE] grey."""
    inner = slice(_MARGIN, _MARGIN + PICTURE_SIDE)
    return np.ascontiguousarray(_searched(frame, face)[inner, inner])


def followed_to(frame: NDArray[np.uint8], followed: Followed) -> tuple[FoundFace, float]:
    """The face where its picture fits best near its last place, and how well, -1 to 1."""
    face = followed.face
    fit = cv2.matchTemplate(_searched(frame, face), followed.picture, cv2.TM_CCOEFF_NORMED)
    _, likeness, _, (column, row) = cv2.minMaxLoc(fit)
    pitch = max(face.box[2:]) * SEARCHED / CROP_SIZE
    across, down = (n - _MARGIN for n in (column, row))
    turn = math.radians(face.roll_degrees)
    x = pitch * (across * math.cos(turn) - down * math.sin(turn))
    y = pitch * (across * math.sin(turn) + down * math.cos(turn))
    left, top, wide, high = face.box
    return replace(face, box=(left + x, top + y, wide, high)), float(likeness)


def _searched(frame: NDArray[np.uint8], face: FoundFace) -> NDArray[np.uint8]:
    left, top, wide, high = face.box
    centre = left + wide / 2, top + high / 2
    return crop_face(frame, centre, max(wide, high) * SEARCHED, face.roll_degrees)
