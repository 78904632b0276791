"""What librosa hears in files, for comparison with what the product hears; a JSON line a file.

Run by a Python that has librosa 0.11, which the product does not use; that of
`./mlfym bench mood-from-sound MUSIC --librosa` is made for it alone:

    find MUSIC -name '*.ogg' | python bench/librosa_features.py > librosa.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import librosa  # type: ignore[import-not-found]
import numpy as np

RATE, HOP = 22_050, 512


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
        "pulse": librosa.beat.plp(onset_envelope=onsets, sr=RATE),
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
    found = _rhythm(onsets) | _shares(mel, series["rms"])
    for name, values in series.items():
        found |= {f"{name} mean": float(values.mean()), f"{name} sd": float(values.std())}
    return found


def _rhythm(onsets: Any) -> dict[str, float]:  # noqa: ANN401
    """Tempo, and onsets a second."""
    starts = librosa.onset.onset_detect(onset_envelope=onsets, sr=RATE)
    return {
        "tempo": float(np.log(librosa.feature.tempo(onset_envelope=onsets, sr=RATE)[0])),
        "onset rate": float(len(starts) * RATE / HOP / len(onsets)),
    }


def _shares(mel: Any, rms: Any) -> dict[str, float]:  # noqa: ANN401
    """Percussive against harmonic (Fitzgerald 2010), and the range of the loudness in dB."""
    harmonic, percussive = librosa.decompose.hpss(np.sqrt(mel))
    level = librosa.amplitude_to_db(rms, top_db=60.0)
    low, high = np.percentile(level, [10, 95])
    return {
        "percussive": float(np.log((percussive**2).sum() / ((harmonic**2).sum() + 1e-12) + 1e-6)),
        "loudness range": float(high - low),
    }


def main() -> None:
    """Names on stdin, features on stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each file")
    seconds = parser.parse_args().seconds
    for path in sys.stdin.read().splitlines():
        sound, _ = librosa.load(path, sr=RATE, duration=seconds)
        sys.stdout.write(json.dumps({"path": path, **features(sound)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
