"""`python -m device.vision`: watches for core, and through the camera when core says so.

Failure policy: a model that is missing or altered ends the program with status 78, which a
restart cannot mend. A camera that hangs and shall be closed ends it with 75, so that the kernel
closes it and a restart begins anew. Everything else is retried from within. systemd hears of
every turn of the loop, and ends a vision that hangs.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

from contracts.model_manifest import ModelError
from contracts.settings import EXIT_REFUSED
from device.notify import Notifier
from device.vision.camera import MonotonicClock, open_camera
from device.vision.capture import Bell, CameraThread
from device.vision.link import serve
from device.vision.memory import give_back
from device.vision.service import Vision
from device.vision.shutter import CameraStuckError, Shutter
from device.vision.sight import MODELS, load_sight

log = logging.getLogger("device.vision")

DEFAULT_SOCKET = Path("/run/mlfym/vision.sock")


class Program:
    """The running program: what the signals stop."""

    def __init__(self, models: Path) -> None:
        self._clock, self._bell, self._ended = MonotonicClock(), Bell(), False
        self._vision = Vision(load_sight(models), Shutter(self._capture))
        give_back()

    def run(self, socket: Path) -> None:
        """Serve core until a signal comes.

        Raises:
            CameraStuckError: the process must end for the camera to be closed.

        """
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._end)
        notifier = Notifier()
        notifier.ready()
        serve(
            self._vision,
            socket,
            clock=self._clock,
            bell=self._bell,
            stopping=lambda: self._ended,
            alive=notifier.alive,
        )
        notifier.stopping()

    def _end(self, *_signal: object) -> None:
        self._ended = True
        self._bell.ring()

    def _capture(self, camera: str) -> CameraThread:
        clock = self._clock
        return CameraThread(lambda: open_camera(camera, clock), clock, self._bell.ring)


def main(arguments: list[str] | None = None) -> int:
    """Run vision; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m device.vision", description=__doc__)
    parser.add_argument("--socket", type=Path, default=DEFAULT_SOCKET, help="core's socket")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the models")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="vision: %(message)s")
    try:
        Program(chosen.models).run(chosen.socket)
    except ModelError as error:
        log.error("%s", error)  # noqa: TRY400 - the person needs the message, not the trace
        return EXIT_REFUSED
    except CameraStuckError as error:
        log.error("%s", error)  # noqa: TRY400
        logging.shutdown()
        # The hanging thread would make an orderly end hang too.
        os._exit(os.EX_TEMPFAIL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
