"""What the EDA stage measures, against values worked out by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from eda.charts import linear_scale, log_scale
from eda.statistics import (
    channel_mean_std,
    cohen_d,
    effective_number,
    epsilon_squared,
    imbalance_ratio,
)
from eda.words import balance, colour_by_class, comparisons
from zest.classes import ClassInfo
from zest.page.svg import nice_ticks
from zest.samples import choose_samples, samples_of_each


class Photos(SimpleNamespace):
    """Some measures of 60 photos."""

    def __len__(self) -> int:
        return 60


def test_a_difference_that_chance_may_have_made_is_shown_and_not_believed():
    def split(brightness: np.ndarray) -> Photos:
        names = ("contrast", "sharpness", "width", "height", "file_bytes")
        return Photos(brightness=brightness, **{name: np.ones(60) for name in names})

    spread = np.linspace(0.4, 0.6, 60)
    near, far = (comparisons(split(spread), split(spread + step))[0] for step in (0.015, 0.06))
    assert (near.d, near.verdict, near.strength) == ("+0.25", "brighter, or by chance", 0)
    assert (far.d, far.verdict) == ("+1.01", "much brighter")


def test_effective_number_of_one_photo_is_one_and_of_very_many_is_a_thousand():
    assert effective_number(np.array([0, 1, 2])) == pytest.approx([0, 1, 1.999])
    assert effective_number(np.array([10**6])) == pytest.approx([1000])


def test_imbalance_is_largest_over_smallest_and_infinite_for_an_empty_class():
    assert imbalance_ratio(np.array([30, 10, 20])) == 3
    assert imbalance_ratio(np.array([30, 0])) == math.inf


def test_channel_std_counts_the_spread_within_and_between_photos():
    mean = np.array([[0.2, 0, 0], [0.6, 0, 0]])
    within = np.array([[0.01, 0, 0], [0.03, 0, 0]])  # variance inside each photo
    centre, std = channel_mean_std(mean, mean**2 + within)
    assert centre == pytest.approx([0.4, 0, 0])
    assert std == pytest.approx([math.sqrt(0.02 + 0.04), 0, 0])


def test_class_explains_all_where_classes_do_not_vary_and_nothing_where_they_are_alike():
    labels = np.array([0, 0, 1, 1])
    assert epsilon_squared(np.array([1.0, 1, 2, 2]), labels) == 1
    assert epsilon_squared(np.array([1.0, 2, 1, 2]), labels) == 0
    assert epsilon_squared(np.array([1.0, 1, 1, 1]), labels) == 0
    # by hand: total 10, within 2: 1 - (2 / 2) / (10 / 3)
    assert epsilon_squared(np.array([0.0, 1, 3, 2]) * math.sqrt(2), labels) == pytest.approx(0.7)


def test_cohen_d_counts_pooled_standard_deviations():
    first, second = np.array([1.0, 2, 3]), np.array([3.0, 4, 5])
    assert cohen_d(first, second) == pytest.approx(2)
    assert cohen_d(second, first) == pytest.approx(-2)
    assert cohen_d(np.ones(3), np.ones(4)) == 0
    assert cohen_d(np.ones(3), np.zeros(4)) == -math.inf


def test_the_choice_of_samples_hangs_on_the_seed_and_not_on_the_order():
    ids = [f"{number}.jpg" for number in range(50)]
    chosen = {ids[position] for position in choose_samples(ids, 8, seed=0)}
    backwards = ids[::-1]
    assert {backwards[position] for position in choose_samples(backwards, 8, seed=0)} == chosen
    assert {ids[position] for position in choose_samples(ids, 8, seed=1)} != chosen
    assert len(choose_samples(ids[:3], 8, seed=0)) == 3


def test_the_sample_grid_shows_fewer_photos_of_many_classes():
    assert [samples_of_each(8, classes, most=400) for classes in (3, 81, 5000)] == [8, 4, 1]


def test_ticks_are_round_numbers_within_the_axis():
    assert nice_ticks(0.13, 0.62, 4) == [0.2, 0.4, 0.6]
    assert nice_ticks(0, 17, 2) == [0, 10]


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_measure_without_any_spread_still_has_a_scale(value):
    for scale in (linear_scale(np.full(3, value)), log_scale(np.full(3, value), floor=0.1)):
        assert (np.diff(scale.edges) > 0).all()
        assert scale.ticks


def classes_named(count):
    return [ClassInfo(label, str(label), f"kind {label}", 0) for label in range(count)]


@pytest.mark.parametrize(
    ("photos", "said"),
    [
        ([40, 40], "the same number of photos"),
        ([60, 20], "has 3.0 times the photos of the smallest (1 kind 1): mild imbalance"),
        ([62, 20], "moderate imbalance"),
        ([201, 20], "strong imbalance"),
        ([40, 0], "Without any training photo: 1 kind 1."),
        ([40, 19], "1 class has fewer than 20 photos: 1 kind 1."),
    ],
)
def test_imbalance_is_told_by_its_thresholds(photos, said):
    assert said in " ".join(balance(classes_named(2), np.array(photos)))


@pytest.mark.parametrize(
    ("share", "said"), [(0.005, "hardly any"), (0.13, "a medium share"), (0.14, "a large share")]
)
def test_colour_by_class_is_told_by_its_thresholds(share, said):
    assert said in colour_by_class({"red": share, "green": 0.0})[0]


def test_ticks_are_written_with_the_decimals_they_need():
    scale = linear_scale(np.array([0.031, 0.049]))
    assert scale.ticks == [0.035, 0.04, 0.045]
    assert scale.digits == 3
