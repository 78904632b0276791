"""Commands of a café: a guest's session before the camera, their wish, the staff's check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import Reason, ReasonKind, Tier
from device import guest
from device.command import Command, CommandError, Done, known_track, titled, track_ids
from device.effects import SetCamera
from device.session import Queued
from device.wish_rules import CLOSED, OPEN, Closed, WishRules, WishRulesError, changed

if TYPE_CHECKING:
    from contracts.track import Track
    from device.core import Core

CONFIRMED = "confirmed"


def _begin(core: Core, _argument: str, at: float) -> Done:
    if not core.settings.web.cafe:
        msg = "sessions are a café's: at home the camera is turned on and off"
        raise CommandError(msg)
    if core.guest.mounting is None or core.guest.mounting != core.masks:
        msg = "the camera stays closed until staff confirm its mounting and masks on their page"
        raise CommandError(msg, "mounting")
    core.guest.begin(at)
    return Done([SetCamera(on=True)], "the camera opens for this session")


def _end(core: Core, _argument: str, _at: float) -> Done:
    if not core.settings.web.cafe:
        core.dialogue.close()
        return Done([], "there is no session to end")
    return Done(guest.end(core), "the session is over and forgotten")


def _mounting(core: Core, _argument: str, _at: float) -> Done:
    if not core.masks:
        msg = "mask the areas of staff first: at least the place behind the counter"
        raise CommandError(msg)
    core.guest.mounting = core.masks
    return Done([], f"mounting confirmed, with {len(core.masks)} masks")


def _wish(core: Core, argument: str, _at: float) -> Done:
    track = known_track(core, track_ids(argument)[0])
    _check(core, track)
    _check_taking(core)
    reason = Reason(kind=ReasonKind.CHOSEN)
    wished = Queued(track=track.id, reason=reason, tier=Tier.DEFAULTS, by_hand=True)
    core.playlist.put([wished])
    return Done([], f"wished for: {titled(track)}")


def _check(core: Core, track: Track) -> None:
    """Raise a CommandError where the house does not want the track now."""
    part, named, rules = core.plan.part, titled(track), guest.wish_rules(core)
    unwanted = set(part.avoid_tags) & {*track.tags, *track.genres} if part else set()
    queue = core.playlist.upcoming
    playing = core.deck.playing
    why = code = ""
    if track.id in core.banned or core.playlist.is_refused(track.id):
        why, code = f"{named} is not played here", "wish_banned"
    elif track.explicit and not (core.explicit_allowed and rules.explicit):
        why, code = f"{named} has explicit words, which are not played here now", "wish_explicit"
    elif part and unwanted:
        why, code = f"{named} does not fit {part.name}: try again later", "wish_unfit"
    elif any(q.track == track.id and q.by_hand for q in queue) or (
        playing and playing.track == track.id
    ):
        why, code = f"{named} plays, or is wished for already", "wish_already"
    if why:
        raise CommandError(why, code)


def _check_taking(core: Core) -> None:
    """Raise a CommandError while no song can be wished for; staff may in spite of their rule."""
    part, closed = core.plan.part, guest.taking(core).closed
    if closed is Closed.QUIET and part:
        msg = f"{part.name} is a quiet time, in which no wishes are taken: try again later"
        raise CommandError(msg, "wish_quiet")
    if closed is Closed.FULL:
        msg = "so many wishes wait that yours would take hours: try again later"
        raise CommandError(msg, "wish_full")


def _wishes(core: Core, argument: str, _at: float) -> Done:
    rules = _changed(guest.wish_rules(core), argument)
    core.guest.rules_by_hand = rules
    if not rules.open:
        return Done([], "no wishes are taken")
    explicit = "" if rules.explicit else ", none with explicit words"
    return Done([], f"one wish a guest in {rules.minutes:g} minutes{explicit}")


def _changed(rules: WishRules, argument: str) -> WishRules:
    try:
        return changed(rules, argument)
    except WishRulesError as error:
        raise CommandError(str(error)) from error


def _one_track(text: str) -> object:
    return track_ids(text)[0]


COMMANDS = {
    "guest_begin": Command(_begin, "A guest has read the notice: open the camera for them"),
    "guest_end": Command(_end, "The guest has gone: close the camera and forget them"),
    "mounting": Command(
        _mounting, "Staff have checked the camera's mounting and masks", choices=(CONFIRMED,)
    ),
    "wish": Command(
        _wish, "A guest's wish: queued if it fits", "the id of a track", check=_one_track
    ),
    "wishes": Command(
        _wishes,
        "What guests may wish for, and how often",
        f"`{OPEN}`, `{CLOSED}`, or JSON: open, minutes, explicit, most_waiting",
        check=lambda argument: _changed(WishRules(), argument),
    ),
}
