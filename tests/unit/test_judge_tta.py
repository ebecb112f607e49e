"""Test-time augmentation is judged on the same photos: its gain, how sure it is, what it costs."""

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pytest

import judge_tta
from judge_tta import Judgement, judge, read_views, told
from zest.contracts import OUT_OF_FOLD, PREDICTIONS, write_table
from zest.errors import UserError
from zest.intervals import Score
from zest.metrics import TITLES
from zest.paired import OutOfFold, differences

PHOTOS = 200
LABELS = np.arange(PHOTOS) % 2


def answers(wrong: int) -> OutOfFold:
    """A model that gives the label of a photo 0.7, and 0.3 for the first `wrong` photos."""
    right = np.where(np.arange(PHOTOS) < wrong, 0.3, 0.7)
    probabilities = np.empty((PHOTOS, 2))
    probabilities[np.arange(PHOTOS), LABELS] = right
    probabilities[np.arange(PHOTOS), 1 - LABELS] = 1 - right
    ids = [f"{n:03}" for n in range(PHOTOS)]
    return OutOfFold(ids, LABELS, probabilities, np.arange(PHOTOS), np.zeros(PHOTOS, int))


def judged(ways: dict[str, int], metric: str = "accuracy") -> dict[str, Judgement]:
    """Judge ways with so many wrong photos against 60 wrong ones of the photos as they are."""
    models = {way: answers(wrong) for way, wrong in ways.items()}
    return judge(answers(60), models, metric, 0.95, 1000, 0)


@pytest.mark.parametrize("metric", [*TITLES])
def test_fewer_wrong_photos_are_a_gain_in_every_metric_and_more_are_a_loss(metric):
    found = judged({"flips": 20, "multi_crop": 100}, metric)
    better, worse = found["flips"], found["multi_crop"]
    assert better.gain.low > 0
    assert worse.gain.high < 0
    assert better.sure
    assert worse.sure
    for one in (better.gain, worse.gain):
        assert one.low < one.value < one.high
        assert one.n == PHOTOS


def test_score_and_gain_are_those_of_the_counts():
    found = judged({"flips": 40})["flips"]
    assert found.score.value == pytest.approx(0.8)
    assert found.gain.value == pytest.approx(0.1)


def test_views_that_change_nothing_gain_nothing():
    found = judged({"horizontal_flip": 60})["horizontal_flip"]
    assert (found.gain.value, found.gain.low, found.gain.high, found.sure) == (0, 0, 0, False)


def test_four_photos_are_not_distinguishable():
    assert not judged({"flips": 56})["flips"].sure


def test_the_more_ways_are_compared_the_wider_the_intervals_by_one_for_each_way():
    alone = judged({"flips": 40})["flips"].gain
    among = judged(dict.fromkeys(("flips", "horizontal_flip", "multi_crop"), 40))["flips"].gain
    assert among.high - among.low > 1.1 * (alone.high - alone.low)
    (three,) = differences(answers(60), [answers(40)], "accuracy", False, 0.95, 1000, 0, 3)
    assert (among.low, among.high) == (pytest.approx(-three.high), pytest.approx(-three.low))


def gain(value: float, spread: float, sure: bool) -> Judgement:
    score = Score(0.9, 0.8, 0.95, PHOTOS)
    return Judgement(score, Score(value, value - spread, value + spread, PHOTOS), sure)


def test_a_sentence_tells_the_change_its_interval_its_cost_and_whether_it_is_sure():
    assert told("flips", gain(0.004, 0.014, False), "lite0", "accuracy") == (
        "flips would change accuracy of lite0 by +0.004 (-0.010 to +0.018), 4 times the time: "
        "not distinguishable"
    )
    sentence = told("flips_and_turns", gain(0.04, 0.01, True), "lite0", "macro_f1")
    assert sentence.endswith("8 times the time: better beyond chance")
    sentence = told("multi_crop", gain(-0.04, 0.01, True), "lite0", "macro_f1")
    assert "by -0.040 (-0.050 to -0.030), 5 times the time: worse beyond chance" in sentence


def test_a_gain_in_log_loss_is_told_as_a_lower_one():
    sentence = told("flips", gain(0.04, 0.01, True), "lite0", "log_loss")
    assert "change log loss of lite0 by -0.040 (-0.050 to -0.030; lower is better)" in sentence
    assert sentence.endswith("better beyond chance")


def test_a_training_that_diverged_has_no_number(tmp_path):
    broken = dataclasses.replace(answers(60), probabilities=np.full((PHOTOS, 2), np.nan))
    found = judge(broken, {"flips": broken}, "log_loss", 0.95, 100, 0)["flips"]
    assert np.isnan([found.gain.value, found.gain.low, found.gain.high]).all()
    assert not found.sure
    assert "no number for log loss of m: the training diverged" in told(
        "flips", found, "m", "log_loss"
    )


def written(path, model: OutOfFold, rows: list[int], schema: pa.Schema = PREDICTIONS):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = [
        {
            "image_id": model.ids[row],
            "fold": row % 2,
            "label": int(model.labels[row]),
            "probabilities": model.probabilities[row].tolist(),
            **({"group": None} if schema == OUT_OF_FOLD else {}),
        }
        for row in rows
    ]
    write_table(pa.Table.from_pylist(table, schema=schema), path, schema)
    return path


def test_views_of_all_folds_are_judged_on_the_photos_of_the_scores(tmp_path, monkeypatch, capsys):
    plain = written(tmp_path / "out_of_fold.parquet", answers(60), [*range(PHOTOS)], OUT_OF_FOLD)
    paths = [
        written(tmp_path / f"m/fold{fold}/{way}/val.parquet", answers(wrong), rows)
        for way, wrong in (("multi_crop", 90), ("flips", 20))
        for fold, rows in enumerate((range(1, PHOTOS, 2), range(0, PHOTOS, 2)))
    ]
    cfg = {"seed": 0, "metric": "accuracy", "evaluation": {"confidence": 0.9, "resamples": 200}}
    command = ["judge_tta.py", "--cfg", json.dumps(cfg), "--name", "m", "--out-of-fold", plain]
    command += ["--predictions", *paths, "--out", tmp_path / "tta.json"]
    monkeypatch.setattr("sys.argv", [str(part) for part in command])
    judge_tta.main()
    found = json.loads((tmp_path / "tta.json").read_text())
    assert (found["metric"], found["confidence"]) == ("accuracy", 0.9)
    assert list(found["ways"]) == ["flips", "multi_crop"]
    flips = found["ways"]["flips"]
    assert (flips["views"], flips["sure"]) == (4, True)
    assert flips["score"]["value"] == pytest.approx(0.9)
    assert flips["gain"]["value"] == pytest.approx(0.2)
    assert set(flips["gain"]) == {"value", "low", "high", "n"}
    assert found["ways"]["multi_crop"]["gain"]["value"] == pytest.approx(-0.15)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("[m] flips would change accuracy of m by +0.200 (")


def test_predictions_of_other_photos_are_refused(tmp_path):
    path = written(tmp_path / "m/fold0/flips/val.parquet", answers(20), [*range(PHOTOS - 1)])
    with pytest.raises(UserError, match="are not those of out_of_fold"):
        read_views([path], answers(60))
