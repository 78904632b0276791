"""Champion against challenger, the way back, the schedule, and the commands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from contracts.arrays import ArraysError
from contracts.messages import Interaction, InteractionBatch, InteractionKind
from contracts.settings import EXIT_REFUSED, EXIT_SETTINGS
from contracts.track import Track, TrackId
from recommender_server import catalogue, generation, interactions, training
from recommender_server.command import main
from recommender_server.generation import Generation, NoOlderError
from recommender_server.judge import Figures, Holdout, hold_out, judged, measured, verdict
from recommender_server.outcome import Outcome, is_due, last_outcome
from recommender_server.schedule import Schedule, is_due_now
from recommender_server.settings import (
    PromotionSettings,
    RecommenderSettings,
    ScheduleSettings,
    TrainingSettings,
)
from recommender_server.store import SqliteStore, open_store
from recommender_server.train import heard
from tests.recommender_stage import chunk

GROUPS, EACH = 2, 10
LIBRARY = tuple(
    Track(id=TrackId(f"{n:016x}"), title=f"Song {n}", artist=f"Artist {n}")
    for n in range(GROUPS * EACH)
)
DAY = 86_400.0


class Stage:
    """A server's folder with ten listeners of two tastes."""

    def __init__(self, folder: Path, **more: object) -> None:
        self.settings = RecommenderSettings(
            data_folder=str(folder),
            training=TrainingSettings(factors=8, iterations=8),
            promotion=PromotionSettings(minimum_likings=5),
            **more,  # type: ignore[arg-type]
        )
        self.data = folder
        self.store: SqliteStore = open_store(folder)
        catalogue.take_chunk(self.store, "d", chunk(tracks=LIBRARY), self.settings.limits)
        self._said = 0

    def likes(self, listener: int, track: int, day: float) -> None:
        """One like, on a day."""
        self._said += 1
        like = Interaction(
            id=str(self._said),
            listener=f"l{listener}",
            track=LIBRARY[track].id,
            kind=InteractionKind.LIKED,
            at_unix_seconds=day * DAY,
        )
        interactions.keep(self.store, "d", InteractionBatch(interactions=(like,)))

    def live(self, start: int, end: int, day: float) -> None:
        """Each listener likes their group's tracks from `start` to `end`, each in another order."""
        for listener in range(10):
            group = listener % GROUPS
            for step in range(start, end):
                self.likes(listener, group * EACH + (step + listener) % EACH, day)

    def train(self, at: float, *, force: bool = False) -> Outcome:
        return training.train(
            self.settings, at_unix_seconds=at, stepped=lambda _stage, _done: None, force=force
        )

    def champion(self) -> Generation:
        found = generation.newest(self.data)
        assert found is not None
        return found


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.live(0, 6, day=1)
    return made


def test_the_first_model_is_promoted(stage: Stage) -> None:
    """There is nothing to compare it with; it says so, and what it knows."""
    outcome = stage.train(2 * DAY)
    assert (outcome.verdict.promoted, outcome.verdict.why) == (True, training.FIRST)
    manifest = generation.manifest_of(stage.data, outcome.generation)
    assert manifest.figures["listeners"] == 10
    assert manifest.figures[training.NEWEST] == 60
    assert last_outcome(stage.data) == outcome


def test_with_too_little_to_judge_by_the_newer_one_is_promoted(stage: Stage) -> None:
    """Four new likings of five needed: the rule and the numbers are said."""
    stage.train(2 * DAY)
    for listener in range(4):
        stage.likes(listener, (listener % 2) * EACH + (6 + listener) % EACH, 3)
    verdict = stage.train(4 * DAY).verdict
    assert verdict.promoted
    assert verdict.why.startswith("too little to judge by: 4 likings")
    assert "5 are needed" in verdict.why
    assert verdict.champion is verdict.challenger is None


def test_a_challenger_that_is_no_worse_takes_the_place(stage: Stage) -> None:
    """Both are judged on what neither saw, and both figures are kept."""
    first = stage.train(2 * DAY)
    stage.live(6, 8, day=3)
    second = stage.train(4 * DAY)
    assert second.verdict.champion is not None
    assert second.verdict.challenger is not None
    assert second.verdict.promoted
    assert second.verdict.champion.name == first.generation
    assert second.verdict.challenger.gain_at_10 >= second.verdict.champion.gain_at_10
    assert stage.champion().name == second.generation != first.generation
    figures = generation.manifest_of(stage.data, second.generation).figures
    assert figures["N@10"] == second.verdict.challenger.gain_at_10


