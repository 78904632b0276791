"""What librosa hears in files, for comparison with what the product hears; a JSON line a file.

Run by a Python that has librosa 0.11, which the product does not use:

    find MUSIC -name '*.ogg' | python bench/librosa_features.py > librosa.jsonl
    ./mlfym bench mood-from-sound MUSIC --beside librosa.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import librosa  # type: ignore[import-not-found]
import numpy as np

RATE = 22_050


def features(sound: Any) -> dict[str, float]:  # noqa: ANN401 - librosa has types of its own
    """Means and deviations of librosa's usual features over mono sound at RATE."""
    power = np.abs(librosa.stft(sound)) ** 2
    amplitude = np.sqrt(power)
    mel = librosa.feature.melspectrogram(S=power, sr=RATE)
    decibel = librosa.power_to_db(mel)
    onsets = librosa.onset.onset_strength(S=decibel, sr=RATE)
    chroma = librosa.feature.chroma_stft(S=power, sr=RATE, tuning=0.0)
    series = {
        "rms": librosa.feature.rms(S=amplitude)[0],
        "onset": onsets,
        "centroid": librosa.feature.spectral_centroid(S=amplitude, sr=RATE)[0],
        "bandwidth": librosa.feature.spectral_bandwidth(S=amplitude, sr=RATE)[0],
        "rolloff": librosa.feature.spectral_rolloff(S=amplitude, sr=RATE)[0],
        "flatness": np.log(librosa.feature.spectral_flatness(S=amplitude)[0]),
        "crossings": librosa.feature.zero_crossing_rate(sound)[0],
    }
    rows = {
        "contrast": librosa.feature.spectral_contrast(S=amplitude, sr=RATE),
        "mfcc": librosa.feature.mfcc(S=decibel, sr=RATE, n_mfcc=13),
        "tonnetz": librosa.feature.tonnetz(chroma=chroma, sr=RATE),
        "chroma": np.sort(chroma, axis=0),
    }
    series |= {f"{name}{n}": row for name, many in rows.items() for n, row in enumerate(many)}
    found = {"tempo": float(np.log(librosa.feature.tempo(onset_envelope=onsets, sr=RATE)[0]))}
    for name, values in series.items():
        found |= {f"{name} mean": float(values.mean()), f"{name} sd": float(values.std())}
    return found


def main() -> None:
    """Names on stdin, features on stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=100.0, help="of each file")
    seconds = parser.parse_args().seconds
    for path in sys.stdin.read().splitlines():
        sound, _ = librosa.load(path, sr=RATE, duration=seconds)
        sys.stdout.write(json.dumps({"path": path, **features(sound)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
