"""Choosing music: what is asked for, and what becomes of the answer."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from contracts.messages import InteractionKind, Playback, Reason, ReasonKind, RecommendRequest, Tier
from contracts.mood import MoodClass
from device.effects import Effect, Note
from device.first_lists import in_era, made_of_tags, own_list, without
from device.policy import aim
from device.session import Repeat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from contracts.track import Track
    from device.core import Core
    from device.events import ListsRead, RankingArrived
    from device.session import Queued

NEUTRAL_MOOD_WEIGHT = 0.5
"""A neutral face says little: taste counts for more."""
RELIEF_VALENCE = 0.2
"""What is asked for at least when the next track may not be sad."""
MOST_ASKED = 200
"""Of an era, whose years no tier is asked for: what is of other years is left out here."""
MOST_EXCLUDED = 2000


class Wishes:
    """What is wished for beside the mood, and what is to happen when it comes."""

    def __init__(self) -> None:
        self.era: int | None = None
        """First year of a decade; None is any."""
        self.switch: InteractionKind | None = None
        """The next answer is played at once, and what plays is left with this."""
        self.planned = False
        """The open question has the daypart's tags, and no others."""
        self.refill = False
        """The open question only fills up a queue that fits."""


def place(core: Core) -> tuple[float, float]:
    """Valence and arousal that the next tracks should have."""
    valence, arousal = aim(core.believed, core.policy, core.tracks_since_mood)
    if core.playlist.sad_enough:
        valence = max(valence, RELIEF_VALENCE)
    return valence, arousal


def ask(core: Core, at: float, *, refill: bool = False, **wishes: object) -> list[Effect]:
    """Ask for a ranking that fits the mood, and the wishes if there are any."""
    if not core.library:
        return []
    mood = core.believed.mood
    known = mood is not MoodClass.UNKNOWN
    valence, arousal = place(core) if known else (0.0, 0.0)
    weight = NEUTRAL_MOOD_WEIGHT if mood is MoodClass.NEUTRAL else float(known)
    part = core.plan.part
    prefer = part.prefer_tags if part and not wishes else ()
    avoid = part.avoid_tags if part else ()
    core.wishes.planned, core.wishes.refill = bool(prefer), refill
    music = core.settings.music
    barred = (*core.playlist.refused, *core.chain.seen(at), *core.playlist.barred(at))
    query = {
        "valence": valence,
        "arousal": arousal,
        "mood_weight": weight,
        "hour": round(core.plan.now.hour, 2) if core.plan.now else None,
        "tags": prefer,
        "exclude": tuple(dict.fromkeys(barred))[:MOST_EXCLUDED],
        "count": MOST_ASKED if core.wishes.era else music.ask_for,
        "allow_explicit": core.explicit_allowed,
        "deadline_ms": int(music.answer_within_seconds * 1000),
        **wishes,
    }
    query["avoid_tags"] = (*avoid, *query.get("avoid_tags", ()))[:32]  # type: ignore[misc]
    return core.asking.ask(RecommendRequest(**query), at)  # type: ignore[arg-type]


def ranked(core: Core, event: RankingArrived) -> list[Effect]:
    """Take over a ranking, as far as it can be played and nobody wanted something else since."""
    effects: list[Effect] = [Note(text=event.error)] if event.error else []
    seen, count = set(core.chain.seen(event.at)), core.settings.music.ask_for
    there = core.playlist.playable(event.tracks, event.tier, event.at)
    playable = list(islice((q for q in there if q.track not in seen), count))
    if core.wishes.era and len(playable) < count:
        playable = _filled_up(core, playable, core.wishes.era, event.at)
    if not core.asking.answered(event, usable=bool(playable)):
        return effects
    if core.wishes.planned:
        playable = [_planned(q) for q in playable]
    effects.append(Note(text=f"{event.tier} ranked {len(playable)} tracks ({event.request})"))
    return effects + use(core, playable, event.at)


