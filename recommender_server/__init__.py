"""Catalogue and interactions in, rankings and offline packs out."""
