"""The study of the photos: what misleads a training or a score is found, and only that."""

import numpy as np
import pytest

from study.photo_map import draw_map
from study.probe import linear_probe, out_of_fold, plain_folds
from study.shift import Shift, measure_shift, weigh
from study.shortcuts import border, find_shortcuts
from study_photos import estimates
from zest.intervals import effective_photos
from zest.label_errors import likely_errors
from zest.similarity import unit_vectors

LABELS = np.arange(120) % 3
FOLDS = np.arange(120) // 3 % 5


def features(seed: int, labels=LABELS, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = np.eye(3, 24)[labels]
    vectors = centres + 0.15 * rng.normal(size=(len(labels), 24))
    vectors[:, 10] += shift
    return unit_vectors(vectors.astype(np.float32))


def test_a_photo_is_never_predicted_by_a_model_that_learned_it():
    inputs = np.random.default_rng(0).normal(size=(120, 60))  # noise: learned by heart, not told
    found = out_of_fold(linear_probe, inputs, LABELS, FOLDS, 3, seed=0).argmax(axis=1)
    assert (linear_probe(inputs, LABELS, inputs).argmax(axis=1) == LABELS).mean() > 0.8
    assert (found == LABELS).mean() < 0.55


def test_plain_folds_are_stratified():
    folds = plain_folds(LABELS, 5, 0)
    assert np.bincount(3 * folds + LABELS).tolist() == [8] * 15


def test_a_source_that_tells_the_class_is_a_shortcut_and_noise_is_none():
    rng = np.random.default_rng(0)
    sizes = (LABELS + 0.1 * rng.normal(size=120))[:, None]
    sources = {"file size": sizes, "noise": rng.normal(size=(120, 1))}
    alone = np.arange(120)
    telling, noise = find_shortcuts(sources, LABELS, FOLDS, alone, 3, 0)
    assert telling.accuracy > 0.9
    assert telling.majority == pytest.approx(1 / 3)
    assert noise.low < noise.majority < telling.low


def test_the_border_is_told_from_what_is_inside():
    photo = np.zeros((160, 160, 3), np.uint8)
    photo[40:120, 40:120] = 255
    assert border(photo).max() == 0
    assert len(border(photo)) == 336
    photo[:5] = 255
    assert border(photo).max() > 0.3


def test_parts_of_one_kind_are_not_told_apart_and_others_are():
    same = measure_shift(features(1), features(2), seed=0)
    assert same.low < 0.5 < same.high
    other = measure_shift(features(1), features(2, shift=0.6), seed=0)
    assert other.low > 0.9


def test_photos_that_are_like_the_test_photos_weigh_more():
    train = np.concatenate([features(1), features(2, shift=0.6)])
    found = measure_shift(train, features(3, shift=0.6), seed=0)
    assert found.weights[120:].mean() > 1.5 * found.weights[:120].mean()
    assert found.weights.mean() == pytest.approx(1)


def test_weights_are_odds_cut_off_at_ten_times_the_mean():
    assert weigh(np.array([0.5, 0.75])) == pytest.approx([0.5, 1.5])
    for likeness in (0.999, 0.99999):
        heavy = weigh(np.array([0.1] * 999 + [likeness]))
        assert heavy.mean() == pytest.approx(1)
        assert heavy.max() == pytest.approx(10)


def test_photos_that_are_too_many_to_ask_are_judged_by_what_learned_from_others(monkeypatch):
    train = np.concatenate([features(1), features(2, shift=0.6)])
    monkeypatch.setattr("study.shift.MOST_PHOTOS", 60)
    found = measure_shift(train, features(3, shift=0.6), seed=0)
    assert len(np.unique(found.likeness)) > 200
    assert found.weights[120:].mean() > 1.5 * found.weights[:120].mean()


def test_a_wrong_label_is_doubted_before_all_others():
    vectors, labels = features(5), LABELS.copy()
    labels[[6, 40]] = [1, 2]
    found = out_of_fold(linear_probe, vectors, labels, FOLDS, 3, 0)
    rows, classes = likely_errors(found, labels)
    assert dict(zip(rows[:2].tolist(), classes[:2].tolist(), strict=True)) == {6: 0, 40: 1}


def test_a_photo_that_is_merely_hard_is_not_doubted():
    probabilities = np.array([[0.9, 0.1], [0.45, 0.55], [0.1, 0.9], [0.2, 0.8]])
    assert likely_errors(probabilities, np.array([0, 0, 1, 1]))[0].tolist() == []
    probabilities[1] = [0.05, 0.95]
    assert likely_errors(probabilities, np.array([0, 0, 1, 1]))[0].tolist() == [1]


def test_the_class_that_raised_the_doubt_is_named_and_not_one_that_is_merely_likelier():
    """The last photo has more of class 0, but less than photos of class 0 have."""
    probabilities = np.array([[0.9, 0.1, 0.0], [0.3, 0.4, 0.3], [0.1, 0.2, 0.7], [0.5, 0.42, 0.08]])
    rows, classes = likely_errors(probabilities, np.array([0, 1, 2, 2]))
    assert (rows.tolist(), classes.tolist()) == ([3], [1])


def test_the_map_keeps_alike_photos_together_and_is_the_same_each_time():
    places = draw_map(features(1), 0)
    assert places.min() == 0
    assert places.max() == 1
    within = [
        np.linalg.norm(places[k == LABELS] - places[k == LABELS].mean(axis=0)) for k in range(3)
    ]
    assert max(within) < np.linalg.norm(places - places.mean(axis=0)) / 2
    assert (draw_map(features(1), 0) == places).all()


def test_estimates_are_shares_with_their_photos():
    right, half = np.array([True] * 4), np.array([True, True, False, False])
    rows = estimates(right, [half], np.arange(4), None)
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("plain folds", "1.000000", "4"),
        ("folds of the split", "0.500000", "3"),  # of 4 - 1 that are free
    ]


