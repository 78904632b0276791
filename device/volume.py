"""How loud it may be: the lowest of the ceilings that hold."""

from __future__ import annotations

from device.effects import Effect, SetVolume

SETTINGS, LISTENER, DAYPART = "settings", "listener", "daypart"


class Volume:
    """A level under the ceilings of the settings, of the listener and of the daypart, all 0 to 1.

    The wish is kept: when a ceiling rises again, so does the volume.
    """

    def __init__(self, level: float, ceiling: float) -> None:
        self._wanted = level
        self._ceilings = {SETTINGS: ceiling, LISTENER: 1.0, DAYPART: 1.0}
        self.ceiling = ceiling
        """The lowest of the ceilings."""
        self.level = min(level, ceiling)
        """What is heard, unless it is muted."""
        self.muted = False

    @property
    def own_ceiling(self) -> float:
        """That of the listener."""
        return self._ceilings[LISTENER]

    def set(self, level: float) -> list[Effect]:
        """Want this level; above the ceiling it is the ceiling."""
        self._wanted = self.level = max(0.0, min(level, self.ceiling))
        self.muted = False
        return [SetVolume(volume=self.level)]

    def mute(self, *, on: bool) -> list[Effect]:
        """Silence, or the level again; whoever sets a level ends it too."""
        self.muted = on
        return [SetVolume(volume=0.0 if on else self.level)]

    def set_ceiling(self, level: float, whose: str) -> list[Effect]:
        """Put a ceiling in; the settings' own is never raised by it."""
        before = self.level
        self._ceilings[whose] = max(0.0, min(level, 1.0))
        self.ceiling = min(self._ceilings.values())
        self.level = min(self._wanted, self.ceiling)
        return [SetVolume(volume=self.level)] if self.level != before and not self.muted else []
