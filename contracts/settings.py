"""Settings: one TOML file per program into frozen structs, all errors at once."""

from __future__ import annotations

import difflib
import tomllib
import types
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from contracts.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXIT_SETTINGS = 2
"""What a program exits with when its settings are wrong."""
EXIT_REFUSED = 78
"""EX_CONFIG: what a program exits with when a restart cannot mend what is wrong."""
SECRET_WORDS = ("password", "token", "secret")
"""What is set under such a key is never repeated in a message."""


class SettingsError(ContractError):
    """Everything that is wrong with a settings file.

    Attributes:
        problems: one line each, naming the key and what to write instead.

    """

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{source} has {len(problems)} problem(s):\n{lines}")


class BrokerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the MQTT broker is."""

    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 1883
    username: str = ""
    password: str = ""
    ca_file: str = ""
    """PEM of the authority that signed the broker's certificate; empty is no TLS."""


S = TypeVar("S", bound=msgspec.Struct)


def load_settings(path: Path | None, kind: type[S], base: S | None = None) -> S:
    """Settings of this kind; what the file leaves out is as in `base`, else the default.

    Raises:
        SettingsError: the file is missing, is not TOML, or has wrong or unknown keys.

    """
    if path is None:
        return base or kind()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(str(path), ["the file does not exist"]) from error
    except OSError as error:
        raise SettingsError(str(path), [f"cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), [f"not valid TOML: {error}"]) from error
    return settings_from(table, kind, str(path), base)


def settings_from(table: dict[str, Any], kind: type[S], source: str, base: S | None = None) -> S:
    """Settings out of a parsed table; what it leaves out is as in `base`, else the default.

    Raises:
        SettingsError: lists every problem, not only the first.

    """
    problems = list(_problems(table, kind, ""))
    if problems:
        raise SettingsError(source, problems)
    whole = _over(msgspec.to_builtins(base), table) if base else table
    try:
        return msgspec.convert(whole, kind)
    except msgspec.ValidationError as error:  # values that do not fit one another
        raise SettingsError(source, [str(error)]) from error


def _over(base: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `table` laid over it, table by table."""
    return base | {
        key: _over(base[key], value)
        if isinstance(value, dict) and isinstance(base.get(key), dict)
        else value
        for key, value in table.items()
    }


def _problems(table: dict[str, Any], kind: type[msgspec.Struct], prefix: str) -> Iterator[str]:
    hints = get_type_hints(kind, include_extras=True)
    fields = {f.name: hints[f.name] for f in msgspec.structs.fields(kind)}
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in table:
            yield f"{prefix}{field.name}: missing; it has no default"
    for key, value in table.items():
        name = f"{prefix}{key}"
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"did you mean {prefix}{near[0]}?" if near else f"known: {', '.join(fields)}"
            yield f"{name}: unknown key; {hint}"
            continue
        nested = _struct_of(fields[key])
        if nested and isinstance(value, dict):
            yield from _problems(value, nested, f"{name}.")
        elif nested and isinstance(value, list):
            tables = [(i, row) for i, row in enumerate(value) if isinstance(row, dict)]
            for i, row in tables:
                yield from _problems(row, nested, f"{name}[{i}].")
            if len(tables) < len(value):
                yield f"{name}: expected tables only, got {value!r}"
        else:
            yield from _wrong_value(name, value, fields[key])


def _wrong_value(name: str, value: object, hint: Any) -> Iterator[str]:  # noqa: ANN401 - any type hint
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        secret = any(word in name for word in SECRET_WORDS)
        got = "" if secret else f", got {value!r}"
        why = str(error).replace("`", "")
        yield f"{name}: {why[:1].lower()}{why[1:]}{got}"


def _struct_of(hint: Any) -> type[msgspec.Struct] | None:  # noqa: ANN401 - any type hint
    """The struct a hint names: alone, in a union, or as the row of a list."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    if get_origin(hint) in {Union, types.UnionType, Annotated, tuple, list}:
        return next((s for s in map(_struct_of, get_args(hint)) if s), None)
    return None


def to_toml(settings: msgspec.Struct, table: str = "") -> str:
    """TOML that `load_settings` reads back to the same settings; `table` names the present one."""
    lines, tables = [], []
    for field in msgspec.structs.fields(type(settings)):
        value = getattr(settings, field.name)
        name = f"{table}{field.name}"
        rows = isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct)
        if isinstance(value, msgspec.Struct):
            tables.append(f"\n[{name}]\n{to_toml(value, f'{name}.')}")
        elif rows:
            tables += [f"\n[[{name}]]\n{to_toml(row, f'{name}.')}" for row in value]
        elif value is not None:
            # Numbers, booleans and strings are written alike in JSON and in TOML.
            lines.append(f"{field.name} = {msgspec.json.encode(value).decode()}\n")
    return "".join(lines + tables)