def test_the_weighted_estimate_counts_photos_by_their_weight():
    hits = np.repeat([True, False, True, False], 10)
    weights = np.repeat([0.2, 0.6, 0.6, 2.6], 10)
    shift = Shift(0.9, 0.85, 0.95, np.full(40, 0.5), weights)
    found = {row[0]: row for row in estimates(hits, [hits], np.arange(40), shift)}
    assert float(found["folds of the split"][1]) == 0.5
    assert float(found["expected on the test photos"][1]) == pytest.approx(0.8 / 4)
    low, high = (float(found["expected on the test photos"][place]) for place in (2, 3))
    assert low < 0.2 < high
    assert found["AUC of test against training"][1:4] == ("0.900000", "0.850000", "0.950000")
    most = 40**2 / (10 * (0.2**2 + 0.6**2 + 0.6**2 + 2.6**2))
    assert float(found["expected on the test photos"][4]) <= round(most)


def test_what_to_expect_is_the_mean_over_several_divisions():
    shift = Shift(0.9, 0.85, 0.95, np.full(4, 0.5), np.ones(4))
    one, other = np.array([True, True, False, False]), np.array([True, True, True, True])
    found = {row[0]: float(row[1]) for row in estimates(one, [one, other], np.arange(4), shift)}
    assert found["folds of the split"] == 0.5
    assert found["expected on the test photos"] == 0.75


def test_photos_of_one_session_count_as_few():
    """Twenty sessions of ten photos that are right or wrong together say what twenty photos say."""
    together = np.repeat(np.arange(20) % 2 == 0, 10)
    sessions = np.repeat(np.arange(20), 10)
    assert effective_photos(together, sessions) == pytest.approx(19, abs=0.5)
    assert effective_photos(together, np.arange(200)) == pytest.approx(199, abs=0.5)
    assert effective_photos(np.ones(200, bool), sessions) == len(np.unique(sessions))
    assert effective_photos(np.ones(7, bool), np.zeros(7, int)) == 1


def test_three_photos_make_no_map_but_have_a_place():
    assert draw_map(features(1)[:3], 0).tolist() == [[0.5, 0.5]] * 3


def test_a_class_that_is_not_learned_from_gets_no_probability():
    labels = np.where(FOLDS == 0, 2, LABELS % 2)
    found = out_of_fold(linear_probe, features(1), labels, FOLDS, 3, 0)
    assert (found[FOLDS == 0, 2] == 0).all()
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
