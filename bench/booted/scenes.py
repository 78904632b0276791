"""What happens to an appliance that is on, and what of it is well."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.booted.machine import Heard, Machine, heard, longest_silence, until
from bench.booted.tree import Tree

PATIENCE_SECONDS = 300.0
"""For a start on a machine that does other things too."""
RELEASES = "root"
RULES = "etc/polkit-1/rules.d/50-mlfym-setup.rules"
BROKER = "etc/mosquitto/conf.d/mlfym.conf"
UNIT = "etc/systemd/system/mlfym-vision.service"
EXPECTED = frozenset({"camera", "sound"})
"""What doctor may find wrong where there is neither camera nor sound card."""
SEND = """\
import http.client, sys
song, here = sys.stdin.buffer.read(), "http://127.0.0.1:8080"
link = http.client.HTTPConnection("127.0.0.1", 8080, timeout=60)
link.request("GET", "/")
given = link.getresponse()
given.read()
cookie = "; ".join(c.split(";")[0] for c in given.headers.get_all("set-cookie") or [])
head = {"Cookie": cookie, "Origin": here, "Content-Type": "application/octet-stream"}
link.request("POST", "/api/uploads?name=Sent.wav", song, head)
told = link.getresponse()
print(told.status, told.read().decode())
"""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    saw: str
    well: bool


@dataclass
class Scenes:
    """An appliance, from its first start on.

    Args:
        tree: where it is installed.
        machine: that runs it.

    """

    tree: Tree
    machine: Machine
    rows: list[Row] = field(default_factory=list)

    def said(self, what: str, saw: str, *, well: bool) -> None:
        """A line more, shown at once."""
        self.rows.append(Row(what, saw, well))
        sys.stdout.write(f"{'well ' if well else 'WRONG'}  {what}: {saw}\n")
        sys.stdout.flush()

    def starts(self, version: str) -> None:
        """The system is switched on."""
        since = time.monotonic()
        self.machine.switch_on()
        names = self._names()
        until(lambda: names and self._running(names) == len(names), PATIENCE_SECONDS)
        seconds = time.monotonic() - since
        running = self._running(names)
        saw = f"{running} of {len(names)} programs run after {seconds:.0f} s: {', '.join(names)}"
        self.said(f"{version} starts with the system", saw, well=running == len(names))
        self.machine.listen(self._heard)

    def plays(self) -> None:
        """Music, by itself or after somebody asked for it."""
        playing = until(self._moves, PATIENCE_SECONDS / 4)
        how = "by itself"
        if not playing:
            self.machine.run("mlfym", "control", "play")
            playing, how = until(self._moves, PATIENCE_SECONDS / 4), "when play was pressed"
        last = self._last()
        place = f"{last.track}, {last.position_seconds:.0f} s" if last else "core does not answer"
        self.said("music plays", f"{how}: {place}", well=bool(playing))

    def takes_music(self) -> None:
        """A song that is sent to the page lies in the music, and is core's."""
        song = next((self.tree.folder / "srv/music").glob("*.wav")).read_bytes()
        said = self.machine.run("python3", "-c", SEND, given=song)
        there = self.tree.folder / "srv/music/Uploads/Sent.wav"
        well = said.text.startswith("200") and there.is_file() and there.read_bytes() == song
        owner = self.machine.run("stat", "--format=%U:%G %a", "/srv/music/Uploads").text
        self.said("a song is added on the page", f"HTTP {said.text[:60]}; {owner}", well=well)

    def is_healthy(self) -> None:
        """Nothing wrong but what a machine without camera and sound card lacks."""
        python = "/opt/mlfym/current/venv/bin/python"
        said = self.machine.run(python, "-P", "-m", "cli.updating.probe")
        try:
            wrong = set(json.loads(said.text.splitlines()[-1])["bad"])
        except (ValueError, IndexError, KeyError):
            wrong = {said.text[-80:]}
        saw = f"wrong: {', '.join(sorted(wrong)) or 'nothing'}; programs ended: {self._ended()}"
        self.said("doctor", saw, well=wrong <= EXPECTED and not self._ended())

    def updates(self, release: Path, version: str, mark: str) -> None:
        """To a healthy release: it runs, with its files, and the music went on."""
        before = self._last()
        seconds, said, silence = self._update(release)
        saw = f"{said.splitlines()[-1] if said else ''} after {seconds:.0f} s"
        well = self._settled(version) and self._core_is_new()
        self.said(f"update to {version}", saw, well=well)
        self._carries(f"what {version} changes is there", mark)
        self._went_on(before, silence)

    def refuses(self, release: Path, sick: str, version: str, mark: str) -> None:
        """A sick release gives way to the version before it."""
        before = self._last()
        seconds, said, silence = self._update(release)
        gone = not (self.tree.folder / "opt/mlfym/versions" / sick).exists()
        saw = f"{said.splitlines()[-1] if said else ''} after {seconds:.0f} s"
        well = self._settled(version) and gone and "runs again" in said
        self.said(f"update to {sick}, which is broken", saw, well=well)
        self._carries(f"what {version} had is back", mark)
        self._went_on(before, silence)

    def loses_power(self, release: Path, version: str, former: str) -> None:
        """In the middle of an update; the next start brings it to an end, one way or the other."""
        self._begin(release)
        phase = until(lambda: self._state().get("phase") == "checking", PATIENCE_SECONDS * 2)
        self.machine.cut_power()
        self.said("power goes while the new version is judged", self._links(), well=bool(phase))
        self.starts("what there is")
        until(lambda: self._settled(version) or self._settled(former), PATIENCE_SECONDS)
        state = self._state()
        saw = f"{self._links()}, {state.get('outcome', '')}: {state.get('why', '')}"
        well = self._settled(version) or self._settled(former)
        self.said("the next start settles it", saw, well=well)
        self.plays()

    def _update(self, release: Path) -> tuple[float, str, float]:
        """Seconds it took, what it said, and the longest silence meanwhile."""
        count = len(heard(self._heard))
        since = time.monotonic()
        said = self.machine.run("mlfym", "update", self._brought(release))
        seconds = time.monotonic() - since
        until(self._moves, PATIENCE_SECONDS / 4)
        return seconds, said.text, longest_silence(heard(self._heard)[count:])

    def _begin(self, release: Path) -> None:
        words = ("systemd-run", "--unit=bench-update", "--quiet")
        self.machine.run(*words, "/usr/local/bin/mlfym", "update", self._brought(release))

    def _brought(self, release: Path) -> str:
        """Both files of a release, as if they came on a stick; the statement's path there."""
        for path in (release, release.with_name(release.stem + ".tar.gz")):
            (self.tree.folder / RELEASES / path.name).write_bytes(path.read_bytes())
        return f"/{RELEASES}/{release.name}"

    def _went_on(self, before: Heard | None, silence: float) -> None:
        now, moves = self._last(), self._moves()
        same = bool(before and now and before.track == now.track)
        where = f"{now.position_seconds:.0f} s" if now else "nowhere"
        saw = f"silent for {silence:.1f} s, then {'the same song' if same else 'a song'} at {where}"
        self.said("the music goes on", saw, well=moves)

    def _carries(self, what: str, mark: str) -> None:
        """Whether unit, polkit rule and broker settings are of the version with that mark."""
        found = []
        for place in (UNIT, RULES, BROKER):
            path = self.tree.folder / place
            if path.is_file():
                first = path.read_text("utf-8").partition("\n")[0]
                found.append((place.rpartition("/")[2], first.endswith(f" {mark}")))
        saw = ", ".join(f"{name}{'' if good else ' NOT'}" for name, good in found)
        self.said(what, saw, well=all(good for _, good in found))

    def _settled(self, version: str) -> bool:
        link = self.tree.folder / "opt/mlfym"
        pointed = {(link / name).readlink().name for name in ("current", "confirmed")}
        pending = self.tree.folder / "var/lib/mlfym-update/pending.json"
        return pointed == {version} and not pending.exists()

    def _core_is_new(self) -> bool:
        """Whether core began after the version that runs was chosen: else it is the former one."""
        shown = ("--property=ExecMainStartTimestamp", "--value", "--timestamp=unix")
        began = self.machine.run("systemctl", "show", *shown, "mlfym-core.service").text[1:]
        chosen = (self.tree.folder / "opt/mlfym/current").lstat().st_mtime
        return began.isdecimal() and int(began) >= int(chosen)

    def _links(self) -> str:
        link = self.tree.folder / "opt/mlfym"
        return ", ".join(f"{n} {(link / n).readlink().name}" for n in ("current", "confirmed"))

    def _state(self) -> dict[str, Any]:
        try:
            state = (self.tree.folder / "var/lib/mlfym-update/state.json").read_text("utf-8")
            told: dict[str, Any] = json.loads(state)
        except (OSError, ValueError):
            return {}
        return told

    def _names(self) -> list[str]:
        """Programs that were installed to run for ever, and can here."""
        wants = (self.tree.folder / "etc/systemd/system/multi-user.target.wants").iterdir()
        ours = [path.name for path in wants if path.name.startswith("mlfym-")]
        # Without NetworkManager the set-up has nothing to do, and the updater only wakes up.
        lasting = [n for n in ours if "update" not in n and "setup" not in n]
        mosquitto = ["mosquitto.service"] if (self.tree.folder / BROKER).exists() else []
        return sorted([*lasting, *mosquitto])

    def _running(self, names: list[str]) -> int:
        said = self.machine.run("systemctl", "is-active", *names).text.splitlines()
        return said.count("active")

    def _ended(self) -> int:
        """How often programs ended and were started anew since they were started."""
        names = self._names()
        asked = ("systemctl", "show", "--property=NRestarts", "--value", *names)
        return sum(int(n) for n in self.machine.run(*asked).text.split() if n.isdecimal())

    @property
    def _heard(self) -> Path:
        return self.tree.work / "heard.jsonl"

    def _last(self) -> Heard | None:
        rows = [row for row in heard(self._heard) if row.playback != "away"]
        return rows[-1] if rows else None

    def _moves(self) -> bool:
        """Whether the last two rows are of music that moves on."""
        rows = heard(self._heard)[-2:]
        playing = len(rows) == 2 and all(row.playback == "playing" for row in rows)  # noqa: PLR2004 - before and now
        return playing and rows[0][2:] != rows[1][2:]
