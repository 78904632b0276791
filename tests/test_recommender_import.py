"""Importers: what people have, and what of it is used."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.library import path_id
from contracts.track import Track
from recommender_server import catalogue
from recommender_server.importers import ImportFileError, Report, detect, import_path
from recommender_server.importers.intake import NO_TITLE, REPEATED, TOO_SHORT
from recommender_server.importers.playlist_files import NOT_FOUND
from recommender_server.memory_store import MemoryStore
from recommender_server.settings import LimitSettings
from recommender_server.store import open_store
from tests.recommender_stage import chunk

SETS = Path(__file__).parents[2] / "shared/data/music"
OWN = (
    Track(id=path_id(b"Queen/A Night/01 One.mp3"), title="One", artist="Queen"),
    Track(id=path_id("조/봄날.mp3".encode()), title="봄날", artist="조"),
    Track(id=path_id(b"x/three.ogg"), title="Three", artist="Trio"),
    Track(id=path_id(b"y/four.ogg"), title="Four", artist="Quartet"),
)


def stocked() -> MemoryStore:
    """A store that knows the library of one device."""
    store = MemoryStore()
    catalogue.take_chunk(store, "d", chunk(tracks=OWN), LimitSettings())
    return store


def titles(store: MemoryStore) -> list[set[str]]:
    """Titles of each imported list."""
    named = {item.number: item.title or item.artist for item in store.items()}
    return [{named[number] for number in row} for row in store.playlists()]


def test_an_m3u_is_matched_by_the_end_of_its_paths(tmp_path: Path) -> None:
    """Absolute, relative, Windows and escaped paths, composed or not; the rest is counted."""
    (tmp_path / "mine.m3u8").write_text(
        "\ufeff#EXTM3U\n#PLAYLIST:Mine\n"
        "/media/stick/Music/Queen/A Night/01 One.mp3\n"
        "C:\\Music\\x\\three.ogg\n"
        "file:///media/y/four.ogg\n"
        "../조/\u1107\u1169\u11b7\u1102\u1161\u11af.mp3\n"
        "x/three.ogg\n"
        "#EXTINF:200,Someone - Else\nelse.mp3\n"
        "unknown/01 nowhere.mp3\n",
        encoding="utf-8",
    )
    store = stocked()
    report = import_path(store, tmp_path)
    assert titles(store) == [{"One", "Three", "Four", "봄날", "Else"}]
    assert report == Report(
        kind="playlists", lists=1, rows=7, used=5, unused={REPEATED: 1, NOT_FOUND: 1}
    )


@pytest.mark.parametrize(
    "name", ["Trio - Three.flac", "03 - Trio - Three.mp3", "Trio/Album/07. Three (Remaster).mp3"]
)
def test_a_file_name_tells_artist_and_title(tmp_path: Path, name: str) -> None:
    """Of tracks that devices have under other paths."""
    (tmp_path / "a.m3u").write_text(f"{name}\nother/x/three.ogg\ny/four.ogg\n", encoding="latin-1")
    store = stocked()
    report = import_path(store, tmp_path / "a.m3u")
    assert titles(store) == [{"Three", "Four"}]
    assert report.unused == {REPEATED: 1}


def test_old_players_wrote_latin_1(tmp_path: Path) -> None:
    """An M3U that is no UTF-8 is read so; an M3U8 is refused."""
    lines = "#EXTINF:1,Beyonc\u00e9 - Halo\na.mp3\ny/four.ogg\n".encode("latin-1")
    for suffix in ("m3u", "m3u8"):
        (tmp_path / f"a.{suffix}").write_bytes(lines)
    store = stocked()
    import_path(store, tmp_path / "a.m3u")
    assert titles(store) == [{"Halo", "Four"}]
    with pytest.raises(ImportFileError, match="utf-8"):
        import_path(store, tmp_path / "a.m3u8")


def xspf(tracks: str, head: str = "") -> str:
    space = 'version="1" xmlns="http://xspf.org/ns/0/"'
    return (
        f"<?xml version='1.0'?>{head}<playlist {space}><trackList>{tracks}</trackList></playlist>"
    )


def test_an_xspf_is_matched_by_location_and_by_name(tmp_path: Path) -> None:
    """Escaped locations; creator and title; a track that says nothing is counted."""
    (tmp_path / "a.xspf").write_text(
        xspf(
            "<track><location>file:///m/Queen/A%20Night/01%20One.mp3</location></track>"
            "<track><creator>Trio</creator><title>Three</title></track>"
            "<track><identifier>https://musicbrainz.org/recording/"
            "00000000-0000-4000-8000-000000000000</identifier>"
            "<creator>N &amp; M</creator><title>New</title></track><track/>"
        ),
        encoding="utf-8",
    )
    store = stocked()
    report = import_path(store, tmp_path)
    assert titles(store) == [{"One", "Three", "New"}]
    assert report.unused == {NOT_FOUND: 1}
    assert store.find_item(["mbid:00000000-0000-4000-8000-000000000000"]) is not None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("<playlist", "not XML"),
        ("<other/>", "no XSPF"),
        (xspf("", "<!DOCTYPE a [<!ENTITY b 'c'>]>"), "entities"),
        ("\0binary", "not text"),
    ],
)
def test_one_broken_file_of_a_folder_leaves_nothing(tmp_path: Path, content: str, why: str) -> None:
    """The good list before it is not kept either, and the message names the file."""
    (tmp_path / "a.m3u").write_text("x/three.ogg\ny/four.ogg\n", encoding="utf-8")
    (tmp_path / "b.xspf").write_text(content, encoding="utf-8")
    store = stocked()
    with pytest.raises(ImportFileError, match=why) as refused:
        import_path(store, tmp_path)
    assert refused.value.path.name == "b.xspf"
    assert store.counts()["playlists"] == 0


def melon(folder: Path) -> str:
    lists = [
        {"id": 1, "songs": [1, 2, 9, 2], "tags": ["잔잔한"], "plylst_title": "x"},
        {"id": 2, "songs": [2, 3], "tags": []},
        {"id": 3, "songs": [8, 3], "tags": []},
    ]
    songs = [{"id": n, "song_name": f"s{n}", "artist_name_basket": ["x"]} for n in (1, 2, 3)]
    (folder / "train.json").write_text(json.dumps(lists), encoding="utf-8")
    (folder / "song_meta.json").write_text(json.dumps(songs), encoding="utf-8")
    return "a song that the file of songs does not have"


def spotify(folder: Path) -> str:
    entry = {"pos": 0, "artist_name": "x", "duration_ms": 1}
    tracks = [{**entry, "track_name": f"s{n}", "track_uri": f"spotify:track:{n}"} for n in range(4)]
    tracks[3]["track_name"] = ""
    lists = [{"name": "a", "pid": 1, "tracks": [*tracks, tracks[0], tracks[3]]}]
    lists += [{"name": "b", "pid": 2, "tracks": tracks[:2]}]
    lists += [{"name": "c", "pid": 3, "tracks": tracks[2:3]}]
    slice_ = json.dumps({"info": {"slice": "0-999"}, "playlists": lists})
    (folder / "mpd.slice.0-999.json").write_text(slice_, encoding="utf-8")
    return NO_TITLE


def hetrec(folder: Path) -> str:
    rows = {
        "artists": ["id\tname\turl\tpictureURL", "1\tA\tu\tp", "2\tB\tu\tp", "3\tC\tu\tp"],
        "user_artists": ["userID\tartistID\tweight", "2\t1\t8", "2\t2\t1", "3\t2\t9", "3\t3\t1"],
        "tags": ["tagID\ttagValue", "1\tcaf\u00e9"],
        "user_taggedartists": ["userID\tartistID\ttagID\tday\tmonth\tyear", "2\t1\t1\t1\t1\t2009"],
    }
    rows["user_artists"] += ["2\t9\t1"]
    for name, lines in rows.items():
        text = "\r\n".join(lines) + "\r\n"
        (folder / f"{name}.dat").write_bytes(text.encode("latin-1"))
    return "of an artist that artists.dat does not have"


def yes(folder: Path) -> str:
    (folder / "song_hash.txt").write_bytes(b"0\tS (w\\/ T)\tA\n1 \tU\tB\n2\t-\tC\n3\tV\tD\n")
    (folder / "tag_hash.txt").write_bytes(b"0, sad\n1, rock, hard\n")
    (folder / "tags.txt").write_bytes(b"0 1\n#\n#\n0\n")
    (folder / "train.txt").write_bytes(b"11 12 13\n1 1 1\n0 1 2 \n3 1 \n0 \n")
    return NO_TITLE


def listenbrainz(folder: Path) -> str:
    def listen(title: str, at: int, **more: object) -> dict[str, object]:
        named = {"artist_name": "x", "track_name": title, "additional_info": more}
        return {"listened_at": at, "user_name": "me", "track_metadata": named}

    listens = [listen("a", 1_600_000_000), listen("a", 1_600_000_300), listen("b", 1_600_000_600)]
    listens += [listen("a", 1_610_000_000), listen("", 1_610_000_000)]
    listens += [listen("c", 1_610_000_500, recording_mbid="M", isrc=["odd"])]
    lines = "\n".join(json.dumps(row) for row in listens)
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("listens/2020/9.jsonl", lines + "\n")
    return NO_TITLE


MAKERS: dict[str, Callable[[Path], str]] = {
    "melon": melon,
    "spotify": spotify,
    "hetrec": hetrec,
    "yes": yes,
    "listenbrainz": listenbrainz,
}
EXPECTED = {
    "melon": (2, 8, 4),
    "spotify": (2, 9, 5),
    "hetrec": (2, 6, 5),
    "yes": (2, 9, 7),
    "listenbrainz": (2, 6, 5),
}
"""Lists, rows read and rows used."""


@pytest.fixture(params=MAKERS)
def given(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, str]:
    """A kind, its folder or file, and why one of its rows is not used."""
    why = MAKERS[request.param](tmp_path)
    archive = tmp_path / "export.zip"
    return request.param, archive if archive.exists() else tmp_path, why


def test_each_set_is_recognised_and_counted(given: tuple[str, Path, str]) -> None:
    """Without its kind being named; used and unused rows add up to those read."""
    kind, path, why = given
    assert detect(path) == kind
    report = import_path(MemoryStore(), path)
    assert (report.lists, report.rows, report.used) == EXPECTED[kind]
    assert why in report.unused
    assert report.rows == report.used + sum(report.unused.values())


def test_importing_again_changes_nothing(given: tuple[str, Path, str], tmp_path: Path) -> None:
    """Counts, lists and recordings are those of the first time, in a real database."""
    kind, path, _ = given
    store = open_store(tmp_path / "database")
    reports = [import_path(store, path, kind) for _ in range(2)]
    assert reports[0] == reports[1]
    assert store.counts()["playlists"] == reports[0].lists
    after = [store.counts(), store.items(), list(store.playlists())]
    import_path(store, path, kind)
    assert [store.counts(), store.items(), list(store.playlists())] == after
    store.close()


def test_every_cut_is_refused_whole_or_taken_whole(
    given: tuple[str, Path, str], tmp_path: Path
) -> None:
    """A file cut anywhere, or overwritten, leaves nothing, or reads as a shorter one."""
    kind, path, _ = given
    files = [path] if path.is_file() else [p for p in path.iterdir() if p.is_file()]
    for file in files:
        whole = file.read_bytes()
        for broken in (whole[: len(whole) // 2], b"\0" * 9, b'[{"a":', b"x\ty\tz\n1\t2\n"):
            file.write_bytes(broken)
            store = open_store(tmp_path / "database")
            refused = ""
            try:
                import_path(store, path, kind)
            except ImportFileError as error:
                refused = str(error)
            counts = store.counts()
            if refused:
                assert "Nothing was taken in" in refused
                assert counts["recordings"] == counts["playlists"] == 0
            store.close()
            (tmp_path / "database" / "recommender.sqlite").unlink()
        file.write_bytes(whole)


def test_how_often_a_song_was_played_in_a_month_is_its_weight(tmp_path: Path) -> None:
    """Twice counts 2, once 1; months are lists of their own."""
    listenbrainz(tmp_path)
    store = MemoryStore()
    import_path(store, tmp_path / "export.zip")
    assert [sorted(row.values()) for row in store.playlists()] == [[1.0, 2.0], [1.0, 1.0]]
    assert store.find_item(["mbid:m"]) is not None


def test_what_is_nothing_known_says_so(tmp_path: Path) -> None:
    """An absent path and a file of another kind are refused with what can be imported."""
    with pytest.raises(ImportFileError, match="no such file"):
        detect(tmp_path / "absent")
    (tmp_path / "letter.txt").write_text("Dear reader")
    with pytest.raises(ImportFileError, match="playlists, melon, spotify"):
        detect(tmp_path / "letter.txt")
    with pytest.raises(ImportFileError, match="playlists, melon, spotify"):
        detect(tmp_path)


def test_a_list_of_one_song_teaches_nothing(tmp_path: Path) -> None:
    """It is counted, and not kept."""
    (tmp_path / "a.m3u").write_text("x/three.ogg\n", encoding="utf-8")
    report = import_path(stocked(), tmp_path)
    assert (report.lists, report.unused) == (0, {TOO_SHORT: 1})


@pytest.mark.parametrize(
    ("folder", "kind", "lists", "share"),
    [
        ("netease", "melon", 1078, 0.1),
        ("hetrec2011-lastfm", "hetrec", 1880, 0.99),
        ("yes_com/yes_big", "yes", 12_900, 0.93),
    ],
)
def test_real_sets_come_in(
    tmp_path: Path, folder: str, kind: str, lists: int, share: float
) -> None:
    """At least so many lists, and at least this share of the rows is used."""
    if not (SETS / folder).is_dir():
        pytest.skip(f"shared/data/music/{folder} is not here")
    store = open_store(tmp_path)
    done: list[float] = []
    report = import_path(store, SETS / folder, stepped=done.append)
    store.close()
    assert report.kind == kind
    assert report.lists >= lists
    assert report.used / report.rows >= share
    assert done == sorted(done)
    assert 0.9 < done[-1] <= 1
