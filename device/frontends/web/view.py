"""What a page is told of the device: for guests no more than they see or hear anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from contracts.emotion import EMOTIONS, three_classes
from contracts.messages import Reason
from device.status import NowPlaying

if TYPE_CHECKING:
    from device.status import QueueRow, Status

QUEUE_SHOWN = 30
DRIFT_SECONDS = 1.5
"""A position that is further from where it should have come to is told anew."""


class Song(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A track of the queue, or the one that is on."""

    id: str
    title: str
    artist: str = ""
    by_hand: bool = False
    why: Reason | None = None
    tier: str = ""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What changes now and then."""

    playback: str
    playing: Song | None
    now: NowPlaying | None
    liked: bool
    position: float
    duration: float
    volume: float
    ceiling: float
    mood: str
    valence: float
    arousal: float
    confidence: float
    by_hand: bool
    mood_word: str
    mood_seconds_left: float | None
    camera: str
    policy: str
    tier: str
    online: bool
    unkept: bool
    """The disk takes nothing: what is liked is forgotten when the power goes."""
    hold: str
    daypart: str
    era: str
    repeat: str
    sleep_minutes: int | None
    wishes: bool
    """Guests may wish now."""
    wishes_closed: str
    """Why not (device.wish_rules.Closed); empty while they may."""
    wishes_until: str
    """When a quiet time ends, as `14:00`; empty where nobody knows."""
    wish_minutes: float
    """A guest may wish for one song in so many minutes."""
    pin_reset: bool
    """Somebody held the device's buttons: a new staff PIN may be set."""
    explicit_allowed: bool
    question: dict[str, Any] | None
    queue: tuple[Song, ...]
    queued: int
    tracks: int
    masks: tuple[dict[str, float], ...] = ()
    """For staff alone."""


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """What changes with every frame: what the face before the camera reads as."""

    faces: int
    moods: dict[str, float]
    """Of negative, neutral and positive; empty while nobody was seen."""
    emotions: dict[str, float]
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    """Left, top, width and height in fractions of the picture; for staff alone."""


def view_of(status: Status, *, staff: bool) -> View:
    """The page's state; the position is that of the snapshot."""
    state, controls, mood = status.state, status.controls, status.state.mood
    left, taken = controls.mood_seconds_left, controls.wishes_taken
    return View(
        playback=state.playback,
        playing=_song(status),
        now=controls.now,
        liked=controls.liked,
        position=round(status.position_seconds, 1),
        duration=round(status.duration_seconds, 1),
        volume=round(state.volume, 3),
        ceiling=round(controls.volume_ceiling, 3),
        mood=mood.mood,
        valence=mood.valence,
        arousal=mood.arousal,
        confidence=mood.confidence,
        by_hand=mood.chosen_by_hand,
        mood_word=controls.mood_word,
        mood_seconds_left=None if left is None else left - left % 10,
        camera=state.camera,
        policy=state.policy,
        tier=state.tier,
        online=status.server_online,
        unkept=bool(state.unkept),
        hold=controls.hold,
        daypart=controls.daypart,
        era=controls.era,
        repeat=controls.repeat,
        sleep_minutes=_minutes(controls.sleep_seconds_left),
        wishes=taken.closed is None,
        wishes_closed=taken.closed or "",
        wishes_until=taken.until or "",
        wish_minutes=controls.wish_rules.minutes,
        pin_reset=controls.pin_reset is not None,
        explicit_allowed=controls.explicit_allowed,
        question=_question(status),
        queue=tuple(_queued(row) for row in controls.queue[:QUEUE_SHOWN]),
        queued=controls.queued,
        tracks=status.library_tracks,
        masks=tuple(msgspec.to_builtins(mask) for mask in controls.masks) if staff else (),
    )


def _song(status: Status) -> Song | None:
    playing, now = status.state.playing, status.controls.now
    if playing is None:
        return None
    return Song(
        id=playing.track,
        title=playing.title,
        artist=playing.artist,
        why=now.why if now else None,
        tier=playing.tier,
    )


def pulse_of(status: Status, *, staff: bool) -> Pulse:
    """What the faces read as, to hundredths."""
    known = {name: status.emotions.get(name, 0.0) for name in EMOTIONS} if status.emotions else {}
    boxes = [face.box for face in status.faces] if staff else []
    return Pulse(
        faces=len(status.faces),
        moods=_rounded(three_classes(known)) if known else {},
        emotions=_rounded(known),
        boxes=tuple(
            (round(b.left, 3), round(b.top, 3), round(b.width, 3), round(b.height, 3))
            for b in boxes
        ),
    )


class Teller:
    """Encodes a view when it is another than the last, not for a clock that merely runs."""

    def __init__(self, *, staff: bool) -> None:
        self._staff = staff
        self._said: View | None = None
        self._said_at = 0.0
        self._pulse = b""

    def state(self, status: Status, at: float) -> bytes | None:
        """JSON of the view at monotonic second `at`; None when nothing worth telling changed."""
        new, old = view_of(status, staff=self._staff), self._said
        if old:
            gone = at - self._said_at if old.playback == "playing" else 0.0
            due = old.position + gone
            if abs(new.position - due) <= DRIFT_SECONDS:
                same = msgspec.structs.replace(new, position=old.position)
                if same == old:
                    return None
        self._said, self._said_at = new, at
        return msgspec.json.encode(new)

    def pulse(self, status: Status) -> bytes | None:
        """JSON of the pulse; None when it is the same."""
        new = msgspec.json.encode(pulse_of(status, staff=self._staff))
        if new == self._pulse:
            return None
        self._pulse = new
        return new


def _queued(row: QueueRow) -> Song:
    choice = row.choice
    return Song(
        id=choice.track,
        title=choice.title,
        artist=choice.artist,
        by_hand=row.by_hand,
        why=row.why,
        tier=choice.tier,
    )


def _question(status: Status) -> dict[str, Any] | None:
    """In every language it has; the tags that an answer leads to are nobody's business."""
    asked = status.controls.question
    if asked is None:
        return None
    answers = [{"id": a.id, "en": a.en, "ko": a.ko} for a in asked.answers]
    return {"id": asked.id, "en": asked.en, "ko": asked.ko, "answers": answers}


def _minutes(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds // 60) + 1


def _rounded(shares: dict[str, float]) -> dict[str, float]:
    return {name: round(share, 2) for name, share in shares.items()}
