from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import pytest

from contracts.settings import BrokerSettings, SettingsError, load_settings, settings_from
from device.settings import DeviceSettings

if TYPE_CHECKING:
    from pathlib import Path


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a list."""

    left: float


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Settings with one of everything."""

    name: str
    hold_seconds: Annotated[float, msgspec.Meta(ge=0.0)] = 1.0
    broker: BrokerSettings | None = None
    rows: tuple[Row, ...] = ()


def problems(table: dict[str, object]) -> list[str]:
    """What is wrong with a table of Sample."""
    with pytest.raises(SettingsError) as caught:
        settings_from(table, Sample, "sample.toml")
    return caught.value.problems


def test_without_a_file_there_are_the_defaults() -> None:
    """Settings without a path are the defaults."""
    assert load_settings(None, BrokerSettings) == BrokerSettings()


def test_a_file_is_read(tmp_path: Path) -> None:
    """Every value of the file arrives, in nested tables and lists of tables too."""
    path = tmp_path / "sample.toml"
    path.write_text('name = "x"\n[broker]\nport = 8883\n[[rows]]\nleft = 0.5\n', "utf-8")
    settings = load_settings(path, Sample)
    assert settings == Sample(name="x", broker=BrokerSettings(port=8883), rows=(Row(left=0.5),))


def test_all_errors_come_at_once() -> None:
    """One start tells everything that is wrong with a file."""
    found = problems(
        {"hold_seconds": -1.0, "brokr": {}, "broker": {"prot": 1, "port": 0}, "rows": [{"lft": 1}]}
    )
    assert [line.partition(":")[0] for line in found] == [
        "name",
        "hold_seconds",
        "brokr",
        "broker.prot",
        "broker.port",
        "rows[0].left",
        "rows[0].lft",
    ]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"name": "x", "hold_second": 1}, "did you mean hold_seconds?"),
        ({"name": "x", "broker": {"prot": 1}}, "did you mean broker.port?"),
        ({"name": "x", "zebra": 1}, "known: name, hold_seconds, broker, rows"),
        ({}, "name: missing"),
        ({"name": 5}, "got 5"),
        ({"name": "x", "rows": [3]}, "expected tables only"),
        ({"name": "x", "broker": 3}, "got 3"),
    ],
)
def test_an_error_says_what_to_write(table: dict[str, object], said: str) -> None:
    """A problem names its key and what would be right."""
    assert [said in line for line in problems(table)] == [True]


def test_a_secret_is_not_repeated() -> None:
    """A password of the wrong type does not end up in a log."""
    (line,) = problems({"name": "x", "broker": {"password": 12345}})
    assert "broker.password" in line
    assert "12345" not in line


@pytest.mark.parametrize(
    ("text", "said"), [(b"a = ", "not valid TOML"), (b"a = '\xff'", "not valid TOML")]
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: bytes, said: str) -> None:
    """Broken TOML is a settings error, not a traceback."""
    path = tmp_path / "broken.toml"
    path.write_bytes(text)
    with pytest.raises(SettingsError, match=said):
        load_settings(path, BrokerSettings)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file and a folder are settings errors that name the path."""
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings(tmp_path / "none.toml", BrokerSettings)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path, BrokerSettings)


def test_the_message_lists_every_problem() -> None:
    """The text of the error is ready to be shown to a person."""
    error = SettingsError("mlfym.toml", ["one", "two"])
    assert str(error) == "mlfym.toml has 2 problem(s):\n  - one\n  - two"


def test_a_file_is_laid_over_a_base(tmp_path: Path) -> None:
    """What the file names is taken from it, table by table; the rest is the base's."""
    file = tmp_path / "device.toml"
    file.write_text("[broker]\nport = 1999\n", encoding="utf-8")
    base = DeviceSettings(device_id="demo", broker=BrokerSettings(host="broker.local"))
    settings = load_settings(file, DeviceSettings, base)
    assert settings.device_id == "demo"
    assert settings.broker == BrokerSettings(host="broker.local", port=1999)
    assert load_settings(None, DeviceSettings, base) is base
