"""Arrangements: which instruments play what, bar by bar.

A pattern is one bar written as equal steps, bars separated by `|` and taken in turn:
`.` is silence and `-` holds; `x` is the whole chord and `X` the same with an accent; `0` to `5`
are the chord's notes from low to high; `r`, `R`, `f` are its root, the octave and the fifth in
the bass, and `a` is the note that leads into the next root.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One instrument of an arrangement."""

    instrument: str
    pattern: str
    """One or more bars, or `tune` for the melody."""
    level_db: float
    """Loudness while it plays, against that of all parts together."""
    pan: float = 0.0
    """-1 left to 1 right."""
    send: float = 0.25
    """How much goes to the reverberation."""
    shift: int = 0
    """Semitones added to every note."""
    enters: int = 0
    """Bar in which the part comes in."""
    wide_ms: float = 0.0
    """Delay of the right channel, which makes a part seem broad."""


@dataclass(frozen=True)
class Style:
    """One arrangement."""

    parts: tuple[Part, ...]
    drums: tuple[Part, ...] = ()
    """Their instruments are drums; `x` is a stroke, `X` a strong and `o` a weak one."""
    rhythms: tuple[tuple[float, ...], ...] = ((1, 1, 1, 1, 1, 1, 2),)
    """Beats of the melody's two-bar motif, one for each way to play the style; rests negative."""
    beats_in_bar: int = 4
    chord_notes: int = 3
    hall_seconds: float = 1.2
    """Time constant of the reverberation, until it is 60 dB down."""
    loudness_db: float = -17.5
    """Loudness of the finished piece (ITU-R BS.1770's weighting), decibels to full scale."""
    swing: float = 0.0
    """How late every second step comes, in steps."""
    lift: int = 5
    """Degrees above the tonic around which the melody moves."""


POP = Style(
    parts=(
        Part("guitar", "x.x-..x.x.x-..x.", -10, pan=-0.45, send=0.2),
        Part("piano", "x-----x-----x-x-", -10, pan=0.35, send=0.25, shift=12, enters=4),
        Part("bass", "r-r-r-r-r-R-r-f-", -7, send=0.03, shift=-12, enters=2),
        Part("strings", "x---------------", -15, send=0.5, shift=12, enters=8, wide_ms=13),
        Part("brass", "tune", -5, pan=0.1, send=0.35, enters=4),
        Part("bell", "tune", -14, pan=-0.2, send=0.5, shift=12, enters=12),
    ),
    drums=(
        Part("kick", "x...x...x...x...", -8, send=0.02, enters=2),
        Part("clap", "....x.......x...", -13, send=0.25, enters=2),
        Part("hat", "..x...x...x...xx", -20, pan=0.25, send=0.05),
        Part("shaker", "xoxoxoxoxoxoxoxo", -23, pan=-0.3, send=0.05, enters=4),
        Part("crash", "x...............|.|.|.|.|.|.|.", -15, send=0.3, enters=4),
    ),
    rhythms=(
        (0.5, 0.5, 1, 0.5, 0.5, 1, 0.5, 0.5, 1, 2),
        (1, 0.5, 0.5, 1, 1, 0.5, 0.5, 0.5, 0.5, 1, -1),
        (1.5, 0.5, 1, 1, 0.5, 0.5, 1, 1, 1),
    ),
    loudness_db=-16.0,
)

DISCO = Style(
    parts=(
        Part("rhodes", "..x-..x-.xx-..x-", -9, pan=-0.3, send=0.2, shift=12),
        Part("bass", "r-R-r-R-r-R-r-R-", -6, send=0.02, shift=-12),
        Part("guitar", "..x.x.x...x.x.xx", -13, pan=0.5, send=0.15, shift=12, enters=4),
        Part("strings", "x-------x-------", -12, send=0.45, shift=24, enters=8, wide_ms=11),
        Part("square lead", "tune", -6, pan=-0.1, send=0.4, enters=4),
    ),
    drums=(
        Part("kick", "x...x...x...x...", -7, send=0.02),
        Part("snare", "....x.......x..o", -12, send=0.2, enters=2),
        Part("open hat", "..x...x...x...x.", -18, pan=0.2, send=0.08),
        Part("hat", "x.o.x.o.x.o.x.ox", -23, pan=-0.2, send=0.05, enters=4),
        Part("crash", "x...............|.|.|.|.|.|.|.", -15, send=0.3, enters=4),
    ),
    rhythms=(
        (0.5, 0.5, 0.5, 0.5, 1, 1, 0.5, 0.5, 0.5, 0.5, 2),
        (-0.5, 0.5, 1, 0.5, 0.5, 1, 1, 0.5, 0.5, 1, 1),
    ),
    loudness_db=-16.0,
)

