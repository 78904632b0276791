"""How well the mood estimated from sound fits music whose mood is known: rank correlations.

The music is the demo's, whose moods are known by construction, and free music of Debian's
packages, labelled in mood_from_sound.toml. `--fetch` gets the packages (1.6 GB) with apt and
unpacks them into FOLDER, one folder each; packages that are not there are left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.rank_correlation import Floats, correlation
from bench.timing import machine
from device.analysis.circumplex import estimate
from device.analysis.features import NAMES, features
from device.analysis.loudness import Loudness
from device.analysis.sound import heard
from device.demo.library import file_name, make_library
from device.demo.pieces import PIECES
from device.music.sound import RATE
from device.music.sound.decoder import UndecodableError

LABELS = Path(__file__).with_suffix(".toml")
PENALTY = 30.0
"""Of the ridge regressions, on standardised features; not tuned."""
LEAST_PACKAGES = 2
"""For a regression that never saw the package it is asked about."""
AXES = ("valence", "arousal")


class Heard(NamedTuple):
    """A track with its label and what was heard in it."""

    part: str
    package: str
    path: Path
    label: tuple[float, float]
    """Valence and arousal."""
    features: dict[str, float]


def run(arguments: list[str]) -> int:
    """Measure; prints JSON. 1: nothing labelled was found."""
    parser = argparse.ArgumentParser(prog="./mlfym bench mood-from-sound", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="packages, unpacked")
    parser.add_argument("--fetch", action="store_true", help="get the packages first")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each track")
    parser.add_argument("--beside", type=Path, metavar="JSONL", help="of librosa_features.py")
    parser.add_argument("--no-demo", action="store_true", help="leave the demo's music out")
    parser.add_argument("--keep", type=Path, metavar="JSON", help="write each track's place here")
    chosen = parser.parse_args(arguments)
    if chosen.fetch:
        fetch(chosen.folder)
    tracks = [] if chosen.no_demo else demo(chosen.seconds)
    tracks += listened(chosen.folder, chosen.seconds)
    if not tracks:
        sys.stderr.write(f"{chosen.folder}: none of the packages is there: add --fetch\n")
        return 1
    if chosen.keep:
        chosen.keep.write_text(json.dumps([placed(track) for track in tracks], indent=1))
    beside = _beside(chosen.beside) if chosen.beside else {}
    told = {"machine": machine(), "seconds": chosen.seconds, **measured(tracks, beside)}
    json.dump(told, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


def read_labels() -> dict[str, dict[str, dict[str, tuple[float, float]]]]:
    """Part → package → end of the file's path → valence and arousal."""
    content = tomllib.loads(LABELS.read_text(encoding="utf-8"))
    places = {name: (place[0], place[1]) for name, place in content.pop("situations").items()}
    return {
        part: {
            package: {name: places[situation] for name, situation in files.items()}
            for package, files in packages.items()
        }
        for part, packages in content.items()
    }


def fetch(folder: Path) -> None:
    """Download and unpack every package that is not there yet."""
    for package in [name for packages in read_labels().values() for name in packages]:
        if (folder / package).is_dir():
            continue
        with tempfile.TemporaryDirectory() as place:
            subprocess.run(["/usr/bin/apt-get", "download", package], cwd=place, check=True)
            (archive,) = Path(place).glob("*.deb")
            (folder / package).mkdir(parents=True)
            subprocess.run(["/usr/bin/dpkg-deb", "-x", archive, folder / package], check=True)


def listened(folder: Path, seconds: float) -> list[Heard]:
    """Every labelled track of the packages that are there; what cannot be decoded is said."""
    tracks = []
    for part, packages in read_labels().items():
        for package, files in packages.items():
            there = [path for path in sorted((folder / package).rglob("*")) if path.is_file()]
            for name, label in files.items():
                path = next((p for p in there if str(p).endswith(f"/{name}")), None)
                try:
                    found = hear(path, seconds) if path else {}
                except UndecodableError as error:
                    sys.stderr.write(f"{path}: {error}\n")
                    continue
                if path:
                    tracks.append(Heard(part, package, path, label, found))
    return tracks


