"""`python -m recommender_server explain`: why a track stands where it does for a listener."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table

from contracts.messages import Reason, ReasonKind, RecommendRequest
from contracts.ranking import Explained, explain, rank
from contracts.track import TrackId
from recommender_server import generation
from recommender_server.errors import RecommenderError
from recommender_server.interactions import deeds_of, opinions
from recommender_server.packs import Packs
from recommender_server.recordings import song_title
from recommender_server.service import shipped_or_own_tags
from recommender_server.store import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.track import Track
    from recommender_server.settings import RecommenderSettings
    from recommender_server.storage import LibraryRow, Storage

MOST_NAMED = 5
PARTS = {
    ReasonKind.POPULAR: "popularity",
    ReasonKind.NEW: "novelty",
    ReasonKind.MOOD: "mood",
    ReasonKind.HOUR: "time of day",
    ReasonKind.LIKED: "taste",
    ReasonKind.TAGS: "tags asked for",
    ReasonKind.SIMILAR: "likeness to the seed",
}
SENTENCES = {
    ReasonKind.POPULAR: "It is played often, and nothing else lifts it more.",
    ReasonKind.NEW: "It was not heard yet, and nothing else lifts it more.",
    ReasonKind.MOOD: "It fits the mood: {subject}.",
    ReasonKind.HOUR: "It suits the {subject}.",
    ReasonKind.LIKED: "It is to this listener's taste, because of {subject}.",
    ReasonKind.TAGS: "It is what was asked for: {subject}.",
    ReasonKind.SIMILAR: "It goes with {subject}.",
}


class ExplainError(RecommenderError):
    """The listener or the track is not known, or not known well enough."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One addend of the score."""

    part: str
    score: float
    library_mean: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a track stands where it does; the score is the sum of the parts."""

    device: str
    listener: str
    track: str
    title: str
    artist: str
    generation: str
    score: float
    place: int
    """In the whole ranking, from 1; 0 when it may not come at all."""
    parts: tuple[Part, ...]
    reason: str
    confidence: float
    """What the listener's own deeds with this very track say."""


def explained(
    settings: RecommenderSettings, listener: str, track: str, request: RecommendRequest
) -> Explanation:
    """Why, with the code that ranks live and the listener's own pack.

    `listener` is LISTENER or DEVICE/LISTENER, `track` its id or a part of artist and title.

    Raises:
        ExplainError: either is not known, or means several; says what to write instead.

    """
    data = Path(settings.data_folder)
    store = open_store(data)
    try:
        device, name = _who(store, listener)
        number = store.library_number(device, "")
        rows = [] if number is None else store.library_rows(number)
        found = _track(rows, track)
        made = generation.newest(data) or generation.untrained(shipped_or_own_tags(settings))
        pack = Packs(store, settings).of(device, "", name, made)
        own = opinions(deeds_of(store, device, name), settings.confidence).get(found.id)
    finally:
        store.close()
    assert pack is not None  # noqa: S101 - it has rows
    why = explain(pack, request, found.id)
    whole = msgspec.structs.replace(request, count=len(pack.tracks))
    places = [entry.track for entry in rank(pack, whole)] if why.allowed else []
    titles = {row.track.id: row.track.title for row in rows}
    return Explanation(
        device=device,
        listener=name,
        track=found.id,
        title=found.title,
        artist=found.artist,
        generation=made.name,
        score=round(sum(addend.score for addend in why.addends), 4),
        place=places.index(found.id) + 1 if found.id in places else 0,
        parts=_parts(why),
        reason=sentence(why, titles) if why.allowed else "It may not come: it is banned.",
        confidence=round(own.confidence, 2) if own else 0.0,
    )


def _parts(why: Explained) -> tuple[Part, ...]:
    return tuple(
        Part(part=PARTS[kind], score=round(score, 4), library_mean=round(mean, 4))
        for kind, score, mean in why.addends
    )


def sentence(why: Explained, titles: Mapping[TrackId, str]) -> str:
    """The reason in words; a track is named by its title."""
    reason: Reason = why.reason
    subject = titles.get(TrackId(reason.subject)) or reason.subject or "what it is like"
    return SENTENCES[reason.kind].format(subject=subject)


def _who(store: Storage, listener: str) -> tuple[str, str]:
    """Device and listener; one who did nothing yet is known by a device's name."""
    device, slash, name = listener.rpartition("/")
    known = [(d, who) for d, who in store.listeners() if who == name and device in {"", d}]
    if slash and device in store.devices():
        return device, name
    if len(known) == 1:
        return known[0]
    there = ", ".join(f"{d}/{who}" for d, who in known or store.listeners()) or "nobody yet"
    problem = "is several listeners" if known else "is no listener known here"
    msg = f"{listener!r} {problem}: write DEVICE/LISTENER; there are {there}"
    raise ExplainError(msg)


def _track(rows: list[LibraryRow], wanted: str) -> Track:
    """The track of this id, or the one whose artist and title have all these words."""
    by_id = next((row.track for row in rows if row.track.id == wanted), None)
    if by_id is not None:
        return by_id
    words = set(song_title(wanted).split())
    found = [t for t, _ in rows if words <= set(song_title(f"{t.artist} {t.title}").split())]
    exact = [t for t in found if song_title(t.title) == song_title(wanted)]
    if len(found) == 1 or len(exact) == 1:
        return (exact or found)[0]
    some = "; ".join(f"{t.id} {t.artist} - {t.title}" for t in found[:MOST_NAMED])
    problem = f"is {len(found)} tracks: {some}" if found else "is in no track's artist and title"
    msg = f"{wanted!r} {problem}: write more of it, or a track's id"
    raise ExplainError(msg)


def print_explanation(
    settings: RecommenderSettings,
    listener: str,
    track: str,
    request: RecommendRequest,
    *,
    as_json: bool,
) -> None:
    """Print it, as a table or as JSON."""
    found = explained(settings, listener, track, request)
    if as_json:
        print(msgspec.json.encode(found).decode())  # noqa: T201 - the answer
        return
    table = Table(title=f"{found.artist} - {found.title}\nfor {found.device}/{found.listener}")
    table.add_column("part")
    for column in ("score", "library's mean", "lift"):
        table.add_column(column, justify="right")
    for part in found.parts:
        lift = part.score - part.library_mean
        table.add_row(part.part, f"{part.score:.3f}", f"{part.library_mean:.3f}", f"{lift:+.3f}")
    table.add_section()
    table.add_row("sum", f"{found.score:.3f}", "", "")
    console = Console()
    console.print(table)
    where = f"place {found.place} of the whole library" if found.place else "not to be played"
    console.print(f"{found.reason} {where}, generation {found.generation}.")
    console.print(f"The listener's own deeds with it weigh {found.confidence:g}.")
