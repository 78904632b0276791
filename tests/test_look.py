from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cli.annotation import COLOURS, READABLE_SIDE, Reading, annotated
from cli.look import EXIT_NO_FACE, EXIT_NO_PICTURE, run
from contracts.settings import EXIT_REFUSED
from tests.vision_scene import drawn_face, encoded, real_sight, wall


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo of one face."""
    real_sight()
    path = tmp_path / "face.jpg"
    path.write_bytes(encoded(drawn_face()))
    return path


@pytest.fixture
def nobody(tmp_path: Path) -> Path:
    """A photo of a wall."""
    path = tmp_path / "wall.png"
    path.write_bytes(encoded(wall(), ".png"))
    return path


def test_a_photo_is_told_in_a_table(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The three moods and the strongest emotions are shown, and nothing is written."""
    before = sorted(photo.parent.iterdir())
    assert run([str(photo)]) == 0
    told = capsys.readouterr().out
    for word in ("negative", "neutral", "positive", "%"):
        assert word in told
    assert sorted(photo.parent.iterdir()) == before


def test_a_photo_is_told_as_json(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json gives the box in pixels, eight emotions and three moods."""
    assert run([str(photo), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    (face,) = told["faces"]
    assert (told["width"], told["height"]) == (640, 480)
    assert 200 < face["box"]["left"] < 280
    assert len(face["emotions"]) == 8
    assert sum(face["moods"].values()) == pytest.approx(1, abs=0.01)
    assert face["mood"] in {*face["moods"], "unknown"}


def test_an_annotated_copy_is_written_into_a_folder(photo: Path, tmp_path: Path) -> None:
    """The copy is named after its photo, enlarged to be readable, and drawn on."""
    assert run([str(photo), "--out", str(tmp_path / "out")]) == 0
    copy = cv2.imread(str(tmp_path / "out/face-mood.jpg"))
    assert copy is not None
    assert min(copy.shape[:2]) == READABLE_SIDE


def test_an_annotated_copy_is_written_to_a_file(photo: Path, tmp_path: Path) -> None:
    """A name with a picture's suffix is the file itself."""
    assert run([str(photo), "--out", str(tmp_path / "deep/copy.png")]) == 0
    assert cv2.imread(str(tmp_path / "deep/copy.png")) is not None


def test_a_photo_is_never_replaced(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Naming the photo itself as the copy is refused."""
    before = photo.read_bytes()
    assert run([str(photo), "--out", str(photo)]) == EXIT_NO_PICTURE
    assert photo.read_bytes() == before
    assert "replace" in capsys.readouterr().err


def test_no_face_is_said(nobody: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A photo of nobody ends with 1, and no copy is written."""
    assert run([str(nobody), "--out", str(nobody.parent / "out")]) == EXIT_NO_FACE
    assert "no face found" in capsys.readouterr().out
    assert not (nobody.parent / "out").exists()


def test_what_is_no_picture_is_said(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file and a text end with 2; the good photo between them is read all the same."""
    text = tmp_path / "notes.txt"
    text.write_text("not a picture")
    missing = tmp_path / "missing.jpg"
    assert run([str(missing), str(photo), str(text)]) == EXIT_NO_PICTURE
    told = capsys.readouterr()
    assert "No such file" in told.err
    assert "not a JPEG" in told.err
    assert "positive" in told.out


def test_missing_models_are_said(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty folder of models is refused by the name of what it lacks."""
    assert run([str(photo), "--models", str(tmp_path / "none")]) == EXIT_REFUSED
    assert "face_detector.json" in capsys.readouterr().err


def test_the_bar_has_the_shares_of_its_moods() -> None:
    """Counted in pixels of each colour along the bar."""
    shares = {"negative": 0.25, "neutral": 0.25, "positive": 0.5}
    reading = Reading((0.3, 0.3, 0.4, 0.4), "positive", "positive 50%", shares)
    drawn = annotated(np.zeros((720, 720, 3), np.uint8), [reading])
    counts = {
        mood: int((np.abs(drawn[545:700].astype(int) - COLOURS[mood]).max(axis=2) < 8).sum(1).max())
        for mood in ("negative", "neutral")
    }
    assert counts["negative"] == pytest.approx(counts["neutral"], rel=0.15)
    assert counts["negative"] > 60


def test_what_is_not_drawn_on_stays_as_it_was() -> None:
    """A large picture is not resampled: far from the face every pixel is the photo's."""
    noise = np.random.default_rng(3).integers(0, 255, (800, 900, 3), dtype=np.uint8)
    reading = Reading((0.05, 0.3, 0.2, 0.2), "unknown", "not sure", {"neutral": 1.0})
    drawn = annotated(noise, [reading])
    assert (drawn[:, 600:] == noise[:, 600:]).all()
    assert (drawn[:, :400] != noise[:, :400]).any()


@pytest.mark.parametrize("box", [(-0.1, -0.1, 0.3, 0.3), (0.9, 0.9, 0.3, 0.3), (0, 0, 1, 1)])
def test_faces_at_the_edge_are_drawn(box: tuple[float, float, float, float]) -> None:
    """Label and bar stay inside the picture."""
    reading = Reading(box, "negative", "negative 70%", {"negative": 0.7, "neutral": 0.3})
    drawn = annotated(wall(), [reading])
    assert (np.abs(drawn.astype(int) - COLOURS["negative"]).max(axis=2) < 8).sum() > 1000
