from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cli.appliance.accounts import Accounts
from cli.appliance.roles import roles_of
from cli.installation import requirements
from cli.updating.layout import Layout
from contracts.settings import load_settings
from device.settings import DeviceSettings
from recommender_server.settings import RecommenderSettings

ROOT = Path(__file__).parents[1]
ROLES = roles_of(ROOT)
LOCKS = sorted((ROOT / "systemd/requirements").glob("*.txt"))


def install(root: Path, *words: str, status: int = 0) -> str:
    """What the real installer prints for a system beneath `root`."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "systemd/install"), "--root", str(root), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout if not status else done.stderr


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("role", ROLES)
def test_a_dry_run_says_what_is_then_done(tmp_path: Path, role: str) -> None:
    """Line for line, and it changes nothing; a second installation finds nothing to do."""
    planned = install(tmp_path, "--role", role, "--dry-run")
    assert list(tmp_path.iterdir()) == []
    assert install(tmp_path, "--role", role) == planned
    written = re.findall(r"^write (\S+)", planned, re.MULTILINE)
    assert all(Path(path).is_file() for path in written)
    before = files(tmp_path)
    assert install(tmp_path, "--role", role) == ""
    assert files(tmp_path) == before


def test_the_settings_are_ones_that_the_programs_read(tmp_path: Path) -> None:
    """Each with credentials of its own, 0600, that the broker knows."""
    install(tmp_path, "--role", "all", "--name", "kitchen")
    etc = tmp_path / "etc/mlfym"
    device = load_settings(etc / "device.toml", DeviceSettings)
    server = load_settings(etc / "recommender-1.toml", RecommenderSettings)
    assert device.device_id == device.broker.username == "kitchen"
    assert server.broker.username == "recommender.1"
    assert device.broker.password != server.broker.password
    assert Accounts(etc / "broker").names() == ["kitchen", "recommender.1"]
    readable = {p.name for p in etc.rglob("*") if p.is_file() and p.stat().st_mode & stat.S_IRWXO}
    assert readable == {"ca.pem", "broker.pem"}  # certificates are public


def test_settings_that_are_there_are_kept(tmp_path: Path) -> None:
    """What a person changed outlives every further installation."""
    install(tmp_path, "--role", "speaker")
    settings = tmp_path / "etc/mlfym/device.toml"
    settings.write_text('device_id = "mine"\n', encoding="utf-8")
    install(tmp_path, "--role", "all")
    assert settings.read_text(encoding="utf-8") == 'device_id = "mine"\n'


def test_a_changed_program_is_brought_up_to_date(tmp_path: Path) -> None:
    """A file that is not as in the checkout is replaced, with all others."""
    install(tmp_path, "--role", "server")
    changed = tmp_path / "opt/mlfym/current/app/device/core.py"
    changed.write_text("broken", encoding="utf-8")
    assert install(tmp_path, "--role", "server").startswith("copy ")
    assert changed.read_bytes() == (ROOT / "device/core.py").read_bytes()


def test_the_installed_program_starts(tmp_path: Path) -> None:
    """What was copied is enough for each program to say its help."""
    install(tmp_path, "--role", "all")
    app = tmp_path / "opt/mlfym/current/app"
    for program in ("device", "device.vision", "recommender_server"):
        words = [sys.executable, "-m", program, "--help"]
        subprocess.run(words, cwd=app, check=True, capture_output=True)


def test_uninstalling_leaves_what_is_the_listeners(tmp_path: Path) -> None:
    """Program and units go; settings, keys and state stay."""
    install(tmp_path, "--role", "all")
    state = tmp_path / "var/lib/mlfym/device.sqlite"
    state.parent.mkdir(parents=True)
    state.write_bytes(b"likes")
    kept = {name for name in files(tmp_path) if name.startswith(("etc/mlfym/", "var/"))}
    planned = install(tmp_path, "--uninstall", "--dry-run")
    assert install(tmp_path, "--uninstall") == planned
    assert set(files(tmp_path)) == kept
    assert install(tmp_path, "--uninstall") == ""


def test_a_device_joins_with_its_bundle(tmp_path: Path) -> None:
    """Name, broker and authority are the bundle's; settings that are there are not overwritten."""
    bundle = {"username": "attic", "password": "s3cret", "host": "box.local", "port": 8883}
    file = tmp_path / "attic.mlfym"
    file.write_text(json.dumps(bundle | {"ca": "-----BEGIN CERTIFICATE-----\n"}), encoding="utf-8")
    root = tmp_path / "root"
    told = install(root, "--join", str(file))
    assert "s3cret" not in told
    device = load_settings(root / "etc/mlfym/device.toml", DeviceSettings)
    assert (device.device_id, device.broker.host, device.broker.port) == (
        "attic",
        "box.local",
        8883,
    )
    assert (root / "etc/mlfym/ca.pem").read_text(encoding="utf-8").startswith("-----BEGIN")
    file.write_text(json.dumps(bundle | {"password": "other", "ca": ""}), encoding="utf-8")
    assert "is there already" in install(root, "--join", str(file), status=1)


