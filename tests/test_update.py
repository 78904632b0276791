from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from cli import update
from cli.updating.errors import RolledBackError, UpdateError
from cli.updating.health import HEALTH_SECONDS, LOOK_SECONDS
from cli.updating.layout import CONFIRMED
from cli.updating.making import Wanted, make_release
from cli.updating.preparing import After
from cli.updating.signing import sign
from cli.updating.statement import CONTEXT
from contracts.release_state import ask_for_release, read_release_state
from tests.release_stage import SILENT, STILL, WELL, Stage

CORE, VISION = "mlfym-core.service", "mlfym-vision.service"
RULES, BROKER = "etc/polkit-1/rules.d/50-mlfym.rules", "etc/mosquitto/conf.d/mlfym.conf"
MIGRATION = "PRAGMA user_version = 2; ALTER TABLE likes ADD COLUMN why; "
LOSS = "PRAGMA user_version = 2; DELETE FROM likes;"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """An appliance that plays, with 0.1.0."""
    return Stage(tmp_path)


def state(stage: Stage) -> tuple[str, str, str, str]:
    """What home automation reads."""
    told = read_release_state(stage.layout.kept / "state.json")
    assert told
    return told.installed, told.latest, told.phase, told.outcome


def test_a_healthy_release_takes_over(stage: Stage) -> None:
    """Its programs run from its own folder and environment; the former version stays beside it."""
    stage.updater().install(stage.release("0.2.0"))
    assert stage.runs == stage.layout.version_at(CONFIRMED) == "0.2.0"
    assert stage.layout.versions() == ["0.1.0", "0.2.0"]
    assert stage.systemd.running == {CORE, VISION}
    assert "0.2.0" in (stage.layout.units / CORE).read_text(encoding="utf-8")
    assert not stage.layout.pending.exists()
    assert state(stage) == ("0.2.0", "0.2.0", "idle", "installed")


def test_one_former_version_is_kept(stage: Stage) -> None:
    """Older ones go."""
    for version in ("0.2.0", "0.3.0"):
        stage.updater().install(stage.release(version))
    assert stage.layout.versions() == ["0.2.0", "0.3.0"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"files": {"device/crashes": CORE}}, "mlfym-core.service does not run"),
        ({"files": {"device/crashes": VISION}}, "mlfym-vision.service does not run"),
        ({"files": {"device/restarts": ""}}, "ended and was started anew"),
        ({"core": "None"}, "core does not answer"),
        ({"core": SILENT}, "the music is idle"),
        ({"core": STILL}, "the music stands still"),
        ({"core": "nonsense"}, "cannot be asked"),
        ({"bad": ("camera", "models")}, "doctor finds something wrong with: models"),
    ],
)
def test_a_sick_release_gives_way(stage: Stage, said: dict[str, object], why: str) -> None:
    """Within two minutes the former version runs again, and says why."""
    path = stage.release("0.2.0", **said)
    with pytest.raises(RolledBackError, match=why):
        stage.updater().install(path)
    assert stage.clock.seconds <= LOOK_SECONDS + HEALTH_SECONDS  # the one before it was stopped
    assert stage.runs == stage.layout.version_at(CONFIRMED) == "0.1.0"
    assert stage.systemd.running == {CORE, VISION}
    assert "0.1.0" in (stage.layout.units / CORE).read_text(encoding="utf-8")
    assert stage.layout.versions() == ["0.1.0"]
    assert stage.likes() == ["a"]
    assert state(stage) == ("0.1.0", "0.1.0", "idle", "rolled back")


def test_what_was_broken_before_may_stay_broken(stage: Stage) -> None:
    """A camera that was away, and a unit that did not run, keep no version from running."""
    stage.systemd.running.discard(VISION)
    stage.updater().install(stage.release("0.2.0", files={"device/crashes": VISION}))
    assert stage.runs == "0.2.0"


def test_a_database_comes_back_as_it_was(stage: Stage) -> None:
    """The new version changed its tables; the former one finds its own, with all that was in it."""
    changed = {"device/migrate.sql": LOSS}
    with pytest.raises(RolledBackError, match=r"device\.sqlite as before"):
        stage.updater().install(stage.release("0.2.0", core="None", files=changed))
    assert stage.likes() == ["a"]


def test_what_came_meanwhile_is_kept(stage: Stage) -> None:
    """Tables that the former version can read stay as they are: nothing that was liked is lost."""
    added = {"device/migrate.sql": "INSERT INTO likes VALUES ('b');"}
    with pytest.raises(RolledBackError):
        stage.updater().install(stage.release("0.2.0", core="None", files=added))
    assert stage.likes() == ["a", "b"]