def use(core: Core, queued: Iterable[Queued], at: float) -> list[Effect]:
    """Put a list into the queue, and its first track on if that is wanted or nothing plays."""
    refill, core.wishes.refill = core.wishes.refill, False
    core.playlist.replace([*core.playlist.upcoming, *queued] if refill else queued)
    kind, core.wishes.switch = core.wishes.switch, None
    switch = kind is not None and core.deck.playback is Playback.PLAYING
    starved = core.deck.playback is Playback.IDLE and core.wants_music
    if not (switch or starved):
        return []
    left = core.leave(kind or InteractionKind.PLAYED, at)
    return left + core.play_next(at, crossfade=switch)


def last_resort(core: Core, at: float) -> list[Effect]:
    """No tier has anything: music goes on all the same, with what was heard longest ago."""
    core.wishes.switch = None  # nobody has what was wished for
    core.wishes.refill = core.wishes.planned = False
    if core.playlist.next():
        return []
    count = core.settings.music.ask_for
    found = core.playlist.longest_ago(allowed(core), count)
    found = found or core.playlist.longest_ago(lambda t: core.may_be_offered(t.id), count)
    return use(core, found, at) if found else []


def first_list(core: Core, at: float) -> list[Effect]:
    """The listener's own list for the mood that counts, else what the tiers make of it."""
    barred = {*core.playlist.barred(at), *core.playlist.refused}
    there = [q for q in own_list(core.lists, _words(core), core.wishes.era) if _fits(core, q)]
    own = without(there, barred)
    if not own:
        return ask(core, at)
    core.asking.forget()
    core.wishes.refill = core.wishes.planned = False
    note = Note(text=f"{len(own)} tracks of your list {own[0].reason.subject}")
    return [note, *use(core, own, at)]


def end_repeat(core: Core) -> None:
    """Somebody wants something else: what was queued for a repeat goes, what by hand stays."""
    if core.repeat is Repeat.ALBUM and core.deck.playing:
        core.playlist.end_album(core.library.get(core.deck.playing.track))
    core.repeat = Repeat.OFF


def lists_read(core: Core, event: ListsRead) -> list[Effect]:
    """The listener's own lists are these from now on."""
    core.lists = event.lists
    return []


def keep_own_list(core: Core) -> bool:
    """Whether the queue is the listener's own list, which no ranking improves."""
    return any(q.reason.kind is ReasonKind.OWN_LIST for q in core.playlist.upcoming)


def improvable(core: Core) -> bool:
    """Whether the server may know better than the queue: lower tiers made it, or nobody."""
    chosen = [q for q in core.playlist.upcoming if not q.by_hand]
    lower = not chosen or any(q.tier is not Tier.SERVER for q in chosen)
    return lower and not keep_own_list(core)


def allowed(core: Core) -> Callable[[Track], bool]:
    """Tells whether a ranking may bring a track now: by era, explicit words and the daypart."""
    era, explicit = core.wishes.era, core.explicit_allowed
    part = core.plan.part
    avoided = set(part.avoid_tags) if part else set()

    def may_come(track: Track) -> bool:
        if (era and not in_era(track, era)) or (track.explicit and not explicit):
            return False
        words = (*track.genres, *track.tags) if avoided else ()
        return not words or avoided.isdisjoint(word.lower() for word in words)

    return may_come


def _words(core: Core) -> tuple[str, ...]:
    mood = core.believed.mood
    if mood is MoodClass.UNKNOWN:
        return ()
    return tuple(filter(None, (core.hand.word, str(mood))))


def _fits(core: Core, queued: Queued) -> bool:
    track = core.library.get(queued.track)
    return track is not None and (core.explicit_allowed or not track.explicit)


def _filled_up(core: Core, playable: list[Queued], era: int, at: float) -> list[Queued]:
    """What a tier found of an era, and behind it what the tags find: tiers ask for no years."""
    count = core.settings.music.ask_for
    barred = {*core.playlist.barred(at), *core.playlist.refused, *core.chain.seen(at)}
    tracks = filter(allowed(core), core.library.values())
    made = made_of_tags(tracks, *place(core), era, count + len(barred))
    return without([*playable, *made], barred)[:count]


def _planned(queued: Queued) -> Queued:
    if queued.reason.kind is not ReasonKind.TAGS:
        return queued
    reason = Reason(kind=ReasonKind.PLANNED, subject=queued.reason.subject)
    return msgspec.structs.replace(queued, reason=reason)
