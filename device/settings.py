"""Settings of the core program, each with its unit and its reason."""

from __future__ import annotations

from typing import Annotated

import msgspec

from contracts.messages import Level, Policy, Seconds
from contracts.settings import BrokerSettings

Count = Annotated[int, msgspec.Meta(ge=1, le=200)]


class MoodSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How emotions smooth to a mood (device.mood).

    Chosen on simulated listeners of FER2013's PublicTest (`./mlfym bench smoothing --choose`) for
    less than one false change an hour, and then for the shortest delay; docs/vision.md tells
    what that reaches on PrivateTest.
    """

    time_constant_seconds: Annotated[float, msgspec.Meta(gt=0)] = 4.0
    """Of the exponential filter: an emotion has to last about this long to count."""
    enter: Level = 0.78
    """High, so that frames of two moods in turn make no mood: that, more than a long dwell,
    keeps false changes away, and costs a steady listener less time."""
    enter_negative: Level = 0.78
    """A listener wrongly taken for sad is the costly error, so it never takes less than `enter`;
    more was not needed: the model misses negative faces rather than inventing them."""
    leave: Level = 0.45
    """Below this the believed mood is given up; the gap to `enter` is the hysteresis."""
    dwell_seconds: Seconds = 1.5
    """How long a new mood must hold above `enter` before it is believed: at a filtered 0.78
    it has lasted for five seconds already, but in the first frames of a new listener."""
    forget_seconds: Seconds = 60.0
    """Without a face for so long, the mood is unknown again."""


class MusicSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the music does."""

    policy: Policy = Policy.LIFT
    act_at_once: bool = False
    """Change the track when the mood changes, instead of at the track's end."""
    volume: Level = 0.6
    volume_ceiling: Level = 1.0
    crossfade_seconds: Annotated[float, msgspec.Meta(ge=0, le=12)] = 4.0
    repeat_after_hours: Annotated[float, msgspec.Meta(ge=0)] = 4.0
    """A track is not played again sooner, unless the library is too small for that."""
    ask_for: Count = 20
    """Tracks per ranking: an hour of music, so that one lost answer costs nothing."""
    answer_within_seconds: Annotated[float, msgspec.Meta(gt=0, le=30)] = 2.0
    """After this the next tier is asked: music must start within 3 s."""
    retry_server_seconds: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """How long a server that did not answer is left alone."""
    allow_explicit: bool = True


class SoundSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which sound output, by name; empty is the system's default."""

    driver: str = ""
    """SDL's driver: alsa, pulseaudio, pipewire; `disk` and `dummy` only where named here."""
    device: str = ""
    fallback_driver: str = ""
    """Used, and said once, when no card can be opened; empty: wait for a card."""


class CameraSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which camera, and whether it opens by itself."""

    source: str = "picamera2"
    """`picamera2`, an OpenCV index, or the path of a video, GIF or picture."""
    on_at_start: bool = False
    frames_per_second: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0


class DeviceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one device."""

    device_id: str = "mlfym"
    music_folder: str = "~/Music"
    state_folder: str = "~/.local/state/mlfym"
    vision_socket: str = "/run/mlfym/vision.sock"
    models_folder: str = ""
    """Empty: the models that came with the program."""
    broker: BrokerSettings = BrokerSettings()
    camera: CameraSettings = CameraSettings()
    mood: MoodSettings = MoodSettings()
    music: MusicSettings = MusicSettings()
    sound: SoundSettings = SoundSettings()
