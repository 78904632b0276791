"""Values of every struct, drawn from its own annotations."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as types

import contracts

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 3
"""Items of a drawn tuple: enough to see an order, few enough to be quick."""

AWKWARD = "aZ09 _-/#+$.\"'\\\n\t\0é음악🎵"
"""Characters that a careless encoder would trip over."""


def structs_of(base: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """Every struct under a base, in all modules of contracts."""
    for module in pkgutil.iter_modules(contracts.__path__):
        importlib.import_module(f"contracts.{module.name}")
    return sorted(_below(base), key=lambda kind: kind.__name__)


def _below(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _below(kind)


def values_of(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Any valid value of a struct."""
    return _values(types.type_info(kind))


def _values(info: types.Type) -> st.SearchStrategy[Any]:
    match info:
        case types.StructType():
            return st.builds(info.cls, **{f.name: _values(f.type) for f in info.fields})
        case types.UnionType():
            return st.one_of(*map(_values, info.types))
        case types.VarTupleType() | types.ListType():
            least = info.min_length or 0
            most = LONGEST if info.max_length is None else min(info.max_length, LONGEST)
            items = st.lists(_values(info.item_type), min_size=least, max_size=max(least, most))
            return items.map(tuple)
        case types.DictType():
            keys, items = _values(info.key_type), _values(info.value_type)
            return st.dictionaries(keys, items, max_size=LONGEST)
        case _:
            return _plain(info)


def _plain(info: types.Type) -> st.SearchStrategy[Any]:
    match info:
        case types.StrType():
            return st.text(
                AWKWARD, min_size=info.min_length or 0, max_size=min(info.max_length or 9, 64)
            )
        case types.IntType():
            low = info.ge if info.gt is None else info.gt + 1
            high = info.le if info.lt is None else info.lt - 1
            return st.integers(-(2**31) if low is None else low, 2**31 if high is None else high)
        case types.FloatType():
            low = info.ge if info.gt is None else info.gt
            high = info.le if info.lt is None else info.lt
            return st.floats(
                low,
                high,
                allow_nan=False,
                allow_infinity=False,
                exclude_min=info.gt is not None,
                exclude_max=info.lt is not None,
            )
        case types.EnumType():
            return st.sampled_from(list(info.cls))
        case types.BoolType():
            return st.booleans()
        case types.NoneType():
            return st.none()
        case _:
            msg = f"teach tests/contract_values.py to draw a {info}"
            raise NotImplementedError(msg)


def just_outside(info: types.Type) -> list[Any]:
    """Values next to the bounds of a field, on the wrong side."""
    match info:
        case types.IntType() | types.FloatType():
            step = 1
            below = [info.ge - step] if info.ge is not None else []
            below += [info.gt] if info.gt is not None else []
            above = [info.le + step] if info.le is not None else []
            return below + above + ([info.lt] if info.lt is not None else [])
        case types.StrType():
            short = ["x" * (info.min_length - 1)] if info.min_length else []
            return short + (["x" * (info.max_length + 1)] if info.max_length else [])
        case types.UnionType():
            return [value for inner in info.types for value in just_outside(inner)]
        case types.EnumType():
            return ["no such word"]
        case _:
            return []