def test_a_log_that_is_not_written_back_yet_is_kept_too(stage: Stage) -> None:
    """What a killed core left in its write-ahead log belongs to the database."""
    path = stage.root / "var/lib/mlfym/device.sqlite"
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("INSERT INTO likes VALUES ('b')")
    writer.commit()
    changed = {"device/migrate.sql": LOSS}
    log = path.with_name("device.sqlite-wal").read_bytes()
    writer.close()
    path.with_name("device.sqlite-wal").write_bytes(log)
    with pytest.raises(RolledBackError):
        stage.updater().install(stage.release("0.2.0", core="None", files=changed))
    assert stage.likes() == ["a", "b"]


def test_units_come_and_go_with_their_version(stage: Stage) -> None:
    """A new version's own unit runs with it, and is gone when it is."""
    units = (CORE, VISION, "mlfym-lamp.service")
    with pytest.raises(RolledBackError):
        stage.updater().install(stage.release("0.2.0", core="None", units=units))
    assert sorted(path.name for path in stage.layout.units.iterdir()) == [CORE, VISION]
    stage.updater().install(stage.release("0.3.0", units=units))
    assert stage.systemd.running == set(units) == stage.systemd.enabled
    stage.updater().install(stage.release("0.4.0"))
    assert sorted(path.name for path in stage.layout.units.iterdir()) == [CORE, VISION]
    assert stage.systemd.running == {CORE, VISION}


def others(stage: Stage) -> dict[str, str]:
    """Files of ours that other programs of the system read."""
    return {p: (stage.root / p).read_text() for p in (RULES, BROKER) if (stage.root / p).exists()}


def readers_restarted(stage: Stage) -> int:
    """How often the system's own service that reads them was started anew."""
    return stage.systemd.asked.count(("systemctl", "restart", "reader.service"))


def test_what_other_programs_read_comes_with_its_version(stage: Stage) -> None:
    """A changed file is changed, a new one is there, and one that is no longer needed is gone."""
    stage.updater().install(stage.release("0.2.0", others={RULES: "rules 2"}))
    assert others(stage) == {RULES: "rules 2"}
    stage.updater().install(stage.release("0.3.0", others={RULES: "rules 3", BROKER: "broker 3"}))
    assert others(stage) == {RULES: "rules 3", BROKER: "broker 3"}
    assert readers_restarted(stage) == 2
    stage.updater().install(stage.release("0.4.0", others={RULES: "rules 3", BROKER: "broker 3"}))
    assert readers_restarted(stage) == 2  # the same as before: nobody has to read it
    stage.updater().install(stage.release("0.5.0", others={BROKER: "broker 3"}))
    assert others(stage) == {BROKER: "broker 3"}


def test_what_other_programs_read_comes_back_as_it_was(stage: Stage) -> None:
    """Byte for byte, also when the former version knows nothing of it; read again by its reader."""
    path = stage.root / BROKER
    path.parent.mkdir(parents=True)
    path.write_text("as it was", encoding="utf-8")
    new = {RULES: "rules 2", BROKER: "broker 2"}
    with pytest.raises(RolledBackError):
        stage.updater().install(stage.release("0.2.0", core="None", others=new))
    assert others(stage) == {BROKER: "as it was"}
    assert readers_restarted(stage) == 2


def test_what_an_earlier_update_kept_never_comes_back(stage: Stage) -> None:
    """The power was cut just after that update, and again at the start of the next."""
    stage.updater().install(stage.release("0.2.0", others={BROKER: "broker 2"}))
    (stage.layout.kept / "system_files.json").write_text(json.dumps({BROKER: None}))
    path = stage.release("0.3.0", others={BROKER: "broker 3"})
    stopped = 8
    assert killed_after(stopped, partial(installed, stage, path))
    with pytest.raises(RolledBackError, match="interrupted"):
        stage.updater().resume()
    assert others(stage) == {BROKER: "broker 2"}


def test_a_release_without_what_it_names_is_refused(stage: Stage) -> None:
    """Before anything is stopped for it."""
    path = stage.release("0.2.0", others={BROKER: "broker 2"})
    checkout = stage.folder / "checkout-0.2.0"
    (checkout / "systemd" / BROKER).unlink()
    path = make_release(Wanted(checkout=checkout, out=path.parent, private=stage.private))[0]
    refused(stage, path, "lacks .*mlfym.conf: ask its maker")
    (checkout / "systemd" / BROKER).write_text("broker 2")
    (checkout / "systemd/units" / VISION).unlink()
    path = make_release(Wanted(checkout=checkout, out=path.parent, private=stage.private))[0]
    refused(stage, path, f"lacks {VISION}: ask its maker")


