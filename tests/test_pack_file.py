"""Packs as bytes, and the rankers of the device that use them."""

from __future__ import annotations

import hashlib
import tracemalloc
import zlib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.made_up_music import library
from contracts.arrays import SIZE_BYTES, plain_npz, sealed, unsealed
from contracts.messages import RecommendRequest
from contracts.pack_file import MAGIC, MOST_BYTES, TASTE_BYTES, pruned, sent
from contracts.ranking import Pack, PackError, library_pack, pack_bytes, rank, read_pack, rounded
from contracts.tag_space import TagSpace, plain_space
from device.recommend.defaults import MOOD_WORDS, DefaultsRanker, tags_or_built_in
from device.recommend.pack import PackRanker
from tests.recommender_stage import LIBRARY, TAGS_MANIFEST, shipped_tags

REQUEST = RecommendRequest(valence=0.6, arousal=0.5, tags=("rock",), count=8)
SMALL = pack_bytes(
    replace(
        library_pack("l", LIBRARY[:3], plain_space(MOOD_WORDS)),
        factors=np.ones((3, 2), np.float32),
        listener_factors=np.ones(2, np.float32),
        neighbours=np.array([[1, 2], [0, -1], [-1, -1]], np.int32),
        closeness=np.array([[0.5, 0.25], [0.1, 0], [0, 0]], np.float32),
    )
)


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


def trained(count: int, factors: int, neighbours: int) -> Pack:
    """A pack as large as a trained one: random taste, each track's neighbours by closeness."""
    chance = np.random.default_rng(7)
    near = np.argsort(chance.random((count, min(count, 4 * neighbours))), axis=1)[:, :neighbours]
    closeness = -np.sort(-(chance.random((count, neighbours)).astype(np.float32) ** 4), axis=1)
    return replace(
        library_pack("l", library(count, shipped_tags()), shipped_tags()),
        factors=chance.normal(0, 0.1, (count, factors)).astype(np.float32),
        listener_factors=chance.normal(0, 1, factors).astype(np.float32),
        neighbours=near.astype(np.int32),
        closeness=closeness,
        affinity=(chance.random(count) < 0.05).astype(np.float32),
        generation="g",
    )


def same(one: Pack, other: Pack) -> bool:
    names = [field.name for field in fields(Pack) if field.name != "vocabulary"]
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_what_is_read_is_what_was_sent() -> None:
    """With taste and neighbours, and with more neighbours than there is room for."""
    few, many = trained(300, 8, 12), trained(300, 128, 90)
    for pack in (few, many):
        assert same(read_pack(pack_bytes(pack)), sent(pack))
    assert same(sent(few), rounded(few))
    assert sent(many).neighbours.shape[1] < 90


def test_a_pack_in_the_precision_of_its_bytes_stays() -> None:
    """Rounding twice is rounding once, so that a server and a device that read it agree."""
    once = rounded(trained(200, 8, 12))
    assert same(rounded(once), once)


def test_pruning_keeps_the_nearest() -> None:
    """Of ninety neighbours a track keeps those of the highest closeness."""
    pack = trained(200, 128, 90)
    kept = pruned(pack)
    left = kept.neighbours.shape[1]
    np.testing.assert_array_equal(np.sort(kept.closeness), np.sort(pack.closeness)[:, -left:])


def test_rounding_is_fine() -> None:
    """Factors within a thousandth, closeness within a hundredth of a track's nearest."""
    pack = trained(300, 8, 12)
    back = rounded(pack)
    np.testing.assert_allclose(back.factors, pack.factors, rtol=1e-3, atol=1e-6)
    for row in range(300):
        told = dict(zip(back.neighbours[row].tolist(), back.closeness[row].tolist(), strict=True))
        got = [told[number] for number in pack.neighbours[row].tolist()]
        np.testing.assert_allclose(got, pack.closeness[row], atol=0.01 * pack.closeness[row].max())


@pytest.mark.parametrize(("factors", "neighbours"), [(64, 200), (128, 60)])
def test_ten_thousand_tracks_fit_into_four_megabytes(factors: int, neighbours: int) -> None:
    """Whatever a model has of factors and neighbours."""
    pack = trained(2000, factors, neighbours)
    none = np.zeros((2000, 0), np.float32)
    bare = replace(
        pack,
        neighbours=none.astype(np.int32),
        closeness=none,
        factors=none,
        listener_factors=none[0],
    )
    fixed = len(pack_bytes(bare))
    per_track = (len(pack_bytes(pack)) - fixed) / 2000
    assert per_track <= TASTE_BYTES
    assert fixed + 10_000 * per_track < 4_000_000


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
        ("tag_ids", np.full(6, 60_000, np.uint16)),
        ("tag_ids", np.zeros(0, np.uint8)),
        ("tag_counts", np.array([2, 2, 200], np.uint8)),
        ("tag_counts", np.full(3, 2**63, np.uint64)),
        ("steps", np.full((1, 6), 99, np.uint8)),
        ("steps", np.zeros((2, 6), np.uint8)),
        ("levels", np.zeros((3, 7), np.uint8)),
        ("factors", np.zeros((2, 7), np.uint8)),
        ("factors", np.full((2, 6), 255, np.uint8)),
        ("listener_factors", np.zeros(3, np.float32)),
        ("artists", np.array([-1, 0, 1])),
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


@pytest.mark.parametrize("size", [0, 10, MOST_BYTES + 1, 2**63])
def test_a_size_that_is_not_the_packs_is_refused(size: int) -> None:
    """A small pack that claims to be empty, short or huge is refused before it is unpacked."""
    plain = plain_npz({"names": np.zeros(1000)})
    rest = size.to_bytes(SIZE_BYTES, "big") + zlib.compress(plain)
    with pytest.raises(PackError, match="bytes"):
        read_pack(MAGIC + hashlib.sha256(rest).digest() + rest)


def test_a_bomb_costs_no_memory() -> None:
    """Two hundred million zeros in two hundred kilobytes that claim to be a megabyte."""
    packer = zlib.compressobj()
    bomb = b"".join(packer.compress(bytes(2_000_000)) for _ in range(100)) + packer.flush()
    rest = (1_000_000).to_bytes(SIZE_BYTES, "big") + bomb
    tracemalloc.start()
    with pytest.raises(PackError, match="is not the 1000000 bytes"):
        read_pack(MAGIC + hashlib.sha256(rest).digest() + rest)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_small_bytes_that_grow_in_memory_are_refused() -> None:
    """Twenty million factors of the listener would make sixty million of the tracks."""
    wide = unsealed(MAGIC, SMALL) | {"listener_factors": np.zeros(2 * 10**7, np.float16)}
    with pytest.raises(PackError, match="would make"):
        read_pack(sealed(MAGIC, wide))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_array_may_be_hostile(data: st.DataObject) -> None:
    """Another kind, shape or content of any array gives a pack that ranks, or a refusal."""
    arrays = unsealed(MAGIC, SMALL)
    name = data.draw(st.sampled_from(sorted(arrays)))
    shape = data.draw(st.lists(st.integers(0, 5), max_size=3))
    kind = data.draw(st.sampled_from("?bBhHiIqQefdS"))
    chance = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays[name] = (chance.normal(0, 50, shape)).astype(kind if kind != "S" else "S4")
    try:
        pack = read_pack(sealed(MAGIC, arrays))
    except PackError:
        return
    assert len(rank(pack, REQUEST)) <= len(pack.tracks)


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
