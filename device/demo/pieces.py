"""The demo's twenty pieces: invented titles, invented artists, moods by construction."""

from __future__ import annotations

from dataclasses import dataclass

from device.demo import styles
from device.demo.styles import Style


@dataclass(frozen=True)
class Piece:
    """Everything that makes one piece; the same piece always sounds the same."""

    title: str
    artist: str
    album: str
    genre: str
    year: int
    moods: tuple[str, ...]
    valence: float
    """-1 to 1, as meant by who wrote the piece."""
    arousal: float
    """-1 to 1, as meant by who wrote the piece."""
    bpm: int
    tonic: int
    """MIDI number, 60 to 71."""
    mode: str
    verse: tuple[int, ...]
    """Degrees of the chords, one a bar; 0 is the tonic."""
    chorus: tuple[int, ...]
    style: Style
    seed: int
    rhythm: int = 0
    """Which of the style's melody rhythms."""

    @property
    def quadrant(self) -> str:
        """`happy`, `angry`, `calm` or `sad`: the signs of valence and arousal."""
        if self.arousal >= 0:
            return "happy" if self.valence >= 0 else "angry"
        return "calm" if self.valence >= 0 else "sad"


# One line each for names, moods and notes: a table is read down its columns.
# fmt: off
PIECES = (
    Piece(
        "Paper Lantern Parade", "The Tin Kites", "Sunday Weather", "Pop", 2019,
        ("happy", "upbeat", "sunny"), 0.85, 0.6, 122, 67, "major",
        (0, 4, 5, 3), (3, 4, 0, 5), styles.POP, 11,
    ),
    Piece(
        "Iron Teeth", "Kettle Riot", "Boiling Point", "Metal", 2006,
        ("angry", "aggressive", "intense"), -0.7, 0.85, 152, 64, "phrygian",
        (0, 0, 1, 0), (5, 6, 0, 1), styles.METAL, 23,
    ),
    Piece(
        "Moss and Morning", "Haru Pond", "Still Water", "Ambient", 2014,
        ("calm", "peaceful", "serene"), 0.55, -0.75, 66, 62, "lydian",
        (0, 1, 0, 4), (5, 1, 3, 0), styles.DRIFT, 31,
    ),
    Piece(
        "편지를 접으며", "소나기 우체국", "비 오는 날의 답장", "Ballad", 1998,
        ("sad", "melancholy", "tender"), -0.65, -0.55, 60, 69, "minor",
        (0, 5, 2, 6), (3, 6, 2, 4), styles.ADAGIO, 43,
    ),
    Piece(
        "Roller Disco Comet", "Neon Peach", "Chrome Summer", "Disco", 1979,
        ("happy", "energetic", "party"), 0.8, 0.8, 118, 65, "mixolydian",
        (0, 6, 3, 0), (3, 4, 5, 6), styles.DISCO, 57,
    ),
    Piece(
        "Night Press", "Valve Nine", "Shift Work", "Industrial", 1994,
        ("angry", "tense", "dark"), -0.6, 0.75, 132, 61, "phrygian",
        (0, 0, 0, 1), (0, 5, 3, 1), styles.MACHINE, 61,
    ),
    Piece(
        "느린 오후", "달팽이 다방", "찻잔 속의 구름", "Lo-fi", 2021,
        ("calm", "relaxed", "mellow"), 0.45, -0.45, 76, 65, "major",
        (3, 2, 1, 0), (5, 1, 4, 0), styles.SOFA, 73,
    ),
    Piece(
        "The Empty Platform", "Ada Windrow", "Timetables", "Classical", 2009,
        ("sad", "lonely", "melancholy"), -0.7, -0.6, 84, 62, "minor",
        (0, 3, 4, 0), (5, 2, 6, 4), styles.NOCTURNE, 83,
    ),
    Piece(
        "골목길 자전거", "The Tin Kites", "Sunday Weather", "Pop", 2019,
        ("happy", "cheerful", "carefree"), 0.9, 0.55, 128, 62, "major",
        (0, 3, 5, 4), (5, 3, 0, 4), styles.POP, 97, 1,
    ),
    Piece(
        "Thunder Over Marn", "Orrin Vale Orchestra", "Weather Maps", "Soundtrack", 2011,
        ("tense", "dramatic", "angry"), -0.5, 0.7, 144, 60, "harmonic minor",
        (0, 5, 3, 4), (0, 1, 4, 4), styles.STORM, 101,
    ),
    Piece(
        "Campfire Letters", "Ada Windrow", "Cedar Songs", "Folk", 2003,
        ("calm", "warm", "content"), 0.6, -0.5, 82, 67, "major",
        (0, 4, 5, 3), (3, 0, 1, 4), styles.FIRESIDE, 113,
    ),
    Piece(
        "Snow on the Radio", "Haru Pond", "December Rooms", "Folk", 2016,
        ("sad", "wistful", "gloomy"), -0.55, -0.65, 66, 64, "minor",
        (0, 6, 5, 3), (5, 2, 3, 4), styles.LAMENT, 127,
    ),
    Piece(
        "Barn Door Reel", "Fiddle & Fern", "Harvest Hall", "Folk", 1972,
        ("joyful", "upbeat", "festive"), 0.75, 0.65, 126, 69, "major",
        (0, 0, 3, 4), (5, 3, 0, 4), styles.DANCE, 131,
    ),
    Piece(
        "Red Ledger", "Kettle Riot", "Boiling Point", "Metal", 2006,
        ("angry", "furious", "aggressive"), -0.75, 0.9, 164, 62, "harmonic minor",
        (0, 5, 0, 4), (5, 3, 4, 4), styles.METAL, 149, 1,
    ),
    Piece(
        "물결 위의 낮잠", "Haru Pond", "Still Water", "New Age", 2014,
        ("calm", "dreamy", "soothing"), 0.5, -0.8, 60, 65, "major",
        (0, 2, 3, 0), (5, 4, 3, 4), styles.DRIFT, 157, 1,
    ),
    Piece(
        "Half a Moon Left", "달팽이 다방", "새벽 세 시", "Ballad", 1987,
        ("sad", "melancholy", "heartbroken"), -0.6, -0.45, 70, 60, "minor",
        (0, 2, 5, 4), (3, 0, 1, 4), styles.LAMENT, 167, 1,
    ),
    Piece(
        "Lemonade Engine", "Neon Peach", "Chrome Summer", "Funk", 1982,
        ("happy", "energetic", "groovy"), 0.7, 0.75, 112, 64, "mixolydian",
        (0, 0, 3, 3), (6, 3, 0, 0), styles.DISCO, 179, 1,
    ),
    Piece(
        "경고등", "Valve Nine", "Shift Work", "Electronic", 1994,
        ("tense", "anxious", "dark"), -0.55, 0.65, 140, 66, "minor",
        (0, 0, 5, 4), (3, 1, 0, 4), styles.MACHINE, 181, 1,
    ),
    Piece(
        "Slow Boat, Warm Bread", "Fiddle & Fern", "Cedar Songs", "Acoustic", 1965,
        ("calm", "content", "gentle"), 0.65, -0.4, 88, 60, "major",
        (0, 5, 3, 4), (3, 4, 0, 5), styles.FIRESIDE, 191, 1,
    ),
    Piece(
        "Lighthouse Without Ships", "Orrin Vale Orchestra", "Weather Maps", "Classical", 2011,
        ("sad", "sombre", "lonely"), -0.75, -0.5, 58, 67, "harmonic minor",
        (0, 3, 0, 4), (5, 3, 1, 4), styles.ADAGIO, 193, 2,
    ),
)
# fmt: on
"""In turns of the four moods, so that the first few already serve every mood."""