DANCE = Style(
    parts=(
        Part("banjo", "0.2.3.2.1.2.3.2.|0.2.3.2.4.3.2.1.", -9, pan=-0.4, send=0.15, shift=12),
        Part("guitar", "x...x.x.x...x.x.", -11, pan=0.4, send=0.2),
        Part("soft bass", "r---f---r---f-a-", -8, send=0.03, shift=-12),
        Part("flute", "tune", -4, pan=0.05, send=0.4, enters=4),
        Part("organ", "x---------------", -17, send=0.4, enters=8, wide_ms=12),
    ),
    drums=(
        Part("kick", "x.......x.......", -10, send=0.03),
        Part("clap", "....x.......x.x.", -14, send=0.2, enters=4),
        Part("shaker", "x.xox.xox.xox.xo", -20, pan=0.3, send=0.05),
        Part("block", "..x.....x..x....", -20, pan=-0.4, send=0.2, enters=8),
    ),
    rhythms=(
        (0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 0.5, 0.5, 1, 1, 1),
        (1, 0.5, 0.5, 0.5, 0.5, 1, 0.5, 0.5, 0.5, 0.5, 1, -1),
    ),
    loudness_db=-16.0,
)

METAL = Style(
    parts=(
        Part("chug", "r.rrr.rrr.rrr.R.|r.rrr.rrr.r.R.r.", -9, pan=-0.7, send=0.08, shift=-12),
        Part("chug", "r.rrr.rrr.rrr.R.|r.rrr.rrr.r.R.r.", -9, pan=0.7, send=0.08, shift=-12),
        Part("fuzz", "r---------------", -11, send=0.12, shift=0, enters=4, wide_ms=9),
        Part("growl", "r.rrr.rrr.rrr.R.", -10, send=0.02, shift=-12),
        Part("saw lead", "tune", -7, pan=0.15, send=0.3, enters=8),
    ),
    drums=(
        Part("big kick", "x.xxx.xxx.xxx.x.", -8, send=0.03),
        Part("snare", "....X.......X.o.", -9, send=0.2, enters=2),
        Part("hat", "x.x.x.x.x.x.x.x.", -19, pan=0.3, send=0.05),
        Part("crash", "x...............|........x.......", -14, send=0.25, enters=2),
        Part("tom", "................|............xxxx", -13, pan=-0.3, send=0.2, enters=4),
    ),
    rhythms=(
        (0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 1, 1.5, 0.5, 2),
        (1.5, 0.5, 1, 1, 0.5, 0.5, 0.5, 0.5, 2),
    ),
    hall_seconds=0.8,
    loudness_db=-15.5,
)

MACHINE = Style(
    parts=(
        Part("growl", "r.rrr.R.r.rrr.Rr", -6, send=0.04, shift=-12),
        Part("fuzz", "r-..r-..........|r-..r-......R-..", -11, send=0.15, wide_ms=9, enters=2),
        Part("saw lead", "X..x..x.....x...", -14, pan=-0.3, send=0.3, enters=4),
        Part("spiccato", "0101210101212323", -11, pan=0.4, send=0.25, shift=12, enters=6),
        Part("saw lead", "tune", -7, pan=0.1, send=0.35, enters=8),
    ),
    drums=(
        Part("big kick", "x...x...x...x.xx", -7, send=0.03),
        Part("snare", "....X..o....X...", -10, send=0.25, enters=2),
        Part("anvil", "..x..x....x..x.x", -17, pan=-0.5, send=0.3),
        Part("hat", "xxxxxxxxxxxxxxxx", -20, pan=0.4, send=0.05),
        Part("crash", "x...............|.|.|.", -13, send=0.3),
    ),
    rhythms=(
        (0.75, 0.75, 0.5, 1, 1, 0.75, 0.75, 0.5, 2),
        (0.25, 0.25, 0.5, 1, 0.5, 0.5, 1, 0.5, 0.5, 1, 2),
    ),
    loudness_db=-15.5,
)

STORM = Style(
    parts=(
        Part("spiccato", "0012001200120032|0012001200124321", -6, pan=-0.35, send=0.3),
        Part("spiccato", "2021202120212021", -11, pan=0.4, send=0.3, shift=12, enters=4),
        Part("cello", "r-----r-r-----a-", -9, pan=0.2, send=0.3, shift=-12),
        Part("brass", "X-..........X-x-", -9, pan=0.25, send=0.4, enters=4),
        Part("strings", "x---------------", -12, send=0.4, shift=12, enters=8, wide_ms=12),
        Part("brass", "tune", -6, pan=-0.1, send=0.4, enters=8),
    ),
    drums=(
        Part("timpani", "x.......x...x.x.|x.......x.xxxxxx", -9, send=0.35),
        Part("big kick", "x.....x.x.......", -11, send=0.15, enters=4),
        Part("snare", "oooxoooxoooxooxx", -18, pan=0.2, send=0.3, enters=8),
        Part("crash", "x...............|.|.|.", -14, send=0.4, enters=4),
    ),
    rhythms=(
        (1.5, 0.5, 1, 1, 0.5, 0.5, 1, 2),
        (1, 1, 0.5, 0.5, 1, 1.5, 0.5, 2),
    ),
    hall_seconds=1.8,
    loudness_db=-16.0,
    lift=3,
)

