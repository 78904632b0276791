"""Settings: one TOML file per program into frozen structs, all errors at once."""

from __future__ import annotations

import difflib
import tomllib
import types
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from contracts.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXIT_SETTINGS = 2
"""What a program exits with when its settings are wrong."""
EXIT_REFUSED = 78
"""EX_CONFIG: what a program exits with when a restart cannot mend what is wrong."""


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

    host: str = "127.0.0.1"
    port: int = 1883
    username: str = ""
    password: str = ""
    ca_file: str = ""
    """PEM of the authority that signed the broker's certificate; empty is no TLS."""


S = TypeVar("S", bound=msgspec.Struct)


def load_settings(path: Path | None, kind: type[S]) -> S:
    """Settings of this kind; without a path, the defaults.

    Raises:
        SettingsError: the file is missing, is not TOML, or has wrong or unknown keys.

    """
    if path is None:
        return kind()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(str(path), ["the file does not exist"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), [f"not valid TOML: {error}"]) from error
    return settings_from(table, kind, str(path))


def settings_from(table: dict[str, Any], kind: type[S], source: str) -> S:
    """Settings out of a parsed table.

    Raises:
        SettingsError: lists every problem, not only the first.

    """
    problems = list(_problems(table, kind, ""))
    if problems:
        raise SettingsError(source, problems)
    return msgspec.convert(table, kind)


def _problems(table: dict[str, Any], kind: type[msgspec.Struct], prefix: str) -> Iterator[str]:
    hints = get_type_hints(kind, include_extras=True)
    fields = {f.name: hints[f.name] for f in msgspec.structs.fields(kind)}
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
            continue
        try:
            msgspec.convert(value, fields[key])
        except msgspec.ValidationError as error:
            yield f"{name}: {str(error).lower().replace('`', '')}, got {value!r}"


def _struct_of(hint: Any) -> type[msgspec.Struct] | None:  # noqa: ANN401 - any type hint
    """The struct a hint names, alone or in a union."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    if get_origin(hint) in {Union, types.UnionType}:
        return next((s for s in map(_struct_of, get_args(hint)) if s), None)
    return None


def to_toml(settings: msgspec.Struct) -> str:
    """TOML that `load_settings` reads back to the same settings."""
    lines, tables = [], []
    for field in msgspec.structs.fields(type(settings)):
        value = getattr(settings, field.name)
        if isinstance(value, msgspec.Struct):
            tables.append(f"\n[{field.name}]\n{to_toml(value)}")
        else:
            # Numbers, booleans and strings are written alike in JSON and in TOML.
            lines.append(f"{field.name} = {msgspec.json.encode(value).decode()}\n")
    return "".join(lines + tables)
