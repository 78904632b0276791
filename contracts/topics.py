"""MQTT topics. The version is in the topic, and no id enters one unchecked."""

from __future__ import annotations

import re

from contracts.errors import ContractError

ROOT = "mlfym/v1"
SERVER_AVAILABILITY = f"{ROOT}/server/availability"
ONLINE, OFFLINE = b"online", b"offline"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RESERVED = frozenset({"server"})

AVAILABILITY = "availability"
STATE = "state"
EVENT = "event"
HOME = "home"
COVER = "cover"
COMMAND = "command"
ANSWER = "answer"
RECOMMEND_REQUEST = "recommend/request"
RECOMMEND_REPLY = "recommend/reply"
INTERACTIONS = "interactions"
INTERACTIONS_ACK = "interactions/ack"
LIBRARY = "library"
LIBRARY_CHANGE = "library/change"
LIBRARY_ACK = "library/ack"
FORGET = "forget"
FORGET_ACK = "forget/ack"
PACK_REQUEST = "pack/request"
PACK = "pack"


class TopicError(ContractError):
    """An id or a topic that this protocol does not know."""


def checked_id(device_id: str) -> str:
    """The id itself, if it may stand in a topic.

    Raises:
        TopicError: it is empty, reserved, too long or has a character other than
            letters, digits, `_` and `-`.

    """
    if not _ID.fullmatch(device_id) or device_id in _RESERVED:
        msg = f"{device_id!r} is no device id: use up to 64 letters, digits, - and _"
        raise TopicError(msg)
    return device_id


def of_device(device_id: str, leaf: str) -> str:
    """Topic `leaf` of one device."""
    return f"{ROOT}/{checked_id(device_id)}/{leaf}"


def of_all_devices(leaf: str, *, group: str = "") -> str:
    """Subscription to `leaf` of every device, shared among `group` when it is named."""
    shared = f"$share/{group}/" if group else ""
    return f"{shared}{ROOT}/+/{leaf}"


def split(topic: str) -> tuple[str, str]:
    """Device id and leaf of a device's topic.

    Raises:
        TopicError: it is not a topic of this version's devices.

    """
    prefix = f"{ROOT}/"
    device_id, slash, leaf = topic.removeprefix(prefix).partition("/")
    if not topic.startswith(prefix) or not slash or not leaf:
        msg = f"{topic!r} is not a topic of {ROOT}"
        raise TopicError(msg)
    return checked_id(device_id), leaf
