"""Learning-rate schedules: where they begin, turn and end, and the formula in between."""

import json
import math

import numpy as np
import pytest

from zest.engine.schedules import Plateau, make_schedule

SETTINGS = {
    "schedule": "cosine",
    "warmup_epochs": 1,
    "schedule_factor": 0.1,
    "schedule_power": 2.0,
}


def rates(schedule: str, **settings) -> np.ndarray:
    """Return the factors of 40 steps, in epochs of 10."""
    factor = make_schedule({**SETTINGS, "schedule": schedule, **settings}, 40, 10)
    return np.array([factor(step) for step in range(40)])


@pytest.mark.parametrize("schedule", ["constant", "cosine", "plateau", "polynomial", "step"])
def test_all_but_one_cycle_rise_linearly_over_the_warm_up(schedule):
    np.testing.assert_allclose(rates(schedule)[:10], np.arange(1, 11) / 11)
    assert rates(schedule)[10] == 1
    assert rates(schedule, warmup_epochs=0)[0] == 1


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_constant_and_plateau_stay_after_the_warm_up(schedule):
    assert set(rates(schedule)[10:]) == {1.0}


def test_cosine_falls_along_half_a_cosine_to_nearly_zero():
    t = np.arange(30) / 30
    np.testing.assert_allclose(rates("cosine")[10:], (1 + np.cos(np.pi * t)) / 2)
    assert 0 < rates("cosine")[-1] < 0.003


def test_polynomial_falls_to_nearly_zero_by_its_power():
    t = np.arange(30) / 30
    np.testing.assert_allclose(rates("polynomial")[10:], (1 - t) ** 2)
    np.testing.assert_allclose(rates("polynomial", schedule_power=1)[10:], 1 - t)


def test_step_falls_by_its_factor_after_each_third_of_the_training():
    found = rates("step", warmup_epochs=0, schedule_factor=0.5)
    assert found.tolist() == [1.0] * 14 + [0.5] * 13 + [0.25] * 13


def test_one_cycle_rises_from_a_25th_over_30_percent_and_falls_to_nearly_nothing():
    found = rates("one_cycle")
    assert found[0] == pytest.approx(1 / 25)
    assert found.argmax() == 12
    assert found[12] == pytest.approx(1)
    assert found[6] == pytest.approx((1 + 1 / 25) / 2)
    assert found[26] == pytest.approx(0.5, abs=1e-5)
    assert (np.diff(found[:13]) > 0).all()
    assert (np.diff(found[12:]) < 0).all()
    assert found[-1] == pytest.approx(0.5 * (1 + math.cos(math.pi * 27 / 28)), abs=1e-5)
    long = make_schedule({**SETTINGS, "schedule": "one_cycle"}, 10**5, 10)
    assert 0 < long(10**5 - 1) < 1e-5


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle", "polynomial", "step"])
def test_a_training_of_one_step_has_a_rate(schedule):
    for warmup in (0, 0.5, 1):
        factor = make_schedule({**SETTINGS, "schedule": schedule, "warmup_epochs": warmup}, 1, 1)
        assert 0 < factor(0) <= 1


def scales(losses: list[float], patience: int) -> list[float]:
    plateau = Plateau(0.5, patience)
    found = []
    for loss in losses:
        plateau.update(loss)
        found.append(plateau.scale)
    return found


def test_plateau_lowers_when_the_loss_has_not_fallen_for_its_patience():
    losses = [3, 2, 2, 2.5, 2.1, 1.9, 2, 1.8, 1.8, 1.8, 1.8]
    assert scales(losses, 2) == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert scales([3, 3, 2, 2], 1) == scales([3, 3, 2, 2], 0) == [1, 0.5, 0.5, 0.25]


def test_plateau_takes_a_loss_that_is_no_number_for_one_that_has_not_fallen():
    assert scales([math.nan, math.nan, 1, math.nan, 0.9], 2) == [1, 0.5, 0.5, 0.5, 0.5]
    assert scales([1, math.nan, math.nan], 2) == [1, 1, 0.5]


def test_plateau_goes_on_from_its_state():
    losses = [3, 2, 2, 2.5, 2.1, 1.9, 2, 2, 2]
    for cut in range(len(losses)):
        before, after = Plateau(0.5, 2), Plateau(0.5, 2)
        for loss in losses[:cut]:
            before.update(loss)
        after.restore(json.loads(json.dumps(before.state(), allow_nan=False)))
        for loss, expected in zip(losses[cut:], scales(losses, 2)[cut:], strict=True):
            after.update(loss)
            assert after.scale == expected
