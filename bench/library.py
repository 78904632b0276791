"""Scan a library of many tagged files: seconds, seconds again, memory; as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import wave
from pathlib import Path
from typing import Any

from mutagen import id3
from mutagen.wave import WAVE

from bench.timing import cpu_seconds, machine, memory_mb
from device.music.library import scan
from device.music.tag_reader import TagReader
from device.store import Store

GENRES = ("Pop", "Jazz", "Metal", "Folk", "Ambient", "K-Pop", "Classical")
IN_A_FOLDER = 12


def run(arguments: list[str]) -> int:
    """Measure; prints JSON."""
    parser = argparse.ArgumentParser(prog="./mlfym bench library", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "music"
        make_files(folder, chosen.files)
        json.dump({"machine": machine(), **measured(folder, Path(place))}, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


def make_files(folder: Path, count: int) -> None:
    """Short WAVs with distinct ID3 tags, twelve a folder."""
    for number in range(count):
        path = (
            folder / f"artist {number // 60}" / f"album {number // IN_A_FOLDER}" / f"{number}.wav"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(800))
        tagged: Any = WAVE(str(path))  # type: ignore[no-untyped-call]
        tagged.add_tags()
        texts = {
            "TIT2": f"노래 {number}",
            "TPE1": f"Artist {number // 60}",
            "TALB": f"Album {number // IN_A_FOLDER}",
            "TCON": GENRES[number % len(GENRES)],
            "TDRC": str(1960 + number % 60),
            "TRCK": str(number % IN_A_FOLDER + 1),
        }
        for name, text in texts.items():
            tagged.tags.add(id3.Frames[name](encoding=id3.Encoding.UTF8, text=text))
        tagged.save()


def measured(folder: Path, place: Path) -> dict[str, object]:
    """Two scans: of everything, and of nothing that changed."""
    store, reader = Store(place / "store.sqlite"), TagReader()
    try:
        figures: dict[str, object] = {}
        for name in ("first", "again"):
            before = _spent(reader)
            wall, cpu = time.perf_counter(), time.process_time()
            done = scan(folder, store, reader)
            figures[name] = {
                "files_read": done.read,
                "tracks": len(done.tracks),
                "wall_seconds": round(time.perf_counter() - wall, 2),
                "scanner_cpu_seconds": round(time.process_time() - cpu, 2),
                "reader_cpu_seconds": round(_spent(reader) - before, 2),
            }
        figures["scanner_memory_mb"] = memory_mb()
        figures["reader_sandbox"] = list(reader.sandbox.locks) if reader.sandbox else []
        return figures
    finally:
        reader.close()
        store.close()


def _spent(reader: TagReader) -> float:
    return cpu_seconds(reader.process_id) if reader.process_id else 0.0
