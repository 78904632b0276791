from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.emotion import EMOTIONS
from model_export import dataset

CLASSES = [*EMOTIONS, "unknown", "NF"]
OWN = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


def written(path: Path, votes: list[dict[str, int]], usage: list[int]) -> Path:
    """A small file of the layout of fer2013plus.npz."""
    table = np.zeros((len(votes), len(CLASSES)), np.uint8)
    for row, given in zip(table, votes, strict=True):
        for name, count in given.items():
            row[CLASSES.index(name)] = count
    np.savez(
        path,
        images=np.arange(len(votes), dtype=np.uint8)[:, None, None].repeat(48, 1).repeat(48, 2),
        ferplus_votes=table,
        ferplus_classes=np.array(CLASSES),
        fer_label=np.arange(len(votes), dtype=np.uint8) % 7,
        fer_classes=np.array(OWN),
        usage=np.array(usage, np.uint8),
        nearest_train_mad=np.linspace(10, 20, len(votes)).astype(np.float16),
    )
    return path


VOTES = [
    {"neutral": 8, "sadness": 2},
    {"unknown": 6, "fear": 4},
    {"NF": 10},
    {"anger": 5, "disgust": 5},
    {"happiness": 7, "unknown": 3},
]


def test_a_test_split_leaves_out_ties_unknowns_and_no_faces(tmp_path: Path) -> None:
    """Of a clear face, an unknown, no face, a tie and a clear face, the first and last stay."""
    faces = dataset.load(written(tmp_path / "f.npz", VOTES, [2] * 5), "private_test")
    assert [EMOTIONS[label] for label in faces.labels] == ["neutral", "happiness"]
    assert faces.images[:, 0, 0].tolist() == [0, 4]


def test_training_keeps_a_tie_for_its_votes(tmp_path: Path) -> None:
    """A tie of anger and disgust is learnt as half and half."""
    faces = dataset.load(written(tmp_path / "f.npz", VOTES, [0] * 5), "training")
    assert len(faces) == 3
    tied = dict(zip(EMOTIONS, faces.votes[1].tolist(), strict=True))
    assert (tied["anger"], tied["disgust"]) == (0.5, 0.5)


def test_votes_are_shares_of_the_eight_emotions(tmp_path: Path) -> None:
    """Votes for unknown are left out of a row's shares, which add up to 1."""
    faces = dataset.load(written(tmp_path / "f.npz", VOTES, [1] * 5), "public_test")
    assert np.allclose(faces.votes.sum(axis=1), 1)
    assert faces.votes[1][EMOTIONS.index("happiness")] == 1.0


def test_near_copies_of_training_pictures_are_marked(tmp_path: Path) -> None:
    """Rows nearer than 15 grey levels to a training picture are not clean."""
    faces = dataset.load(written(tmp_path / "f.npz", VOTES, [2] * 5), "private_test")
    assert faces.clean.tolist() == [False, True]


def test_own_labels_are_fer2013s_in_ferplus_words(tmp_path: Path) -> None:
    """FER2013's own label of each row, as an emotion; nothing is left out."""
    images, labels = dataset.load_own_labels(
        written(tmp_path / "f.npz", VOTES, [2] * 5), "private_test"
    )
    found = [EMOTIONS[label] for label in labels]
    assert found == ["anger", "disgust", "fear", "happiness", "sadness"]
    assert len(images) == 5


def test_a_missing_file_says_what_to_pass(tmp_path: Path) -> None:
    """Without the pictures the trainer names the option that says where they are."""
    with pytest.raises(dataset.DatasetMissingError, match="--faces"):
        dataset.load(tmp_path / "none.npz", "training")


def test_other_classes_are_refused(tmp_path: Path) -> None:
    """Columns in another order would train a wrong model, and are refused."""
    path = written(tmp_path / "f.npz", VOTES, [2] * 5)
    with np.load(path) as arrays:
        swapped = dict(arrays)
    swapped["ferplus_classes"] = np.array([*CLASSES[1::-1], *CLASSES[2:]])
    np.savez(path, **swapped)
    with pytest.raises(ValueError, match="wanted"):
        dataset.load(path, "private_test")


def test_balancing_lies_between_none_and_full() -> None:
    """Exponent 0 draws rows alike; 1 draws classes alike; in between lies between."""
    labels = np.array([0] * 90 + [1] * 10)
    rare = [float(dataset.sampling_weights(labels, p)[labels == 1].sum()) for p in (0, 0.5, 1)]
    assert rare[0] == pytest.approx(0.1)
    assert rare[2] == pytest.approx(0.5)
    assert rare[0] < rare[1] < rare[2]


def test_distortions_are_repeatable_pictures() -> None:
    """The same generator distorts alike; what comes out is a 48-pixel picture again."""
    picture = np.random.default_rng(3).integers(0, 256, (48, 48)).astype(np.uint8)
    first, again = (
        [dataset.distort(picture, random) for _ in range(40)]
        for random in (np.random.default_rng(7), np.random.default_rng(7))
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert {(p.shape, p.dtype.name) for p in first} == {((48, 48), "uint8")}
    assert len({p.tobytes() for p in first}) == 40
