"""Payloads bent out of shape: right messages with hostile values, and damaged bytes."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect as types

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, 2**64, 10**400, 1e308, -1e308, 5e-324, "", " ", "\0", "\ud800",
    "+", "#", "$share/x/y", "../..", "'; DROP TABLE item; --", "가" * 64, "x" * 5000, [], {},
    [[]], [None], {"": {}}, [0] * 3000, "2020-01-01", "NaN", "<script>", "mlfym/v1/+/#", "-0",
)  # fmt: skip
RAW = (
    b"", b"\0", b"null", b"[" * 5000, b'{"a":' * 3000, b"\xff\xfe{}", b"1e999", b'"\\ud800"', b"{}",
    b'{"a":1,"a":2}', b"NaN", b"-", b"\xef\xbb\xbf{}", b"PK\x03\x04", b"PK\x05\x06" + bytes(18),
)  # fmt: skip
DEEPER, LEFT_OUT, RENAMED = 0.7, 0.15, 0.05


def sample(kind: Any) -> Any:  # noqa: ANN401 - a type, and a tree of JSON
    """A value that a struct accepts, every field of it filled, as JSON has it."""
    return _sample(types.type_info(kind))


def _sample(info: types.Type) -> Any:  # noqa: ANN401 - as above
    match info:
        case types.StructType():
            tree = {field.encode_name: _sample(field.type) for field in info.fields}
            return tree if info.tag is None else {str(info.tag_field): info.tag, **tree}
        case types.UnionType():
            return _sample(next(t for t in info.types if not isinstance(t, types.NoneType)))
        case types.VarTupleType() | types.ListType():
            return [_sample(info.item_type) for _ in range(info.min_length or 1)]
        case types.DictType():
            return {"key": _sample(info.value_type)}
        case _:
            return _plain(info)


def _plain(info: types.Type) -> Any:  # noqa: ANN401 - as above
    match info:
        case types.EnumType():
            return next(iter(info.cls)).value
        case types.LiteralType():
            return info.values[0]
        case types.IntType() | types.FloatType():
            return info.ge if info.ge is not None else (info.gt or 0) + (info.gt is not None)
        case types.BoolType():
            return True
        case _:
            return "a" * 16


def bent(tree: Any, seed: int) -> bytes:  # noqa: ANN401 - a tree of JSON
    """The tree with up to three of its values made hostile, or its bytes damaged."""
    chance = random.Random(seed)
    tree = copy.deepcopy(tree)
    for _ in range(chance.randrange(4)):
        if isinstance(tree, dict):
            _bend(tree, chance)
    payload = bytearray(json.dumps(tree).encode("utf-8", "surrogatepass"))
    return _damaged(payload, chance)


def damaged(content: bytes, seed: int) -> bytes:
    """Bytes of which some are others, or that are cut short."""
    chance = random.Random(seed)
    content_now = bytearray(content)
    for _ in range(chance.randrange(1, 6)):
        content_now[chance.randrange(len(content_now))] = chance.randrange(256)
    return _damaged(content_now, chance)


def _damaged(payload: bytearray, chance: random.Random) -> bytes:
    ways: list[Callable[[], bytes]] = [
        lambda: bytes(payload[: chance.randrange(len(payload) + 1)]),
        lambda: bytes(payload) + chance.randbytes(4),
        lambda: chance.randbytes(chance.randrange(60)),
        lambda: chance.choice(RAW),
    ]
    return chance.choice(ways)() if chance.random() < 0.3 else bytes(payload)  # noqa: PLR2004


def _bend(node: Any, chance: random.Random) -> None:  # noqa: ANN401 - a tree of JSON
    while True:
        places = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not places:
            return
        place = chance.choice(places)
        if isinstance(node[place], dict | list) and chance.random() < DEEPER:
            node = node[place]
            continue
        if chance.random() < LEFT_OUT:
            del node[place]
        elif isinstance(node, dict) and chance.random() < RENAMED:
            node["\0" + str(place)] = node.pop(place)
        else:
            node[place] = copy.deepcopy(chance.choice(HOSTILE))
        return


def accepted(kind: type[msgspec.Struct], tree: object) -> bool:
    """Whether a sample is what it says: else nothing beyond the first check would be tried."""
    try:
        msgspec.convert(tree, kind)
    except msgspec.ValidationError:
        return False
    return True
