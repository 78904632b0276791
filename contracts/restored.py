"""The last step of a restore: files that lie ready take their places, all of them.

A folder named READY is complete. Whoever finds one, after a power cut too, finishes the work.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from contracts.whole_file import sync

if TYPE_CHECKING:
    from pathlib import Path

READY = "restore.ready"
DATABASE = ".sqlite"
BESIDE_DATABASE = ("-wal", "-shm")


def finish_restore(folder: Path) -> bool:
    """Put what lies ready in its place, before anything in the folder is opened.

    Returns:
        Whether there was anything.

    Raises:
        OSError: it cannot be moved; it still lies ready.

    """
    ready = folder / READY
    if not ready.is_dir():
        return False
    for file in sorted(path for path in ready.rglob("*") if path.is_file()):
        place = folder / file.relative_to(ready)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.suffix == DATABASE:
            # The log belongs to what goes: beside the other database it would be nonsense.
            for ending in BESIDE_DATABASE:
                place.with_name(place.name + ending).unlink(missing_ok=True)
        file.replace(place)
        sync(place.parent)
    shutil.rmtree(ready)
    sync(folder)
    return True