def test_a_name_that_is_no_id_is_refused(tmp_path: Path) -> None:
    """Before anything is done."""
    assert "is no device id" in install(tmp_path, "--name", "a/b", status=2)
    assert list(tmp_path.iterdir()) == []


def test_every_unit_belongs_to_a_role() -> None:
    """And what is started is one that is installed."""
    ours = {path.name for path in (ROOT / "systemd/units").iterdir()}
    parts = ROLES["all"]
    assert {unit for part in parts for unit in part.units} == ours
    assert {unit.replace("@1", "@") for part in parts for unit in part.started} <= ours
    assert all(set(role) <= set(parts) for role in ROLES.values())


def test_purging_leaves_nothing(tmp_path: Path) -> None:
    """Settings, keys and what was learned go too, and the music stays."""
    install(tmp_path, "--role", "all")
    song = tmp_path / "srv/music/song.flac"
    song.write_bytes(b"music")
    install(tmp_path, "--purge")
    assert set(files(tmp_path)) == {"srv/music/song.flac"}


def test_a_maintainers_key_is_installed(tmp_path: Path) -> None:
    """Where the updater looks for whom to trust."""
    key = tmp_path / "maker.pem"
    key.write_text("-----BEGIN PUBLIC KEY-----\n", encoding="utf-8")
    root = tmp_path / "root"
    install(root, "--release-key", str(key))
    assert [k.name for k in Layout(root).trusted_keys()] == ["maker.pem"]


def test_nothing_is_installed_over_an_update_that_is_under_way(tmp_path: Path) -> None:
    """It says how to finish it first."""
    install(tmp_path)
    layout = Layout(tmp_path)
    layout.kept.mkdir(parents=True)
    layout.pending.write_text("{}", encoding="utf-8")
    assert "update --resume" in install(tmp_path, status=1)


def uploads(root: Path) -> tuple[str, int]:
    """What core may write beside its own folder, and the rights of that folder."""
    unit = root / "etc/systemd/system/mlfym-core.service.d/music.conf"
    found = re.search(r'^ReadWritePaths="-(/.+)"$', unit.read_text("utf-8"), re.MULTILINE)
    assert found
    folder = root / found[1].replace("%%", "%").lstrip("/")
    return found[1], folder.stat().st_mode & 0o7777


def test_people_can_add_music_on_the_page(tmp_path: Path) -> None:
    """Core may write in one folder of the music, which is there, and no other."""
    planned = install(tmp_path, "--dry-run")
    assert f"make  {tmp_path}/srv/music/Uploads (2775, mlfym)" in planned
    install(tmp_path)
    assert uploads(tmp_path) == ("/srv/music/Uploads", 0o2775)


@pytest.mark.parametrize("folder", ["/media/disk/Music", "/srv/all our music", "/srv/100% music"])
def test_music_may_be_anywhere(tmp_path: Path, folder: str) -> None:
    """Where it is outlives further installations, which need not be told again."""
    install(tmp_path, "--music", folder)
    assert uploads(tmp_path) == (f"{folder}/Uploads".replace("%", "%%"), 0o2775)
    assert install(tmp_path) == ""
    assert "settings are never changed" in install(tmp_path, "--music", "/other", status=2)


def test_the_folder_that_was_chosen_on_the_set_up_page_counts(tmp_path: Path) -> None:
    """The next installation lets people add music there."""
    install(tmp_path)
    chosen = tmp_path / "var/lib/mlfym/chosen.json"
    chosen.parent.mkdir(parents=True)
    chosen.write_text('{"at_unix": 1, "music_folder": "/srv/vinyl"}', encoding="utf-8")
    install(tmp_path)
    assert uploads(tmp_path)[0] == "/srv/vinyl/Uploads"


