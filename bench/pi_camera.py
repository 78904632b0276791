"""The Pi camera's driver on the real picamera2 and libcamera's virtual camera, in a Debian 13.

Runs tests/test_picamera.py there, then vision's models on what the camera sees of the bundled reel.
Needs root; the Debian is made once under ~/.cache/mlfym (500 MB).
"""

from __future__ import annotations

import argparse
import json
import sys

from bench.arm64.userland import UserlandError
from bench.needs import EXIT_SKIPPED
from bench.virtual_camera.debian import VirtualCamera, lacking


def run(arguments: list[str]) -> int:
    """Run both; 0 when they pass, 1 when not, 77 where they cannot be run."""
    argparse.ArgumentParser("./mlfym bench pi-camera", description=__doc__).parse_args(arguments)
    if why := lacking():
        sys.stderr.write(f"bench pi-camera cannot be run here: {why}\n")
        return EXIT_SKIPPED
    camera = VirtualCamera()
    try:
        camera.make()
        camera.bring()
        camera.see_scene()
        sys.stdout.write(camera.run(*_pytest()))
        camera.see_reel()
        found = json.loads(camera.run("-m", "bench.virtual_camera.watching"))
    except UserlandError as error:
        sys.stderr.write(f"bench pi-camera: {error}\n")
        return 1
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return int(found["one_face"] < found["looks"])


def _pytest() -> tuple[str, ...]:
    plain = ("-p", "no:cacheprovider", "--noconftest", "--rootdir", "/opt/mlfym/app")
    return ("-m", "pytest", "-q", *plain, "/opt/mlfym/app/tests/test_picamera.py")
