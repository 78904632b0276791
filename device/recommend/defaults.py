"""The last tier: the device's own library by tags and mood; no server, no pack, ever.

Nothing is known of taste here, so a little chance keeps one mood from always opening with the
same track: the same request and seed give the same list, another seed varies it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from contracts.emotion import VALENCE_AROUSAL
from contracts.model_manifest import ModelError
from contracts.ranking import library_pack, rank
from contracts.tag_space import TagSpace, plain_space, read_tag_space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.messages import Ranked, RecommendRequest
    from contracts.track import Track

log = logging.getLogger(__name__)

SHIPPED_TAGS = Path(__file__).parents[2] / "models" / "tags.json"
CHANCE = 0.12
"""Highest bonus by chance; the fit of a mood spans 1."""
MOOD_WORDS: dict[str, tuple[float, float]] = VALENCE_AROUSAL | {
    "happy": (0.85, 0.35),
    "sad": (-0.75, -0.4),
    "angry": (-0.65, 0.75),
    "calm": (0.4, -0.65),
    "relaxed": (0.5, -0.55),
    "energetic": (0.5, 0.85),
    "party": (0.7, 0.9),
    "romantic": (0.65, 0.0),
    "melancholy": (-0.55, -0.4),
    "dreamy": (0.3, -0.4),
    "dark": (-0.5, 0.1),
    "행복한": (0.85, 0.35),
    "슬픈": (-0.75, -0.4),
    "화난": (-0.65, 0.75),
    "잔잔한": (0.4, -0.65),
    "신나는": (0.65, 0.85),
}
"""Enough to tell moods apart on a device whose models/tags.npz is damaged."""


def tags_or_built_in(manifest: Path) -> TagSpace:
    """The tag space at `manifest`; when it is missing or altered, a few built-in mood words.

    The music goes on either way; the log says how to mend it.
    """
    try:
        return read_tag_space(manifest)
    except ModelError as error:
        log.warning("%s; moods are told by %d built-in words until then", error, len(MOOD_WORDS))
        return plain_space(MOOD_WORDS)


class DefaultsRanker:
    """Ranks `tracks` by their tags, valence and arousal.

    `space` is what their tags mean, the shipped one when none is given; `library` the hash of
    the tracks.
    """

    def __init__(
        self, tracks: Sequence[Track], space: TagSpace | None = None, *, library: str = ""
    ) -> None:
        known = tags_or_built_in(SHIPPED_TAGS) if space is None else space
        self._pack = library_pack(library, tracks, known)

    def rank(self, request: RecommendRequest, *, seed: int = 0) -> tuple[Ranked, ...]:
        """The best tracks, best first; fewer than asked for when the library has no more."""
        draws = np.random.default_rng(abs(seed)).random(len(self._pack.tracks), np.float32)
        return rank(self._pack, request, chance=np.float32(CHANCE) * draws)
