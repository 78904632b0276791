"""From one version to the next and, if that is not healthy, back again.

Failure policy: until the new version is whole, nothing that runs is touched and any error ends
the update. From then on a journal (`pending.json`) says where it stands; after a power cut
systemd runs `resume`, which goes on or goes back. At every moment `current` names a whole version.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from cli.appliance.roles import Part
from cli.appliance.system import System
from cli.updating import databases
from cli.updating.acceptance import Here, accepted
from cli.updating.brought_files import BroughtFiles
from cli.updating.errors import RolledBackError, UpdateError
from cli.updating.health import Clock, Look, is_updaters, look, look_twice, units_known, watch
from cli.updating.journal import (
    BACK,
    Pending,
    Teller,
    clear_pending,
    read_pending,
    write_pending,
)
from cli.updating.layout import CONFIRMED, CURRENT, Layout
from cli.updating.preparing import After, parts_of, prepare, remove_others
from cli.updating.statement import Statement
from contracts.whole_file import write_whole

CORE = "mlfym-core.service"


class Updater:
    """Updates the appliance on a system.

    Args:
        system: to update.
        here: what a release must fit.
        clock: for watching the new version's health.
        after: told of every step that is on the disk.

    """

    def __init__(
        self,
        system: System,
        here: Here | None = None,
        clock: Clock | None = None,
        after: After = lambda _step: None,
    ) -> None:
        self.system, self._here = system, here or Here.own()
        self._clock = clock or Clock(time.monotonic, time.sleep)
        self._after = after
        self.layout = Layout(system.root)
        self.teller = Teller(self.layout.kept / "state.json")
        self._backup = self.layout.kept / "databases"
        self._files = BroughtFiles(self.layout, self._parts)

    def install(self, path: Path, *, force: bool = False) -> str:
        """Bring the appliance to a release.

        Args:
            path: its statement, or the archive beside it.
            force: also to a version that is not newer.

        Returns:
            The version that now runs.

        Raises:
            UpdateError: it was refused or failed, and nothing that runs was changed.
            RolledBackError: the former version runs again.

        """
        with self._alone():
            self._resume()
            self.teller.tell(phase="reading", percent=0.0)
            try:
                statement = accepted(path, self.layout, self._here, force=force)
                self.teller.tell(phase="preparing", percent=5.0)
                prepare(statement, path.parent, self.layout, self.system, self._after)
            except (UpdateError, OSError) as error:
                remove_others(self.layout, self._former())
                self._over(outcome="refused", why=str(error))
                if isinstance(error, OSError):
                    msg = f"it could not be written ({error}): nothing that runs was changed"
                    raise UpdateError(msg) from error
                raise
            try:
                self._switch(statement.version)
            except RolledBackError:
                refused = {*self.teller.told().refused, statement.sha256}
                self.teller.tell(refused=tuple(sorted(refused)))
                raise
            self._tell_newest(statement)
            return statement.version

    def resume(self) -> str:
        """Finish, one way or the other, what a power cut left; the version that runs.

        Raises:
            RolledBackError: the former version runs again.

        """
        with self._alone():
            self._resume()
            return self.layout.version_at(CURRENT)

    def _resume(self) -> None:
        pending = read_pending(self.layout)
        if pending is None:
            if not self.teller.told().installed or self.teller.told().phase != "idle":
                self._over()
            return
        if self.layout.version_at(CONFIRMED) == pending.new:
            self._finish(pending)
        elif pending.way != BACK and self.layout.version_at(CURRENT) == pending.new:
            self._start(pending.new, pending.before, pending.former)
            self._judge(pending)
        else:
            self._go_back(replace(pending, way=BACK, why=pending.why or "it was interrupted"))

    def _switch(self, version: str) -> None:
        former = self.layout.version_at(CURRENT)
        before = Look(self._services(version))
        if self.system.live:
            before = look_twice(lambda: self._look(former), self._clock)
        pending = Pending(former, version, before=before)
        self.teller.tell(phase="switching", percent=70.0)
        self._forget()  # what is kept of an earlier update must never come back in this one
        write_pending(self.layout, pending)
        self._after("pending")
        try:
            self._stop()
            self._after("stopped")
            databases.keep(self.system.root, self._backup)
            self._after("databases kept")
            self._files.bring(former, version, self._after)
            self._write_units(version)
            self._after("units written")
        except (UpdateError, OSError) as error:
            self._go_back(replace(pending, way=BACK, why=str(error)))
        self.layout.point(CURRENT, version)
        self._after("switched")
        if self.system.live:  # else the first start of that system judges it
            self._start(version, before, former)
            self._after("started")
            self._judge(pending)

    def _judge(self, pending: Pending) -> None:
        self.teller.tell(phase="checking", percent=80.0)
        worse = watch(pending.before, lambda: self._look(pending.new), self._clock)
        if worse:
            self._go_back(replace(pending, way=BACK, why="; ".join(worse)))
        self._after("judged")
        self.layout.point(CONFIRMED, pending.new)
        self._after("confirmed")
        self._finish(pending)

    def _finish(self, pending: Pending) -> None:
        """The new version is confirmed: what it replaced goes, but for one version."""
        self._drop_units(pending.former, pending.new)
        self._files.drop(pending.former, pending.new)
        clear_pending(self.layout)
        self._after("cleared pending")
        self._forget()
        remove_others(self.layout, {pending.former})
        self._over(outcome="installed", why=f"{pending.new}, after {pending.former}")

    def _go_back(self, pending: Pending) -> NoReturn:
        """To the former version."""
        write_pending(self.layout, pending)
        self._after("going back")
        self.teller.tell(phase="rolling back", percent=90.0)
        self._stop()
        self._after("stopped again")
        returned = databases.bring_back(self.system.root, self._backup)
        self._after("databases back")
        self._drop_units(pending.new, pending.former)
        self._write_units(pending.former)
        self._files.bring_back()
        self._after("units back")
        self.layout.point(CURRENT, pending.former)
        self._after("switched back")
        self._start(pending.former, pending.before, pending.new)
        self._after("started again")
        clear_pending(self.layout)
        self._forget()
        if pending.new != pending.former:
            self.layout.remove(pending.new)
        kept = f"; {', '.join(returned)} as before" if returned else ""
        why = f"{pending.new} was not healthy ({pending.why}): {pending.former} runs again{kept}"
        self._over(outcome="rolled back", why=why)
        raise RolledBackError(why)

    def _look(self, version: str) -> Look:
        return look(self.system, self.system.inside(self.layout.python(version)))

    def _parts(self, version: str) -> tuple[Part, ...]:
        try:
            return parts_of(self.layout, version)
        except UpdateError:
            return parts_of(self.layout, self.layout.version_at(CONFIRMED))

    def _services(self, version: str) -> tuple[str, ...]:
        started = [unit for part in self._parts(version) for unit in part.started]
        return tuple(unit for unit in started if not is_updaters(unit))

    def _write_units(self, version: str) -> None:
        for part in self._parts(version):
            for unit in part.units:
                source = self.layout.app(version) / "systemd/units" / unit
                write_whole(self.layout.units / unit, source.read_bytes(), mode=0o644)
        self._systemctl("daemon-reload")

    def _forget(self) -> None:
        """What was kept for the way back."""
        shutil.rmtree(self._backup, ignore_errors=True)
        self._files.forget()

    def _drop_units(self, gone: str, stays: str) -> None:
        """Units that only the version that goes knows."""
        kept = {unit for part in self._parts(stays) for unit in part.units}
        for unit in (u for part in self._parts(gone) for u in part.units if u not in kept):
            self._systemctl("disable", "--now", unit)
            (self.layout.units / unit).unlink(missing_ok=True)

    def _stop(self) -> None:
        if not self.system.live:
            return
        # The socket lasts: vision and core find one another by it, whichever version they are. So
        # core goes last: whoever looks for it there meanwhile has systemd start it again.
        known = [unit for unit in units_known(self.system) if not unit.endswith(".socket")]
        for stopped in ([unit for unit in known if unit != CORE], [u for u in known if u == CORE]):
            if stopped and self._systemctl("stop", *stopped):
                self._systemctl("kill", "--signal=SIGKILL", *stopped)
                if self._systemctl("stop", *stopped):
                    msg = "the programs could not be stopped: start this machine anew"
                    raise UpdateError(msg)

    def _start(self, version: str, before: Look, other: str) -> None:
        """What this version starts, and what ran before; what fails is found by looking at it."""
        for service in self._files.readers(version, other):
            self._systemctl("restart", service)
        for unit in dict.fromkeys([*self._services(version), *before.active]):
            # What something woke since it was stopped is of the other version: it must not stay.
            self._systemctl("start" if unit.endswith(".socket") else "restart", unit)
        # Last and in one go: systemd reads every unit of the system anew, and music does not wait.
        started = [unit for part in self._parts(version) for unit in part.started]
        self._systemctl("enable", *started)

    def _systemctl(self, *words: str) -> int:
        return self.system.run("systemctl", *words).status if self.system.live else 0

    def _former(self) -> set[str]:
        """The newest whole version beside the one that runs, to keep."""
        running = self.layout.version_at(CURRENT)
        others = [v for v in self.layout.versions() if v != running and self.layout.whole(v)]
        return set(others[-1:])

    def _tell_newest(self, statement: Statement) -> None:
        self.teller.tell(latest=statement.version, summary=statement.summary)

    def _over(self, **changes: str) -> None:
        installed = self.layout.version_at(CONFIRMED)
        latest = self.teller.told().latest or installed
        self.teller.tell(installed=installed, latest=latest, phase="idle", percent=None, **changes)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One updater at a time.

        Raises:
            UpdateError: another is at it.

        """
        self.layout.kept.mkdir(parents=True, exist_ok=True)
        with (self.layout.kept / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                msg = "another update is under way: wait for it"
                raise UpdateError(msg) from error
            yield
