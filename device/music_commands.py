"""Commands about what plays: on and off, where in it, how loud, for how long, liked or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import InteractionKind, Playback
from device.command import (
    Command,
    CommandError,
    Done,
    meant,
    number,
    position,
    step,
    titled,
    track_or_nothing,
)
from device.effects import Effect, Judge
from device.session import Hold, Repeat
from device.volume import LISTENER

if TYPE_CHECKING:
    from contracts.track import TrackId
    from device.core import Core

FULL = 100
RESTART_SECONDS = 5.0
"""So far into a track, `previous` begins it again."""
MOST_MINUTES = 720
OFF, TRACK = "off", "track"


def now_playing(core: Core) -> str:
    """What is on, in words."""
    if core.deck.playing is None:
        return "nothing plays" if core.wants_music else "the music is off"
    choice = core.playlist.choice(core.deck.playing)
    named = f"{choice.title}, {choice.artist}" if choice.artist else choice.title
    return f"{core.deck.playback}: {named}"


def _play(core: Core, _argument: str, at: float) -> Done:
    core.hold = None
    effects: list[Effect] = []
    if core.deck.playback is Playback.PAUSED:
        effects = core.deck.resume(at)
    elif core.deck.playback is Playback.IDLE:
        effects = core.play_next(at, crossfade=False)
        if not core.library:
            msg = "there is no music in the library yet: add some, or wait for the scan to end"
            return Done(effects, msg)
        if core.deck.playback is Playback.IDLE:
            return Done(effects, "looking for music")
    return Done(effects, now_playing(core))


def _pause(core: Core, _argument: str, at: float) -> Done:
    return Done(core.hold_music(Hold.LISTENER, at), now_playing(core))


def _play_pause(core: Core, argument: str, at: float) -> Done:
    playing = core.deck.playback is Playback.PLAYING
    return _pause(core, argument, at) if playing else _play(core, argument, at)


def _stop(core: Core, _argument: str, at: float) -> Done:
    effects = core.leave(InteractionKind.PLAYED, at)
    effects += core.hold_music(Hold.LISTENER, at)
    return Done(effects + core.deck.stop(), "the music is off")


def _next(core: Core, _argument: str, at: float) -> Done:
    core.hold = None
    skipped = core.leave(InteractionKind.SKIPPED, at)
    effects = skipped + core.play_next(at, crossfade=True)
    return Done(effects, now_playing(core))


def _previous(core: Core, _argument: str, at: float) -> Done:
    playing = core.deck.playing
    if playing and core.deck.position_seconds(at) > RESTART_SECONDS:
        return Done(core.deck.seek(0.0, at), f"from its beginning, {now_playing(core)}")
    earlier = core.playlist.previous() if playing else None
    if earlier is None or playing is None:
        msg = "there is no track before this one"
        raise CommandError(msg)
    core.hold = None
    left = core.leave(InteractionKind.PLAYED, at)
    core.playlist.put_back(earlier, playing)
    effects = left + core.play_next(at, crossfade=True)
    return Done(effects, now_playing(core))


def _seek(core: Core, argument: str, at: float) -> Done:
    sign, seconds = position(argument)
    track = meant(core, "")
    wanted = core.deck.position_seconds(at) + sign * seconds if sign else float(seconds)
    longest = track.duration_seconds or float("inf")
    wanted = max(0.0, min(wanted, longest))
    minutes, rest = divmod(int(wanted), 60)
    return Done(core.deck.seek(wanted, at), f"at {minutes}:{rest:02d} of {titled(track)}")


def _volume(core: Core, argument: str, _at: float) -> Done:
    sign, amount = step(argument, "volume", FULL)
    level = core.volume.level + sign * amount / FULL if sign else amount / FULL
    effects = core.volume.set(round(level, 4))
    capped = " (the ceiling)" if level > core.volume.ceiling + 1e-9 else ""
    return Done(effects, f"volume {core.volume.level * FULL:.0f}{capped}")


def _volume_ceiling(core: Core, argument: str, _at: float) -> Done:
    ceiling = number(argument, "volume_ceiling", 0, FULL) / FULL
    effects = core.volume.set_ceiling(ceiling, LISTENER)
    lower = core.volume.ceiling < ceiling
    why = f"; {core.volume.ceiling * FULL:.0f} holds already" if lower else ""
    return Done(effects, f"never louder than {argument}{why}")


def _repeat(core: Core, argument: str, _at: float) -> Done:
    before, core.repeat = core.repeat, Repeat(argument)
    if before is Repeat.ALBUM and core.repeat is not before and core.deck.playing:
        on = core.library.get(core.deck.playing.track)
        core.playlist.end_round(core.albums.of(on) if on else [])
    if core.repeat is Repeat.ALBUM:
        track = meant(core, "")
        if not track.album:
            core.repeat = Repeat.OFF
            msg = f"{titled(track)} belongs to no album: repeat the track instead"
            raise CommandError(msg)
        core.playlist.put_rest_of(core.albums.of(track))
        return Done([], f"the album {track.album} repeats")
    return Done([], {Repeat.OFF: "nothing repeats"}.get(core.repeat, "this track repeats"))


def check_sleep(argument: str) -> None:
    """Raise a CommandError unless it is minutes, `track` or `off`."""
    if argument not in {OFF, TRACK}:
        number(argument, "sleep", 1, MOST_MINUTES)


def _sleep(core: Core, argument: str, at: float) -> Done:
    if argument == OFF:
        core.sleep.clear()
        return Done([], "the sleep timer is off")
    if argument == TRACK:
        core.sleep.set_at_track_end()
        return Done([], "the music ends with this track")
    core.sleep.set(at + number(argument, "sleep", 1, MOST_MINUTES) * 60.0)
    return Done([], f"the music fades out in {argument} minutes")


def _remember(core: Core, kind: InteractionKind, track: TrackId, at: float) -> list[Effect]:
    return core.deck.remember(kind, at, core.unix_seconds(at), core.believed, track)


def _like(core: Core, argument: str, at: float) -> Done:
    track = meant(core, argument)
    if track.id in core.banned:
        core.banned.discard(track.id)
        core.playlist.accept(track.id)
    core.liked.add(track.id)
    effects = _remember(core, InteractionKind.LIKED, track.id, at)
    return Done([*effects, Judge(track=track.id, verdict="liked")], f"liked: {titled(track)}")


def _unlike(core: Core, argument: str, at: float) -> Done:
    track = meant(core, argument)
    if track.id not in core.liked:
        msg = f"{titled(track)} was not liked"
        raise CommandError(msg)
    core.liked.discard(track.id)
    effects = _remember(core, InteractionKind.UNLIKED, track.id, at)
    text = f"no longer liked: {titled(track)}"
    return Done([*effects, Judge(track=track.id, verdict="")], text)


def _ban(core: Core, argument: str, at: float) -> Done:
    track = meant(core, argument)
    core.liked.discard(track.id)
    core.banned.add(track.id)
    core.playlist.refuse(track.id)
    effects = _remember(core, InteractionKind.BANNED, track.id, at)
    effects.append(Judge(track=track.id, verdict="banned"))
    if core.deck.playing and core.deck.playing.track == track.id:
        effects += core.go_on(at, crossfade=True)
    return Done(effects, f"never again: {titled(track)}; unban {track.id} takes it back")


def _unban(core: Core, argument: str, at: float) -> Done:
    track = meant(core, argument)
    if track.id not in core.banned:
        msg = f"{titled(track)} was not banned"
        raise CommandError(msg)
    core.banned.discard(track.id)
    core.playlist.accept(track.id)
    effects = _remember(core, InteractionKind.UNBANNED, track.id, at)
    return Done([*effects, Judge(track=track.id, verdict="")], f"may be played: {titled(track)}")


ONE_TRACK = "the id of a track; nothing is the one that plays"
COMMANDS = {
    "play": Command(_play, "Go on, or begin"),
    "pause": Command(_pause, "Hold the music"),
    "play_pause": Command(_play_pause, "The one or the other"),
    "stop": Command(_stop, "End the music"),
    "next": Command(_next, "Skip this track"),
    "previous": Command(_previous, "Begin this track again, or go to the one before"),
    "seek": Command(_seek, "Go to a place in the track", "90, 1:30, +10 or -10", check=position),
    "volume": Command(
        _volume, "How loud", "0 to 100, +5 or -5", check=lambda text: step(text, "volume", FULL)
    ),
    "volume_ceiling": Command(
        _volume_ceiling,
        "Never louder than this",
        "0 to 100",
        check=lambda text: number(text, "volume_ceiling", 0, FULL),
    ),
    "repeat": Command(_repeat, "Play the album or the track again", choices=tuple(Repeat)),
    "sleep": Command(
        _sleep, "End the music by itself", "minutes, `track` or `off`", check=check_sleep
    ),
    "like": Command(_like, "More like this, always", ONE_TRACK, check=track_or_nothing),
    "unlike": Command(_unlike, "Take a like back", ONE_TRACK, check=track_or_nothing),
    "ban": Command(_ban, "Never again", ONE_TRACK, check=track_or_nothing),
    "unban": Command(_unban, "Take a ban back", ONE_TRACK, check=track_or_nothing),
}
