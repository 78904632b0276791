"""Packs as bytes, and the rankers of the device that use them."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.arrays import sealed, unsealed
from contracts.messages import RecommendRequest
from contracts.pack import MAGIC
from contracts.ranking import Pack, PackError, library_pack, pack_bytes, rank, read_pack, rounded
from contracts.tag_space import TagSpace, plain_space
from device.recommend.defaults import MOOD_WORDS, DefaultsRanker, tags_or_built_in
from device.recommend.pack import PackRanker
from tests.recommender_stage import LIBRARY, TAGS_MANIFEST, shipped_tags

REQUEST = RecommendRequest(valence=0.6, arousal=0.5, tags=("rock",), count=8)
SMALL = pack_bytes(library_pack("l", LIBRARY[:3], plain_space(MOOD_WORDS)))


def test_a_pack_survives_its_bytes() -> None:
    """Every field of a rounded pack comes back the same."""
    pack = rounded(library_pack("l", LIBRARY, shipped_tags()))
    back = read_pack(pack_bytes(pack))
    for field in fields(Pack):
        one, other = getattr(pack, field.name), getattr(back, field.name)
        if isinstance(one, TagSpace):
            assert one.names == other.names
            one, other = one.vectors, other.vectors
        np.testing.assert_array_equal(one, other, err_msg=field.name)


def test_the_device_ranks_as_the_server() -> None:
    """A rounded pack and its bytes give the same tracks, scores and reasons."""
    pack = rounded(library_pack("l", LIBRARY, shipped_tags()))
    assert PackRanker(pack_bytes(pack), "l").rank(REQUEST) == rank(pack, REQUEST)


def test_a_pack_of_another_library_is_refused() -> None:
    """The error names both libraries and says to ask for another."""
    with pytest.raises(PackError, match=r"'l'.*'m'.*ask the server"):
        PackRanker(SMALL, "m")


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(SMALL) - 1), byte=st.integers(1, 255))
def test_one_wrong_byte_is_noticed(at: int, byte: int) -> None:
    """Whichever byte is flipped, the pack is refused in words."""
    wrong = bytearray(SMALL)
    wrong[at] ^= byte
    with pytest.raises(PackError):
        read_pack(bytes(wrong))


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=300))
def test_other_bytes_are_refused(content: bytes) -> None:
    """Bytes with a right checksum that are no pack are refused like any other."""
    for wrong in (content, MAGIC + hashlib.sha256(content).digest() + content):
        with pytest.raises(PackError):
            read_pack(wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tag_ids", np.array([10**6], np.int32)),
        ("neighbours", np.full((3, 1), 99, np.int32)),
        ("popularity", np.array([np.nan, 0, 0], np.float16)),
        ("certainty", np.zeros(2, np.float16)),
        ("affinity", np.array(["a", "b", "c"])),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, value: np.ndarray) -> None:
    """A pack whose arrays point outside, differ in length or kind is refused."""
    arrays = unsealed(MAGIC, SMALL)
    arrays[name] = value
    with pytest.raises(PackError):
        read_pack(sealed(MAGIC, arrays))


def test_the_defaults_know_moods_without_any_server() -> None:
    """Happy and joyful lead a happy list, also with the built-in words alone."""
    request = RecommendRequest(valence=0.85, arousal=0.4, count=2)
    best = {r.track for r in DefaultsRanker(LIBRARY).rank(request)}
    assert best == {LIBRARY[0].id, LIBRARY[4].id}
    built_in = DefaultsRanker(LIBRARY, plain_space(MOOD_WORDS)).rank(request)
    assert built_in[0].track == LIBRARY[0].id


def test_the_defaults_vary_by_seed_alone() -> None:
    """One seed always gives one list; among twenty seeds there are several lists."""
    ranker = DefaultsRanker(LIBRARY)
    request = RecommendRequest(mood_weight=0)
    assert ranker.rank(request, seed=3) == ranker.rank(request, seed=3)
    assert len({ranker.rank(request, seed=n)[0].track for n in range(20)}) > 1


def test_damaged_tags_leave_the_built_in_words(tmp_path: Path) -> None:
    """With an altered models/tags.npz moods are still told apart, and the log says how to mend."""
    (tmp_path / "tags.json").write_bytes(TAGS_MANIFEST.read_bytes())
    (tmp_path / "tags.npz").write_bytes(b"altered")
    assert "슬픈" in tags_or_built_in(tmp_path / "tags.json").names
