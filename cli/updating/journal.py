"""What the updater writes down: for itself after a power cut, and for all who want to know."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cli.updating.health import Look
from cli.updating.layout import CONFIRMED, Layout
from contracts.whole_file import sync, write_whole

FORTH, BACK = "forth", "back"


@dataclass(frozen=True)
class Pending:
    """An update between two versions."""

    former: str
    new: str
    way: str = FORTH
    """`forth`, or `back` once it is decided that the former version returns."""
    before: Look = field(default_factory=Look)
    why: str = ""
    """Why it goes back."""


def write_pending(layout: Layout, pending: Pending) -> None:
    """On the disk when this returns."""
    write_whole(layout.pending, json.dumps(asdict(pending)).encode(), mode=0o600)


def read_pending(layout: Layout) -> Pending | None:
    """The update that is between two versions, if there is one."""
    try:
        table: dict[str, Any] = json.loads(layout.pending.read_bytes())
        return Pending(**{**table, "before": Look.from_json(table["before"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        # Written whole or not at all, so another program was at it. The links still tell.
        former, new = layout.version_at(CONFIRMED), layout.version_at("current")
        return Pending(former, new, BACK, why="its journal cannot be read")


def clear_pending(layout: Layout) -> None:
    """The update is over, one way or the other."""
    layout.pending.unlink(missing_ok=True)
    sync(layout.kept)


@dataclass(frozen=True)
class Told:
    """What is told; contracts/release_state.py describes and reads it."""

    installed: str = ""
    latest: str = ""
    summary: str = ""
    phase: str = "idle"
    percent: float | None = None
    outcome: str = ""
    why: str = ""
    refused: tuple[str, ...] = ()
    """SHA-256 of archives that were not healthy: none is tried again by itself."""


class Teller:
    """The file that says how updating stands."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def told(self) -> Told:
        """What was said last."""
        try:
            table = json.loads(self._path.read_bytes())
            known = {key: table[key] for key in Told.__dataclass_fields__ if key in table}
            return Told(**{**known, "refused": tuple(known.get("refused", ()))})
        except (OSError, ValueError, TypeError):
            return Told()

    def tell(self, **changes: Any) -> None:  # noqa: ANN401 - fields of Told
        """Say what changed."""
        now = replace(self.told(), **changes)
        if now != self.told() or not self._path.is_file():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, json.dumps(asdict(now), indent=1).encode(), mode=0o644)
