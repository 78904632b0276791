"""What can go wrong with a release."""

from __future__ import annotations


class UpdateError(RuntimeError):
    """A release was refused, or could not be installed; nothing that runs was changed.

    The message says why, and what to do.
    """


class RolledBackError(UpdateError):
    """The new version was not healthy, and the former one runs again."""