def worsened(stage: Stage) -> Stage:
    """The same server, told to train on next to nothing."""
    stage.settings = msgspec.structs.replace(
        stage.settings,
        training=TrainingSettings(
            factors=1, iterations=1, regularisation=1e6, neighbours=1, minimum_listens=10_000
        ),
    )
    return stage


def test_a_worse_model_is_not_promoted(stage: Stage) -> None:
    """The champion stays, both figures are said, and the next training is asked for later."""
    first = stage.train(2 * DAY)
    stage.live(6, 8, day=3)
    outcome = worsened(stage).train(4 * DAY)
    verdict = outcome.verdict
    assert verdict.champion is not None
    assert verdict.challenger is not None
    assert not verdict.promoted
    assert verdict.challenger.gain_at_10 < verdict.champion.gain_at_10
    assert f"{verdict.challenger.gain_at_10:.4f}" in verdict.why
    assert f"{verdict.champion.gain_at_10:.4f}" in verdict.why
    assert outcome.generation == first.generation == stage.champion().name
    assert generation.names(stage.data) == [first.generation]
    forced = stage.train(5 * DAY, force=True)
    assert forced.generation == stage.champion().name != first.generation


def test_the_holdout_is_the_newest_of_what_the_champion_never_saw(stage: Stage) -> None:
    """Old deeds that arrive late, and newer ones that the champion knows, are left alone."""
    seen = stage.store.newest_interaction()
    stage.likes(0, 7, day=0.5)
    stage.likes(0, 8, day=3)
    stage.likes(1, EACH + 1, day=3)
    held = hold_out(stage.store, stage.settings, seen)
    assert held.deeds == {seen + 2, seen + 3}
    assert held.wanted == {("d", "l0"): frozenset({LIBRARY[8].id})}, "l1 liked that one before"
    assert hold_out(stage.store, stage.settings, seen + 3).deeds == frozenset()


def test_what_was_held_out_is_not_learnt_from(stage: Stage) -> None:
    """A track that only a held-out like speaks of is unknown to the challenger."""
    stage.likes(0, 7, day=3)
    number = stage.store.newest_interaction()
    alone = Stage(stage.data / "other")
    alone.likes(0, 3, 1)
    assert heard(alone.store, alone.settings, frozenset({1})).listeners == 0
    whole = heard(stage.store, stage.settings).user_items
    without = heard(stage.store, stage.settings, frozenset({number})).user_items
    assert whole.nnz == without.nnz + 1


def test_judging_ranks_as_listeners_are_served(stage: Stage) -> None:
    """A model that knows the tastes finds more of what is wanted than one that knows nothing."""
    stage.train(2 * DAY)
    seen = stage.store.newest_interaction()
    stage.live(6, 10, day=3)
    held = hold_out(stage.store, stage.settings, seen)
    assert held.tracks == 40
    good = judged(stage.store, stage.settings, stage.champion(), held)
    champion = stage.champion()
    blank = replace(
        champion,
        factors=np.zeros_like(champion.factors),
        neighbours=np.full_like(champion.neighbours, -1),
        popularity=np.zeros_like(champion.popularity),
    )
    assert good.gain_at_10 > 0.95
    assert judged(stage.store, stage.settings, blank, held).gain_at_10 < good.gain_at_10 - 0.2


def test_measures_are_those_of_the_books() -> None:
    """Two of three wanted at places 1 and 3, by hand; an empty list is 0."""
    ranked, wanted = ["a", "x", "b", *"opqrstuv"], frozenset("abc")
    gain, recall = measured(ranked, wanted)
    assert gain == pytest.approx((1 + 0.5) / (1 + 1 / np.log2(3) + 0.5))
    assert recall == pytest.approx(2 / 3)
    assert measured([], wanted) == (0, 0)