def demo(seconds: float) -> list[Heard]:
    """The demo's music, made anew; its moods are what its scores were made from."""
    with tempfile.TemporaryDirectory() as place:
        make_library(Path(place))
        paths = [(Path(place) / file_name(piece), piece) for piece in PIECES]
        return [
            Heard("demo", "demo", path, (piece.valence, piece.arousal), hear(path, seconds))
            for path, piece in paths
        ]


def hear(path: Path, seconds: float) -> dict[str, float]:
    """What the device hears in the first seconds of a file."""
    with path.open("rb") as file:
        mono = heard(file, Loudness(RATE), seconds)
    return features(mono[: round(seconds * RATE) // 2])


def measured(tracks: list[Heard], beside: dict[str, dict[str, float]]) -> dict[str, Any]:
    """For each part: the shipped estimate, and ridge regressions on ours and on others' features.

    A regression never saw the package that it is asked about, nor anything held out.
    """
    told = {}
    for part in dict.fromkeys(track.part for track in tracks):
        those = [track for track in tracks if track.part == part]
        told[part] = {"tracks": len(those), **_agreement(those, _estimates(those))}
    known = [track for track in tracks if track.part != "demo"]
    if len({track.package for track in known if track.part == "chosen_by"}) < LEAST_PACKAGES:
        return told
    ours = [[track.features[name] for name in NAMES] for track in known]
    told["ridge"] = _regressed(known, np.array(ours))
    if beside:
        known = [track for track in known if str(track.path) in beside]
        theirs = [list(beside[str(track.path)].values()) for track in known]
        told["ridge on the others' features"] = _regressed(known, np.array(theirs))
        ours = [[track.features[name] for name in NAMES] for track in known]
        told["ridge on the same tracks"] = _regressed(known, np.array(ours))
    return told


def placed(track: Heard) -> dict[str, Any]:
    """A track's label and its estimate, for figures."""
    place = estimate(track.features)
    return {
        "part": track.part,
        "file": f"{track.package}/{track.path.name}",
        "label": track.label,
        "estimate": (place.valence, place.arousal),
        "features": track.features,
    }


def _estimates(tracks: list[Heard]) -> Floats:
    places = [estimate(track.features) for track in tracks]
    return np.array([(place.valence, place.arousal) for place in places])


def _agreement(tracks: list[Heard], estimates: Floats) -> dict[str, Any]:
    labels = np.array([track.label for track in tracks])
    return {axis: correlation(estimates[:, k], labels[:, k]) for k, axis in enumerate(AXES)}


def _regressed(tracks: list[Heard], rows: Floats) -> dict[str, Any]:
    chosen = np.array([track.part == "chosen_by" for track in tracks])
    packages = np.array([track.package for track in tracks])
    labels = np.array([track.label for track in tracks])
    estimates = np.zeros_like(labels)
    for package in dict.fromkeys(packages):
        asked = packages == package
        learnt = chosen & ~asked
        estimates[asked] = ridge(rows[learnt], labels[learnt], rows[asked])
    told = {}
    for part, which in (("chosen_by", chosen), ("held_out", ~chosen)):
        those = [track for track, taken in zip(tracks, which, strict=True) if taken]
        if those:
            told[part] = {"tracks": len(those), **_agreement(those, estimates[which])}
    return told


def ridge(rows: Floats, wanted: Floats, asked: Floats, penalty: float = PENALTY) -> Floats:
    """Predictions [m, k] for `asked` [m, d] by a ridge regression of `wanted` [n, k] on `rows`."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    known, middle = (rows - mean) / spread, wanted.mean(axis=0)
    square = known.T @ known + penalty * np.eye(rows.shape[1])
    weights = np.linalg.solve(square, known.T @ (wanted - middle))
    predicted: Floats = (asked - mean) / spread @ weights + middle
    return predicted


def _beside(file: Path) -> dict[str, dict[str, float]]:
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[str(row.pop("path"))] = row
    return found
