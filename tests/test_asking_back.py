"""The flow of 2020: first lists, "not this" and its questions, "another like this", the queue."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from contracts.messages import InteractionKind, Playback, Reason, ReasonKind
from contracts.settings import SettingsError
from contracts.tag_space import read_tag_space
from contracts.track import TrackId
from device import effects, events
from device.commands import COMMANDS
from device.first_lists import era_of
from device.own_lists import read_lists
from device.questions import SHIPPED, load_questions
from tests.stage import QUESTIONS, Stage, make_library

MODELS = Path(__file__).parents[1] / "models"


def ids(*numbers: int) -> list[TrackId]:
    return [TrackId(f"{number:016x}") for number in numbers]


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.begin()
    return stage


# Questions


def test_every_answer_that_ships_leads_somewhere() -> None:
    """Three questions a mood, in two languages, with tags that the shipped tag space knows."""
    space = read_tag_space(MODELS / "tags.json")
    for three in (QUESTIONS.negative, QUESTIONS.neutral, QUESTIONS.positive):
        for question in three:
            assert 4 <= len(question.answers) <= 5
            assert any("가" <= letter <= "힣" for letter in question.ko)
            bags = {answer.tags for answer in question.answers}
            assert len(bags) == len(question.answers)
            for answer in question.answers:
                assert [tag for tag in answer.tags + answer.avoid if space.find(tag) is None] == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "cheer"', 'id = "comfort"', "comes twice"),
        ('tags = ["rock", "intense", "powerful", "metal"]', "tags = []", "tags"),
        ('en = "What would do you good now?"', 'eng = "?"', "did you mean"),
        ("[[negative]]\nid", "[[negativ]]\nid", "negativ"),
    ],
)
def test_questions_that_were_edited_wrongly_are_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """The error names the file and what is wrong in it."""
    file = tmp_path / "questions.toml"
    text = SHIPPED.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SettingsError, match=said):
        load_questions(file)


@pytest.mark.parametrize("mood", ["negative", "neutral", "positive"])
def test_not_this_asks_each_of_the_three_questions_in_turn(stage: Stage, mood: str) -> None:
    """Those of the mood that is believed; the music plays on meanwhile."""
    stage.command("mood", mood)
    asked = []
    for _ in range(4):
        stage.command("not_this")
        assert stage.core.dialogue.open is not None
        asked.append(stage.core.dialogue.open)
    assert asked == [*getattr(QUESTIONS, mood), getattr(QUESTIONS, mood)[0]]
    assert stage.core.deck.playback is Playback.PLAYING


@pytest.mark.parametrize("word", ["2", "resting"])
def test_an_answer_leads_to_its_own_list_at_once(stage: Stage, word: str) -> None:
    """Asked for by its bag of tags; what was not wanted counts as skipped."""
    first = stage.plays[-1].track
    stage.command("not_this")
    assert stage.command("answer", word).text == "Taking a rest"
    answer = QUESTIONS.neutral[0].answers[1]
    named = [ask for ask in stage.asks if ask.query.tags]
    assert named[0].query.tags == answer.tags
    assert len(stage.plays) == 2
    left = [e.interaction for e in stage.of(effects.Remember)]
    assert (left[-1].track, left[-1].kind) == (first, InteractionKind.SKIPPED)
    assert stage.core.dialogue.open is None


def test_an_answer_without_a_question_or_of_another_is_refused(stage: Stage) -> None:
    """And says what can be answered; an old question closes by itself."""
    assert "not_this" in stage.command("answer", "1").text
    stage.command("not_this")
    refused = stage.command("answer", "comfort")
    assert refused.refused
    assert "resting" in refused.text
    stage.wait(121)
    assert stage.command("answer", "1").refused


# Another like this


def test_another_like_this_never_brings_a_song_twice(stage: Stage) -> None:
    """Again and again until all of the library was heard; then it says so."""
    heard = {stage.plays[-1].track}
    for _ in range(len(stage.library) - 1):
        before = len(stage.plays)
        answer = stage.command("another_like_this")
        assert not answer.refused
        assert len(stage.plays) == before + 1
        assert stage.plays[-1].track not in heard
        heard.add(stage.plays[-1].track)
        assert stage.core.state(stage.at).playing.reason  # type: ignore[union-attr]
    refused = stage.command("another_like_this")
    assert refused.refused
    assert "all 20" in refused.text


def test_a_result_that_cannot_be_played_is_replaced(stage: Stage) -> None:
    """The next of the list plays, and nobody is shown an error."""
    stage.command("another_like_this")
    broken = stage.plays[-1].track
    stage.happen(events.TrackFailed(at=stage.at, track=broken, why="damaged"))
    assert stage.core.deck.playback is Playback.PLAYING
    assert stage.plays[-1].track != broken


def test_without_music_there_is_nothing_to_be_like() -> None:
    """The answer says so."""
    assert "nothing plays" in Stage().command("another_like_this").text


# First lists


def test_a_mood_begins_with_the_listeners_own_list(stage: Stage) -> None:
    """In its order, with its name as the reason; then the device goes on by itself."""
    lists = {"happy/summer": tuple(ids(5, 9, 13)), "negative/90s": tuple(ids(3))}
    stage.happen(events.ListsRead(at=stage.at, lists=lists))
    before = len(stage.plays)
    stage.command("mood", "happy")
    assert stage.plays[before].track == ids(5)[0]
    playing = stage.core.state(stage.at).playing
    assert playing is not None
    assert playing.reason == "from your list happy/summer"
    for _ in range(4):
        stage.command("next")
    assert [play.track for play in stage.plays[before : before + 3]] == ids(5, 9, 13)
    assert len(stage.plays) == before + 5


def test_an_era_brings_its_own_music_and_says_what_there_is() -> None:
    """Of its years alone, however small; a decade without music is refused with those with."""
    library = make_library(20)
    for n, track in enumerate(list(library.values())):
        year = 1994 if n in {2, 6, 11} else 2015
        library[track.id] = msgspec.structs.replace(track, year=year)
    stage = Stage(library=library)
    stage.begin()
    assert "90s (3), 2010s (17)" in stage.command("era", "1970s").text
    stage.command("era", "90s")
    for _ in range(8):
        stage.command("next")
    years = [stage.library[play.track].year for play in stage.plays[1:]]
    assert years == [1994] * 9
    stage.command("era", "any")
    stage.command("next")
    assert stage.core.deck.playback is Playback.PLAYING
    assert stage.core.wishes.era is None


@pytest.mark.parametrize(
    ("word", "era"),
    [("90s", 1990), ("1997", 1990), ("2010s", 2010), ("20s", 2020), ("old", None), ("٩٠", None)],
)
def test_decades_are_understood_as_people_write_them(word: str, era: int | None) -> None:
    """Two digits or four, with an s or without."""
    assert era_of(word) == era


def test_m3u_files_in_mood_folders_are_read(tmp_path: Path) -> None:
    """In UTF-8 or Latin-1, with paths from the list's folder or in full; the rest is left out."""
    music = tmp_path / "music"
    happy = music / "Moods" / "Happy"
    happy.mkdir(parents=True)
    (music / "Moods" / "cats").mkdir()
    known = dict(zip([music / "노래.ogg", music / "é.ogg"], ids(1, 2), strict=True))
    here = (
        f"#EXTM3U\r\n../../노래.ogg\n{music}/é.ogg\nhttp://radio\n../../gone.ogg\n../../노래.ogg\n"
    )
    (happy / "여름.m3u8").write_text(here, "utf-8-sig")
    (happy / "old.m3u").write_bytes(b"..\\..\\\xe9.ogg\n")
    (happy / "empty.m3u").write_bytes(b"")
    (music / "Moods" / "cats" / "no.m3u").write_text(here, "utf-8")
    found = read_lists(music / "Moods", lambda: known)
    assert found == {"happy/여름": tuple(ids(1, 2)), "happy/old": tuple(ids(2))}
    assert read_lists(tmp_path / "nowhere", lambda: known) == {}


