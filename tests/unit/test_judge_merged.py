"""What is known of a merged model: how often it and the mean of its folds say the same."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from judge_merged import judge, main, read_probabilities, warning_of
from test_submission import predictions
from write_submission import tell_of_merged
from zest.errors import UserError
from zest.intervals import wilson_interval

MEAN = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]])
MERGED = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.1, 0.9]])


def test_the_agreement_is_the_share_of_photos_of_one_class():
    found = judge(MERGED, MEAN, 0.95)
    low, high = wilson_interval(3, 4, 0.95)
    assert found["agreement"] == {"value": 0.75, "low": low, "high": high, "n": 4}
    assert found["photos"] == 4
    assert found["mean_difference"] == pytest.approx((0.2 + 0.2 + 0.1 + 0.1) / 8)
    assert found["max_difference"] == pytest.approx(0.2)


def test_whatever_the_labels_the_accuracies_differ_by_at_most_the_disagreements():
    rng = np.random.default_rng(0)
    merged, mean = rng.dirichlet(np.ones(3), (2, 50))
    bound = judge(merged, mean, 0.95)["largest_accuracy_difference"]
    assert 0 < bound < 1
    for labels in (rng.integers(0, 3, 50), merged.argmax(axis=1), mean.argmax(axis=1)):
        of_each = [(one.argmax(axis=1) == labels).mean() for one in (merged, mean)]
        assert abs(of_each[0] - of_each[1]) <= bound + 1e-12
    # The bound is reached where the labels are what one of them says.
    assert 1 - (mean.argmax(axis=1) == merged.argmax(axis=1)).mean() == pytest.approx(bound)


@pytest.mark.parametrize(("right", "warned"), [(90, False), (89, True)])
def test_a_merged_model_that_disagrees_too_often_is_warned_of(right, warned):
    mean = np.tile([0.9, 0.1], (100, 1))
    merged = mean.copy()
    merged[right:] = [0.1, 0.9]
    told = warning_of(judge(merged, mean, 0.95), "lite0")
    assert (told is not None) == warned
    if told:
        assert "the merged model of lite0 and the mean of its folds choose the same class" in told
        assert "only 0.890 of 100 test photos" in told
        assert "submission.train_on: all" in told


@pytest.mark.parametrize("broken", ["merged", "mean"])
def test_where_predictions_are_no_numbers_no_class_is_chosen_and_it_is_told(broken):
    told = {"merged": MEAN.copy(), "mean": MEAN.copy()}
    told[broken][[0, 2]] = np.nan
    found = judge(told["merged"], told["mean"], 0.95)
    assert (found["without_numbers"], found["agreement"]["value"]) == (2, 0.5)
    assert found["largest_accuracy_difference"] == 0.5
    warning = warning_of(found, "lite0")
    assert "predictions that are no numbers, for 2 of 4 test photos" in warning
    assert "Lower models.lite0.learning_rate" in warning


def test_a_model_without_numbers_is_written_as_json(tmp_path, monkeypatch):
    merged = np.full_like(MEAN, np.nan)
    told = json.loads(judge_folder(tmp_path, monkeypatch, merged).read_text(), parse_constant=fail)
    assert told["mean_difference"] is None
    assert (told["without_numbers"], told["agreement"]["value"]) == (4, 0)


def fail(constant: str):
    raise AssertionError(f"{constant} is no JSON")


def test_predictions_of_other_photos_are_refused(tmp_path):
    path = predictions(tmp_path / "0.parquet", {"a": [0.9, 0.1]})
    ids, found = read_probabilities(path, ["a"])
    assert ids == ["a"]
    np.testing.assert_allclose(found, [[0.9, 0.1]], rtol=1e-6)
    with pytest.raises(UserError, match=r"0.parquet: its photos are not those of the merged model"):
        read_probabilities(path, ["b"])


def judge_folder(tmp_path, monkeypatch, merged: np.ndarray) -> Path:
    """Run the stage on a merged model and two folds, whose mean is MEAN; return its file."""
    ids = ["a", "b", "c", "d"]
    folder = tmp_path / "evaluation" / "lite0"
    apart = np.array([0.1, -0.1])
    for name, rows in (("0", MEAN - apart), ("1", MEAN + apart), ("merged", merged)):
        predictions(tmp_path / f"{name}.parquet", dict(zip(ids, rows.tolist(), strict=True)))
    monkeypatch.setattr(
        sys,
        "argv",
        ["judge_merged.py", "--cfg", '{"confidence": 0.95}', "--name", "lite0", "--merged"]
        + [str(tmp_path / "merged.parquet"), "--folds"]
        + [str(tmp_path / f"{fold}.parquet") for fold in (0, 1)]
        + ["--out", str(folder / "merged.json")],
    )
    main()
    return folder / "merged.json"


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """The judgement of MERGED against two folds, whose mean is MEAN."""
    return judge_folder(tmp_path, monkeypatch, MERGED)


def test_the_merged_model_is_compared_with_the_mean_of_the_folds(judged, capsys):
    told = json.loads(judged.read_text())
    assert (told["model"], told["folds"], told["photos"]) == ("lite0", 2, 4)
    assert told["largest_accuracy_difference"] == 0.25
    assert told["max_difference"] == pytest.approx(0.2)
    assert "has no score of its own" in told["known"]


def test_the_submission_warns_of_the_model_that_is_handed_in(judged, capsys):
    capsys.readouterr()
    tell_of_merged([judged], ["lite0"])
    assert "warning" in (said := capsys.readouterr().err)
    assert "only 0.750 of 4 test photos" in said
    tell_of_merged([judged], ["other"])
    tell_of_merged([], ["lite0"])
    assert capsys.readouterr().err == ""
