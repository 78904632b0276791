"""Tells home automation what the device is, what it does and what its music looks like.

Runs on core's thread, but for the picture, which may take a second to find. Failure policy:
what could not be told while the broker was away is told when it is back.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from contracts import topics
from contracts.bus import Publication
from contracts.home import HomeState
from contracts.messages import encode
from contracts.mood import MoodClass
from contracts.release_state import ReleaseState, read_release_state
from contracts.vision_wire import CameraState
from device.frontends.home_assistant.entities import discovery_payload, discovery_topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.track import TrackId
    from device.settings import DeviceSettings
    from device.status import Status

TOLD_EVERY_SECONDS = 60.0
"""Half of what a mood lasts there."""
AT_MOST_EVERY_SECONDS = 0.5
SEEN_EVERY_SECONDS = 5.0
"""What is read from files: the temperature, and what the updater says."""
MOST_SUMMARY = 255
"""Home Assistant shows no more."""
THERMAL_ZONE = Path("/sys/class/thermal/thermal_zone0/temp")
BORN = b"online"


def cpu_celsius(zone: Path = THERMAL_ZONE) -> float | None:
    """Temperature of the processor in °C, to half a degree; None where there is no sensor."""
    try:
        return round(int(zone.read_text(encoding="ascii")) / 500.0) / 2.0
    except (OSError, ValueError):
        return None


def home_state(
    status: Status,
    *,
    cafe: bool,
    celsius: float | None = None,
    version: str = "",
    release: ReleaseState | None = None,
) -> HomeState:
    """What home automation reads; of a café's guests nothing."""
    state, controls = status.state, status.controls
    playing, mood = state.playing, state.mood
    told = release or ReleaseState()
    return HomeState(
        playback=state.playback,
        title=playing.title if playing else "",
        artist=playing.artist if playing else "",
        album=controls.now.album if controls.now else "",
        reason=playing.reason if playing else "",
        tier=state.tier,
        volume=round(state.volume * 100),
        volume_limit=round(controls.volume_ceiling * 100),
        muted=controls.muted,
        auto_play=controls.auto_play,
        camera=state.camera in {CameraState.ON, CameraState.OPENING},
        mood=MoodClass.UNKNOWN if cafe else mood.mood,
        mood_word=(not cafe and controls.mood_word) or "auto",
        confidence=0.0 if cafe else round(mood.confidence * 100),
        policy=state.policy,
        listener_present=controls.somebody_seen and not cafe,
        recommender_online=status.server_online,
        unkept=state.unkept,
        cpu_celsius=celsius,
        version=version,
        latest_version=told.latest or version,
        release_summary=told.summary[:MOST_SUMMARY],
        updating=told.in_progress,
        update_percent=told.percent,
    )


class Sharing:
    """Publishes discovery, state and cover.

    Args:
        settings: of the device.
        publish: hands a message to the broker; False while there is none.
        cover: JPEG of a track; None when there is none.
        clock: monotonic seconds.
        version: of the program.
        celsius: reads the processor's temperature.
        release: reads what the updater said last; None where there is none.

    """

    def __init__(
        self,
        settings: DeviceSettings,
        publish: Callable[[Publication], bool],
        cover: Callable[[TrackId], bytes | None],
        clock: Callable[[], float],
        *,
        version: str,
        celsius: Callable[[], float | None] = cpu_celsius,
        release: Callable[[], ReleaseState | None] = read_release_state,
    ) -> None:
        self._device, self._home = settings.device_id, settings.home_assistant
        self._cafe, self._version = settings.web.cafe, version
        self._publish, self._cover, self._clock = publish, cover, clock
        self._read_celsius, self._read_release = celsius, release
        self._celsius: float | None = None
        self._release: ReleaseState | None = None
        self._seen_at = self._told_at = float("-inf")
        self._told: HomeState | None = None
        self._shown: TrackId | None = None
        self._wanted: TrackId | None = None
        self._cover_thread: threading.Thread | None = None
        self._looking = False
        self._lock = threading.Lock()
        self.discoverable = self._home.discovery

    def receive(self, publication: Publication) -> bool:
        """Home Assistant's own birth: it may have forgotten all; False for other messages."""
        if publication.topic != status_topic(self._home.prefix):
            return False
        if publication.payload == BORN:
            self.link_up()
        return True

    def link_up(self) -> None:
        """The broker is there, or Home Assistant came: tell everything again."""
        if self.discoverable:
            self.discover(on=True)
        self._told, self._shown = None, None
        self._told_at = float("-inf")

    def discover(self, *, on: bool) -> None:
        """Show the device in Home Assistant, or remove it with all its entities."""
        self.discoverable = on
        updatable = self._read_release() is not None
        told = discovery_payload(self._device, self._version, updatable=updatable)
        payload = told if on else b""
        topic = discovery_topic(self._home.prefix, self._device)
        self._publish(Publication(topic=topic, payload=payload, retain=True))

    def show(self, status: Status) -> None:
        """Tell what is new in a status."""
        now = self._clock()
        since = now - self._told_at
        if since < AT_MOST_EVERY_SECONDS:
            return
        if now - self._seen_at >= SEEN_EVERY_SECONDS:
            self._seen_at = now
            self._celsius, self._release = self._read_celsius(), self._read_release()
        state = home_state(
            status,
            cafe=self._cafe,
            celsius=self._celsius,
            version=self._version,
            release=self._release,
        )
        if (state != self._told or since >= TOLD_EVERY_SECONDS) and self._tell(
            topics.HOME, encode(state)
        ):
            self._told, self._told_at = state, now
        playing = status.state.playing
        if self._told and playing and playing.track != self._shown:
            self._shown = playing.track
            self._picture(playing.track)

    def join(self) -> None:
        """Wait until the picture that was wanted is told."""
        if self._cover_thread:
            self._cover_thread.join()

    def _picture(self, track: TrackId) -> None:
        with self._lock:
            self._wanted = track
            if not self._looking:
                self._looking = True
                self._cover_thread = threading.Thread(
                    target=self._tell_cover, name="cover", daemon=True
                )
                self._cover_thread.start()

    def _tell_cover(self) -> None:
        done: TrackId | None = None
        while True:
            with self._lock:
                track = self._wanted
                if track == done or track is None:
                    self._looking = False
                    return
            picture = self._cover(track) or b""
            self._tell(topics.COVER, picture, qos=0)
            done = track

    def _tell(self, leaf: str, payload: bytes, *, qos: int = 1) -> bool:
        topic = topics.of_device(self._device, leaf)
        return self._publish(Publication(topic=topic, payload=payload, qos=qos, retain=True))


def status_topic(prefix: str) -> str:
    """Where Home Assistant says that it has come."""
    return f"{prefix}/status"