# Queue


def test_what_was_chosen_goes_first_and_no_ranking_takes_it_away(stage: Stage) -> None:
    """In its order, whatever the mood does meanwhile; with its reason."""
    stage.command("queue_add", "0000000000000007 000000000000000b")
    stage.command("queue_next", "0000000000000003")
    stage.command("mood", "happy")
    for _ in range(3):
        stage.command("next")
    played = [play.track for play in stage.plays]
    chosen = [track for track in played if track in ids(3, 7, 11)]
    assert chosen == ids(3, 7, 11)
    assert played.index(ids(3)[0]) + 2 == played.index(ids(11)[0])


def test_the_queue_can_be_put_in_order(stage: Stage) -> None:
    """By number or id; a number beyond it is refused and changes nothing."""
    stage.command("queue_add", " ".join(ids(7, 11, 3)))
    stage.command("queue_move", "3 1")
    stage.command("queue_remove", "0000000000000007")
    assert [q.track for q in stage.core.playlist.upcoming[:2]] == ids(3, 11)
    before = stage.core.playlist.upcoming
    for wrong in (("queue_move", "1 999"), ("queue_remove", "999"), ("queue_move", "1")):
        assert stage.command(*wrong).refused
    assert stage.core.playlist.upcoming == before
    stage.command("queue_clear")
    assert not any(q.by_hand for q in stage.core.playlist.upcoming)
    assert stage.core.playlist.upcoming


