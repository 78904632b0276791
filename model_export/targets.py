"""What the network is to answer for each training face: the raters' votes, cleaned and smoothed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from model_export import dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model_export.dataset import Faces
    from model_export.network import MobileNetV2

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
    votes: NDArray[np.float32], teacher: MobileNetV2, faces: Faces, size: int, share: float
) -> NDArray[np.float32]:
    """Votes mixed with a teacher's answers: ten raters are few, and a teacher averages them.

    Args:
        votes: [n, 8], rows sum to 1.
        teacher: a trained network.
        faces: the n faces.
        size: side of the teacher's input in pixels.
        share: of the teacher in the mixture, 0 to 1.

    """
    answers = torch.from_numpy(mirrored_logits(teacher, faces, size)).softmax(1).numpy()
    return np.asarray((1 - share) * votes + share * answers, np.float32)


def predict(network: MobileNetV2, faces: Faces, size: int, batch: int = 256) -> NDArray[Any]:
    """Logits float32 [n, 8] of undistorted faces."""
    network.eval()
    rows: list[NDArray[Any]] = []
    with torch.no_grad():
        for start in range(0, len(faces), batch):
            x = dataset.inputs(faces.images[start : start + batch], size).transpose(0, 3, 1, 2)
            rows.append(network(torch.from_numpy(x)).numpy())
    return np.concatenate(rows)