def test_equal_figures_promote() -> None:
    """The newer one knows more; only worse is refused."""
    held = Holdout(frozenset(), {("d", "l"): frozenset("ab")})
    one = Figures(name="1", gain_at_10=0.5, recall_at_20=0.5)
    worse = Figures(name="2", gain_at_10=0.4999, recall_at_20=0.9)
    assert verdict(one, one, held).promoted
    assert not verdict(one, worse, held).promoted


def test_the_way_back_is_taken_by_running_servers(stage: Stage) -> None:
    """The older generation is in use; a server that knew the newer one takes it up."""
    older = stage.train(2 * DAY).generation
    newer = stage.train(3 * DAY).generation
    assert generation.roll_back(stage.data) == (newer, older)
    found = generation.newest(stage.data, known=newer)
    assert found is not None
    assert found.name == older
    with pytest.raises(NoOlderError, match="train"):
        generation.roll_back(stage.data)
    after = stage.train(4 * DAY).generation
    assert generation.names(stage.data) == [after, older]
    assert not list((stage.data / "generations").glob(".withdrawn*"))


def test_a_damaged_older_generation_is_no_way_back(stage: Stage) -> None:
    """Nothing is withdrawn for it."""
    older, newer = stage.train(2 * DAY).generation, stage.train(3 * DAY).generation
    (stage.data / "generations" / older / "taste.npz").write_bytes(b"damaged")
    with pytest.raises(NoOlderError):
        generation.roll_back(stage.data)
    assert stage.champion().name == newer


def test_a_swollen_file_is_refused_before_it_is_read(stage: Stage) -> None:
    """More bytes than the manifest's shapes tell of; other shapes than it tells."""
    folder = stage.data / "generations" / stage.train(2 * DAY).generation
    weights, manifest = folder / "taste.npz", folder / "manifest.json"
    with weights.open("ab") as file:
        file.truncate(1 << 40)  # sparse: reading it would take all memory there is
    with pytest.raises(ArraysError, match="by its manifest"):
        generation.load(folder)
    stage.train(3 * DAY)
    folder = stage.data / "generations" / stage.champion().name
    manifest = folder / "manifest.json"
    told = json.loads(manifest.read_text())
    told["shapes"]["factors"][0] += 1
    manifest.write_text(json.dumps(told))
    with pytest.raises(ArraysError, match="factors"):
        generation.load(folder)


def test_the_schedule_waits_for_time_and_for_interactions(tmp_path: Path) -> None:
    """24 hours and 20 new interactions after the last training, whatever came of it."""
    plan = ScheduleSettings(every_hours=24, minimum_new_interactions=20)
    stage = Stage(tmp_path, schedule=plan)
    assert not is_due(stage.settings, 0, newest=19)
    assert is_due(stage.settings, 0, newest=20)
    stage.live(0, 3, day=1)
    stage.train(10 * DAY)
    assert not is_due(stage.settings, 10.9 * DAY, newest=60)
    assert not is_due(stage.settings, 11 * DAY, newest=49)
    assert is_due(stage.settings, 11 * DAY, newest=50)
    never = msgspec.structs.replace(stage.settings, schedule=ScheduleSettings(every_hours=0))
    assert not is_due(never, 99 * DAY, newest=999)


def test_a_serving_worker_trains_when_it_is_due(tmp_path: Path) -> None:
    """In a process of its own; who comes second finds that it is no longer due."""
    plan = ScheduleSettings(every_hours=1, minimum_new_interactions=10)
    stage = Stage(tmp_path, schedule=plan)
    stage.live(0, 1, day=1)
    assert is_due_now(stage.settings)
    with Schedule(stage.settings) as schedule:
        assert schedule._train() == 0
        first = last_outcome(tmp_path)
        assert first is not None
        assert first.verdict.promoted
        assert not is_due_now(stage.settings)
        assert schedule._train() == 0
        assert last_outcome(tmp_path) == first


