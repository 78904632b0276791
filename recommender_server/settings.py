"""Settings of the recommender server: one TOML file, every key with its unit and default."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.settings import BrokerSettings

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class ConfidenceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What each interaction says about taste: how much it adds to the confidence in a track.

    1.0 is one play to the end; the rest is measured against it. Confidences of a track add up,
    each halved with age, and below 0 the track is disliked.
    """

    played: float = 0.2
    """Began and was left for another reason than dislike. Says little: the system chose it."""
    completed: float = 1.0
    """Played to its end: nobody skipped it, though perhaps nobody listened."""
    replayed: float = 0.5
    """Added for every further play to the end: once is chance, coming back to it is taste."""
    liked: float = 4.0
    """Said outright; counts like four plays to the end, so one tap changes the next list."""
    more_like_this: float = 3.0
    """Asked for its like: nearly a like, but perhaps only for this evening."""
    skipped_early: float = -1.0
    """A skip before `early_skip_seconds`; a later one counts as `played`. One skip takes back
    one play to the end: it may have been the moment, three are not.
    """
    banned: float = -2.0
    """Beside that it is never played again, its like is less wanted. Half as strong as a like:
    some are banned for having been heard too often.
    """
    valence_rose: float = 1.0
    """Times how much the valence rose while it played, 0 to 2. A face is a weak witness: even from
    sad to happy it counts no more than a play or two. Falling says nothing: sad songs are liked.
    """
    early_skip_seconds: Positive = 30.0
    """Streaming services count a play from here on; what is skipped sooner was not wanted."""
    half_life_days: Positive = 180.0
    """After this time an interaction counts half: taste changes over seasons, not days."""


class TrainingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """ALS on BM25-weighted interactions (Hu et al. 2008; Robertson et al. 1994), and neighbours."""

    factors: Annotated[int, msgspec.Meta(ge=1, le=256)] = 64
    regularisation: Positive = 1.0
    iterations: Count = 15
    bm25_k1: Positive = 100.0
    bm25_b: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.25
    neighbours: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100
    """Kept of each track: as many as a pack of 10,000 tracks has room for beside 64 factors."""
    regression_candidates: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    """Nearest tracks by cosine that each track is regressed on (recommender_server.together)."""
    regression_ridge: Positive = 20.0
    regression_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    """Share of the regression in what is heard together; the rest is RP3 beta."""
    minimum_listens: Count = 1
    """Tracks that fewer lists or listeners have are left to the tags."""
    generations_kept: Count = 2


class PromotionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a newly trained model (the challenger) takes the place of the one in use."""

    holdout_share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.2
    """The newest part of all interactions that both are judged by."""
    minimum_likings: Count = 20
    """Newly liked tracks to judge by; with fewer, chance would decide, and the challenger is
    promoted, since it knows all that the champion knows and what came after.
    """


class ScheduleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a running server trains by itself."""

    every_hours: Annotated[float, msgspec.Meta(ge=0)] = 24.0
    """Between two trainings; 0 is never, then only `train` does."""
    minimum_new_interactions: Count = 20
    """With fewer new ones since the last training it is put off."""


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
    trainer: Literal["implicit", "numpy"] = "implicit"
    """What learns the factors: implicit's ALS, or the same in numpy alone, far slower."""
    promotion: PromotionSettings = msgspec.field(default_factory=PromotionSettings)
    schedule: ScheduleSettings = msgspec.field(default_factory=ScheduleSettings)
    limits: LimitSettings = msgspec.field(default_factory=LimitSettings)
