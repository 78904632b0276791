"""What the camera tells: who is there, and which mood is believed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import DeviceEvent, DeviceEventKind
from contracts.mood import MoodClass
from contracts.vision_wire import CameraState
from device import guest
from device.effects import Effect, Note, Tell
from device.masks import visible
from device.session import Hold

if TYPE_CHECKING:
    from contracts.mood import Mood
    from device import events
    from device.core import Core

ABSENCE_FADE_SECONDS = 6.0
RETURN_FADE_SECONDS = 2.0


def time_passed(core: Core, at: float) -> list[Effect]:
    """Nobody may have been seen for a while."""
    effects = [*guest.time_passed(core, at), *believe(core, core.filter.wait(at), at)]
    if core.presence.left(at):
        effects.append(Tell(event=DeviceEvent(kind=DeviceEventKind.LISTENER_LEFT)))
    if core.hold is None and core.presence.absent(at):
        minutes = core.settings.presence.pause_after_minutes
        effects.append(Note(text=f"nobody was seen for {minutes:g} minutes: the music waits"))
        effects += core.hold_music(Hold.ABSENCE, at, ABSENCE_FADE_SECONDS)
    return effects


def faces(core: Core, event: events.FacesSeen) -> list[Effect]:
    """Vision looked at a frame."""
    if core.settings.web.cafe and not core.guest.open:
        return []  # frames that were on their way when the session ended
    shown = visible(event.faces, core.masks)
    effects: list[Effect] = []
    if shown:
        if core.presence.face(event.at):
            effects.append(Tell(event=DeviceEvent(kind=DeviceEventKind.LISTENER_ARRIVED)))
        if core.hold is Hold.ABSENCE:
            effects.append(Note(text="somebody is back: the music goes on where it was"))
            effects += core.release(Hold.ABSENCE, event.at, RETURN_FADE_SECONDS)
    return effects + believe(core, core.filter.see(shown, event.at), event.at)


def believe(core: Core, mood: Mood, at: float) -> list[Effect]:
    """Take a mood for true; another class than before changes the music."""
    before, core.mood = core.mood, mood
    if core.hand.mood or before.mood is mood.mood:
        return []
    known = mood.mood is not MoodClass.UNKNOWN  # nobody's mood is no reason to end a song
    return core.mood_changed(at, now=core.settings.music.act_at_once and known)


def camera_changed(core: Core, event: events.CameraChanged) -> list[Effect]:
    """The camera is in another state."""
    core.camera = str(event.state)
    core.presence.camera(event.at, on=event.state is CameraState.ON)
    return [Note(text=f"camera {event.state} {event.detail}".strip())]


def vision_lost(core: Core, event: events.VisionLost) -> list[Effect]:
    """The vision program's connection ended."""
    core.camera = "off"
    core.presence.camera(event.at, on=False)
    return [Note(text="the vision program is gone; music goes on without it")]
