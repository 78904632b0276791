"""Every struct that crosses a border; new ones are found by themselves."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect as types

from contracts import messages, vision_wire
from contracts.messages import Message, MessageError, Tier, decode, encode
from contracts.mood import Mood
from contracts.topics import (
    ROOT,
    TopicError,
    checked_id,
    of_all_devices,
    of_device,
    split,
)
from contracts.track import Track
from contracts.vision_wire import (
    FromVision,
    Packet,
    ToVision,
    VisionMessageError,
    decode_from_vision,
    decode_to_vision,
)
from tests.contract_values import just_outside, structs_of, values_of

MESSAGES = structs_of(Message)
PACKETS = structs_of(Packet)
PARTS: list[type[msgspec.Struct]] = [Track, Mood, vision_wire.Box, vision_wire.Face]
CROSSING = [*MESSAGES, *PACKETS, *PARTS]
quick = settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)


def crossed(value: msgspec.Struct) -> msgspec.Struct:
    """What the other side reads of a value, through the functions that the programs use."""
    kind = type(value)
    if isinstance(value, Message):
        return decode(encode(value), kind)
    if isinstance(value, Packet):
        side = decode_to_vision if kind in ToVision.__args__ else decode_from_vision
        return side(vision_wire.encode(value))  # type: ignore[arg-type]
    return msgspec.json.decode(msgspec.json.encode(value), type=kind)


def plain(kind: type[msgspec.Struct]) -> dict[str, object]:
    """The least that is a valid value, as a table with all keys."""
    value = _simplest(kind)
    return {**{f: getattr(value, f) for f in kind.__struct_fields__}, **_tag(kind)}


def _tag(kind: type[msgspec.Struct]) -> dict[str, object]:
    tag = kind.__struct_config__.tag
    return {"type": tag} if tag else {}


def _simplest(kind: type[msgspec.Struct]) -> msgspec.Struct:
    found: list[msgspec.Struct] = []

    @settings(max_examples=1, database=None, deadline=None, derandomize=True)
    @given(values_of(kind))
    def keep(value: msgspec.Struct) -> None:
        found.append(value)

    keep()
    return found[0]


@pytest.mark.parametrize("kind", CROSSING)
def test_every_struct_survives_the_journey(kind: type[msgspec.Struct]) -> None:
    """Whatever is sent is what is received, to the last digit."""

    @quick
    @given(values_of(kind))
    def journey(value: msgspec.Struct) -> None:
        assert crossed(value) == value

    journey()


@pytest.mark.parametrize("kind", CROSSING)
def test_every_struct_is_frozen(kind: type[msgspec.Struct]) -> None:
    """Nobody changes a message that somebody else holds, or counts on the order of its fields."""
    assert kind.__struct_config__.frozen
    if kind.__struct_fields__:
        with pytest.raises(TypeError):
            kind("by position")


@pytest.mark.parametrize("kind", CROSSING)
def test_unknown_keys_are_ignored(kind: type[msgspec.Struct]) -> None:
    """An older program understands a newer one's message."""
    table = plain(kind)
    newer = msgspec.json.encode({**table, "of_tomorrow": {"nested": [1]}})
    assert msgspec.json.decode(newer, type=kind) == msgspec.convert(table, kind)


BOUNDED = [
    pytest.param(kind, field.encode_name, value, id=f"{kind.__name__}.{field.name}={value!r:.12}")
    for kind in CROSSING
    for field in types.type_info(kind).fields  # type: ignore[attr-defined]
    for value in just_outside(field.type)
]


@pytest.mark.parametrize(("kind", "field", "value"), BOUNDED)
def test_what_is_out_of_range_is_refused(
    kind: type[msgspec.Struct], field: str, value: object
) -> None:
    """A value beyond a field's bounds is refused, and the refusal names the field."""
    payload = msgspec.json.encode({**plain(kind), field: value})
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.json.decode(payload, type=kind)


@pytest.mark.parametrize("kind", CROSSING)
def test_missing_values_are_refused(kind: type[msgspec.Struct]) -> None:
    """A message without a required value is refused."""
    for field in msgspec.structs.fields(kind):
        if field.required:
            table = {key: v for key, v in plain(kind).items() if key != field.name}
            with pytest.raises(msgspec.ValidationError, match=field.name):
                msgspec.json.decode(msgspec.json.encode(table), type=kind)


def test_every_packet_has_a_side() -> None:
    """Each packet is either core's or vision's; none is forgotten by both decoders."""
    assert set(PACKETS) == set(ToVision.__args__) | set(FromVision.__args__)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"kind":1}'])
def test_rubbish_is_a_message_error(payload: bytes) -> None:
    """Whatever arrives, the only error is MessageError, and it names what was expected."""
    with pytest.raises(MessageError, match="Interaction"):
        decode(payload, messages.Interaction)


@pytest.mark.parametrize("payload", [b"", b"[" * 100_000, b'{"type":"Nonsense"}', b"\xff"])
def test_rubbish_is_a_vision_message_error(payload: bytes) -> None:
    """Neither side falls over what the other sends."""
    with pytest.raises(VisionMessageError):
        decode_to_vision(payload)
    with pytest.raises(VisionMessageError):
        decode_from_vision(payload)


def test_deep_nesting_is_a_message_error() -> None:
    """A hundred thousand brackets do not end the program."""
    with pytest.raises(MessageError):
        decode(b'{"tracks":' + b"[" * 100_000, messages.RecommendReply)


def test_defaults_are_not_sent() -> None:
    """A message is as short as it can be: what is at its default stays at home."""
    assert json.loads(encode(messages.State(tier=Tier.PACK))) == {"tier": "pack"}


@pytest.mark.parametrize(
    "device_id",
    ["", "a/b", "+", "a+", "#", "a#", "$SYS", "a\0b", "a b", "ä", "-a", "a\n", "x" * 65, "server"],
)
def test_a_hostile_id_never_enters_a_topic(device_id: str) -> None:
    """Wildcards, separators, NUL and the server's own name are no device ids."""
    with pytest.raises(TopicError, match="is no device id"):
        checked_id(device_id)
    with pytest.raises(TopicError):
        of_device(device_id, "state")


@quick
@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True))
def test_a_topic_is_taken_apart_again(device_id: str) -> None:
    """A topic names its device and leaf."""
    if device_id != "server":
        topic = of_device(device_id, "recommend/request")
        assert topic == f"mlfym/v1/{device_id}/recommend/request"
        assert split(topic) == (device_id, "recommend/request")


@pytest.mark.parametrize(
    "topic", ["", "mlfym/v1", f"{ROOT}/", f"{ROOT}/a", f"{ROOT}/a/", "mlfym/v2/a/state", "/a/b"]
)
def test_a_foreign_topic_is_refused(topic: str) -> None:
    """What is not of this version of the protocol is not taken apart."""
    with pytest.raises(TopicError):
        split(topic)


def test_subscriptions_reach_all_devices() -> None:
    """A server listens to every device, alone or sharing the work with its group."""
    assert of_all_devices("library") == "mlfym/v1/+/library"
    shared = of_all_devices("library", group="ranking")
    assert shared == "$share/ranking/mlfym/v1/+/library"
