"""The base of every error that a contract raises."""

from __future__ import annotations


class ContractError(ValueError):
    """Something that crossed a program's border is not as agreed."""
