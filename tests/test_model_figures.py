from __future__ import annotations

import numpy as np
import pytest

from contracts.emotion import EMOTIONS
from model_export import figures, robustness, tables

N, H, S = (EMOTIONS.index(name) for name in ("neutral", "happiness", "sadness"))


def sure(*classes: int, of: float = 0.9) -> np.ndarray:
    """Probabilities that give `of` to one class a row and share the rest."""
    rows = np.full((len(classes), 8), (1 - of) / 7)
    rows[np.arange(len(classes)), classes] = of
    return rows


def test_an_interval_is_wilsons() -> None:
    """8 of 10 right: 49.0 to 94.3 per cent, as Wilson's formula has it."""
    found = figures.share(np.array([True] * 8 + [False] * 2))
    assert (found["percent"], found["interval"], found["rows"]) == (80.0, [49.02, 94.33], 10)


def test_surprise_counts_as_positive_and_contempt_as_negative() -> None:
    """Eight emotions fold into three moods as contracts.emotion folds them."""
    moods = {e: figures.THREE[i] for e, i in zip(EMOTIONS, figures.TO_THREE, strict=True)}
    assert moods["surprise"] == "positive"
    assert moods["contempt"] == "negative"
    assert moods["neutral"] == "neutral"


def test_three_moods_add_up_before_they_are_compared() -> None:
    """Sadness .3 and anger .3 beat neutral .4: the mood is negative."""
    row = np.zeros((1, 8))
    row[0, [N, S, EMOTIONS.index("anger")]] = 0.4, 0.3, 0.3
    assert figures.accuracy_three(row, np.array([S]))["percent"] == 100.0
    assert figures.accuracy(row, np.array([S]))["percent"] == 0.0


def test_recall_and_precision_by_class() -> None:
    """Two happy faces, one called sad: recall 50; the one sad face makes its precision 50."""
    found = figures.recall_by_class(sure(H, S, S), np.array([H, H, S]))
    assert found["happiness"]["recall"]["percent"] == 50.0
    assert found["happiness"]["precision"] == 100.0
    assert found["sadness"]["precision"] == 50.0
    assert found["fear"]["precision"] is None


def test_confusion_has_the_truth_in_rows() -> None:
    """A happy face that is called sad stands in the row of happiness."""
    counts = figures.confusion(sure(S), np.array([H]))
    assert counts[H, S] == 1
    assert counts.sum() == 1


def test_calibration_error_is_the_gap() -> None:
    """Nine in ten promised, half right: 40 per cent off."""
    bins = figures.reliability(sure(H, H), np.array([H, S]))
    assert figures.calibration_error(bins) == pytest.approx(40.0)


def test_the_temperature_repairs_a_network_that_is_too_sure() -> None:
    """Logits three times too large get a temperature of about three."""
    random = np.random.default_rng(5)
    logits = random.normal(0, 1.5, (20_000, 8)).astype(np.float32)
    chances = figures.softmax(logits, 1.0)
    labels = np.array([random.choice(8, p=row) for row in chances])
    assert figures.fitted_temperature(logits * 2, labels) == pytest.approx(2.0, abs=0.1)


def test_the_surest_faces_are_kept_first() -> None:
    """Keeping half keeps the sure rows, which are right here, and says how sure they were."""
    probabilities = np.concatenate([sure(H, H, of=0.9), sure(S, S, of=0.5)])
    curve = figures.coverage_curve(probabilities, np.array([H, H, H, H]))
    half = next(point for point in curve if point["coverage"] == 0.5)
    assert (half["eight"], half["cutoff"]) == (100.0, 0.9)
    assert curve[0]["eight"] == 50.0


def test_a_cutoff_keeps_at_least_the_share_asked_for() -> None:
    """Nine in ten rows reach the cutoff chosen for nine in ten."""
    sureness = np.random.default_rng(2).uniform(0.2, 1.0, 500)
    probabilities = np.concatenate([sure(H, of=float(p)) for p in sureness])
    cutoff = figures.cutoff_for(probabilities, 0.9)
    kept = float((probabilities.max(axis=1) >= cutoff).mean())
    assert 0.9 <= kept < 0.93


def test_every_harm_leaves_a_crop_and_but_one_changes_it() -> None:
    """Each harm gives uint8 [48, 48] again, the same each time; only `as it is` changes nothing."""
    crop = np.random.default_rng(1).integers(0, 256, (48, 48)).astype(np.uint8)
    for name, harm in robustness.HARMS.items():
        found = harm(crop)
        assert (found.shape, found.dtype.name) == ((48, 48), "uint8"), name
        assert np.array_equal(found, harm(crop)), name
        assert np.array_equal(found, crop) == (name == "as it is"), name


def test_a_page_gets_its_tables_and_keeps_its_words() -> None:
    """Only what stands between the markers is replaced, and only where figures are there."""
    page = "before\n<!-- figures:robustness -->\nold\n<!-- /figures -->\nafter\n"
    other = "<!-- figures:float -->\nkept\n<!-- /figures -->\n"
    found = {"robustness": {"dark": {"eight": 80.0, "three": 90.0, "confidence": 70.0}}}
    filled = tables.filled(page + other, found)
    assert "old" not in filled
    assert "| dark | 80.0 % | 90.0 % | 70 % |" in filled
    assert filled.startswith("before\n")
    assert other in filled
    assert tables.filled(filled, found) == filled
