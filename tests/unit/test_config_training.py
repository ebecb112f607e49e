"""Settings of a training that do not go together are told, each by its key."""

import pytest

from zest.config import validate
from zest.errors import UserError
from zest.phases import Phase, phases_of


def faults(model, **sections):
    config = {"competition": "a", "data": {"root": "x"}, "models": {"m": model}, **sections}
    try:
        validate(config)
    except UserError as error:
        return str(error)
    return ""


PROBE = {"teacher": "linear_probe"}
MIXED = {"mixed": {"mix": {"mixup": 0.2}, "image_size": 224}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"soft_labels": "soft.csv"},
            "models.m.soft_labels: recipes.mixed.mix mixes the labels of the label file, not "
            "these; set recipes.mixed.mix: null, and mix in training (models.m.mixup, cutmix)",
        ),
        ({"loss": "soft_ordinal"}, "models.m.loss: soft_ordinal spreads labels over near grades"),
    ],
    ids=["soft labels", "soft_ordinal"],
)
def test_what_says_otherwise_what_a_mixed_row_teaches_is_refused(settings, message):
    assert message in faults({"recipe": "mixed", **settings}, recipes=MIXED)
    assert not faults({"recipe": "standard", **settings}, recipes=MIXED)


@pytest.mark.parametrize(
    "settings",
    [
        {"distillation": PROBE},
        {"pseudo_labels": PROBE},
        {"class_weights": "inverse", "label_smoothing": 0.2, "loss": "squared_emd"},
        {"cache_frozen": True, "frozen": 3},
        {"mixup": 0.2, "online_operations": [{"horizontal_flip": {}}]},
    ],
    ids=lambda settings: " ".join(settings),
)
def test_what_goes_with_a_mixed_recipe(settings):
    assert not faults({"recipe": "mixed", **settings}, recipes=MIXED)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            {"phases": [{"epochs": 1, "image_size": 512}]},
            "models.m.phases[0].image_size: 512 is larger than the images of its recipe",
        ),
        ({"epochs": 2, "warmup_epochs": 2}, "models.m.warmup_epochs: 2 leaves nothing of the 2"),
        ({"batch_size": 6, "replicas": 4}, "models.m.replicas: 4 leave less than two of the 6"),
        ({"epochs": 2, "average_epochs": 3}, "models.m.average_epochs: 3 of only 2 epochs"),
        (
            {"ema_decay": 0.9, "average_epochs": 1},
            "models.m.average_epochs: ema_decay averages the weights already",
        ),
        (
            {"early_stopping_patience": 1, "average_epochs": 1},
            "models.m.average_epochs: early stopping keeps the best epoch",
        ),
        (
            {"architecture": "resnet18", "drop_path": 0.1},
            "models.m.drop_path: only efficientnet_lite0, efficientnet_lite1",
        ),
        ({"cache_frozen": True}, "models.m.cache_frozen: nothing is frozen"),
        (
            {"cache_frozen": True, "frozen": 3, "mixup": 0.2},
            "models.m.cache_frozen: mixup changes the images",
        ),
        (
            {"cache_frozen": True, "frozen": 3, "phases": [{"epochs": 1, "image_size": 64}]},
            "models.m.phases[0].image_size: 64 is not the model's (224)",
        ),
        (
            {"cache_frozen": True, "frozen": 3, "pretrained": False},
            "models.m.frozen: the frozen layers know nothing",
        ),
        (
            {"method": "linear_probe", "pretrained": False},
            "models.m.method: a linear_probe of a network that knows nothing",
        ),
        (
            {"distillation": {"teacher": "n"}},
            "models.m.distillation.teacher: there is no model 'n' under models",
        ),
        ({"distillation": {"teacher": "m"}}, "models.m.distillation.teacher: m learns from m"),
        (
            {"pseudo_labels": {"teacher": "linear_prob"}},
            "models.m.pseudo_labels.teacher: there is no model 'linear_prob' under models; did you "
            "mean 'linear_probe'?",
        ),
        ({"pseudo_labels": {"teacher": "m"}}, "models.m.pseudo_labels.teacher: m learns from m"),
        (
            {"pseudo_labels": PROBE, "distillation": PROBE},
            "models.m.pseudo_labels: the teacher of distillation is asked about the training",
        ),
        (
            {"pseudo_labels": PROBE, "cache_frozen": True, "frozen": 3},
            "models.m.cache_frozen: what frozen layers make of the test photos is not computed",
        ),
        (
            {"phases": [{"epochs": 1, "frozen": 3}, {"epochs": 3}], "pretrained": False},
            "models.m.frozen: the frozen layers know nothing",
        ),
        *[
            (
                {"method": "linear_probe", **unused},
                f"models.m.{next(iter(unused))}: a linear_probe does not use it",
            )
            for unused in (
                {"drop_path": 0.1},
                {"recipe": "balanced"},
                {"learning_rate": 0.1},
                {"online_operations": [{"horizontal_flip": {}}]},
                {"seed": 1},
                {"pseudo_labels": {"teacher": "n"}},
            )
        ],
        ({"l2": 0.1}, "models.m.l2: only a linear_probe uses it; set models.m.weight_decay"),
    ],
)
def test_a_contradiction_names_its_key(model, message):
    assert message in faults(model)


