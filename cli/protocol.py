"""Write docs/protocol.md out of the message structs and the table of commands."""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import inspect as types

from contracts import forgetting, home, messages, topics
from contracts.command_answer import CommandAnswer
from device.commands import COMMANDS
from device.frontends.home_assistant.joining import acl_for
from device.mqtt_commands import AT_THE_DEVICE, MAX_ARGUMENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parents[1] / "docs" / "protocol.md"
ID = "<device_id>"


class Topic(NamedTuple):
    """A row of the table of topics."""

    leaf: str
    direction: str
    quality: int
    retained: bool
    carries: type[msgspec.Struct] | str


TO_ALL, TO_SERVER, TO_DEVICE = "device → all", "device → server", "server → device"
RETAINED, PASSING = True, False
TOPICS = (
    Topic(topics.AVAILABILITY, TO_ALL, 1, RETAINED, "`online`, or by its will `offline`"),
    Topic(topics.STATE, TO_ALL, 1, RETAINED, messages.State),
    Topic(topics.HOME, TO_ALL, 1, RETAINED, home.HomeState),
    Topic(topics.EVENT, TO_ALL, 1, PASSING, messages.DeviceEvent),
    Topic(topics.COVER, TO_ALL, 0, RETAINED, "JPEG of the artwork; empty: there is none"),
    Topic(f"{topics.COMMAND}/<name>", "all → device", 1, PASSING, "the argument as text"),
    Topic(topics.ANSWER, TO_ALL, 1, PASSING, CommandAnswer),
    Topic(topics.RECOMMEND_REQUEST, TO_SERVER, 1, PASSING, messages.RecommendRequest),
    Topic(topics.RECOMMEND_REPLY, TO_DEVICE, 1, PASSING, messages.RecommendReply),
    Topic(topics.INTERACTIONS, TO_SERVER, 1, PASSING, messages.InteractionBatch),
    Topic(topics.INTERACTIONS_ACK, TO_DEVICE, 1, PASSING, messages.InteractionsAck),
    Topic(topics.LIBRARY, TO_SERVER, 1, PASSING, messages.LibraryChunk),
    Topic(topics.LIBRARY_CHANGE, TO_SERVER, 1, PASSING, messages.LibraryChange),
    Topic(topics.LIBRARY_ACK, TO_DEVICE, 1, PASSING, messages.LibraryAck),
    Topic(topics.FORGET, TO_SERVER, 1, PASSING, forgetting.Forget),
    Topic(topics.FORGET_ACK, TO_DEVICE, 1, PASSING, forgetting.ForgetAck),
    Topic(topics.PACK_REQUEST, TO_SERVER, 1, PASSING, messages.PackRequest),
    Topic(topics.PACK, TO_DEVICE, 1, PASSING, "binary: contracts/pack_file.py"),
)
INTRODUCTION = f"""\
# The wire

MQTT 5 under `{topics.ROOT}/{ID}/`. This page is written by `./mlfym protocol` from the structs
and the table that the programs themselves run; a test holds it to them.

- Payloads are JSON. Unknown keys are ignored; missing or out-of-range values are refused.
- A key at its default is left out, but on `{topics.HOME}`, where every key is always there.
- A device id has up to 64 letters, digits, `-` and `_`, and is not `server`.
- `{topics.SERVER_AVAILABILITY}` (retained) is the recommender server's will.

"""
COMMANDS_INTRODUCTION = f"""
## Commands
Publish the argument, as plain text of at most {MAX_ARGUMENT_BYTES} bytes, on `command/<name>`; a
retained one is ignored. What came of it, or why it is refused, is told on `{topics.ANSWER}` with
the correlation data of the command, if it has any. `./mlfym control <name> <argument>` does the
same on the device itself.

    mosquitto_pub -V 5 -q 1 -t {topics.ROOT}/mlfym/command/volume -m 40

"""


