"""The tag space that ships, and how it grows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from contracts.model_manifest import ModelError, read_manifest
from contracts.tag_space import KINDS, normalise, read_tag_space
from recommender_server.tag2vec import retrained, seed_sentences, seed_space
from recommender_server.tag_seed import SeedError, read_seed
from recommender_server.tags import FACTS
from tests.recommender_stage import TAGS_MANIFEST, shipped_tags

FEW = read_seed()[:10]


def closed(terms: tuple[msgspec.Struct, ...]) -> tuple[msgspec.Struct, ...]:
    """Terms whose relations stay among themselves."""
    names = {term.name for term in terms}
    return tuple(
        msgspec.structs.replace(term, near=tuple(set(term.near) & names)) for term in terms
    )


@pytest.mark.parametrize(("word", "near", "far"), FACTS)
def test_tags_lie_where_people_expect_them(word: str, near: str, far: str) -> None:
    """Each fact holds in the space that ships."""
    space = shipped_tags()
    assert space.similarity(word, near) > space.similarity(word, far)


def test_synonyms_are_one_tag() -> None:
    """Korean and English words, however written, find the same row."""
    space = shipped_tags()
    assert space.find("잔잔한") == space.find("CALM")
    assert space.find("Hip-Hop") == space.find("힙합") == space.find(" hip hop ")


def test_the_space_holds_all_kinds_in_two_languages() -> None:
    """At least 250 terms, of every kind, more than 300 Korean words."""
    space = shipped_tags()
    assert len(set(space.canon.tolist())) >= 250
    assert {KINDS[kind] for kind in space.kinds} == set(KINDS) - {"other"}
    assert sum(any("가" <= letter <= "힣" for letter in name) for name in space.names) > 300


def test_the_seed_is_what_was_shipped() -> None:
    """Every word of the seed is in the space with the seed's valence: rebuilt after a change."""
    space = shipped_tags()
    for term in read_seed():
        row = space.index[term.name]
        assert space.valence_arousal[row, 0] == pytest.approx(term.valence, abs=1e-3)


def test_mood_words_name_a_place() -> None:
    """The words nearest to a sad place are sad ones."""
    words = shipped_tags().mood_words(-0.75, -0.4)
    assert "sad" in words


def test_an_unknown_tag_takes_the_place_of_its_words() -> None:
    """The tag "melancholy piano" lies near "melancholy"; a tag of no known word is nowhere."""
    space = shipped_tags().extended(["Melancholy Piano", "xyzzy"])
    assert space.similarity("melancholy piano", "melancholy") > 0.5
    assert not space.vector("xyzzy").any()
    assert space.place([space.find("xyzzy") or 0])[2] == 0


def test_growing_is_the_same_every_time() -> None:
    """Two spaces of the same seed are equal to the last bit."""
    terms = closed(FEW)
    np.testing.assert_array_equal(seed_space(terms).vectors, seed_space(terms).vectors)
    assert seed_sentences(terms) == seed_sentences(terms)


def test_real_music_places_new_tags() -> None:
    """A tag that stands beside sad ones on forty tracks comes to lie near them, and is sad."""
    grown = retrained(shipped_tags(), closed(FEW), [["sad", "tearful", "눈물샘", "sorrowful"]] * 60)
    assert grown.similarity("눈물샘", "sad") > grown.similarity("눈물샘", "happy")
    assert grown.valence_arousal[grown.index["눈물샘"], 0] < -0.2


def test_an_altered_space_is_refused(tmp_path: Path) -> None:
    """A wrong sha256 is an error that says how to get the file back."""
    (tmp_path / "tags.json").write_bytes(TAGS_MANIFEST.read_bytes())
    (tmp_path / "tags.npz").write_bytes(b"x")
    with pytest.raises(ModelError, match="restore it"):
        read_tag_space(tmp_path / "tags.json")


def test_its_manifest_says_where_it_comes_from() -> None:
    """The origin is our own seed, and no data set."""
    manifest = read_manifest(TAGS_MANIFEST)
    assert manifest.kind == "tags"
    assert "no data set" in manifest.origin


def test_a_wrong_seed_names_its_lines(tmp_path: Path) -> None:
    """An unknown neighbour and a word given twice are both named."""
    (tmp_path / "a.toml").write_text(
        '[mood]\nglad = [0.5, 0.1, "gladder", "joy"]\nmerry = [0.5, 0.1, "glad", "joy"]\n', "utf-8"
    )
    with pytest.raises(SeedError, match=r"(?s)2 problem.*joy.*gladder"):
        read_seed(tmp_path)


def test_tags_are_compared_without_case_hyphens_and_width() -> None:
    """Full-width letters, hyphens and capitals do not matter."""
    assert normalise("\uff2c\uff2f-Fi  Hip_Hop") == "lo fi hip hop"


def test_a_library_never_moves_the_moods_of_the_seed() -> None:
    """After a library in which "sad" always stands beside "party", the seed's words keep their
    valence, arousal and certainty to the last bit; a new tag takes those of its company.
    """
    space = shipped_tags()
    bags = [["sad", "party", "sorrow hall"]] * 100 + [["calm", "peaceful", "hushwave"]] * 100
    grown = retrained(space, closed(FEW), bags)
    known = len(space.names)
    np.testing.assert_array_equal(grown.valence_arousal[:known], space.valence_arousal)
    np.testing.assert_array_equal(grown.certainty[:known], space.certainty)
    assert grown.valence_arousal[grown.index["hushwave"], 1] < -0.2
