"""Scores of a model and the ranking of models, as people read them."""

import csv
import dataclasses
import math

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import softmax

from compare_models import render, to_csv
from evaluate_model import confusion_csv, gather, groups_of, per_class_table
from leaderboard.ranking import explain, rank
from zest.classes import ClassInfo
from zest.contracts import FOLDS, OUT_OF_FOLD, PREDICTIONS, write_table
from zest.errors import UserError
from zest.intervals import score_all
from zest.metrics import LOWER_IS_BETTER, TITLES
from zest.paired import Difference, OutOfFold, differences, mcnemar, read_out_of_fold

GROUPS = [("a", "a"), ("b", "a"), ("c", None), ("d", None)]


def summary(model: str, value: float, spread: float = 0.05, loss: float = 0.5) -> dict:
    score = {"value": value, "low": value - spread, "high": value + spread, "n": 50}
    scores = dict.fromkeys(TITLES, score)
    scores["log_loss"] = {"value": loss, "low": loss - 0.1, "high": loss + 0.1, "n": 50}
    return {
        "model": model,
        "photos": 50,
        "groups": 50,
        "folds": 1,
        "confidence": 0.95,
        "scores": scores,
    }


def names(ranked: list[dict]) -> list[str]:
    return [one["model"] for one in ranked]


def gap(value: float, spread: float) -> Difference:
    sure = value - spread > 0
    return Difference(value, value - spread, value + spread, 9, 4, 0.25, sure)


def test_the_best_model_is_first():
    models = [summary("low", 0.7), summary("high", 0.9), summary("middle", 0.8)]
    assert names(rank(models, "accuracy")) == ["high", "middle", "low"]


def test_of_log_loss_the_lowest_is_first():
    models = [summary("a", 0.9, loss=0.7), summary("b", 0.8, loss=0.3)]
    assert names(rank(models, "log_loss")) == ["b", "a"]


def test_equal_models_are_ranked_by_log_loss_then_name_in_any_order_of_input():
    models = [summary("b", 0.8, loss=0.3), summary("c", 0.8, loss=0.2), summary("a", 0.8, loss=0.3)]
    assert names(rank(models, "accuracy")) == ["c", "a", "b"]
    assert rank(models[::-1], "accuracy") == rank(models, "accuracy")


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_score_that_is_no_number_comes_last_and_the_page_is_still_drawn(metric, value):
    broken = summary("a", value, loss=value)
    sound = [summary("b", 0.8, loss=0.3), summary("c", 0.7, loss=0.4)]
    for models in ([broken, *sound], [*sound, broken]):
        ranked = rank(models, metric)
        assert names(ranked) == ["b", "c", "a"]
        page = render(ranked, [gap(0.1, 0.2), gap(value, value)], [], "accuracy", "test")
        assert "<span>0.6</span><span>0.9</span>" in page
    assert "<span>0.0</span><span>1.0</span>" in render([broken], [], [], "accuracy", "test")


def test_the_leader_is_called_flattered_only_where_it_was_chosen_among_several():
    alone = " ".join(explain([summary("a", 0.9)], [], "accuracy", 5))
    assert "true score on such photos probably lies between 0.850 and 0.950 (95% interval)" in alone
    assert "flattered" not in alone
    models = [summary("a", 0.9), summary("b", 0.5)]
    both = " ".join(explain(models, [gap(0.4, 0.1)], "accuracy", 5))
    assert "the best of 2 models on these photos, it is a little flattered" in both


def test_photos_that_belong_together_are_told():
    told = " ".join(explain([{**summary("a", 0.9), "groups": 12}], [], "accuracy", 5))
    assert "on 50 photos (12 groups that belong together or stand alone) that it never" in told


def test_a_photo_has_the_group_that_the_split_gave_it(tmp_path):
    rows = [{"image_id": name, "label": 0, "fold": 0, "group": group} for name, group in GROUPS]
    write_table(pa.Table.from_pylist(rows, schema=FOLDS), tmp_path / "folds", FOLDS)
    assert groups_of(["d", "c", "b", "a"], tmp_path / "folds") == [None, None, "a", "a"]


def test_the_contests_metric_leads_the_table():
    header = to_csv([summary("a", 0.9)], [], "macro_f1").splitlines()[0].split(",")
    assert header[:5] == ["rank", "model", "macro_f1", "macro_f1_low", "macro_f1_high"]


