"""Settings of the recommender server: one TOML file, every key with its unit and default."""

from __future__ import annotations

from typing import Annotated

import msgspec

from contracts.settings import BrokerSettings

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class ConfidenceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What each interaction says about taste: how much it adds to the confidence in a track."""

    played: float = 0.2
    completed: float = 1.0
    liked: float = 4.0
    more_like_this: float = 3.0
    skipped_early: float = -1.0
    """A skip before `early_skip_seconds`; a later one counts as `played`."""
    early_skip_seconds: Positive = 30.0
    half_life_days: Positive = 180.0
    """After this time an interaction counts half."""


class TrainingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """ALS on BM25-weighted interactions (Hu et al. 2008; Robertson et al. 1994) and RP3 beta."""

    factors: Annotated[int, msgspec.Meta(ge=1, le=256)] = 64
    regularisation: Positive = 1.0
    iterations: Count = 15
    bm25_k1: Positive = 100.0
    bm25_b: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    neighbours: Annotated[int, msgspec.Meta(ge=1, le=200)] = 30
    minimum_listens: Count = 1
    """Tracks that fewer lists or listeners have are left to the tags."""
    generations_kept: Count = 2


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one device may ask of the server."""

    payload_bytes: Count = 2 * 1024 * 1024
    library_tracks: Count = 100_000
    pending_libraries: Count = 3
    """Half-sent libraries kept for a device; the oldest gives way."""
    packs_cached: Count = 64
    queue_length: Count = 10_000
    """Messages waiting beyond this are dropped, newest first; devices ask again."""


class RecommenderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The recommender server."""

    broker: BrokerSettings = msgspec.field(default_factory=BrokerSettings)
    data_folder: str = "recommender-data"
    """Catalogue, interactions and trained models; made when missing."""
    tags_manifest: str = ""
    """Manifest of the tag space to start from; empty is the one that comes with MLFYM."""
    generation_check_seconds: Positive = 5.0
    """How often the server looks for a newly trained model."""
    confidence: ConfidenceSettings = msgspec.field(default_factory=ConfidenceSettings)
    training: TrainingSettings = msgspec.field(default_factory=TrainingSettings)
    limits: LimitSettings = msgspec.field(default_factory=LimitSettings)
