"""Reasons in words that a listener understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import Reason, ReasonKind
from contracts.track import Track, TrackId

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = {
    ReasonKind.MOOD: "{subject}, like your mood",
    ReasonKind.LIKED: "because you play {subject}",
    ReasonKind.SIMILAR: "goes with {subject}",
    ReasonKind.TAGS: "{subject}, as you asked",
    ReasonKind.POPULAR: "played often",
    ReasonKind.NEW: "not heard yet",
    ReasonKind.HOUR: "suits the {subject}",
    ReasonKind.RELIEF: "a change after sad music",
    ReasonKind.CHOSEN: "you chose {subject}",
    ReasonKind.OWN_LIST: "from your list {subject}",
    ReasonKind.PLANNED: "{subject}, for this time of day",
    ReasonKind.ERA: "from the {subject}",
    ReasonKind.LONGEST_AGO: "not heard for the longest time",
}
_WITHOUT_SUBJECT = {
    ReasonKind.MOOD: "fits your mood",
    ReasonKind.LIKED: "like what you play",
    ReasonKind.SIMILAR: "goes with the last track",
    ReasonKind.TAGS: "as you asked",
    ReasonKind.HOUR: "suits the time of day",
    ReasonKind.CHOSEN: "you chose it",
    ReasonKind.OWN_LIST: "from your own list",
    ReasonKind.PLANNED: "for this time of day",
    ReasonKind.ERA: "from the years you asked for",
}


def reason_words(
    reason: Reason, library: Mapping[TrackId, Track], chosen: TrackId | None = None
) -> str:
    """One short English phrase about the track `chosen`; a subject that is a track is named by
    its title.
    """
    if reason.kind is ReasonKind.LIKED and reason.subject == chosen:
        return "you have played it before"
    track = library.get(TrackId(reason.subject))
    subject = track.title if track else reason.subject
    if not subject and reason.kind in _WITHOUT_SUBJECT:
        return _WITHOUT_SUBJECT[reason.kind]
    return _WORDS[reason.kind].format(subject=subject)