def test_a_model_is_called_worse_where_the_interval_of_the_difference_leaves_out_0():
    models = [summary("a", 0.90), summary("b", 0.89), summary("c", 0.88), summary("d", 0.60)]
    behind = [gap(0.01, 0.05), gap(0.02, 0.05), gap(0.3, 0.1)]
    told = " ".join(explain(models, behind, "accuracy", 5))
    assert "Not distinguishable from a on these photos: b and c." in told
    assert "Worse than a beyond chance: d (by 0.300, 0.200 to 0.400)." in told
    rows = list(csv.DictReader(to_csv(models, behind, "accuracy").splitlines()))
    assert [row["behind"] for row in rows] == ["", "0.010000", "0.020000", "0.300000"]
    assert rows[3]["behind_low"] == "0.200000"
    assert rows[1]["mcnemar_p"] == "0.250000"


@pytest.mark.parametrize(("folds", "told"), [(5, True), (1, False)])
def test_more_folds_are_proposed_only_where_there_are_more(folds, told):
    models = [summary("a", 0.90), summary("b", 0.89)]  # of one fold
    text = " ".join(explain(models, [gap(0.01, 0.05)], "accuracy", folds))
    assert "Choose by other things (size, speed)" in text
    assert ("train more folds (split.train_folds)" in text) is told


