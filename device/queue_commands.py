"""Commands about the queue: what a listener chose goes first and stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import InteractionKind, Reason, ReasonKind, Tier
from device.command import Command, CommandError, Done, known_track, number, titled, track_ids
from device.session import Queued

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contracts.track import Track, TrackId
    from device.core import Core

LONGEST = 500
"""Tracks that may be chosen ahead: a day of music."""


def _playable(core: Core, tracks: Iterable[TrackId]) -> list[Track]:
    """These tracks, if all of them may be played.

    Raises:
        CommandError: one is not there, was banned, is broken, or may not be heard now.

    """
    known = [known_track(core, track) for track in tracks]
    for track in known:
        if track.id in core.banned:
            msg = f"{titled(track)} was banned: unban {track.id} first"
            raise CommandError(msg)
        if core.playlist.is_refused(track.id):
            msg = f"{titled(track)} cannot be played: its file is damaged"
            raise CommandError(msg)
        if track.explicit and not core.explicit_allowed:
            msg = f"{titled(track)} has explicit words, which are not played here now"
            raise CommandError(msg)
    chosen = sum(q.by_hand for q in core.playlist.upcoming)
    if chosen + len(known) > LONGEST:
        msg = f"the queue is full: {LONGEST} tracks can be chosen ahead"
        raise CommandError(msg)
    return known


def _chosen(tracks: Iterable[Track], album: str = "") -> list[Queued]:
    reason = Reason(kind=ReasonKind.CHOSEN, subject=album)
    return [Queued(track=t.id, reason=reason, tier=Tier.DEFAULTS, by_hand=True) for t in tracks]


def _named(tracks: list[Track]) -> str:
    more = f" and {len(tracks) - 1} more" if len(tracks) > 1 else ""
    return f"{titled(tracks[0])}{more}"


def _add(core: Core, argument: str, _at: float) -> Done:
    tracks = _playable(core, track_ids(argument))
    core.playlist.put(_chosen(tracks))
    return Done([], f"queued: {_named(tracks)}")


def _next_up(core: Core, argument: str, _at: float) -> Done:
    tracks = _playable(core, track_ids(argument))
    core.playlist.put(_chosen(tracks), place=0)
    return Done([], f"next: {_named(tracks)}")


def _play_track(core: Core, argument: str, at: float) -> Done:
    tracks = _playable(core, track_ids(argument))
    return _start(core, _chosen(tracks), at, f"plays {_named(tracks)}")


def _album(core: Core, argument: str) -> list[Track]:
    track = known_track(core, track_ids(argument)[0])
    there = [t.id for t in core.albums.of(track)]
    fitting = [t for t in there if core.may_be_offered(t)]
    if not fitting:
        msg = f"nothing of {track.album or titled(track)} may be played now"
        raise CommandError(msg)
    return _playable(core, fitting)


def _play_album(core: Core, argument: str, at: float) -> Done:
    tracks = _album(core, argument)
    album = tracks[0].album
    return _start(core, _chosen(tracks, album), at, f"plays {album or _named(tracks)}")


def _add_album(core: Core, argument: str, _at: float) -> Done:
    tracks = _album(core, argument)
    core.playlist.put(_chosen(tracks, tracks[0].album))
    return Done([], f"queued: {tracks[0].album or _named(tracks)}, {len(tracks)} tracks")


def _start(core: Core, queued: list[Queued], at: float, text: str) -> Done:
    core.hold = None
    core.chain.end()
    core.playlist.put(queued, place=0)
    left = core.leave(InteractionKind.PLAYED, at)
    return Done(left + core.play_next(at, crossfade=True), text)


def _queued(core: Core, word: str) -> Queued:
    """A track of the queue by its id or its number, 1 the next.

    Raises:
        CommandError: it is not queued.

    """
    queue = core.playlist.upcoming
    by_number = word.isascii() and word.isdecimal() and len(word) < 6  # noqa: PLR2004 - no id
    place = int(word) - 1 if by_number else -1
    found = next((q for n, q in enumerate(queue) if n == place or q.track == word), None)
    if found is None:
        msg = f"{word!r} is not in the queue, which has {len(queue)} tracks"
        raise CommandError(msg)
    return found


def _remove(core: Core, argument: str, _at: float) -> Done:
    gone = _queued(core, argument.strip())
    core.playlist.drop(lambda q: q is not gone)
    return Done([], f"taken out: {core.playlist.choice(gone).title}")


def _move(core: Core, argument: str, _at: float) -> Done:
    word, _, place = argument.strip().partition(" ")
    moved = _queued(core, word)
    to = number(place.strip(), "queue_move to", 1, len(core.playlist.upcoming))
    core.playlist.move(moved.track, to - 1)
    return Done([], f"{core.playlist.choice(moved).title} is number {to} now")


def _clear(core: Core, _argument: str, at: float) -> Done:
    count = sum(q.by_hand for q in core.playlist.upcoming)
    core.playlist.drop(lambda _: False)
    return Done(core.ask(at), f"the queue was emptied of {count} chosen tracks; others will come")


IDS = "ids of tracks, as search and the queue show them"
ALBUM = "the id of any track of the album"
IN_QUEUE = "the number or id of a queued track"


def _ids(text: str) -> object:
    return track_ids(text)


def _needed(text: str) -> object:
    if not text.strip():
        msg = f"name {IN_QUEUE}"
        raise CommandError(msg)
    return text


COMMANDS = {
    "play_track": Command(_play_track, "Play these now", IDS, check=_ids),
    "play_album": Command(_play_album, "Play an album now", ALBUM, check=_ids),
    "queue_add": Command(_add, "Play these when what was chosen is over", IDS, check=_ids),
    "queue_next": Command(_next_up, "Play these next", IDS, check=_ids),
    "queue_album": Command(_add_album, "Queue an album", ALBUM, check=_ids),
    "queue_remove": Command(_remove, "Take a track out", IN_QUEUE, check=_needed),
    "queue_move": Command(
        _move, "Bring a track to a place", f"{IN_QUEUE}, and its new number", check=_needed
    ),
    "queue_clear": Command(_clear, "Empty the queue; the device fills it anew"),
}
