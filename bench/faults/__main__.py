"""`python -m bench.faults NAME --music FOLDER --times N`: one fault; a JSON line for each trial."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

import msgspec

from bench.faults.fault import Ground, NotSurvivedError, Trial
from bench.faults.registry import FAULTS


def main() -> int:
    """Inject it; what is not a trial goes to standard error."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("name", choices=FAULTS)
    parser.add_argument("--music", type=Path, required=True)
    parser.add_argument("--times", type=int, required=True)
    options = parser.parse_args()
    # However it is ended, it ends what it started; an interrupt may be ignored in the background.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    fault = FAULTS[options.name]
    with tempfile.TemporaryDirectory(prefix="mlfym-fault-") as folder:
        ground = Ground(Path(folder) / "house", options.music, options.times)
        try:
            for trial in fault.inject(ground):
                _tell(fault.judged(trial))
        except NotSurvivedError as error:
            _tell(Trial(survived=False, why=str(error)))
    return 0


def _tell(trial: Trial) -> None:
    sys.stdout.write(msgspec.json.encode(trial).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
