"""Sweeps: each trial is a model of its own, named by what it tries."""

import pytest

from zest.config import BASELINE, validate
from zest.errors import UserError

BASE = {"competition": "a", "data": {"root": "x"}, "baseline": False}


MANY = ("learning_rate", "weight_decay", "layer_decay", "mixup", "cutmix", "label_smoothing")
MANY += ("warmup_epochs", "head_learning_rate_factor", "drop_path", "mix_probability")


def models(**sweeps):
    return validate({**BASE, "sweeps": sweeps})["models"]


def test_a_grid_is_every_combination_and_leaves_the_other_keys_of_the_model():
    found = models(lr={"model": "lite0", "keys": {"learning_rate": [0.1, 1e-4], "epochs": [2, 3]}})
    assert list(found) == [
        "lite0",
        "lr-learning_rate=0.1-epochs=2",
        "lr-learning_rate=0.1-epochs=3",
        "lr-learning_rate=0.0001-epochs=2",
        "lr-learning_rate=0.0001-epochs=3",
    ]
    trial = found["lr-learning_rate=0.0001-epochs=3"]
    assert trial == {**found["lite0"], "learning_rate": 1e-4, "epochs": 3}


def test_a_value_that_is_added_leaves_the_other_trials():
    few = models(lr={"model": "lite0", "keys": {"learning_rate": [0.1]}})
    more = models(lr={"model": "lite0", "keys": {"learning_rate": [0.01, 0.1]}})
    assert few.keys() < more.keys()


def test_random_draws_lie_in_their_range_and_more_trials_keep_the_first_ones():
    keys = {
        "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        "batch_size": {"low": 8, "high": 64},
        "optimizer": ["adamw", "lion"],
    }
    sweep = {"model": "lite0", "method": "random", "keys": keys}
    few, more = models(s={**sweep, "trials": 5}), models(s={**sweep, "trials": 40})
    assert few.keys() < more.keys()
    trials = [trial for name, trial in more.items() if name != "lite0"]
    rates = [trial["learning_rate"] for trial in trials]
    assert len(trials) == 40
    assert all(1e-4 <= rate <= 1e-2 for rate in rates)
    assert 10 <= sum(rate < 1e-3 for rate in rates) <= 30  # the middle of the logarithmic scale
    assert all(8 <= trial["batch_size"] <= 64 for trial in trials)
    assert {trial["optimizer"] for trial in trials} == {"adamw", "lion"}


def test_a_draw_that_was_there_already_is_drawn_again():
    sweep = {"model": "lite0", "method": "random", "keys": {"frozen": {"low": 1, "high": 8}}}
    found = models(s={**sweep, "trials": 8})
    assert {found[name]["frozen"] for name in found if name != "lite0"} == set(range(1, 9))
    few = {"model": "lite0", "method": "random", "trials": 10, "keys": {"mixup": [0, 0.2]}}
    assert len(models(s=few)) == 3  # there are but two


def test_values_that_differ_in_the_last_digits_are_different_trials():
    found = models(s={"model": "lite0", "keys": {"learning_rate": [0.00012345678, 0.00012345679]}})
    assert len(found) == 3


def test_values_that_are_no_plain_values_keep_their_name_when_others_are_added():
    phases = [[{"epochs": 1}], [{"epochs": 2, "image_size": 64}]]
    few = models(p={"model": "lite0", "keys": {"phases": phases[1:]}})
    more = models(p={"model": "lite0", "keys": {"phases": phases}})
    assert [len(few), len(more)] == [2, 3]
    assert few.items() <= more.items()
    files = models(s={"model": "lite0", "keys": {"weights": ["2", "a/b.pth", "a/c.pth"]}})
    assert len(files) == 4


def test_a_range_between_whole_bounds_is_continuous_where_the_key_is():
    keys = {"mixup": {"low": 0, "high": 1}, "frozen": {"low": 1, "high": 4}}
    found = models(s={"model": "lite0", "method": "random", "trials": 8, "keys": keys})
    trials = [trial for name, trial in found.items() if name != "lite0"]
    assert len({trial["mixup"] for trial in trials}) == 8
    assert all(0 < trial["mixup"] < 1 for trial in trials)
    assert all(isinstance(trial["frozen"], int) for trial in trials)


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ({"model": "lite", "keys": {"epochs": [1]}}, r"sweeps\.s\.model: there is no model 'lite'"),
        (
            {"model": "lite0", "keys": {"epoch": [1]}},
            r"sweeps\.s\.keys\.epoch: unknown key of a model; did you mean 'epochs'",
        ),
        (
            {"model": "lite0", "keys": {"epochs": {"low": 1, "high": 2}}},
            r"sweeps\.s\.keys\.epochs: a grid needs a list of values",
        ),
        (
            {"model": "lite0", "method": "random", "keys": {"epochs": {"low": 3, "high": 2}}},
            r"sweeps\.s\.keys\.epochs: low \(3\) is above high \(2\)",
        ),
        (
            {
                "model": "lite0",
                "method": "random",
                "keys": {"mixup": {"low": 0, "high": 2, "log": True}},
            },
            r"sweeps\.s\.keys\.mixup: low must be more than 0",
        ),
        (
            {"model": "grown", "keys": {"epochs": [2, 3]}},
            r"sweeps\.s\.keys\.epochs: grown has phases, each with its own epochs",
        ),
        (
            {"model": "lite0", "keys": {key: [0.1] for key in MANY}},
            r"sweeps\.s\.keys: a folder is named after all of them",
        ),
        (
            {"model": "lite0", "keys": {"epochs": [0]}},
            r"models\.s-epochs=0\.epochs: must be at least 1, not 0",
        ),
    ],
)
def test_a_fault_names_its_key(sweep, message):
    grown = {"phases": [{"epochs": 4}]}
    with pytest.raises(UserError, match=message):
        validate({**BASE, "models": {"lite0": {}, "grown": grown}, "sweeps": {"s": sweep}})


def test_the_baseline_is_a_linear_probe_unless_it_is_switched_off_or_named():
    with_it = validate({**BASE, "baseline": True})["models"]
    assert with_it[BASELINE]["method"] == "linear_probe"
    assert list(models()) == ["lite0"]
    own = {"method": "linear_probe", "image_size": 96}
    named = validate({**BASE, "baseline": True, "models": {BASELINE: own}})["models"]
    assert named[BASELINE]["image_size"] == 96
