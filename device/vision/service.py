"""What vision does: packets and time in, packets out. Knows no socket and no driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.vision_wire import (
    CORE_SILENCE_SECONDS,
    AnalysePhoto,
    CameraOff,
    CameraOn,
    CameraReport,
    CameraState,
    Configure,
    FacesSeen,
    Hello,
)
from device.vision.following import Watch
from device.vision.photo import analyse_photo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contracts.vision_wire import FromVision, ToVision
    from device.vision.shutter import Shutter
    from device.vision.sight import Sight

LONGEST_WAIT_SECONDS = 0.25
"""How late a silent core or a hanging camera may be noticed."""


class Vision:
    """The camera starts closed, opens on core's word only, and closes without it."""

    def __init__(self, sight: Sight, shutter: Shutter) -> None:
        self._sight, self._shutter = sight, shutter
        self._watch = Watch(sight)
        self._settings: Configure | None = None
        self._heard_at = 0.0
        self._due_at = 0.0
        self._frames = 0

    def greet(self, now: float) -> Iterator[FromVision]:
        """What a core is told that just came."""
        self._settings, self._heard_at = None, now
        yield Hello(detector=self._sight.detector_name, classifier=self._sight.classifier_name)
        yield self._shutter.report()

    def heard(self, packet: ToVision, descriptor: int | None, now: float) -> Iterator[FromVision]:
        """Do what core says.

        Args:
            packet: core's.
            descriptor: what came beside it; stays open.
            now: monotonic seconds.

        Raises:
            CameraStuckError: the camera hangs and shall be closed.

        """
        self._heard_at = now
        match packet:
            case Configure():
                self._settings = packet
                if self._shutter.wanted:
                    self._shutter.open(packet.camera, now)
            case CameraOn():
                yield from self._camera_on(now)
            case CameraOff():
                self._shutter.close()
            case AnalysePhoto(photo=photo):
                yield analyse_photo(photo, descriptor, self._sight)
        if not self._shutter.wanted:
            self._sight.close_far()
        yield from self._news()

    def turn(self, now: float) -> Iterator[FromVision]:
        """Do what time brings: look at a frame, give up a camera or a silent core.

        Raises:
            CameraStuckError: the camera hangs and shall be closed.

        """
        if self._shutter.wanted and now - self._heard_at >= CORE_SILENCE_SECONDS:
            self._shutter.close(f"core was silent for {CORE_SILENCE_SECONDS:.0f} s")
        self._shutter.tick(now)
        if now >= self._due_at:
            self._shutter.want(now)
        yield from self._look(now)
        yield from self._news()

    def core_lost(self) -> None:
        """Close the camera: nobody is there to want it.

        Raises:
            CameraStuckError: it hangs.

        """
        self._shutter.close()
        self._settings = None

    def wait_seconds(self, now: float) -> float:
        """How long nothing needs to be done unless something arrives."""
        due = self._due_at - now
        return min(due, LONGEST_WAIT_SECONDS) if due > 0 else LONGEST_WAIT_SECONDS

    def _camera_on(self, now: float) -> Iterator[FromVision]:
        if self._settings is None:
            yield CameraReport(
                state=CameraState.FAILED, detail="no camera was configured before camera_on"
            )
        else:
            self._due_at = now
            self._watch.forget()
            self._shutter.open(self._settings.camera, now)

    def _look(self, now: float) -> Iterator[FromVision]:
        frame = self._shutter.take()
        if frame is None or self._settings is None:
            return
        # Counted from when this one was due, or a late frame would make every next one later.
        period = 1.0 / self._settings.frames_per_second
        self._due_at = max(self._due_at + period, now)
        self._frames += 1
        yield FacesSeen(
            frame=self._frames,
            captured_seconds=frame.captured_seconds,
            faces=self._watch.faces(frame.pixels, frame.captured_seconds, self._settings.masks),
        )

    def _news(self) -> Iterator[FromVision]:
        news = self._shutter.news()
        if news:
            yield news
