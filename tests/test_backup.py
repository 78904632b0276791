"""An appliance in one file: what goes in, what comes back, and what is refused."""

from __future__ import annotations

import hashlib
import io
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from cli import backup, restore
from cli.moving.archive import FORMAT, Manifest, Member
from contracts.messages import Interaction, InteractionKind
from contracts.restored import READY
from contracts.settings import BrokerSettings, load_settings, to_toml
from contracts.track import Track, TrackId
from device import opinions
from device.frontends.web.staff_pin import StaffPin, set_pin
from device.settings import DeviceSettings
from device.store import Entry, Store
from recommender_server.settings import RecommenderSettings
from recommender_server.store import open_store

A = TrackId("a" * 16)
POSITION = {"device/position": b"x"}
PASSWORD = "not-for-everybody"  # noqa: S105 - of nobody
OWN = BrokerSettings(username="kitchen", password="its own")  # noqa: S106 - of nobody


class Appliance:
    """A device that has learnt something, with its settings."""

    def __init__(self, folder: Path, password: str = PASSWORD) -> None:
        self.toml, self.state = folder / "device.toml", folder / "state"
        folder.mkdir(exist_ok=True)
        broker = BrokerSettings(username="kitchen", password=password)
        settings = DeviceSettings(device_id="kitchen", state_folder=str(self.state), broker=broker)
        self.toml.write_text(to_toml(settings), encoding="utf-8")

    @property
    def settings(self) -> DeviceSettings:
        return load_settings(self.toml, DeviceSettings)

    def store(self) -> Store:
        return Store(self.state / "device.sqlite")

    def learn(self, number: int) -> None:
        with closing(self.store()) as store:
            entry = Entry(track=Track(id=A, title="A"), path=Path("/m/a"), mtime_ns=1, size=1)
            store.upsert([entry])
            opinions.judge(store, A, opinions.LIKED)
            store.remember(deed(number))

    def history(self) -> list[str]:
        with closing(self.store()) as store:
            return [one.id for one in store.history()]

    def run(self, command: str, *words: str) -> int:
        module = {"backup": backup, "restore": restore}[command]
        status: int = module.run([*words, "--settings", str(self.toml)])
        return status


def deed(number: int) -> Interaction:
    return Interaction(
        id=f"boot-{number}", track=A, kind=InteractionKind.LIKED, at_unix_seconds=float(number)
    )


@pytest.fixture
def device(tmp_path: Path) -> Appliance:
    device = Appliance(tmp_path / "one")
    device.learn(1)
    set_pin(device.state, "271828")
    (device.state / "position").write_text(f"{A} 0000012.50\n", encoding="ascii")
    return device


def test_a_device_moves_to_another_machine(device: Appliance, tmp_path: Path) -> None:
    """History, likes, settings and position; the new machine keeps its own password and no PIN."""
    file = tmp_path / "kitchen.mlfym"
    with closing(device.store()) as running:  # it may be written meanwhile
        running.remember(deed(2))
        assert device.run("backup", str(file)) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    before = device.settings
    device.state.rename(tmp_path / "the old machine's")
    device.toml.write_text(
        to_toml(DeviceSettings(state_folder=str(tmp_path / "new"), broker=OWN)), encoding="utf-8"
    )
    assert device.run("restore", str(file)) == 0
    assert device.settings == msgspec.structs.replace(before, broker=OWN)
    assert device.history() == ["boot-2", "boot-1"]
    with closing(device.store()) as store:
        assert opinions.judged(store, opinions.LIKED) == (A,)
    assert (device.state / "position").read_text("ascii").startswith(A)
    assert not StaffPin(device.state, lambda: 0.0).is_set


