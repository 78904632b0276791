"""Vision's own driver and models on the virtual camera, from within the Debian that has it."""

from __future__ import annotations

import json
import sys
import time

from bench.virtual_camera.shim import VirtualPicamera2
from contracts.emotion import EMOTIONS
from device.vision.camera import FRAME_SIZE
from device.vision.picamera import PiCamera
from device.vision.sight import load_sight

FRAMES, LOOKS = 60, 12


def main() -> int:
    """Look through it and write what was seen to standard output, as JSON."""
    sight = load_sight()
    camera = PiCamera(FRAME_SIZE, VirtualPicamera2, 30.0)
    began = time.monotonic()
    for _ in range(FRAMES):
        camera.grab()
    rate = FRAMES / (time.monotonic() - began)
    seen, told = 0, set()
    for _ in range(LOOKS):
        camera.grab()
        frame = camera.decode()
        faces = sight.faces(frame)
        seen += len(faces) == 1
        told |= {EMOTIONS[face.emotions.index(max(face.emotions))] for face in faces}
    main_stream = camera._camera.camera_configuration()["main"]  # noqa: SLF001 - it is what we tell of
    camera.close()
    found = {
        "format": str(main_stream["format"]),
        "size": list(main_stream["size"]),
        "frame": list(frame.shape),
        "frames_per_second": round(rate, 1),
        "looks": LOOKS,
        "one_face": seen,
        "emotions": sorted(told),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
