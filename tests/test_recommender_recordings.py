"""One recording, many spellings; and what only looks the same."""

from __future__ import annotations

import pytest

from contracts.track import Track, TrackId
from recommender_server.recordings import keys_of, name_key

SAME = [
    (("Queen", "Bohemian Rhapsody"), ("QUEEN", "Bohemian Rhapsody - Remastered 2011")),
    (("Queen", "Bohemian Rhapsody"), ("Queen", "Bohemian Rhapsody (2011 Remaster)")),
    (("Beyoncé", "Halo"), ("Beyonce", "Halo [Explicit]")),
    (("Beyonce\u0301", "Halo"), ("Beyoncé", "HALO")),
    (("Rihanna", "Umbrella (feat. Jay-Z)"), ("Rihanna feat. Jay-Z", "Umbrella")),
    (("Rihanna", "Umbrella ft. JAY-Z"), ("Rihanna, Jay-Z", "Umbrella")),
    (("Gucci Mane", "Gucci Time (w/ Swizz Beatz)"), ("Gucci Mane", "Gucci Time")),
    (("Guns N\u2019 Roses", "Don\u2019t Cry"), ("Guns N' Roses", "Don't Cry")),
    (("The Beatles", "Help!"), ("Beatles", "Help")),
    (("Simon & Garfunkel", "America"), ("Simon and Garfunkel", "America")),
    (("방탄소년단", "봄날"), ("방탄소년단", "봄날 (Spring Day)")),
    (("\uff22\uff34\uff33", "\uff24\uff2e\uff21"), ("BTS", "DNA")),
    (("ABBA", "Waterloo  (Original Mono Version)"), ("Abba", "waterloo")),
]
APART = [
    (("Queen", "Love of My Life"), ("Queen", "Love of My Life (Live)")),
    (("Queen", "Love of My Life"), ("Queen", "Love of My Life - Live at Wembley")),
    (("Queen", "Love of My Life (Live)"), ("Queen", "Love of My Life (Live) [Remix]")),
    (("Moby", "Go"), ("Moby", "Go (Woodtick Mix)")),
    (("아이유", "밤편지"), ("아이유", "밤편지 (라이브)")),
    (("아이유", "밤편지"), ("아이유", "밤편지 (Inst.)")),
    (("Rolling Stones", "Satisfaction"), ("Otis Redding", "Satisfaction")),
    (("X", "Part One (Pt 1)"), ("X", "Part One (Pt 2)")),
    (("ヨルシカ", "かき"), ("ヨルシカ", "がき")),
    (("X", "Without You"), ("X", "With You")),
    (("X", "Featherweight"), ("X", "Weight")),
    (("Sigur Rós", "()"), ("Sigur Rós", "[]")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_recording_agree(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Guests, remasters, releases, accents, width and a name in another script change nothing."""
    assert name_key(*one) == name_key(*other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_recordings_stay_apart(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Live, remix, instrumental, another artist, another part: another recording."""
    assert name_key(*one) != name_key(*other)


def test_the_surest_name_comes_first() -> None:
    """MusicBrainz id, ISRC without dashes, then artist and title, both in lower case."""
    whole = Track(
        id=TrackId("1"), title="Song", artist="X", isrc="US-RC1-76-07839", musicbrainz_id="AB-CD"
    )
    assert list(keys_of(whole)) == ["mbid:ab-cd", "isrc:usrc17607839", "song:x\tsong"]
    assert list(keys_of(Track(id=TrackId("1"), title="Song"))) == []