def run(arguments: list[str]) -> int:
    """Write the page, or with `--check` say whether it is the present one; 1 when it is not."""
    parser = argparse.ArgumentParser(prog="mlfym protocol", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write")
    options = parser.parse_args(arguments)
    text = page()
    if options.check:
        same = options.page.is_file() and options.page.read_text(encoding="utf-8") == text
        if not same:
            print(f"{options.page.name} is an old one: run ./mlfym protocol", file=sys.stderr)
        return 0 if same else 1
    options.page.write_text(text, encoding="utf-8")
    print(f"{options.page.name} written")
    return 0


def page() -> str:
    """The whole of docs/protocol.md."""
    parts = [INTRODUCTION, *_topics(), COMMANDS_INTRODUCTION, *_commands()]
    parts.append("\n## Messages\n")
    for kind in message_kinds():
        parts += _message(kind)
    parts += [
        "\n## Access list\n",
        "For a broker that asks who is there (mosquitto's `acl_file`); `mlfym` is the device's\n",
        "id and user name, `recommender` the server's, `homeassistant` Home Assistant's:\n\n",
        *(f"    {line}\n" if line else "\n" for line in acl_for("mlfym").splitlines()),
    ]
    return "".join(parts)


def message_kinds() -> list[type[msgspec.Struct]]:
    """Every struct that travels, as the topics name them and as they name one another."""
    found: dict[type[msgspec.Struct], None] = {}
    for row in TOPICS:
        if not isinstance(row.carries, str):
            _reach(types.type_info(row.carries), found)
    return list(found)


def _reach(info: types.Type, found: dict[type[msgspec.Struct], None]) -> None:
    match info:
        case types.StructType():
            if info.cls not in found:
                found[info.cls] = None
                for field in info.fields:
                    _reach(field.type, found)
        case types.UnionType():
            for one in info.types:
                _reach(one, found)
        case types.VarTupleType() | types.ListType():
            _reach(info.item_type, found)
        case _:
            pass


def _topics() -> Iterator[str]:
    yield "## Topics\n| topic | direction | QoS | retained | payload |\n|---|---|---|---|---|\n"
    for row in TOPICS:
        carries = row.carries if isinstance(row.carries, str) else f"[{row.carries.__name__}]"
        linked = carries if isinstance(row.carries, str) else f"{carries}({_anchor(row.carries)})"
        kept = "yes" if row.retained else "no"
        yield f"| `{row.leaf}` | {row.direction} | {row.quality} | {kept} | {linked} |\n"


def _commands() -> Iterator[str]:
    yield "| command | argument | |\n|---|---|---|\n"
    for name, command in COMMANDS.items():
        choices = ", ".join(f"`{choice}`" if choice else "nothing" for choice in command.choices)
        takes = "; ".join(filter(None, (command.takes, choices)))
        here = " (not over MQTT: at the device itself)" if name in AT_THE_DEVICE else ""
        yield f"| `{name}` | {takes} | {command.says}{here} |\n"


def _anchor(kind: type) -> str:
    return f"#{kind.__name__.lower()}"


def _message(kind: type[msgspec.Struct]) -> Iterator[str]:
    yield f"\n### {kind.__name__}\n{_summary(kind)}\n\n"
    yield "| key | values | default | |\n|---|---|---|---|\n"
    said = _said_of_fields(kind)
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)  # noqa: S101 - kind is a struct
    for field in info.fields:
        default = "needed" if field.required else f"`{_default(field)}`"
        words = said.get(field.name, "")
        yield f"| `{field.encode_name}` | {_values(field.type)} | {default} | {words} |\n"


def _default(field: types.Field) -> str:
    if field.default is not msgspec.NODEFAULT:
        value = field.default
    else:
        assert callable(field.default_factory)  # noqa: S101 - an optional field has one or other
        value = field.default_factory()
    return msgspec.json.encode(value).decode()


def _summary(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


def _said_of_fields(kind: type) -> dict[str, str]:
    """The words that stand under each field in its source."""
    tree = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(tree, ast.ClassDef)  # noqa: S101 - the source of a class is one
    said = {}
    for before, node in zip(tree.body, tree.body[1:], strict=False):
        named = isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name)
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if named and text and isinstance(node.value.value, str):  # type: ignore[attr-defined]
            said[before.target.id] = " ".join(node.value.value.split())  # type: ignore[attr-defined]
    return said


def _values(info: types.Type) -> str:
    match info:
        case types.StructType():
            return f"[{info.cls.__name__}]({_anchor(info.cls)})"
        case types.UnionType():
            return " or ".join(_values(one) for one in info.types)
        case types.VarTupleType() | types.ListType():
            most = f" up to {info.max_length}" if info.max_length is not None else ""
            return f"list of{most} {_values(info.item_type)}"
        case types.EnumType():
            kind = info.cls
            words = [str(one.value) for one in kind] if issubclass(kind, StrEnum) else []
            return ", ".join(f"`{word}`" for word in words)
        case types.NoneType():
            return "`null`"
        case _:
            return _plain(info)


def _plain(info: types.Type) -> str:
    match info:
        case types.FloatType() | types.IntType():
            word = "number" if isinstance(info, types.FloatType) else "whole number"
            bounds = (("≥", info.ge), (">", info.gt), ("≤", info.le), ("<", info.lt))
            told = [f"{sign} {bound:g}" for sign, bound in bounds if bound is not None]
            return " ".join([word, ", ".join(told)]).strip()
        case types.StrType():
            low, high = info.min_length or 0, info.max_length
            return f"text of {low} to {high} characters" if high is not None else "text"
        case types.BoolType():
            return "true, false"
        case _:
            msg = f"teach cli/protocol.py to word a {info}"
            raise NotImplementedError(msg)
