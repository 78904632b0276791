"""How well the mood estimated from sound fits music whose mood is known: rank correlations.

The music is the demo's, whose moods are known by construction, and free music of Debian's
packages, labelled in mood_from_sound.toml. `--fetch` gets the packages (1.6 GB) with apt and
unpacks them into FOLDER, one folder each; packages that are not there are left out. What was
heard is kept in the user's cache folder: a run that was broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import device.analysis
from bench.heard_cache import Features, HeardCache, digest_of, say_progress
from bench.librosa_beside import LibrosaError, librosa_hears, own_python
from bench.mood_picture import PictureError, draw_scatter
from bench.rank_correlation import Floats, correlation
from bench.timing import machine
from cli.cache import cache_folder
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
OF_THE_FEATURES = ("features", "harmony", "roughness", "spectra")
"""Modules of device.analysis that make them; others do not change what was heard."""


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
    parser.add_argument(
        "--librosa", nargs="?", const="", metavar="PYTHON",
        help="compare with librosa, by a Python that has it, else by one made for it (600 MB)",
    )  # fmt: skip
    parser.add_argument("--picture", type=Path, metavar="PNG", help="estimate against label")
    parser.add_argument("--no-demo", action="store_true", help="leave the demo's music out")
    parser.add_argument("--keep", type=Path, metavar="JSON", help="write each track's place here")
    chosen = parser.parse_args(arguments)
    if chosen.fetch:
        fetch(chosen.folder)
    tracks = labelled(chosen.folder, chosen.seconds, demo=not chosen.no_demo)
    if not tracks:
        sys.stderr.write(f"{chosen.folder}: none of the packages is there: add --fetch\n")
        return 1
    try:
        told = _told(tracks, chosen)
    except (LibrosaError, PictureError) as error:
        sys.stderr.write(f"mlfym bench mood-from-sound: {error}\n")
        return 1
    json.dump(told, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


def _told(tracks: list[Heard], chosen: argparse.Namespace) -> dict[str, Any]:
    rows = [placed(track) for track in tracks]
    if chosen.keep:
        chosen.keep.write_text(json.dumps(rows, indent=1))
    beside: dict[str, Features] = {}
    if chosen.librosa is not None:
        python = Path(chosen.librosa) if chosen.librosa else own_python()
        paths = [track.path for track in tracks if track.part != "demo"]
        beside = librosa_hears(paths, chosen.seconds, python)
    figures = measured(tracks, beside)
    if chosen.picture:
        draw_scatter(rows, figures, chosen.picture)
    return {"machine": machine(), "seconds": chosen.seconds, **figures}


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


def labelled(folder: Path, seconds: float, *, demo: bool) -> list[Heard]:
    """The demo's tracks and every labelled one of the packages that are there, heard.

    What cannot be decoded is said and left out.
    """
    sources = [Path(device.analysis.__file__).with_name(f"{n}.py") for n in OF_THE_FEATURES]
    cache = HeardCache(cache_folder() / "bench" / f"sound-{digest_of(sources)}.jsonl", seconds)
    waiting = [*(_demo() if demo else []), *_of_packages(folder)]
    tracks = []
    for done, (part, package, path, label) in enumerate(waiting, start=1):
        try:
            found = cache.heard(path, lambda file: hear(file, seconds))
        except UndecodableError as error:
            sys.stderr.write(f"{path}: {error}\n")
        else:
            tracks.append(Heard(part, package, path, label, found))
        say_progress("listening", done, len(waiting))
    return tracks


def _of_packages(folder: Path) -> Iterator[tuple[str, str, Path, tuple[float, float]]]:
    for part, packages in read_labels().items():
        for package, files in packages.items():
            there = [path for path in sorted((folder / package).rglob("*")) if path.is_file()]
            for name, label in files.items():
                path = next((p for p in there if str(p).endswith(f"/{name}")), None)
                if path:
                    yield part, package, path, label


def _demo() -> Iterator[tuple[str, str, Path, tuple[float, float]]]:
    """The demo's music, made when it is missing; its moods are what its scores were made from."""
    folder = cache_folder() / "demo-music"
    make_library(folder)
    for piece in PIECES:
        yield "demo", "demo", folder / file_name(piece), (piece.valence, piece.arousal)


def hear(path: Path, seconds: float) -> Features:
    """What the device hears in the first seconds of a file.

    Raises:
        UndecodableError: nothing in it can be decoded.

    """
    with path.open("rb") as file:
        mono = heard(file, Loudness(RATE), seconds)
    return features(mono[: round(seconds * RATE) // 2])


def measured(tracks: list[Heard], beside: dict[str, Features]) -> dict[str, Any]:
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
        theirs = [list(beside[str(track.path)].values()) for track in known]
        told["ridge on librosa's features"] = _regressed(known, np.array(theirs))
        both = [[*one, *other] for one, other in zip(ours, theirs, strict=True)]
        told["ridge on both"] = _regressed(known, np.array(both))
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
