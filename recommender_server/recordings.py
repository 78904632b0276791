"""The names under which one recording is found again, whoever tells of it.

A MusicBrainz recording id is surest, then the ISRC, then artist and title. A remaster or the
album's own version is the same recording; a live one, a remix, an instrumental is another.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contracts.track import Track

_GUEST = re.compile(r"\b(?:feat|ft|featuring|w/|with|prod)\b\.?.*|\bw/.*")
_OTHER = re.compile(
    r"\b(?:live|remix\w*|mix|rmx|acoustic|unplugged|instrumental|inst|karaoke|demo|cover|reprise"
    r"|orchestral|a cappella|acapella|dub|bootleg|mashup|sped up|slowed|nightcore|extended"
    r"|session|sessions|ver|concert|take \d+|part \w+|pt \w+)\b|라이브|리믹스|반주|어쿠스틱|ライブ"
)
"""What tells of another recording of the song."""
_SAME = re.compile(
    r"\b(?:re-?master\w*|deluxe|bonus|explicit|clean|album|single|original|mono|stereo"
    r"|radio edit|edit|version|anniversary|edition|ost|soundtrack|from|official|video|audio"
    r"|lyrics?|hd|hq)\b"
)
"""What is said of a release of the same recording."""
_ASIDE = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_DASH = re.compile(r"\s[-\u2013\u2014~]\s([^-\u2013\u2014~]*)$")
_APOSTROPHES = re.compile(r"['`\u2018\u2019\u00b4]")
_NO_WORD = re.compile(r"[\W_]+")
_LEADING_ARTIST = re.compile(r"\s*(?:[,;/&+]|\s(?:and|x|vs\.?|feat\.?|ft\.?|featuring|with)\s)\s*")
_NOT_LATIN = re.compile(r"[\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def song_title(title: str) -> str:
    """A title to compare by: no guests, no word of the release, unaccented, lower case."""
    text = _without_marks(_folded(title))
    text = _ASIDE.sub(lambda aside: _kept(aside.group(1), text), text)
    dash = _DASH.search(text)
    if dash and (_GUEST.match(dash.group(1)) or _is_release(dash.group(1))):
        text = text[: dash.start()]
    guest = re.search(r"\s(?:feat|ft|featuring)\b.*$", text)
    return _words(text[: guest.start()] if guest else text) or _folded(title)


def leading_artist(artist: str) -> str:
    """The first of the artists to compare by: sources differ in whom else they name."""
    text = _without_marks(_folded(artist))
    first = next((part for part in _LEADING_ARTIST.split(text) if _words(part)), text)
    return _words(first).removeprefix("the ") or _folded(artist)


def name_key(artist: str, title: str) -> str:
    """The key of an artist's song."""
    return f"song:{leading_artist(artist)}\t{song_title(title)}"


def keys_of(track: Track) -> Iterator[str]:
    """The names under which a recording is found again, surest first."""
    if track.musicbrainz_id:
        yield f"mbid:{track.musicbrainz_id.casefold()}"
    if track.isrc:
        yield f"isrc:{track.isrc.casefold().replace('-', '')}"
    if track.artist and track.title:
        yield name_key(track.artist, track.title)


def _kept(aside: str, whole: str) -> str:
    """What of a title's brackets belongs to its name; the name in another script does not."""
    if _OTHER.search(aside):
        return f" {aside} "
    if _GUEST.match(aside) or _is_release(aside):
        return " "
    outside = _ASIDE.sub("", whole)
    foreign = bool(_NOT_LATIN.search(aside)) != bool(_NOT_LATIN.search(outside))
    return " " if foreign and _words(outside) else f" {aside} "


def _is_release(text: str) -> bool:
    return bool(_SAME.search(text)) and not _OTHER.search(text)


def _without_marks(text: str) -> str:
    """Latin letters without accents; other scripts as they are, whose marks make the letter."""
    found: list[str] = []
    for letter in text:
        base = unicodedata.normalize("NFKD", letter)[0]
        found.append(base if base.isascii() and base.isalpha() else letter)
    return "".join(found)


def _folded(text: str) -> str:
    """One width, one case."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _words(text: str) -> str:
    return _NO_WORD.sub(" ", _APOSTROPHES.sub("", text)).strip()