def test_a_program_of_the_former_version_is_not_taken_for_the_new_one(stage: Stage) -> None:
    """Something woke core by its socket while the versions were switched; the new core ends."""
    stage.systemd.woken = (CORE,)
    with pytest.raises(RolledBackError, match=r"mlfym-core\.service does not run"):
        stage.updater().install(stage.release("0.2.0", files={"device/crashes": CORE}))
    assert stage.runs == "0.1.0"
    stopped = [
        set(words[2:]) for words in stage.systemd.asked if words[:2] == ("systemctl", "stop")
    ]
    assert stopped[:2] == [{VISION}, {CORE}]  # who looks for core is gone before it is


def test_a_unit_that_never_stayed_up_keeps_no_version_away(stage: Stage) -> None:
    """A kiosk whose screen is unplugged ends every few seconds, before the update and after it."""
    stage.systemd.flapping.add(VISION)
    stage.updater().install(stage.release("0.2.0"))
    assert stage.runs == "0.2.0"


def refused(stage: Stage, path: Path, why: str, *, force: bool = False) -> None:
    """It is refused for this reason, and nothing that runs was touched."""
    asked = len(stage.systemd.asked)
    with pytest.raises(UpdateError, match=why):
        stage.updater().install(path, force=force)
    assert stage.runs == "0.1.0"
    assert stage.layout.versions() == ["0.1.0"]
    assert not any(words[:2] == ("systemctl", "stop") for words in stage.systemd.asked[asked:])
    assert not stage.layout.pending.exists()
    assert state(stage)[2:] == ("idle", "refused")


def test_an_older_release_is_refused_unless_it_is_forced(stage: Stage) -> None:
    """The same version cannot be installed beside itself at all."""
    older, same = stage.release("0.0.9"), stage.release("0.1.0")
    refused(stage, older, "not newer than 0.1.0")
    refused(stage, same, "not newer than 0.1.0")
    refused(stage, same, "beside itself", force=True)
    stage.updater().install(older, force=True)
    assert stage.runs == "0.0.9"


def test_another_machine_or_python_is_refused(stage: Stage) -> None:
    """By what the statement says, before anything is unpacked."""
    for key, value, why in (("machines", ["riscv64"], "riscv64"), ("pythons", ["3.9"], "3.9")):
        path = stage.release("0.2.0")
        resigned(stage, path, {key: value})
        refused(stage, path, why)


def test_a_program_of_another_version_than_signed_is_refused(stage: Stage) -> None:
    """The statement's version counts for the order, so the program must be that one."""
    path = stage.release("0.2.0")
    resigned(stage, path, {"version": "0.9.0"})
    refused(stage, path, "holds 0.2.0, and was signed as 0.9.0")


def resigned(stage: Stage, path: Path, changes: dict[str, object]) -> None:
    """The same statement with other words, signed by the maintainer."""
    table = json.loads(path.read_bytes().splitlines()[0])
    line = json.dumps(table | changes, sort_keys=True).encode()
    path.write_bytes(line + b"\n" + sign(CONTEXT + line, stage.private).encode())


def test_an_environment_that_cannot_be_made_changes_nothing(stage: Stage) -> None:
    """For instance because there is no network: it says what was said."""
    known = stage.systemd.__call__

    class Offline(type(stage.systemd)):  # type: ignore[misc]
        def __call__(self, words: tuple[str, ...], seconds: float) -> object:
            if "pip" in words:
                return type(known(("true",), 1))(1, "No route to the index")
            return super().__call__(words, seconds)

    stage.systemd.__class__ = Offline
    refused(stage, stage.release("0.2.0"), "No route to the index")


def killed_after(number: int, work: Callable[[After], object]) -> bool:
    """Whether the updater was killed (SIGKILL) when `number` steps were done, as a power cut is."""
    child = os.fork()
    if not child:
        done = 0

        def after(_step: str) -> None:
            nonlocal done
            done += 1
            if done == number:
                os.kill(os.getpid(), signal.SIGKILL)

        with contextlib.suppress(UpdateError):
            work(after)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_power_cut_after_any_step_of_an_update_ends_well(tmp_path: Path) -> None:
    """After every single one `current` names a whole version, and the next start settles it."""
    cut_everywhere(tmp_path, WELL, 0, {"copied", "whole", "pending", "switched", "confirmed"})


def test_a_power_cut_after_any_step_of_the_way_back_ends_well(tmp_path: Path) -> None:
    """The former version plays, with its database as it was."""
    cut_everywhere(tmp_path, "None", 0, {"switched", "going back", "databases back", "units back"})


