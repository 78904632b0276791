"""What the core decided, in lines for a person: each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts.messages import DeviceEventKind
from device import effects

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.messages import RecommendRequest, State
    from device.effects import Effect

_PLAIN: dict[type[Effect], Callable[[Any], str]] = {
    effects.Note: lambda e: str(e.text),
    effects.Pause: lambda _: "pauses",
    effects.FadeOut: lambda e: f"fades out over {e.seconds:g} s and waits",
    effects.Resume: lambda _: "goes on",
    effects.Stop: lambda _: "stops",
    effects.Seek: lambda e: f"goes to {e.seconds:.0f} s",
    effects.Unprepare: lambda _: "nothing follows",
    effects.SetVolume: lambda e: f"volume {e.volume * 100:.0f}",
    effects.SoundTest: lambda _: "test tone",
    effects.Remember: lambda e: (
        f"remembers: {e.interaction.kind} {e.interaction.track}"
        f" at {e.interaction.position_seconds:.0f} s"
    ),
    effects.MarkBroken: lambda e: f"never again {e.track}: {e.why}",
}


def in_words(effect: Effect, state: Callable[[], State]) -> str:
    """A decision and its reason; empty for what is none. `state` tells that after the event."""
    if isinstance(effect, effects.Play):
        return _play(effect, state())
    if isinstance(effect, effects.Ask):
        return f"asks {effect.tier} ({effect.request}): {_wish(effect.query)}"
    if isinstance(effect, effects.Answered):
        refused = "refused, " if effect.refused else ""
        return f"{effect.name}: {refused}{effect.text}"
    if isinstance(effect, effects.Tell):
        return _told(effect, state())
    words = _PLAIN.get(type(effect))
    return words(effect) if words else ""


def _play(effect: effects.Play, state: State) -> str:
    how = f" over {effect.crossfade_seconds:g} s" if effect.crossfade_seconds else ""
    where = f" from {effect.start_seconds:.0f} s" if effect.start_seconds else ""
    playing = state.playing
    if playing is None or playing.track != effect.track:
        return f"plays {effect.track}{where}{how}"
    by = f" - {playing.artist}" if playing.artist else ""
    return f"plays {playing.title}{by}{where}{how}: {playing.reason} ({playing.tier})"


def _told(effect: effects.Tell, state: State) -> str:
    kind = effect.event.kind
    if kind is DeviceEventKind.TRACK_CHANGED:
        return ""  # `plays` has said it
    if kind is DeviceEventKind.MOOD_CHANGED:
        mood = state.mood
        why = "the listener said so" if mood.chosen_by_hand else f"sure to {mood.confidence:.0%}"
        place = f"valence {mood.valence:+.1f}, arousal {mood.arousal:+.1f}"
        return f"believes the mood {effect.event.subject}: {why}; {place}"
    return f"{kind.replace('_', ' ')} {effect.event.subject}".strip()


def _wish(query: RecommendRequest) -> str:
    wishes = []
    if query.mood_weight:
        wishes.append(f"valence {query.valence:+.2f}, arousal {query.arousal:+.2f}")
    else:
        wishes.append("by taste, the mood is unknown")
    if query.tags:
        wishes.append(f"tags {', '.join(query.tags)}")
    if query.avoid_tags:
        wishes.append(f"without {', '.join(query.avoid_tags)}")
    if query.seed_track:
        wishes.append(f"like {query.seed_track}")
    wishes.append(f"{len(query.exclude)} left out")
    return "; ".join(wishes)