DRIFT = Style(
    parts=(
        Part("pad", "x---------------", -5, send=0.5, wide_ms=17),
        Part("harp", "0---1---2---3---|2---3---4---3---", -8, pan=-0.3, send=0.5),
        Part("soft bass", "r---------------", -12, send=0.1, shift=-12, enters=2),
        Part("flute", "tune", -7, pan=0.15, send=0.6, enters=4),
        Part(
            "bell", "........5.......|....4...........", -15, pan=0.5, send=0.7, shift=12, enters=2
        ),
    ),
    rhythms=((2, 1, 1, 3, -1), (1.5, 0.5, 2, 1, 1, 2), (3, 1, 2, 2)),
    hall_seconds=2.6,
)

FIRESIDE = Style(
    parts=(
        Part("guitar", "0.2.1.3.2.1.2.1.|0.2.1.3.4.3.2.1.", -5, pan=-0.2, send=0.3),
        Part("soft bass", "r-------f-----a-", -10, send=0.06, shift=-12, enters=2),
        Part("rhodes", "x---------------", -13, pan=0.3, send=0.4, enters=4),
        Part("felt piano", "tune", -5, pan=0.15, send=0.4, enters=4),
    ),
    drums=(Part("shaker", "o...x...o...x...", -27, pan=0.3, send=0.2, enters=4),),
    rhythms=((1, 1, 2, 1, 1, 2), (1.5, 0.5, 1, 1, 1, 1, 2), (2, 1, 1, 1.5, 0.5, 2)),
    hall_seconds=1.6,
)

SOFA = Style(
    parts=(
        Part("rhodes", "x-----....x-----|x---------......", -6, pan=-0.2, send=0.35),
        Part("soft bass", "r-----..r--.f---|r-----....r---a-", -8, send=0.05, shift=-12),
        Part("pad", "x---------------", -12, send=0.5, enters=4, wide_ms=15),
        Part("felt piano", "tune", -5, pan=0.25, send=0.4, enters=2),
    ),
    drums=(
        Part("kick", "x.....o...x.....", -13, send=0.08, enters=2),
        Part("brush", "....x.......x...", -19, send=0.2, enters=2),
        Part("ride", "x...x.o.x...x.o.", -25, pan=0.3, send=0.2, enters=4),
    ),
    rhythms=((1, 0.5, 0.5, 2, 1, 1, -2), (-0.5, 0.5, 1, 1, 1, 1.5, 0.5, 2)),
    chord_notes=4,
    hall_seconds=1.3,
    swing=0.25,
)

ADAGIO = Style(
    parts=(
        Part("strings", "x---------------", -7, send=0.5, wide_ms=15),
        Part("cello", "r---------------", -10, pan=0.2, send=0.4, shift=-12),
        Part("felt piano", "0---1---2---1---", -9, pan=-0.2, send=0.45, enters=2),
        Part("cello", "tune", -4, pan=0.1, send=0.5, enters=4),
    ),
    rhythms=((2, 1, 1, 3, -1), (1.5, 0.5, 2, 2, 2), (3, 1, 1.5, 0.5, 2)),
    hall_seconds=2.6,
    lift=2,
)

NOCTURNE = Style(
    parts=(
        Part("felt piano", "0.1.2.|0.2.1.", -7, pan=-0.2, send=0.4),
        Part("felt piano", "r-----", -9, pan=-0.1, send=0.3, shift=-12),
        Part("pad", "x-----", -13, send=0.5, enters=4, wide_ms=15),
        Part("felt piano", "tune", -4, pan=0.15, send=0.4, enters=2),
    ),
    rhythms=((2, 1, 3), (1.5, 0.5, 1, 3), (1, 1, 1, 2, 1)),
    beats_in_bar=3,
    hall_seconds=2.2,
    lift=5,
)

LAMENT = Style(
    parts=(
        Part("guitar", "0---1---2---1---|0---2---1---2---", -6, pan=-0.25, send=0.4),
        Part("soft bass", "r---------------", -11, send=0.08, shift=-12, enters=2),
        Part("pad", "x---------------", -10, send=0.5, enters=2, wide_ms=15),
        Part("flute", "tune", -5, pan=0.15, send=0.6, enters=4),
        Part("cello", "--------1-------", -13, pan=0.4, send=0.5, enters=6),
    ),
    rhythms=((2, 2, 1, 1, 2), (1.5, 0.5, 1, 1, 3, -1), (3, 1, 2, 2)),
    hall_seconds=2.4,
    lift=4,
)