@pytest.mark.slow
@pytest.mark.parametrize("core", [WELL, "None"], ids=["healthy", "sick"])
@pytest.mark.parametrize("again", [1, 2, 4, 6])
def test_a_second_power_cut_ends_well_too(tmp_path: Path, core: str, again: int) -> None:
    """In the middle of mending the first."""
    cut_everywhere(tmp_path, core, again, {"switched"})


def cut_everywhere(folder: Path, core: str, again: int, among: set[str]) -> None:
    """Cut the power after each step of an update in turn, and `again` steps into its mending."""
    drawn = Stage(folder / "drawn")
    kept = drawn.root / BROKER
    kept.parent.mkdir(parents=True)
    kept.write_text("0.1.0", encoding="utf-8")
    brought = {RULES: "0.2.0", BROKER: "0.2.0"}
    changes = {"device/migrate.sql": MIGRATION}
    name = drawn.release("0.2.0", core=core, files=changes, others=brought).name
    steps: list[str] = []
    with contextlib.suppress(RolledBackError):
        uncut, path = copied(drawn, folder / "uncut", name)
        uncut.updater(steps.append).install(path)
    assert among <= set(steps)
    for number in range(1, len(steps) + 1):
        stage, path = copied(drawn, folder / str(number), name)
        assert killed_after(number, partial(installed, stage, path))
        stage.start()
        assert stage.runs in {"0.1.0", "0.2.0"}
        if again:
            killed_after(again, partial(resumed, stage))
            assert stage.runs in {"0.1.0", "0.2.0"}
            stage.start()
        settled(stage)


def copied(stage: Stage, folder: Path, name: str) -> tuple[Stage, Path]:
    """The same appliance again, and the release beside it."""
    shutil.copytree(stage.folder, folder, symlinks=True)
    copy = Stage(folder)
    copy.systemd.in_process = True
    return copy, folder / "out" / name


def installed(stage: Stage, path: Path, after: After) -> None:
    """The release, with the power about to go."""
    stage.updater(after).install(path)


def resumed(stage: Stage, after: After) -> None:
    """What systemd does after a power cut."""
    stage.updater(after).resume()


def settled(stage: Stage) -> None:
    """What systemd starts next brings it to an end, and that end is one of two."""
    try:
        stage.updater().resume()
    except RolledBackError:
        assert stage.runs == "0.1.0"
    assert not stage.layout.pending.exists()
    assert stage.runs == stage.layout.version_at(CONFIRMED)
    assert stage.systemd.running == {CORE, VISION}
    assert stage.runs in (stage.layout.units / CORE).read_text(encoding="utf-8")
    new = {RULES: "0.2.0", BROKER: "0.2.0"}
    assert others(stage) == ({BROKER: "0.1.0"} if stage.runs == "0.1.0" else new)
    if stage.runs == "0.1.0":
        assert stage.likes() == ["a"]
    assert state(stage)[2] == "idle"


def looked(stage: Stage, *words: str) -> str:
    """What `mlfym update` with these words comes to."""
    options = update._parser().parse_args([*words])
    return update.carry_out(stage.updater(), options)


def test_a_stick_with_a_newer_release_updates(stage: Stage) -> None:
    """The newest that a trusted maintainer signed, whatever else is on it."""
    stick = stage.root / "media/stick/deep"
    stick.mkdir(parents=True)
    for version in ("0.2.0", "0.3.0"):
        path = stage.release(version)
        for file in (path, path.with_name(path.name.replace(".release", ".tar.gz"))):
            (stick / file.name).write_bytes(file.read_bytes())
    (stick / "mlfym-9.0.0.release").write_bytes(b"{}\nAAAA\n")
    assert "0.3.0 is at" in looked(stage, "--look", "--only-tell")
    assert state(stage)[:2] == ("0.1.0", "0.3.0")
    assert stage.runs == "0.1.0"
    assert looked(stage, "--look") == "0.3.0 is installed"
    assert looked(stage) == "nothing newer than 0.3.0 is to be found"


def test_a_release_that_was_sick_is_tried_again_only_on_a_wish(stage: Stage) -> None:
    """A stick that stays plugged in does not stop the music every night."""
    out = stage.release("0.2.0", core="None").parent
    with pytest.raises(RolledBackError):
        looked(stage, "--look", "--folder", str(out))
    assert "nothing newer" in looked(stage, "--look", "--folder", str(out))
    ask_for_release(stage.root / "var/lib/mlfym")
    with pytest.raises(RolledBackError):
        looked(stage, "--look", "--folder", str(out))
    assert not (stage.root / update.WISH).exists()


def test_two_updates_do_not_meet(stage: Stage) -> None:
    """The second is told to wait."""
    first = stage.updater()
    with first._alone(), pytest.raises(UpdateError, match="under way"):
        stage.updater().resume()
