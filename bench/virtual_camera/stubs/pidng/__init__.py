"""Writes raw pictures, which nobody wants here."""