@pytest.mark.parametrize(
    "folder", ["Music", "../music", '/srv/"music"', "/srv/a\nUser=root", "/a\\b"]
)
def test_a_music_folder_that_no_unit_may_name_is_refused(tmp_path: Path, folder: str) -> None:
    """Before anything is done."""
    assert "name a folder from the root on" in install(tmp_path, "--music", folder, status=2)
    assert list(tmp_path.iterdir()) == []


def test_what_people_added_outlives_everything(tmp_path: Path) -> None:
    """Uninstalling and purging leave the music, and a unit's changes that are a person's own."""
    install(tmp_path)
    song = tmp_path / "srv/music/Uploads/song.flac"
    song.write_bytes(b"music")
    own = tmp_path / "etc/systemd/system/mlfym-core.service.d/override.conf"
    own.write_text("[Service]\n", encoding="utf-8")
    install(tmp_path, "--purge")
    assert set(files(tmp_path)) == {str(path.relative_to(tmp_path)) for path in (song, own)}


def test_a_role_is_added_to_those_that_are_there(tmp_path: Path) -> None:
    """One environment serves all: what is installed keeps what it needs."""
    install(tmp_path, "--role", "server")
    install(tmp_path)
    units = {path.name for path in (tmp_path / "etc/systemd/system").glob("*.service")}
    assert {"mlfym-core.service", "mlfym-recommender@.service"} <= units
    (tmp_path / "etc/mosquitto/conf.d/mlfym.conf").write_text("", encoding="utf-8")
    install(tmp_path)
    assert "listener" in (tmp_path / "etc/mosquitto/conf.d/mlfym.conf").read_text(encoding="utf-8")


def test_several_roles_make_one_machine(tmp_path: Path) -> None:
    """A speaker without a screen that is its own server has credentials at its own broker."""
    install(tmp_path, "--role", "speaker", "--role", "server")
    units = {path.name for path in (tmp_path / "etc/systemd/system").glob("*.service")}
    assert {"mlfym-core.service", "mlfym-recommender@.service"} <= units
    assert "mlfym-kiosk.service" not in units
    assert Accounts(tmp_path / "etc/mlfym/broker").names() == ["mlfym", "recommender.1"]


def test_files_of_other_programs_lie_in_etc_alone(tmp_path: Path) -> None:
    """A version that would write elsewhere is not read at all."""
    table = (ROOT / "systemd/roles.toml").read_text(encoding="utf-8")
    (tmp_path / "systemd").mkdir()
    for place in ("/etc/passwd", "usr/bin/env", "etc/../usr/bin/env"):
        changed = table.replace('"etc/mosquitto/conf.d/mlfym.conf"', f'"{place}"')
        (tmp_path / "systemd/roles.toml").write_text(changed, encoding="utf-8")
        with pytest.raises(ValueError, match="does not lie in etc/"):
            roles_of(tmp_path)


def pins(text: str) -> dict[str, set[str]]:
    """Versions of each package."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", text, re.MULTILINE):
        found.setdefault(name.lower(), set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_requirement_is_pinned_and_hashed(lock: Path) -> None:
    """At the version that the tests run with, with a hash, from no particular server."""
    text = lock.read_text(encoding="utf-8")
    tested = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    for name, versions in pins(text).items():
        assert versions <= tested.get(name, versions), name
    packages = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(packages) > 10
    assert [p.split("==")[0] for p in packages if "--hash=sha256:" not in p] == []
    assert "://" not in text
    assert "index" not in text


@pytest.mark.parametrize(
    ("role", "extras"), [("speaker", "device web home pi"), ("server", "server")]
)
def test_a_role_has_all_that_its_programs_pin(role: str, extras: str) -> None:
    """Each pin of the project's extras is in the role's file, as it stands."""
    wanted = requirements(ROOT / "pyproject.toml", frozenset(extras.split()))
    locked = pins((ROOT / f"systemd/requirements/{role}.txt").read_text(encoding="utf-8"))
    assert all(locked[n.lower()] == {v} for n, v in (pin.split("==") for pin in wanted))
