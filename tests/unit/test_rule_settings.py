"""What a rule depends on: a change of anything else must run nothing again."""

from configuring import minimal, model
from zest.config import validate
from zest.rule_settings import submission_settings, summary_settings, training_settings

PUPIL = {"architecture": "resnet18", "recipe": "plain", "distillation": {"teacher": "lite0"}}
PROBE = {"architecture": "resnet18", "method": "linear_probe"}


def training(config: dict, name: str = "lite0") -> dict:
    return training_settings(validate(config), name)


def test_a_training_depends_on_its_own_settings():
    assert training(minimal(models=model(epochs=7)))["epochs"] == 7
    assert training(minimal()) != training(minimal(models=model(learning_rate=0.5)))


def test_a_training_has_its_image_size_from_its_recipe_and_its_seed_from_both():
    recipes = {"plain": {**minimal()["recipes"]["plain"], "image_size": 96}}
    found = training(minimal(seed=40, models=model(seed=2), recipes=recipes))
    assert (found["image_size"], found["seed"]) == (96, 42)


def test_the_metric_enters_a_training_only_where_it_stops_early():
    kappa = {"metric": "quadratic_weighted_kappa", "classes_ordered": True}
    assert training(minimal(rules=kappa)) == training(minimal())
    stopping = training(minimal(rules=kappa, models=model(early_stopping_patience=2)))
    assert stopping["metric"] == "quadratic_weighted_kappa"


def test_the_column_of_the_ids_enters_a_training_only_where_it_reads_soft_labels():
    data = {**minimal()["data"], "id_column": "file"}
    assert "id_column" not in training(minimal(data=data))
    assert training(minimal(data=data, models=model(soft_labels="soft.csv")))["id_column"] == "file"


def test_a_linear_probe_depends_only_on_what_it_is_made_from():
    found = training(minimal(models={"probe": PROBE}), "probe")
    assert found.keys() == {
        *("architecture", "pretrained", "weights", "class_weights", "l2"),
        *("image_size", "seed", "fit"),
    }


def test_a_summary_is_of_the_named_models_and_passes_over_the_learning_rate():
    config = validate(minimal(models={**model(), "probe": PROBE}))
    assert list(summary_settings(config, ["probe", "lite0"])) == ["lite0", "probe"]
    faster = validate(minimal(models={**model(learning_rate=0.5), "probe": PROBE}))
    assert summary_settings(faster, ["lite0"]) == summary_settings(config, ["lite0"])
    longer = validate(minimal(models=model(epochs=99)))
    assert summary_settings(longer, ["lite0"]) != summary_settings(config, ["lite0"])


def test_a_submission_depends_on_the_model_that_is_handed_in_and_on_its_teacher():
    other = {"architecture": "resnet18", "recipe": "other"}
    recipes = {**minimal()["recipes"], "other": minimal()["recipes"]["plain"]}
    models = {**model(), "pupil": PUPIL, "other": other}
    config = validate(minimal(models=models, recipes=recipes, submission={"model": "pupil"}))
    found = submission_settings(config)
    assert found["models"].keys() == {"pupil", "lite0"}
    assert found["recipes"].keys() == {"plain"}


def test_a_linear_probe_brings_no_recipe_into_a_submission():
    config = validate(minimal(models={"probe": PROBE}, submission={"model": "probe"}))
    assert submission_settings(config)["recipes"] == {}


def test_only_a_rendered_competition_is_described_in_its_submission():
    rendered = {"kind": "demo", "root": "data/demo", "classes": "classes.csv"}
    assert submission_settings(validate(minimal(data=rendered)))["demo"]["train_photos"]
    assert "demo" not in submission_settings(validate(minimal()))


def test_what_is_only_looked_at_does_not_enter_a_submission():
    seen = validate(minimal(evaluation={"gallery": 3}, eda={"samples_per_class": 3}))
    assert submission_settings(seen) == submission_settings(validate(minimal()))