def predictions(seed: int, skill: float, photos: int = 300) -> OutOfFold:
    """A model of 4 classes: what is hard to one is hard to all, in groups of three photos."""
    labels = np.random.default_rng(0).integers(0, 4, photos)
    hard = np.random.default_rng(1).normal(size=(photos // 3, 4)).repeat(3, axis=0)
    own = np.random.default_rng(seed).normal(size=(photos, 4))
    probabilities = softmax(skill * np.eye(4)[labels] + hard + own, axis=1)
    ids, groups = [f"{n:03}" for n in range(photos)], np.arange(photos) // 3
    return OutOfFold(ids, labels, probabilities, groups, groups % 5)


def test_predictions_are_read_by_image_id_and_given_by_row(tmp_path):
    rows = [
        ("c", 1, 0, [0.9, 0.1], None),
        ("a", 0, 1, [0.2, 0.8], "sack"),
        ("b", 1, 1, [0.7, 0.3], "sack"),
    ]
    table = pa.table(dict(zip(OUT_OF_FOLD.names, zip(*rows, strict=True), strict=True)))
    write_table(table.cast(OUT_OF_FOLD), tmp_path / "out_of_fold.parquet", OUT_OF_FOLD)
    found = read_out_of_fold(tmp_path / "out_of_fold.parquet")
    assert (found.ids, found.folds.tolist()) == (["a", "b", "c"], [0, 1, 1])
    assert (found.labels.tolist(), found.classes.tolist()) == ([1, 1, 0], [1, 0, 0])
    assert found.groups[0] == found.groups[1] != found.groups[2]
    some = found.of(np.array([2, 0]))
    assert (some.ids, some.folds.tolist(), some.classes.tolist()) == (["c", "a"], [1, 0], [0, 1])
    assert (some.labels.tolist(), some.groups[0] == found.groups[2]) == ([0, 1], True)


@pytest.mark.parametrize("metric", TITLES)
def test_a_difference_is_that_of_the_scores_and_surer_than_the_scores_are(metric):
    first, second = predictions(5, 3.0), predictions(6, 2.5)
    lower = metric in LOWER_IS_BETTER
    (found,) = differences(first, [second], metric, lower, 0.95, 500, 0)
    one, other = (
        score_all(each.labels, each.probabilities, 0.95, 500, 0, each.groups)[metric]
        for each in (first, second)
    )
    assert found.value == pytest.approx((other.value - one.value) * (1 if lower else -1))
    assert found.low < found.value < found.high
    assert found.high - found.low < one.high - one.low + other.high - other.low


def test_a_model_is_not_distinguishable_from_itself_and_worse_than_a_better_one():
    same, worse = differences(
        predictions(5, 3.0),
        [predictions(5, 3.0), predictions(6, 1.0)],
        "accuracy",
        False,
        0.95,
        500,
        0,
    )
    assert (same.value, same.low, same.high, same.mcnemar_p) == (0, 0, 0, 1)
    assert not same.is_sure
    assert worse.is_sure
    assert worse.mcnemar_p < 0.001


def test_a_gain_is_how_far_the_leader_lies_behind_and_nothing_has_no_sign():
    (worse,) = differences(
        predictions(6, 1.0), [predictions(5, 3.0)], "accuracy", False, 0.95, 500, 0
    )
    gain = worse.gain(300)
    assert (gain.value, gain.low, gain.high) == (-worse.value, -worse.high, -worse.low)
    assert 0 < gain.low < gain.high
    nothing = Difference(0.0, 0.0, 0.0, 0, 0, 1.0, False).gain(1)
    assert "-" not in f"{nothing.value:+} {nothing.low:+} {nothing.high:+}"


def test_mcnemars_p_is_that_of_tossing_a_coin_for_each_photo():
    labels, rows = np.zeros(30, int), np.zeros((30, 2))
    rows[:, 0] = 1
    first, second = rows.copy(), rows.copy()
    first[:14] = second[14:20] = (0, 1)
    models = [OutOfFold([""] * 30, labels, one, labels, labels) for one in (first, second)]
    at_most_6 = sum(math.comb(20, heads) for heads in range(7)) / 2**20
    assert mcnemar(*([one] for one in models)) == (6, 14, pytest.approx(2 * at_most_6, abs=1e-12))


@pytest.mark.parametrize("groups", [1, 2])
def test_one_or_two_sessions_settle_nothing(groups):
    better, worse = (
        dataclasses.replace(one, groups=np.arange(300) * groups // 300)
        for one in (predictions(5, 3.0), predictions(6, 2.0))
    )
    (found,) = differences(better, [worse], "macro_f1", False, 0.95, 500, 0)
    assert found.value > 0.05
    assert not found.is_sure


def test_four_photos_of_a_hundred_do_not_make_a_model_better():
    labels = np.zeros(100, int)
    right, wrong = np.tile([1.0, 0.0], (100, 1)), np.tile([1.0, 0.0], (100, 1))
    wrong[:4] = [0, 1]
    ids = [f"{n:03}" for n in range(100)]
    models = [OutOfFold(ids, labels, one, np.arange(100), labels) for one in (right, wrong)]
    (found,) = differences(models[0], models[1:], "accuracy", False, 0.95, 500, 0)
    assert found.mcnemar_p == pytest.approx(0.125)
    assert not found.is_sure


def test_more_comparisons_make_each_of_them_less_sure():
    first, second = predictions(5, 3.0), predictions(6, 2.5)
    (alone,) = differences(first, [second], "accuracy", False, 0.95, 2000, 0)
    among = differences(first, [second] * 10, "accuracy", False, 0.95, 2000, 0)[0]
    assert among.high - among.low > 1.2 * (alone.high - alone.low)


def test_the_page_needs_no_network_and_escapes_names():
    ranked = [summary("<b>", 0.9), summary("c", 0.5)]
    page = render(ranked, [gap(0.4, 0.1)], ["<i> leads"], "accuracy", "fruit & leaves")
    assert "&lt;b&gt;" in page
    assert "&lt;i&gt; leads" in page
    assert "<b>" not in page
    assert "fruit &amp; leaves" in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_page_draws_scores_at_the_ends_of_the_scale(value):
    assert "nan" not in render([summary("a", value, spread=0.0)], [], [], "accuracy", "test")


CLASSES = [ClassInfo(0, "10", "clean", 8), ClassInfo(1, "20", "mouldy", 2)]


def test_the_per_class_table_is_that_of_the_counts():
    clean, mouldy = per_class_table(
        np.array([[6, 2], [1, 1]]), np.array([0.75, np.nan]), CLASSES, 0.95
    )
    assert (clean["class_num"], clean["name"], clean["photos"]) == ("10", "clean", 8)
    assert clean["recall"] == 0.75
    assert clean["precision"] == pytest.approx(6 / 7, abs=1e-6)
    assert mouldy["f1"] == pytest.approx(2 / (2 + 3), abs=1e-6)
    assert (clean["roc_auc"], mouldy["roc_auc"]) == (0.75, "")
    assert clean["recall_low"] < 0.75 < clean["recall_high"]


def test_a_class_named_label_keeps_its_own_column_of_the_confusion_matrix():
    classes = [ClassInfo(0, "10", "label", 8), ClassInfo(1, "20", "mouldy", 2)]
    text = confusion_csv(np.array([[6, 2], [1, 1]]), classes)
    assert text == "label,label,mouldy\nlabel,6,2\nmouldy,1,1\n"


def test_a_photo_predicted_by_two_folds_is_refused(tmp_path):
    row = {"image_id": "a", "fold": 0, "label": 0, "probabilities": [0.5, 0.5]}
    paths = [tmp_path / f"fold{fold}" / "val.parquet" for fold in (0, 1)]
    for path in paths:
        write_table(pa.Table.from_pylist([row], schema=PREDICTIONS), path, PREDICTIONS)
    with pytest.raises(UserError, match="two folds predicted the same photo"):
        gather(paths)
