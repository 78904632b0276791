"""The live view of a running device in a terminal."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from contracts.emotion import EMOTIONS
from contracts.messages import Playback, Tier
from contracts.mood import MoodClass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from contracts.messages import Choice
    from device.status import Status

MOOD_COLOURS = {
    MoodClass.POSITIVE: "#f2b134",
    MoodClass.NEUTRAL: "#7fb7be",
    MoodClass.NEGATIVE: "#8d7bd6",
    MoodClass.UNKNOWN: "grey58",
}
TIER_COLOURS = {Tier.SERVER: "green", Tier.PACK: "yellow", Tier.DEFAULTS: "red"}
TIER_WORDS = {
    Tier.SERVER: "recommender server",
    Tier.PACK: "offline pack",
    Tier.DEFAULTS: "built-in defaults",
}
SILENT = "dummy"
"""SDL's driver that swallows the sound."""
FACE_FRESH_SECONDS = 2.0
BAR_WIDTH = 24
PICTURE_WIDTH = 110
HAPPENINGS_SHOWN = 6
PLAYBACK_SIGNS = {Playback.PLAYING: "▶", Playback.PAUSED: "⏸", Playback.IDLE: "■"}


def live_view(
    status: Status,
    complaints: Mapping[str, str],
    *,
    camera: str,
    began: float,
    page: str = "",
) -> RenderableType:
    """All that the device thinks now; `began` is the demo's start on the monotonic clock."""
    mood = status.state.mood
    colour = MOOD_COLOURS[mood.mood]
    columns = Table.grid(expand=True, padding=(0, 1))
    columns.add_column(ratio=1)
    columns.add_column(ratio=1)
    columns.add_row(_face_panel(status, camera), _music_panel(status, colour))
    title = Text.assemble(("MLFYM ", "bold"), ("music for your mood", "dim"))
    lines = [Text(f"page  {page}", style="bold", overflow="fold")] if page else []
    foot = Text(f"{time.monotonic() - began:4.0f} s · Ctrl-C stops", style="dim")
    return Panel(
        Group(columns, _happenings(status, began), *_complaint_lines(complaints), *lines),
        title=title,
        subtitle=foot,
        border_style=colour,
        padding=(0, 1),
    )


def save_picture(view: RenderableType, path: Path) -> None:
    """Write a view as SVG, as a terminal of `PICTURE_WIDTH` columns shows it."""
    console = Console(record=True, width=PICTURE_WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(view)
    console.save_svg(str(path), title="./mlfym demo")


def _bar(share: float, colour: str) -> ProgressBar:
    return ProgressBar(total=1.0, completed=share, width=BAR_WIDTH, complete_style=colour)


def _face_panel(status: Status, camera: str) -> Panel:
    age = status.faces_age_seconds
    fresh = age is not None and age < FACE_FRESH_SECONDS
    if fresh and status.faces:
        count = len(status.faces)
        found = Text("● a face" if count == 1 else f"● {count} faces", style="green")
        shown = dict(zip(EMOTIONS, status.faces[0].emotions, strict=False))
    else:
        words = "○ no face" if fresh else f"○ camera {status.state.camera}"
        found, shown = Text(words, style="dim"), dict.fromkeys(EMOTIONS, 0.0)
    table = Table.grid(padding=(0, 1))
    for emotion, probability in shown.items():
        table.add_row(Text(emotion, style="dim"), _bar(probability, "cyan"), f"{probability:4.0%}")
    mood = status.state.mood
    believed = Text.assemble(
        ("mood ", "dim"),
        (str(mood.mood), f"bold {MOOD_COLOURS[mood.mood]}"),
        (f" · valence {mood.valence:+.1f} · arousal {mood.arousal:+.1f}", "dim"),
    )
    return Panel(Group(found, table, Text(), believed), title=camera, border_style="dim")


def _music_panel(status: Status, colour: str) -> Panel:
    state = status.state
    lines: list[RenderableType] = []
    if state.playing:
        sign = PLAYBACK_SIGNS[state.playback]
        lines += [
            Text(f"{sign} {state.playing.title}", style=f"bold {colour}"),
            Text(f"  {state.playing.artist}"),
            Text(f"  {state.playing.reason}", style="italic dim"),
            _position(status, colour),
        ]
    else:
        done, total = status.scanned
        waiting = f"scanning {done} of {total}" if done < total else "nothing is playing"
        lines.append(Text(waiting, style="dim"))
    lines += [Text(), _tier(status), *[_next_line(choice) for choice in state.queued[:3]]]
    silent = " · no sound card" if status.sound_driver == SILENT else ""
    title = f"{status.library_tracks} tracks{silent}"
    return Panel(Group(*lines), title=title, border_style="dim")


def _position(status: Status, colour: str) -> RenderableType:
    row = Table.grid(padding=(0, 1))
    whole = max(status.duration_seconds, 1e-3)
    at = min(status.position_seconds, whole)
    row.add_row(Text(" "), _bar(at / whole, colour), f"{at:.0f} / {whole:.0f} s")
    return row


def _tier(status: Status) -> Text:
    tier = status.state.tier
    trip = status.last_round_trip_ms
    return Text.assemble(
        ("chosen by ", "dim"),
        (TIER_WORDS[tier], TIER_COLOURS[tier]),
        (f" · {trip:.1f} ms" if trip is not None and tier is Tier.SERVER else "", "dim"),
    )


def _next_line(choice: Choice) -> Text:
    return Text.assemble(("next  ", "dim"), choice.title, (f" · {choice.artist}", "dim"))


def _complaint_lines(complaints: Mapping[str, str]) -> list[Text]:
    return [Text(f"{name} ended: {words}", style="red") for name, words in complaints.items()]


def _happenings(status: Status, began: float) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for happening in status.happenings[-HAPPENINGS_SHOWN:]:
        table.add_row(
            Text(f"{happening.at - began:5.1f} s", style="dim"),
            Text(happening.kind, style="dim"),
            happening.what,
            Text(happening.why, style="italic dim"),
        )
    return table
