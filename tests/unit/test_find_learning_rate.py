"""The learning-rate range test: rising rates, a stop when the loss explodes, a suggestion."""

import numpy as np
import pytest
from PIL import Image

from find_learning_rate import HIGHEST, LOWEST, draw_rates, range_test, suggest_rate
from tiny_training import trainer_of
from zest.errors import UserError


def test_the_rates_rise_evenly_on_a_logarithmic_scale_and_the_loss_falls_somewhere():
    rates, losses = range_test(trainer_of(validated=False))
    assert rates[0] == LOWEST
    steps = np.diff(np.log(rates))
    np.testing.assert_allclose(steps, steps[0])
    assert len(losses) == len(rates) > 20
    assert LOWEST < suggest_rate(rates, losses) < HIGHEST


def test_it_is_the_longest_phase_that_is_tested():
    short = {"epochs": 1, "image_size": 16, "frozen": "trunk"}
    trainer = trainer_of(validated=False, phases=[short, {"epochs": 2}])
    before = trainer.net.first[0].weight.numpy()
    range_test(trainer)
    assert trainer.training.source.size == 24
    assert not np.array_equal(trainer.net.first[0].weight.numpy(), before)


def test_it_ends_where_the_loss_explodes():
    trainer = trainer_of(validated=False)
    learn = trainer.learn

    def explode(batch, rate):
        waited = learn(batch, rate)
        if rate > 1e-3:
            trainer.losses[-1] = 1e6
        return waited

    trainer.learn = explode
    rates, losses = range_test(trainer)
    assert max(rates) <= 1e-3
    assert max(losses) < 1e3


def test_the_suggestion_is_where_the_loss_falls_fastest():
    rates = np.logspace(-6, 0, 61)
    losses = 2 - 1 / (1 + np.exp(-4 * (np.log10(rates) + 3)))
    assert suggest_rate(list(rates), list(losses)) == pytest.approx(1e-3, rel=0.3)


def test_a_loss_that_never_falls_is_told():
    with pytest.raises(UserError, match="does not fall at any learning rate"):
        suggest_rate(list(np.logspace(-6, 0, 30)), list(np.linspace(1, 2, 30)))
    with pytest.raises(UserError, match="does not fall at any learning rate"):
        suggest_rate([], [])


def test_the_figure_is_a_picture(tmp_path):
    draw_rates([1e-4, 1e-3, 1e-2], [1.0, 0.5, 0.9], 1e-3, 5e-4, "m", tmp_path / "rates.png")
    assert Image.open(tmp_path / "rates.png").size[0] > 500
