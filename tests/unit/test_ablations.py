"""Ablations: what is trained for them, and what they may claim."""

import dataclasses

import numpy as np
import pytest

from configuring import message, minimal, model
from judge_ablation import judge, verdict
from zest.ablations import arms
from zest.config import validate
from zest.paired import OutOfFold, resampled_means

BALANCING = {
    "model": "lite0",
    "key": "balance",
    "values": ["none", "label_shuffling", "class_weights"],
}
TURNED = {"plain": {"balance": "none", "operations": [{"rotate": {}}]}}


def config(**changes) -> dict:
    ablation = {**BALANCING, **changes}
    return minimal(recipes=TURNED, baseline=False, ablations={"balancing": ablation})


def predictions(accuracies: list[float], photos: int = 200) -> dict[str, OutOfFold]:
    """Models that have the first photos right, each as many as its accuracy says."""
    labels = np.arange(photos) % 2
    found = {}
    for number, accuracy in enumerate(accuracies):
        right = np.arange(photos) < round(accuracy * photos)
        chosen = np.where(right, labels, 1 - labels)
        ids = [f"{row:04}" for row in range(photos)]
        probabilities = np.where(np.arange(2) == chosen[:, None], 0.9, 0.1)
        found[f"m{number}"] = OutOfFold(ids, labels, probabilities, np.arange(photos), labels)
    return found


def test_only_the_named_key_of_the_recipe_is_another():
    found = validate(config())
    recipe = found["recipes"]["balancing-balance=label_shuffling"]
    assert recipe == {**found["recipes"]["plain"], "balance": "label_shuffling"}
    trial = found["models"]["balancing-balance=label_shuffling-seed=0"]
    recipe_of_trial = "balancing-balance=label_shuffling"
    assert trial == {**found["models"]["lite0"], "recipe": recipe_of_trial}


def test_a_value_that_the_model_has_anyway_is_not_trained_again():
    found = validate(config(seeds=[0, 7]))
    assert arms(found, "balancing")["none"] == ["lite0", "balancing-balance=none-seed=7"]
    assert "balancing-balance=none-seed=0" not in found["models"]
    assert found["models"]["balancing-balance=none-seed=7"]["recipe"] == "plain"


def test_class_weights_leave_the_photos_and_weigh_the_loss():
    found = validate(config())
    trial = found["models"]["balancing-balance=class_weights-seed=0"]
    assert (trial["recipe"], trial["class_weights"]) == ("plain", "inverse")


def test_beside_class_weights_the_other_ways_to_balance_do_without_them():
    weighed = {**config(), "models": model(class_weights="inverse")}
    found = validate(weighed)
    assert arms(found, "balancing")["class_weights"] == ["lite0"]
    others = [arms(found, "balancing")[way][0] for way in ("none", "label_shuffling")]
    assert [found["models"][name]["class_weights"] for name in others] == ["none", "none"]


def test_a_key_of_the_model_leaves_the_recipe():
    found = validate(config(key="learning_rate", values=[0.1, 0.2]))
    assert list(found["recipes"]) == ["plain", "standard"]
    assert found["models"]["balancing-learning_rate=0.2-seed=0"]["learning_rate"] == 0.2


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"model": "lite"},
            "ablations.balancing.model: there is no model 'lite' under models",
        ),
        ({"key": "balanse"}, "balanse is a key neither of a model nor of a recipe; did you mean"),
        ({"key": "seed", "values": [0, 1]}, "name those in ablations.balancing.seeds"),
        ({"values": ["none"]}, "ablations.balancing.values"),
        ({"values": ["none", "some"]}, "balancing-balance=some.balance: must be one of none"),
        ({"key": "epochs", "values": [1, "x"]}, "models.balancing-epochs=x-seed=0.epochs"),
    ],
)
def test_what_cannot_be_tried_is_refused_by_key(changes, told):
    assert told in message(config(**changes))


def test_a_key_of_a_recipe_is_refused_where_the_model_has_none():
    probe = model(method="linear_probe")
    assert "balance is of a recipe, and lite0 uses none" in message({**config(), "models": probe})


def test_epochs_of_a_model_with_phases_are_refused():
    phased = model(phases=[{"epochs": 2}])
    told = message({**config(key="epochs", values=[1, 2]), "models": phased})
    assert "ablations.balancing.key: lite0 has phases" in told


def test_two_photos_of_221_are_not_a_difference():
    models = predictions([217 / 221, 215 / 221], photos=221)
    found = judge({"on": ["m0"], "off": ["m1"]}, models, "accuracy", 0.95, 500, seed=1)
    told = verdict("balance", found, "accuracy")
    assert found[0].value == "on"
    assert "Not distinguishable from it on these 221 photos: off." in told
    assert "trained once" in told


def test_a_large_difference_is_named_with_its_interval():
    found = judge({"a": ["m0"], "b": ["m1"]}, predictions([0.6, 0.9]), "accuracy", 0.95, 500, 1)
    assert [arm.value for arm in found] == ["b", "a"]
    assert "Worse beyond chance: a (by 0.300, " in verdict("k", found, "accuracy")


def test_seeds_that_differ_more_than_the_values_settle_nothing():
    models = predictions([0.95, 0.65, 0.70, 0.40])
    trained = {"a": ["m0", "m1"], "b": ["m2", "m3"]}
    found = judge(trained, models, "accuracy", 0.95, 1000, seed=1)
    assert found[0].score.value == pytest.approx(0.80)
    assert not found[1].behind.is_sure
    alone = judge({"a": ["m0"], "b": ["m2"]}, models, "accuracy", 0.95, 1000, seed=1)
    assert alone[1].behind.is_sure
    assert "trained once" not in verdict("k", found, "accuracy")


def test_a_training_that_diverged_is_told_and_voids_no_other_value():
    models = predictions([0.95, 0.93, 0.60, 0.62, 0.9, 0.9])
    broken = np.full_like(models["m5"].probabilities, np.nan)
    models["m5"] = dataclasses.replace(models["m5"], probabilities=broken)
    trained = {"a": ["m0", "m1"], "b": ["m2", "m3"], "c": ["m4", "m5"]}
    found = judge(trained, models, "log_loss", 0.95, 500, seed=1)
    assert [arm.value for arm in found] == ["a", "b", "c"]
    assert found[1].behind.is_sure
    told = verdict("k", found, "log_loss")
    assert "No number for c: a training diverged." in told
    assert "Not distinguishable" not in told


def test_a_value_that_no_file_can_be_named_after_is_told_as_it_is():
    found = validate(config(values=["none", {"power": 0.5}]))
    assert list(arms(found, "balancing")) == ["none", "{power: 0.5}"]


def test_the_variance_between_seeds_is_that_of_students_t():
    seeds = [list(predictions([0.7, 0.8, 0.9, 0.8]).values())]
    of_photos = [[one] for one in seeds[0]]
    ((_, drawn),) = resampled_means(seeds, "accuracy", 40_000, seed=3)
    alone = np.mean(
        [values for _, values in resampled_means(of_photos, "accuracy", 40_000, 3)], axis=0
    )
    noise = drawn - alone
    scale = np.std([0.7, 0.8, 0.9, 0.8], ddof=1) / 2
    low, high = np.quantile(noise / scale, [0.025, 0.975])
    assert (low, high) == (pytest.approx(-3.182, abs=0.15), pytest.approx(3.182, abs=0.15))
