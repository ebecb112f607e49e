"""The scores agree with scikit-learn, and their intervals hold what they promise."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as reference

from zest.config import load_schema
from zest.contracts import VALIDATION_SCORES
from zest.intervals import (
    draw_groups,
    moved_percentiles,
    score_all,
    share_score,
    wilson_interval,
)
from zest.metrics import (
    CALIBRATION_BINS,
    TITLES,
    accuracy,
    balanced_accuracy,
    calibration_error,
    confusion_matrix,
    macro_f1,
    per_class_scores,
    photo_brier_scores,
    photo_log_losses,
    photo_top_k_hits,
    quadratic_weighted_kappa,
    reliability_bins,
    roc_auc_of_classes,
    roc_auc_with_parts,
    validation_scores,
    weighted_f1,
)
from zest.weighted_scores import EVERY_METRIC, WeightedScores


def random_case(seed: int):
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 9))
    labels = rng.integers(0, classes, int(rng.integers(classes * 3, 200)))
    labels[:classes] = np.arange(classes)
    probabilities = rng.dirichlet(np.ones(classes), len(labels))
    return labels, probabilities


@pytest.mark.parametrize("seed", range(20))
def test_scores_agree_with_scikit_learn(seed):
    labels, probabilities = random_case(seed)
    predicted = probabilities.argmax(axis=1)
    counts = confusion_matrix(labels, predicted, probabilities.shape[1])
    assert (counts == reference.confusion_matrix(labels, predicted)).all()
    assert accuracy(counts) == pytest.approx(reference.accuracy_score(labels, predicted), abs=1e-12)
    expected = reference.f1_score(labels, predicted, average="macro", zero_division=0)
    assert macro_f1(counts) == pytest.approx(expected, abs=1e-12)
    expected = reference.balanced_accuracy_score(labels, predicted)
    assert balanced_accuracy(counts) == pytest.approx(expected, abs=1e-12)
    expected = reference.f1_score(labels, predicted, average="weighted", zero_division=0)
    assert weighted_f1(counts) == pytest.approx(expected, abs=1e-12)
    expected = reference.cohen_kappa_score(labels, predicted, weights="quadratic")
    assert quadratic_weighted_kappa(counts) == pytest.approx(expected, abs=1e-12)
    expected = reference.log_loss(labels, probabilities)
    assert photo_log_losses(labels, probabilities).mean() == pytest.approx(expected, abs=1e-9)
    expected = reference.precision_recall_fscore_support(labels, predicted, zero_division=0)
    found = per_class_scores(counts)
    for name, values in zip(("precision", "recall", "f1"), expected, strict=False):
        np.testing.assert_allclose(found[name], values, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_scores_of_probabilities_agree_with_scikit_learn(seed):
    labels, probabilities = random_case(seed)
    if seed % 2:  # with ties
        probabilities = probabilities.round(1) + 1e-3
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    classes = probabilities.shape[1]
    expected = reference.brier_score_loss(labels, probabilities, scale_by_half=False)
    assert photo_brier_scores(labels, probabilities).mean() == pytest.approx(expected, abs=1e-9)
    areas, _ = roc_auc_of_classes(labels, probabilities)
    expected = [reference.roc_auc_score(labels == k, probabilities[:, k]) for k in range(classes)]
    np.testing.assert_allclose(areas, expected, atol=1e-12)
    assert roc_auc_with_parts(labels, probabilities)[0] == pytest.approx(np.mean(expected))
    if classes > 2 and not seed % 2:
        expected = reference.top_k_accuracy_score(labels, probabilities, k=2)
        assert photo_top_k_hits(labels, probabilities, 2).mean() == pytest.approx(expected)


def test_the_calibration_error_is_the_mean_gap_of_its_bins():
    labels, probabilities = random_case(2)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    gap = 0.0
    for k in range(CALIBRATION_BINS):
        inside = (confidence > k / CALIBRATION_BINS) & (confidence <= (k + 1) / CALIBRATION_BINS)
        if inside.any():
            gap += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert calibration_error(labels, probabilities) == pytest.approx(gap, abs=1e-12)
    assert calibration_error(np.array([0, 1]), np.eye(2)) == 0


def test_a_reliability_diagram_has_a_point_for_each_bin_with_photos():
    sure_of = np.array([0.52, 0.97, 0.95, 0.58])
    labels = np.array([0, 0, 0, 1])  # the first three are right
    sure, right, counts = reliability_bins(labels, np.stack([sure_of, 1 - sure_of], axis=1))
    assert counts.tolist() == [1, 1, 2]
    assert sure.tolist() == pytest.approx([0.52, 0.58, 0.96])
    assert right.tolist() == pytest.approx([1, 0, 1])


def test_a_share_of_photos_in_groups_is_as_sure_as_that_of_the_groups():
    hits = np.repeat([True, True, True, False], 10)
    alone = share_score(hits, np.arange(40), 0.95)
    assert (alone.value, alone.n) == (0.75, 40)
    assert (alone.low, alone.high) == pytest.approx(wilson_interval(30, 40, 0.95), abs=0.01)
    grouped = share_score(hits, np.repeat(np.arange(4), 10), 0.95)
    assert (grouped.value, grouped.n) == (0.75, 40)
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


def test_a_class_that_all_or_no_photos_are_of_has_no_roc_curve():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
    areas, _ = roc_auc_of_classes(np.array([0, 0, 1]), probabilities)
    np.testing.assert_array_equal(areas, [1, 1, np.nan])
    assert roc_auc_with_parts(np.array([0, 0, 1]), probabilities)[0] == 1
    assert np.isnan(roc_auc_with_parts(np.array([2, 2, 2]), probabilities)[0])


def test_what_photos_add_to_the_roc_auc_tells_its_spread():
    """The standard error from it is that over many samples of the same population."""
    rng = np.random.default_rng(1)
    areas, errors = [], []
    for _ in range(400):
        labels = rng.integers(0, 3, 150)
        probabilities = softmax(np.eye(3)[labels] + rng.normal(size=(150, 3)), axis=1)
        area, added = roc_auc_with_parts(labels, probabilities)
        areas.append(area)
        errors.append(np.sqrt((added**2).sum()) / 150)
        assert added.mean() == pytest.approx(0, abs=1e-12)
    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.1)


def test_every_metric_of_a_contest_is_scored_in_each_epoch_and_at_the_end():
    labels, probabilities = random_case(5)
    assert TITLES.keys() <= score_all(labels, probabilities, 0.95, 100, 0).keys()
    found = validation_scores(probabilities, labels)
    for name in TITLES:
        assert ("val_loss" if name == "log_loss" else f"val_{name}") in found
    assert set(found) == set(VALIDATION_SCORES)


@pytest.mark.parametrize("seed", range(3))
def test_a_photo_that_counts_twice_is_scored_as_two_of_it(seed):
    labels, probabilities = random_case(seed)
    times = np.random.default_rng(seed).integers(0, 4, len(labels))
    found = WeightedScores(labels, probabilities).at([times.astype(float)])
    repeated = WeightedScores(labels.repeat(times), probabilities.repeat(times, axis=0)).values
    for name in repeated.keys() - {"roc_auc"}:  # of which `at` gives the linear part
        assert found[name] == pytest.approx([repeated[name]], abs=1e-12)
    assert found["roc_auc"] == pytest.approx([repeated["roc_auc"]], abs=0.05)


@pytest.mark.parametrize("name", EVERY_METRIC)
def test_a_metric_by_itself_is_scored_as_among_the_others(name):
    labels, probabilities = random_case(1)
    weights = list(draw_groups(np.arange(len(labels)) // 2, 5, 0))
    alone, among = (WeightedScores(labels, probabilities, names) for names in ([name], TITLES))
    if name in TITLES:
        assert alone.values == {name: among.values[name]}
        np.testing.assert_array_equal(alone.at(weights)[name], among.at(weights)[name])
    assert list(alone.at(weights)) == [name]


def test_kappa_of_one_single_class_is_zero():
    assert quadratic_weighted_kappa(np.array([[5, 0], [0, 0]])) == 0


def test_a_class_ruled_out_costs_a_finite_log_loss():
    losses = photo_log_losses(np.array([1]), np.array([[1.0, 0.0]]))
    assert losses == pytest.approx([-np.log(1e-15)])


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


def test_of_photos_of_one_class_kappa_says_nothing():
    scores = score_all(np.zeros(9, int), np.eye(2)[np.zeros(9, int)], 0.95, 100, 0)
    assert scores["accuracy"].value == 1
    assert scores["quadratic_weighted_kappa"].value == 0


def test_the_configuration_names_every_metric_of_a_contest():
    rules = load_schema()["properties"]["rules"]["properties"]
    assert rules["metric"]["enum"] == list(TITLES)


@pytest.mark.filterwarnings("error")
def test_probabilities_of_a_training_that_diverged_have_scores_that_are_no_numbers():
    labels = np.arange(40) % 4
    scores = score_all(labels, np.full((40, 4), np.nan), 0.95, 100, 0)
    assert scores["accuracy"].value == 0.25
    assert np.isnan(scores["log_loss"].value)
    assert np.isnan(scores["roc_auc"].value)
    assert np.isnan(scores["calibration_error"].high)
    assert np.isnan(scores["brier"].low)


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
