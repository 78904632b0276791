"""A listener's history as ListenBrainz exports it: JSON, JSON lines, or the whole zip.

Each month of a listener is a list: what was heard in the same weeks belongs together, and a later
export replaces the months it has. A song counts 1 + log2 of how often it was played in the month.
"""

from __future__ import annotations

import math
import zipfile
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from recommender_server.importers.intake import (
    NO_TITLE,
    ImportFileError,
    Intake,
    decoded,
    read_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EXPECTED = "listens as ListenBrainz exports them"
NO_TIME = "a listen without its time"
LARGEST_BYTES = 1 << 30
"""Of one file within a zip: 1 GiB unpacked, some five million listens."""


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard."""

    artist_name: str = ""
    track_name: str = ""
    additional_info: dict[str, Any] | None = None
    mbid_mapping: dict[str, Any] | None = None


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """One listen; exports of different years call its time differently."""

    track_metadata: Metadata
    listened_at: int | None = None
    timestamp: int | None = None
    user_name: str = ""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of ListenBrainz' API, as some save it."""

    listens: tuple[Listen, ...]
    user_id: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the API."""

    payload: Payload


def take(path: Path, intake: Intake, stepped: Callable[[float], None]) -> None:
    """A file, or a folder of JSON lines."""
    months: dict[str, Counter[int]] = {}
    items: dict[tuple[str, str, str], int] = {}
    for listens, done in _parts(path):
        stepped(done)
        for listen in listens:
            at = listen.listened_at or listen.timestamp
            item = _item(listen.track_metadata, items, intake)
            if item is None or not at:
                intake.leave(NO_TITLE if item is None else NO_TIME)
                continue
            month = f"{datetime.fromtimestamp(at, UTC):%Y-%m}"
            months.setdefault(f"{listen.user_name or 'listener'} {month}", Counter())[item] += 1
    for name, plays in sorted(months.items()):
        weights = {item: 1.0 + math.log2(count) for item, count in plays.items()}
        intake.take(name, weights, plays.total())


def _item(heard: Metadata, items: dict[tuple[str, str, str], int], intake: Intake) -> int | None:
    if not heard.track_name or not heard.artist_name:
        return None
    told = (heard.additional_info or {}, heard.mbid_mapping or {})
    mbid = next((m for t in told if isinstance(m := t.get("recording_mbid"), str)), "")
    isrc = told[0].get("isrc")
    name = (heard.artist_name, heard.track_name, mbid)
    if name not in items:
        items[name] = intake.song(
            heard.track_name,
            heard.artist_name,
            key=mbid or "\t".join(name),
            mbid=mbid,
            isrc=isrc if isinstance(isrc, str) else "",
        )
    return items[name]


def _parts(path: Path) -> Iterator[tuple[list[Listen], float]]:
    """Listens file by file, and the share of files done."""
    if path.suffix == ".zip":
        yield from _of_zip(path)
        return
    files = [path] if path.is_file() else sorted(path.rglob("*.jsonl"))
    files = [file for file in files if file.name != "feedback.jsonl"]
    if not files:
        raise ImportFileError(path, "it has no .jsonl")
    for done, file in enumerate(files):
        yield _listens(file, file.name, read_bytes(file)), done / len(files)


def _of_zip(path: Path) -> Iterator[tuple[list[Listen], float]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.startswith("listens/")]
            members = [m for m in members if m.filename.endswith(".jsonl")]
            if not members:
                raise ImportFileError(path, "it has no listens/*.jsonl")
            for done, member in enumerate(members):
                if member.file_size > LARGEST_BYTES:
                    why = f"{member.filename} unpacks to {member.file_size} bytes"
                    raise ImportFileError(path, why)
                content = archive.read(member)
                yield _listens(path, member.filename, content), done / len(members)
    except (OSError, zipfile.BadZipFile) as error:
        raise ImportFileError(path, f"it is no zip that can be read ({error})") from error


def _listens(path: Path, name: str, content: bytes) -> list[Listen]:
    if name.endswith(".jsonl"):
        lines = enumerate(content.splitlines(), start=1)
        return [
            decoded(path, line, Listen, f"{EXPECTED}, line {number} of {name}")
            for number, line in lines
            if line.strip()
        ]
    if content.lstrip()[:1] == b"[":
        return decoded(path, content, list[Listen], EXPECTED)
    answer: Answer = decoded(path, content, Answer, EXPECTED)
    who = answer.payload.user_id
    return [msgspec.structs.replace(one, user_name=who) for one in answer.payload.listens]