def test_artists_of_a_history_become_their_songs(tmp_path: Path) -> None:
    """A list of artists teaches the tracks that devices have of them; an absent one stays."""
    stage = Stage(tmp_path)
    items = stage.store.device_items("d")
    artists = [
        catalogue.item_of(
            stage.store,
            Track(id=TrackId(""), title="", artist=name),
            fallback=catalogue.artist_key(name),
        )
        for name in ("Artist 3", "The Artist 4", "Nobody")
    ]
    stage.store.put_playlist("hetrec", "user 1", dict.fromkeys(artists, 2.0))
    known = heard(stage.store, stage.settings)
    expected = {items[LIBRARY[3].id], items[LIBRARY[4].id], artists[2]}
    assert set(known.items.tolist()) == expected
    assert known.user_items.data.tolist() == [2.0, 2.0, 2.0]


# Commands


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    told = capsys.readouterr()
    return status, told.out, told.err


def test_commands_answer_in_words_and_in_json(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """train, status, explain and rollback, with --json one JSON object each."""
    where = ("--data", str(stage.data))
    assert "not trained yet" in " ".join(run(capsys, "status", *where)[1].split())
    status, told, _ = run(capsys, "train", *where)
    assert status == 0
    assert training.FIRST in " ".join(told.split())
    trained = json.loads(run(capsys, "train", "--json", *where)[1])
    assert "too little to judge by" in trained["verdict"]["why"]
    assert "Generations" in run(capsys, "status", *where)[1]
    shown = json.loads(run(capsys, "status", "--json", *where)[1])
    assert shown["counts"]["interactions"] == 60
    assert len(shown["generations"]) == 2
    back = json.loads(run(capsys, "rollback", "--json", *where)[1])
    assert back["withdrawn"] == trained["generation"] == shown["generations"][0]["name"]
    status, _, error = run(capsys, "rollback", *where)
    assert status == EXIT_REFUSED
    assert "no older generation" in error


def test_an_explanations_parts_add_up(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Taste lifts what the listener's kind likes; the sum is the score, the place is first."""
    stage.train(2 * DAY)
    where = ("--data", str(stage.data), "--json")
    words = ("explain", "l0", LIBRARY[7].id, *where)
    why = json.loads(run(capsys, *words)[1])
    assert why["score"] == pytest.approx(sum(p["score"] for p in why["parts"]), abs=1e-3)
    taste = next(part for part in why["parts"] if part["part"] == "taste")
    assert taste["score"] > taste["library_mean"]
    assert why["reason"].startswith("It is to this listener's taste, because of Song ")
    by_words = json.loads(run(capsys, "explain", "d/l0", "artist 7 song", *where)[1])
    assert by_words == why
    moody = json.loads(run(capsys, *words, "--mood", "0.8", "0.5")[1])
    assert "mood" in [part["part"] for part in moody["parts"]]
    assert "taste" in run(capsys, *words[:-1])[1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("l0", "nothing of the kind"), "write more of it, or a track's id"),
        (("l0", "song"), "is 20 tracks"),
        (("nobody", "Song 1"), "DEVICE/LISTENER"),
    ],
)
def test_who_and_what_cannot_be_explained_is_said(
    stage: Stage, capsys: pytest.CaptureFixture[str], words: tuple[str, str], why: str
) -> None:
    """With what to write instead."""
    status, _, error = run(capsys, "explain", *words, "--data", str(stage.data))
    assert status == EXIT_REFUSED
    assert why in error


@pytest.mark.parametrize("words", [(), ("melon", "a", "b"), ("nothing", "a"), ("--playlists", "a")])
def test_an_import_that_names_too_little_is_told_what_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """Exit status 2, and the form of the command or the kinds there are."""
    status, _, error = run(capsys, "import", *words, "--data", str(tmp_path))
    assert status == EXIT_SETTINGS
    assert "import [KIND] PATH" in error or "known: playlists" in error


def test_the_flags_of_old_still_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--playlists and --songs take Melon's two files from wherever they lie."""
    lists = [{"id": 1, "songs": [1, 2], "tags": []}]
    songs = [{"id": n, "song_name": f"s{n}", "artists": ["x"]} for n in (1, 2)]
    for name, content in (("p", lists), ("s", songs)):
        (tmp_path / name).write_text(json.dumps(content))
    files = ("--playlists", str(tmp_path / "p"), "--songs", str(tmp_path / "s"))
    told = run(capsys, "import", *files, "--data", str(tmp_path / "data"), "--json")[1]
    assert json.loads(told)["used"] == 2
