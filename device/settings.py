"""Settings of the core program, each with its unit and its reason."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

import msgspec

from contracts.messages import Level, Policy, Seconds
from contracts.settings import BrokerSettings
from contracts.vision_wire import Box
from device.dayparts import Daypart

Count = Annotated[int, msgspec.Meta(ge=1, le=200)]


class MoodSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How emotions smooth to a mood (device.mood).

    Chosen on simulated listeners of FER2013's PublicTest (`./mlfym bench smoothing --choose`) for
    a reserve of half under the one false change an hour that is aimed at (other listeners turned
    out twice as hard), and then for the time told rightly; docs/vision.md tells what that reaches
    on PrivateTest.
    """

    time_constant_seconds: Annotated[float, msgspec.Meta(gt=0)] = 3.5
    """Frames of so many seconds count as one independent look at the listener. At 3.1 a change is
    told two seconds sooner, with half as many false ones again."""
    misread: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.02
    """Share of looks in which the face says nothing at all of the mood: it bounds what one
    picture that is misread with great confidence can do."""
    lasts_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    """How long a mood lasts at the mean. Shorter, and a certain mood is told less of the time;
    longer, and a change has to argue against more."""
    enter: Level = 0.98
    """High, so that frames of two moods in turn make no mood: that keeps false changes away, and
    costs a steady listener less time than a dwell does."""
    enter_negative: Level = 0.98
    """A listener wrongly taken for sad is the costly error, so it never takes less than `enter`;
    more was not needed: the model misses negative faces rather than inventing them."""
    leave: Level = 0.6
    """Below this the believed mood is given up; the gap to `enter` is the hysteresis."""
    dwell_seconds: Seconds = 0.0
    """How long a new mood must hold above `enter` before it is believed: the evidence that takes
    it there has lasted already."""
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
    lists_folder: str = ""
    """A folder for each mood with the listener's own M3U files; empty: `Moods` in the music."""
    questions_file: str = ""
    """What "not this" asks; empty: the questions that came with the program."""


class PresenceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When the music waits for somebody to come back."""

    pause_after_minutes: Annotated[float, msgspec.Meta(ge=0, le=1440)] = 15.0
    """Nobody before the camera and no hand on the controls for so long: it fades out and
    pauses until a face is seen. 0: never. Without a camera that is on: never."""


class RecordSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A recording of what happens, for `./mlfym replay`: events, never a picture."""

    events_file: str = ""
    """Where to; empty: nowhere."""
    max_megabytes: Annotated[float, msgspec.Meta(gt=0, le=10_000)] = 200.0
    """Then it ends: at five frames a second a day is about as much."""


class LibrarySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where else music is, and what is found out about it."""

    folders: tuple[str, ...] = ()
    """Further folders, a mounted network share for instance (docs/library.md)."""
    disks_beneath: tuple[str, ...] = ("/media", "/run/media")
    """A disk or stick that is mounted beneath one of these is music as long as it is there."""
    look_again_minutes: Annotated[float, msgspec.Meta(ge=0.1, le=1440)] = 10.0
    """Network shares tell nothing of changes, so all folders are looked through this often."""
    listen: bool = True
    """Listen to every file once, at the lowest priority: loudness, tempo, valence, arousal."""


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
    masks: Annotated[tuple[Box, ...], msgspec.Meta(max_length=16)] = ()
    """A face whose centre lies in one of these never counts; fractions of the picture."""


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The page: for phones, for a kiosk, and for staff."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    """0: no page."""
    listen: str = "127.0.0.1"
    """Which address; `0.0.0.0` or `::` lets the phones of the network in."""
    names: tuple[str, ...] = ()
    """By which further names it is opened, such as that of a proxy; its own are known."""
    address: str = ""
    """What the QR code leads to; empty: this device's own address and port."""
    language: Annotated[str, msgspec.Meta(pattern="^(ko|en)?$")] = ""
    """In which it begins: `ko` or `en`; empty: as the browser asks for. Anybody may switch."""
    cafe: bool = False
    """Guests may wish and like; the camera opens for a guest's session alone, after a notice."""
    session_seconds: Annotated[float, msgspec.Meta(ge=10, le=1800)] = 180.0
    """A guest's session before the camera ends at the latest after this."""
    idle_seconds: Annotated[float, msgspec.Meta(ge=5, le=600)] = 45.0
    """Without a touch for so long the kiosk goes back to its start."""
    wish_minutes: Annotated[float, msgspec.Meta(ge=0, le=1440)] = 15.0
    """A guest may wish for one song in so many minutes."""
    most_streams: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 160
    """Pages that are kept up to date at a time; others ask now and then."""
    proxies: tuple[str, ...] = ()
    """Addresses or networks of reverse proxies: whom they name as their client is believed."""
    upload_megabytes: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 500.0
    """A file of music that is added on the page may be as large as this; 0: none is taken."""
    upload_spare_megabytes: Annotated[float, msgspec.Meta(ge=0)] = 500.0
    """So much of the disk stays free whatever is added: the store needs room too."""

    def __post_init__(self) -> None:
        """Refuse proxies that are neither an address nor a network."""
        for proxy in self.proxies:
            ip_network(proxy, strict=False)


class HomeAssistantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How Home Assistant finds the device (docs/home_assistant.md)."""

    discovery: bool = True
    """Show the device by itself to a Home Assistant on the same broker."""
    prefix: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")] = "homeassistant"
    """Its discovery prefix, if it was changed there."""


Pin = Annotated[str, msgspec.Meta(pattern="^([A-Z0-9]{1,16})?$")]


class ButtonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which GPIO pins have what (gpiozero's names, such as GPIO17); empty: nothing."""

    play_pause: Pin = ""
    next: Pin = ""
    like: Pin = ""
    louder: Pin = ""
    quieter: Pin = ""
    rotary_a: Pin = ""
    rotary_b: Pin = ""
    """A rotary encoder for the volume, instead of two buttons."""
    camera: Pin = ""
    """A switch to ground: closed lets the camera be used, open keeps it off, whoever asks."""
    privacy_led: Pin = ""
    """Lit while the camera may be open, and before its first frame."""
    pin_reset: Pin = ""
    """Held for ten seconds, it lets a new staff PIN be set (docs/privacy.md)."""
    hold_resets_pin: bool = True
    """So do play_pause and next held together; false where guests can reach them."""
    bounce_seconds: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.02
    volume_step: Annotated[int, msgspec.Meta(ge=1, le=20)] = 3
    """Percent for a click."""


class NetworkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the device is found by name."""

    mdns_name: Annotated[str, msgspec.Meta(pattern="^([a-z0-9][a-z0-9-]{0,62})?$")] = ""
    """`mlfym` makes http://mlfym.local work; empty: no name of its own is told."""
    find_broker: bool = False
    """Look for a broker that tells of itself by mDNS instead of `broker.host`."""


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
    library: LibrarySettings = LibrarySettings()
    web: WebSettings = WebSettings()
    home_assistant: HomeAssistantSettings = HomeAssistantSettings()
    buttons: ButtonSettings = ButtonSettings()
    network: NetworkSettings = NetworkSettings()
    presence: PresenceSettings = PresenceSettings()
    dayparts: Annotated[tuple[Daypart, ...], msgspec.Meta(max_length=48)] = ()
    """The first that holds counts; none: as `music` says, all day."""
    record: RecordSettings = RecordSettings()
