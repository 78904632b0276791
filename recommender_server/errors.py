"""The base of every error of the recommender server."""

from __future__ import annotations


class RecommenderError(Exception):
    """Something that the recommender server cannot do; the message says what to do instead."""
