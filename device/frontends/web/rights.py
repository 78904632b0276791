"""Who may give which command. What is not named here is for staff alone."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Whoever holds a higher one may do all of the lower."""

    GUEST = 0
    """A phone in a café: wishes and likes, nothing that others would have to hear out."""
    LISTENER = 1
    """At home; in a café, whoever stands at the kiosk."""
    STAFF = 2


GUEST = frozenset({"like", "unlike", "wish"})
LISTENER = GUEST | {
    "another_like_this",
    "answer",
    "dismiss",
    "era",
    "guest_begin",
    "guest_end",
    "mood",
    "more_like_this",
    "next",
    "not_this",
    "mute",
    "pause",
    "play",
    "play_album",
    "play_pause",
    "play_track",
    "policy",
    "previous",
    "queue_add",
    "queue_album",
    "queue_clear",
    "queue_move",
    "queue_next",
    "queue_remove",
    "repeat",
    "seek",
    "sleep",
    "stop",
    "tags",
    "volume",
}
AT_HOME = frozenset({"ban", "camera", "unban"})
"""For listeners too where there is no staff: their own camera, their own bans."""
AT_THE_DEVICE = frozenset({"pin_reset"})
"""For nobody on the page, staff neither: whoever holds the device's buttons, or its owner."""
_NEEDED = dict.fromkeys(LISTENER, Role.LISTENER) | dict.fromkeys(GUEST, Role.GUEST)


def may(role: Role, command: str, *, cafe: bool) -> bool:
    """Whether a role may give a command."""
    if command in AT_THE_DEVICE:
        return False
    needed = _NEEDED.get(command, Role.STAFF)
    if not cafe and command in AT_HOME:
        needed = Role.LISTENER
    return role >= needed
