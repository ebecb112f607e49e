"""Intervals: they hold as often as they say, with groups, near the ends and on few photos."""

import numpy as np
import pytest
from scipy.special import softmax

from random_predictions import random_case
from zest.intervals import (
    draw_groups,
    moved_percentiles,
    score_all,
    share_score,
    wilson_interval,
)
from zest.metrics import (
    confusion_matrix,
    macro_f1,
    roc_auc_with_parts,
)


def test_a_share_of_photos_in_groups_is_as_sure_as_that_of_the_groups():
    hits = np.repeat([True, True, True, False], 10)
    alone = share_score(hits, np.arange(40), 0.95)
    assert (alone.value, alone.n) == (0.75, 40)
    assert (alone.low, alone.high) == pytest.approx(wilson_interval(30, 40, 0.95), abs=0.01)
    grouped = share_score(hits, np.repeat(np.arange(4), 10), 0.95)
    assert (grouped.value, grouped.n) == (0.75, 40)
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


def test_wilsons_interval_is_that_of_the_literature():
    # Newcombe 1998, table I: 81 of 263, method 3.
    assert wilson_interval(81, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    low, high = wilson_interval(30, 30, 0.95)
    assert high == 1
    assert low < 0.9


def test_intervals_cover_the_true_accuracy_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    truth, n, covered = 0.8, 80, 0
    for case in range(200):
        labels = rng.integers(0, 3, n)
        right = rng.random(n) < truth
        predicted = np.where(right, labels, (labels + 1) % 3)
        scores = score_all(labels, np.eye(3)[predicted], 0.95, 100, case)
        covered += scores["accuracy"].low <= truth <= scores["accuracy"].high
    assert 0.90 <= covered / 200 <= 0.99


def test_intervals_enclose_the_value_and_are_the_same_for_the_same_seed():
    labels, probabilities = random_case(3)
    first = score_all(labels, probabilities, 0.95, 500, 7)
    assert first == score_all(labels, probabilities, 0.95, 500, 7)
    for score in first.values():
        assert score.low < score.value < score.high
        assert score.n == len(labels)


def test_intervals_of_macro_f1_hold_where_resamples_leave_classes_out():
    """Thirty classes of two groups each: every resample lacks some of them."""
    rng = np.random.default_rng(3)
    covered, values = 0, []
    groups = np.arange(60).repeat(8)
    labels = (np.arange(60) % 30).repeat(8)

    def drawn() -> np.ndarray:
        return softmax(3.5 * np.eye(30)[labels] + rng.normal(size=(480, 30)), axis=1)

    truth = np.mean(
        [macro_f1(confusion_matrix(labels, drawn().argmax(axis=1), 30)) for _ in range(300)]
    )
    for case in range(100):
        score = score_all(labels, drawn(), 0.95, 200, case, groups)["macro_f1"]
        covered += score.low <= truth <= score.high
        values.append(score)
    assert all(score.low < score.value < score.high for score in values)
    assert covered >= 90


def test_an_interval_ends_where_its_score_does():
    drawn = np.linspace(0.9, 1.0, 101)
    many = 10**9  # groups
    assert moved_percentiles(0.99, drawn, 0.95, many, (0, 1)) == pytest.approx((0.9425, 1))
    assert moved_percentiles(0.01, drawn, 0.95, many, (0, 1)) == pytest.approx((0, 0.0575))
    assert moved_percentiles(0.01, drawn, 0.95, many) == pytest.approx((-0.0375, 0.0575))


def test_few_groups_make_an_interval_wide_and_one_says_nothing():
    drawn = np.linspace(0.9, 1.0, 101)
    assert moved_percentiles(0.95, drawn, 0.95, 1, (0, 1)) == (0, 1)
    low, high = moved_percentiles(0.95, drawn, 0.95, 2)
    assert high - low == pytest.approx(0.095 * 12.706 / 1.96 * np.sqrt(2), rel=1e-3)


@pytest.mark.parametrize("groups", [2, 3, 6])
def test_intervals_of_a_mean_over_few_groups_hold(groups):
    rng = np.random.default_rng(0)
    covered = 0
    for case in range(200):
        values = rng.normal(size=groups)
        drawn = np.array(
            [times @ values / groups for times in draw_groups(np.arange(groups), 500, case)]
        )
        low, high = moved_percentiles(values.mean(), drawn, 0.95, groups)
        covered += low <= 0 <= high
    assert covered >= 180


def test_without_a_mistake_the_scores_of_classes_have_the_interval_of_accuracy():
    scores = score_all(np.arange(30) % 3, np.eye(3)[np.arange(30) % 3], 0.95, 100, 0)
    assert scores["macro_f1"] == scores["accuracy"] == scores["quadratic_weighted_kappa"]
    assert scores["accuracy"].low < 0.95
    assert scores["log_loss"].value == 0


def test_a_perfect_order_of_the_photos_is_not_sure_to_be_perfect():
    labels = np.arange(60) % 2
    probabilities = np.stack([0.4 - 0.2 * labels, 0.6 + 0.2 * labels], axis=1)
    score = score_all(labels, probabilities, 0.95, 100, 0)["roc_auc"]
    assert score.value == 1
    assert score.high == pytest.approx(1)
    assert 0.9 < score.low < 0.95
    grouped = score_all(labels, probabilities, 0.95, 100, 0, np.arange(60) // 20)["roc_auc"]
    assert grouped.low < 0.5  # three groups


def test_three_sessions_without_a_mistake_prove_little():
    labels = np.arange(60) % 3
    scores = score_all(labels, np.eye(3)[labels], 0.95, 100, 0, np.arange(60) // 20)
    assert scores["accuracy"].low < 0.5
    assert scores["macro_f1"] == scores["accuracy"]


def test_intervals_of_the_roc_auc_hold():
    rng = np.random.default_rng(1)

    def drawn() -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, 3, 100)
        return labels, softmax(2 * np.eye(3)[labels] + rng.normal(size=(100, 3)), axis=1)

    truth = np.mean([roc_auc_with_parts(*drawn())[0] for _ in range(500)])
    scores = [score_all(*drawn(), 0.95, 100, 0)["roc_auc"] for _ in range(200)]
    assert np.mean([score.low <= truth <= score.high for score in scores]) >= 0.9


def test_the_calibration_error_of_a_calibrated_model_may_be_0():
    rng = np.random.default_rng(2)
    held = 0
    for case in range(50):
        probabilities = rng.dirichlet(np.ones(3), 300)
        labels = (probabilities.cumsum(axis=1) < rng.random((300, 1))).sum(axis=1)
        held += score_all(labels, probabilities, 0.95, 200, case)["calibration_error"].low < 0.01
    assert held >= 30  # of 50; percentiles around the error never come near 0


def test_where_all_classes_are_among_the_likeliest_there_is_no_top_k_accuracy():
    labels, probabilities = np.arange(20) % 2, np.full((20, 2), 0.5)
    assert "top_k_accuracy" not in score_all(labels, probabilities, 0.95, 100, 0, top_k=2)
    assert "top_k_accuracy" in score_all(labels, probabilities, 0.95, 100, 0, top_k=1)


def test_a_higher_confidence_gives_wider_intervals():
    labels, probabilities = random_case(4)
    narrow = score_all(labels, probabilities, 0.8, 500, 7)
    wide = score_all(labels, probabilities, 0.99, 500, 7)
    for name in narrow:
        assert wide[name].low < narrow[name].low
        assert wide[name].high > narrow[name].high


@pytest.mark.parametrize("size", [1, 10])
def test_intervals_are_as_wide_as_groups_make_them(size):
    """Ten copies of each photo say no more than the photo; a group of one is a photo."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    probabilities = softmax(2 * np.eye(3)[labels] + 2 * rng.normal(size=(60, 3)), axis=1)
    once = score_all(labels, probabilities, 0.95, 4000, 1)
    copies = (labels.repeat(size), probabilities.repeat(size, axis=0))
    grouped = score_all(*copies, 0.95, 4000, 1, np.arange(60).repeat(size))
    for name, one in once.items():
        assert grouped[name].value == pytest.approx(one.value)
        assert grouped[name].high - grouped[name].low == pytest.approx(one.high - one.low, rel=0.1)
    if size > 1:
        apart = score_all(*copies, 0.95, 4000, 1)["macro_f1"]
        assert apart.high - apart.low < 0.5 * (once["macro_f1"].high - once["macro_f1"].low)
