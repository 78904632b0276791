"""What the network is to answer for each training face: the raters' votes, cleaned and smoothed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from model_export import dataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from model_export.dataset import Faces
    from model_export.network import MobileNetV2


@dataclass(frozen=True)
class Teacher:
    """A trained network whose answers are learnt."""

    network: MobileNetV2
    size: int
    """Side of its input in pixels."""


SINGLE_VOTE = 0.15
"""Share below which an emotion has one rater's vote: ten raters, some of whose votes are void."""


def without_single_votes(votes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vote shares [n, 8] without emotions that only one rater saw, as FER+'s authors train.

    A row that would lose everything stays as it is.
    """
    kept = np.where(votes < SINGLE_VOTE, 0, votes)
    empty = kept.sum(axis=1) <= 0
    kept[empty] = votes[empty]
    return np.asarray(kept / kept.sum(axis=1, keepdims=True), np.float32)


def mirrored_logits(network: MobileNetV2, faces: Faces, size: int) -> NDArray[np.float32]:
    """Mean of the logits of each face and of its mirror image, [n, 8]."""
    flipped = dataset.mirrored(faces)
    both = predict(network, faces, size) + predict(network, flipped, size)
    return np.asarray(both / 2, np.float32)


def taught(
    votes: NDArray[np.float32], teachers: Sequence[Teacher], faces: Faces, share: float
) -> NDArray[np.float32]:
    """Votes mixed with teachers' answers: ten raters are few, and a teacher averages them.

    Args:
        votes: [n, 8], rows sum to 1.
        teachers: one or more trained networks; the mean of their probabilities is taken.
        faces: the n faces.
        share: of the teachers in the mixture, 0 to 1.

    """
    each = [
        torch.from_numpy(mirrored_logits(teacher.network, faces, teacher.size)).softmax(1).numpy()
        for teacher in teachers
    ]
    return np.asarray((1 - share) * votes + share * np.mean(each, axis=0), np.float32)


def predict(network: MobileNetV2, faces: Faces, size: int, batch: int = 256) -> NDArray[Any]:
    """Logits float32 [n, 8] of undistorted faces."""
    network.eval()
    rows: list[NDArray[Any]] = []
    with torch.no_grad():
        for start in range(0, len(faces), batch):
            x = dataset.inputs(faces.images[start : start + batch], size).transpose(0, 3, 1, 2)
            rows.append(network(torch.from_numpy(x)).numpy())
    return np.concatenate(rows)