@pytest.mark.parametrize("argument", ["", "song", "00000000000000ff", "0000000000000007,x"])
def test_no_track_that_is_not_there_is_queued(stage: Stage, argument: str) -> None:
    """All or none."""
    before = stage.core.playlist.upcoming
    assert stage.command("queue_add", argument).refused
    assert stage.core.playlist.upcoming == before


def test_an_album_plays_in_its_order_without_a_gap_and_again() -> None:
    """Disc and number decide; the next is prepared to follow on the sample."""
    library = make_library(12)
    for n, track in enumerate(list(library.values())[:4]):
        library[track.id] = msgspec.structs.replace(
            track, album="Blue", album_artist="Ann", number=4 - n
        )
    stage = Stage(library=library)
    stage.begin()
    stage.command("play_album", ids(2)[0])
    assert "Blue repeats" in stage.command("repeat", "album").text
    order = ids(3, 2, 1, 0)
    for track in order:
        assert stage.plays[-1].track == track
        stage.happen(events.TrackEnding(at=stage.at, track=track, seconds_left=4.0))
        stage.wait(3)
        if track != order[-1]:
            assert stage.of(effects.Prepare)[-1].gapless
        stage.happen(events.TrackEnded(at=stage.at, track=track))
    assert stage.plays[-1].track == order[0]


def test_a_ban_and_a_like_can_be_taken_back(stage: Stage) -> None:
    """The store is told, and the recommender."""
    banned = stage.plays[-1].track
    assert f"unban {banned}" in stage.command("ban").text
    assert stage.command("queue_add", banned).refused
    assert not stage.command("unban", banned).refused
    assert not stage.command("queue_add", banned).refused
    assert stage.command("unban", banned).refused
    stage.command("like", banned)
    stage.command("unlike", banned)
    assert [e.verdict for e in stage.of(effects.Judge)] == ["banned", "", "liked", ""]
    kinds = [e.interaction.kind for e in stage.of(effects.Remember)]
    assert kinds == ["banned", "unbanned", "liked", "unliked"]


def test_seeking_moves_the_end_too(stage: Stage) -> None:
    """The position counts from there; a crossfade that was planned is planned anew."""
    track = stage.plays[-1].track
    stage.happen(events.TrackStarted(at=stage.at, track=track))
    stage.wait(10)
    stage.command("seek", "+20")
    assert stage.core.deck.position_seconds(stage.at) == pytest.approx(30)
    stage.command("seek", "9:00")
    assert stage.of(effects.Seek)[-1].seconds == 60.0
    stage.happen(events.TrackEnding(at=stage.at, track=track, seconds_left=2.5))
    stage.command("seek", "0")
    stage.wait(5)
    assert len(stage.plays) == 1
    assert stage.core.deck.position_seconds(stage.at) == pytest.approx(5)


def test_previous_begins_a_track_again_before_it_goes_back(stage: Stage) -> None:
    """After five seconds the same, else the one before; `next` then leads back."""
    first = stage.plays[-1].track
    stage.command("next")
    second = stage.plays[-1].track
    stage.wait(6)
    stage.command("previous")
    assert stage.of(effects.Seek)[-1].seconds == 0
    stage.command("previous")
    assert stage.plays[-1].track == first
    stage.command("next")
    assert stage.plays[-1].track == second


def test_when_nothing_else_may_be_played_the_oldest_comes_again() -> None:
    """An era of two tracks goes on for ever, and says why."""
    library = make_library(20)
    for track in list(library.values())[:2]:
        library[track.id] = msgspec.structs.replace(track, year=1985)
    stage = Stage(library=library)
    stage.begin()
    stage.command("era", "80s")
    for _ in range(5):
        stage.command("next")
        stage.wait(1)
    assert stage.core.deck.playback is Playback.PLAYING
    assert {play.track for play in stage.plays[1:]} == set(ids(0, 1))
    assert stage.core.playlist.choice(
        msgspec.structs.replace(stage.core.deck.playing, reason=Reason(kind=ReasonKind.LONGEST_AGO))
    ).reason.startswith("not heard")


def test_every_command_is_on_the_page_that_tells_of_them() -> None:
    """docs/listening.md names each with what it takes."""
    page = (MODELS.parent / "docs" / "listening.md").read_text("utf-8")
    for name, command in COMMANDS.items():
        assert f"| `{name}` | " in page
        assert command.says in page
        assert command.takes in page