def test_what_needs_a_validation_score_does_not_go_with_training_on_all_photos():
    told = faults({"early_stopping_patience": 2}, submission={"train_on": "all", "model": "m"})
    assert "models.m.early_stopping_patience: 2 needs a validation score" in told
    assert "set submission.train_on: folds, or merged for one model" in told
    told = faults({"schedule": "plateau"}, submission={"train_on": "all", "model": "m"})
    assert "models.m.schedule: plateau needs a validation score" in told


def test_a_model_is_not_named_after_another_architecture():
    told = faults({}, models={"resnet18": {}})
    assert "set models.resnet18.architecture: resnet18" in told
    assert faults({}, models={"resnet18": {"architecture": "resnet18"}}) == ""


def test_the_standard_recipe_is_there_beside_recipes_of_ones_own():
    assert faults({}, recipes={"mine": {}}) == ""


def test_nor_does_it_where_a_teacher_of_the_model_needs_one():
    models = {
        "small": {"distillation": {"teacher": "large"}},
        "large": {"early_stopping_patience": 2},
        "other": {"early_stopping_patience": 2},
    }
    told = faults({}, models=models, submission={"train_on": "all", "model": "small"})
    assert "models.large.early_stopping_patience: 2 needs a validation score" in told
    assert "models.other" not in told


def test_without_test_photos_there_is_nothing_to_label():
    told = faults({"pseudo_labels": PROBE}, data={"root": "x", "test_images": None})
    assert "models.m.pseudo_labels: data.test_images is null, so there are no photos" in told
    assert faults({"pseudo_labels": PROBE}) == ""


@pytest.mark.parametrize("least", [0.49, 1.01])
def test_a_photo_is_labelled_only_with_what_is_likelier_than_all_else(least):
    told = faults({"pseudo_labels": {**PROBE, "min_probability": least}})
    assert "models.m.pseudo_labels.min_probability: must be at" in told


def test_teachers_of_both_kinds_are_followed():
    models = {
        "small": {"distillation": {"teacher": "middle"}},
        "middle": {"pseudo_labels": {"teacher": "large"}},
        "large": {"early_stopping_patience": 2},
    }
    told = faults({}, models=models, submission={"train_on": "all", "model": "small"})
    assert "models.large.early_stopping_patience: 2 needs a validation score" in told
    assert faults({}, models=models) == ""
    models["large"]["pseudo_labels"] = {"teacher": "small"}
    told = faults({}, models=models)
    assert (
        "models.large.pseudo_labels.teacher: large learns from small learns from middle learns "
        "from large" in told
    )
    assert "models.small.distillation.teacher: small learns from middle" in told


def test_who_learns_from_a_circle_is_not_a_part_of_it():
    models = {
        "a": {"distillation": {"teacher": "b"}},
        "b": {"pseudo_labels": {"teacher": "b"}},
    }
    told = faults({}, models=models)
    assert "models.b.pseudo_labels.teacher: b learns from b" in told
    assert "models.a" not in told


def test_a_teacher_that_learns_from_its_student_is_told():
    models = {"a": {"distillation": {"teacher": "b"}}, "b": {"distillation": {"teacher": "a"}}}
    assert "a learns from b learns from a" in faults({}, models=models)


def test_a_teacher_that_needs_larger_images_than_the_students_is_told():
    models = {"a": {"distillation": {"teacher": "linear_probe"}}}
    told = faults({}, models=models, recipes={"standard": {"image_size": 160}})
    assert "linear_probe takes images of 224 pixels" in told
    assert faults({}, models=models) == ""


@pytest.mark.parametrize(
    "model",
    [
        {"cache_frozen": True, "frozen": "trunk"},
        {"phases": [{"epochs": 1, "image_size": 64, "frozen": "trunk"}, {"epochs": 3}]},
        {"batch_size": 4, "replicas": 2, "ema_decay": 0.99},
        {"architecture": "efficientnet_lite2", "drop_path": 0.2, "dropout": 0.5},
    ],
)
def test_what_goes_together_is_taken(model):
    assert faults(model) == ""


def test_phases_take_what_they_do_not_say_from_the_model():
    settings = {"epochs": 4, "image_size": 128, "frozen": 2, "phases": []}
    assert phases_of(settings) == [Phase(4, 128, 2)]
    settings["phases"] = [{"epochs": 1, "image_size": 64}, {"epochs": 2, "frozen": 0}]
    assert phases_of(settings) == [Phase(1, 64, 2), Phase(2, 128, 0)]
