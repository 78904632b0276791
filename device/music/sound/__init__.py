"""Sound: decoders and the sound card as programs of their own, mixed here sample by sample.

SDL and its decoders of untrusted files run in child programs, the only modules that know
pygame (decoder, speaker); PCM crosses by pipes. Why: docs/adr/0003-player.md.
"""

from __future__ import annotations

RATE = 44_100
CHANNELS = 2
FRAME_BYTES = 2 * CHANNELS

PLAYABLE = frozenset(
    {
        *(".aac", ".aif", ".aiff", ".alac", ".ape", ".asf", ".dsf", ".flac", ".m4a", ".m4b"),
        *(".mp3", ".mp4", ".mpc", ".oga", ".ogg", ".opus", ".tta", ".wav", ".wma", ".wv"),
    }
)
"""Endings of files that the decoder knows, but for what copy protection keeps from it."""


class SoundUnavailableError(OSError):
    """No sound card can be opened; says which was tried and what to do."""