def test_what_was_there_is_not_lost(
    device: Appliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is in a backup of its own, which brings it back."""
    file = tmp_path / "b.mlfym"
    assert device.run("backup", str(file)) == 0
    device.learn(2)
    capsys.readouterr()
    assert device.run("restore", str(file)) == 0
    former = device.state / "before-restore-1.mlfym"
    assert str(former) in capsys.readouterr().out
    assert device.history() == ["boot-1"]
    assert StaffPin(device.state, lambda: 0.0).check("271828")
    assert device.run("restore", str(former)) == 0
    assert device.history() == ["boot-2", "boot-1"]
    assert (device.state / "position").read_text("ascii").startswith(A)


def test_secrets_are_in_it_only_when_wanted(device: Appliance, tmp_path: Path) -> None:
    """Passwords and the PIN's hash; with them the settings come back byte for byte."""
    plain, secret = tmp_path / "plain.mlfym", tmp_path / "secret.mlfym"
    assert device.run("backup", str(plain)) == 0
    assert device.run("backup", str(secret), "--with-secrets") == 0
    assert PASSWORD.encode() not in b"".join(contents(plain).values())
    assert "device/staff_pin" not in contents(plain)
    assert contents(secret)["device/settings.toml"] == device.toml.read_bytes()
    assert contents(secret)["device/staff_pin"].startswith(b"$argon2id$")


def test_a_running_device_is_left_alone(
    device: Appliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told to be stopped first; checking alone is possible."""
    file = tmp_path / "b.mlfym"
    device.run("backup", str(file))
    with closing(device.store()) as running:
        running.remember(deed(5))
        assert device.run("restore", str(file)) == 1
        assert "stop the programs first" in capsys.readouterr().err
        assert device.run("restore", str(file), "--dry-run") == 0
        running.remember(deed(6))
    assert device.history() == ["boot-6", "boot-5", "boot-1"]


def test_a_power_cut_in_the_middle_is_finished_at_the_next_start(
    device: Appliance, tmp_path: Path
) -> None:
    """Whatever still lies ready goes to its place, and an old log is no part of it."""
    other = Appliance(tmp_path / "two")
    other.learn(7)
    ready = device.state / READY
    ready.mkdir()
    (ready / "device.sqlite").write_bytes((other.state / "device.sqlite").read_bytes())
    with closing(device.store()) as store:
        assert [one.id for one in store.history()] == ["boot-7"]
    assert not ready.exists()


def test_a_server_comes_back_with_its_model(tmp_path: Path) -> None:
    """The newest generation; one that was trained later does not take its place."""
    data = tmp_path / "data"
    toml, file = tmp_path / "server.toml", tmp_path / "b.mlfym"
    toml.write_text(to_toml(RecommenderSettings(data_folder=str(data))), encoding="utf-8")
    with closing(open_store(data)) as store, store.writing():
        store.add_interactions("kitchen", [deed(1)])
    for name in ("20260101T000000.0Z", "20260102T000000.0Z"):
        (data / "generations" / name).mkdir(parents=True)
        (data / "generations" / name / "manifest.json").write_text(name)
        (data / "generations" / name / "taste.npz").write_bytes(b"factors")
    device = Appliance(tmp_path / "one")
    assert device.run("backup", str(file), "--server", str(toml)) == 0
    (data / "generations" / "20260103T000000.0Z").mkdir()
    with closing(open_store(data)) as store, store.writing():
        store.add_interactions("kitchen", [deed(2)])
    assert device.run("restore", str(file), "--server", str(toml)) == 0
    assert [path.name for path in (data / "generations").iterdir()] == ["20260102T000000.0Z"]
    with closing(open_store(data)) as store:
        assert store.counts()["interactions"] == 1


# What is refused


def contents(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive if m.isreg()}  # type: ignore[union-attr]


def packed(file: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for header, content in members:
            header.size = len(content) if header.isreg() else 0
            archive.addfile(header, io.BytesIO(content))
    return file


def manifest_of(files: dict[str, bytes], form: int = FORMAT) -> bytes:
    told = Manifest(
        format=form,
        version="1",
        made_unix_seconds=0.0,
        device_id="kitchen",
        secrets=False,
        files=tuple(
            Member(name=n, bytes=len(c), sha256=hashlib.sha256(c).hexdigest())
            for n, c in files.items()
        ),
    )
    return msgspec.json.encode(told)


def archive_of(tmp_path: Path, files: dict[str, bytes], **altered: bytes) -> Path:
    members = {"manifest.json": manifest_of(files), **files, **altered}
    return packed(tmp_path / "hostile.mlfym", [(tarfile.TarInfo(n), c) for n, c in members.items()])


def newer_database(tmp_path: Path) -> bytes:
    with closing(sqlite3.connect(tmp_path / "newer")) as database:
        database.execute("PRAGMA user_version = 99")
    return (tmp_path / "newer").read_bytes()


def with_link(tmp_path: Path) -> None:
    link = tarfile.TarInfo("device/position")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    manifest = (tarfile.TarInfo("manifest.json"), manifest_of({"device/position": b""}))
    packed(tmp_path / "hostile.mlfym", [manifest, (link, b"")])


def of_a_later_format(tmp_path: Path) -> None:
    manifest = (tarfile.TarInfo("manifest.json"), manifest_of({}, form=FORMAT + 1))
    packed(tmp_path / "hostile.mlfym", [manifest])


def turned(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0x10]) + content[middle + 1 :]


MADE: dict[str, Callable[[Path], object]] = {
    "altered": lambda p: archive_of(p, POSITION, **{"device/position": b"y"}),
    "a link": with_link,
    "out of its folder": lambda p: archive_of(p, {"device/../../evil": b"x"}),
    "absolute": lambda p: archive_of(p, {"/etc/cron.d/evil": b"x"}),
    "more than told": lambda p: archive_of(p, POSITION, **{"device/staff_pin": b"mine"}),
    "a later format": of_a_later_format,
    "a later database": lambda p: archive_of(p, {"device/device.sqlite": newer_database(p)}),
    "a damaged database": lambda p: archive_of(
        p, {"device/device.sqlite": b"SQLite format 3\0" + bytes(5000)}
    ),
    "unknown settings": lambda p: archive_of(p, {"device/settings.toml": b"from_the_future = 1\n"}),
}
SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "no archive": lambda _: b"PK" * 1000,
    "cut short": lambda whole: whole[:-2000],
    "bits turned": turned,
}


def hostile(kind: str, tmp_path: Path, whole: Path) -> Path:
    """A file that must not be restored."""
    file = tmp_path / "hostile.mlfym"
    if kind in MADE:
        MADE[kind](tmp_path)
    else:
        file.write_bytes(SPOILT[kind](whole.read_bytes()))
    return file


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("no archive", "no backup"),
        ("cut short", "cut short"),
        ("bits turned", ""),
        ("altered", "altered"),
        ("a link", "no plain file"),
        ("out of its folder", "no backup holds"),
        ("absolute", "no backup holds"),
        ("more than told", "more than its manifest tells"),
        ("a later format", "update the program first"),
        ("a later database", "update it first"),
        ("a damaged database", "no database"),
        ("unknown settings", "none for this program"),
    ],
)
def test_what_is_no_good_backup_changes_nothing(
    kind: str, said: str, device: Appliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused with what is wrong, and what there is stays as it is."""
    whole = tmp_path / "whole.mlfym"
    device.run("backup", str(whole))
    file = hostile(kind, tmp_path, whole)
    settings = device.toml.read_bytes()
    assert device.run("restore", str(file)) == 1
    assert said in capsys.readouterr().err
    assert device.toml.read_bytes() == settings
    assert device.history() == ["boot-1"]
    assert StaffPin(device.state, lambda: 0.0).check("271828")
    assert not list(tmp_path.rglob("*evil*"))
    assert not list(device.state.glob(".mlfym-*"))
