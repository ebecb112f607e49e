"""The configuration: what is refused, how it is told, what is filled in."""

import pytest
import yaml

from configuring import message, minimal, model
from document_config import document
from zest.config import SCHEMA_PATH, canonical, image_size, load_schema, validate

CONFIG = SCHEMA_PATH.parent


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.yaml")), ids=lambda path: path.name)
def test_every_configuration_that_ships_is_valid(path):
    if path != SCHEMA_PATH:
        validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_defaults_come_from_the_schema():
    config = validate(minimal())
    assert config["split"] == {
        "folds": 5,
        "train_folds": [0],
        "group_duplicates": True,
        "group_pattern": None,
        "sessions": "auto",
        "file": None,
    }
    assert config["models"]["lite0"]["label_smoothing"] == 0.1
    assert config["data"]["on_problem"] == "stop"


def test_defaults_of_an_operation_are_filled_in_without_adding_other_operations():
    recipes = {"plain": {"operations": [{"rotate": {"degrees": 30}}, {"noise": {}}]}}
    operations = validate(minimal(recipes=recipes))["recipes"]["plain"]["operations"]
    assert operations == [
        {"rotate": {"probability": 0.7, "degrees": 30}},
        {"noise": {"probability": 0.7, "sigma": 6}},
    ]


def test_models_keep_the_order_of_the_file():
    names = [f"m{n}" for n in (5, 3, 9, 1, 7)]
    models = {name: {"architecture": "resnet18", "recipe": "plain"} for name in names}
    assert list(validate(minimal(models=models, baseline=False))["models"]) == names


def test_a_typo_is_told_with_its_path_and_the_nearest_key():
    told = message(minimal(models=model(lable_smoothing=0.1)))
    assert "models.lite0.lable_smoothing" in told
    assert "did you mean 'label_smoothing'?" in told


def test_a_typo_inside_an_operation_is_told_with_its_place_in_the_list():
    recipes = {"plain": {"operations": [{"noise": {}}, {"rotate": {"degres": 3}}]}}
    told = message(minimal(recipes=recipes))
    assert "recipes.plain.operations[1].rotate.degres" in told
    assert "'degrees'" in told


def test_a_colour_that_is_wrong_is_told_as_a_colour_alone():
    told = message(minimal(recipes={"plain": {"fill": [1, 2]}}))
    assert told.count("recipes.plain.fill") == 1


def test_a_range_whose_ends_are_equal_is_one_value():
    operations = [{"blur": {"min_sigma": 1, "max_sigma": 1}}]
    validate(minimal(recipes={"plain": {"operations": operations}}))


def test_an_unknown_operation_is_told_with_the_nearest():
    recipes = {"plain": {"operations": [{"horizontal_flop": {}}]}}
    assert "did you mean 'horizontal_flip'?" in message(minimal(recipes=recipes))


def test_all_faults_are_told_at_once():
    told = message(minimal(seeed=1, split={"fold": 5}))
    assert "seeed" in told
    assert "split.fold:" in told


def test_a_missing_section_is_told():
    config = minimal()
    del config["data"]
    assert "data: this key is required" in message(config)


def test_each_missing_key_is_told_once():
    told = message({"models": {"lite0": {}}})
    assert told.count("competition: this key is required") == 1
    assert told.count("data: this key is required") == 1


@pytest.mark.parametrize("section", ["models", "recipes"])
@pytest.mark.parametrize(("name", "shown"), [(1, "the number 1"), (True, "true"), (None, "null")])
def test_a_name_that_yaml_does_not_read_as_text_is_refused(section, name, shown):
    told = message(minimal(**{section: {name: {}}}))
    assert f"  {section}: the name must be text, not {shown}; put it in quotes" in told


@pytest.mark.parametrize("text", ["demo:", "split:", "models:", "recipes:"])
def test_what_is_left_empty_in_the_file_has_all_its_defaults(text):
    required = {"competition": "test", "data": {"root": "photos"}}
    assert validate({**required, **yaml.safe_load(text)}) == validate(required)


def test_a_model_left_empty_has_the_defaults_of_its_keys():
    found = validate(minimal(models=yaml.safe_load("lite0:")))["models"]["lite0"]
    assert found == validate(minimal(models={"lite0": {}}))["models"]["lite0"]
    assert found["frozen"] == 0


def test_an_operation_left_empty_has_its_defaults():
    operations = yaml.safe_load("- rotate:\n- noise:")
    recipe = validate(minimal(recipes={"plain": {"operations": operations}}))["recipes"]["plain"]
    assert recipe["operations"][1] == {"noise": {"probability": 0.7, "sigma": 6}}


def test_an_empty_section_with_a_required_key_is_told():
    assert "data.root: this key is required" in message(minimal(data=None))


@pytest.mark.parametrize("kind", ["folders", "lists"])
def test_a_group_column_without_a_label_csv_is_refused(kind):
    told = message(minimal(data={"root": "photos", "kind": kind, "group_column": "fruit"}))
    assert "data.group_column: 'fruit'" in told
    assert "set data.group_column: null" in told


def test_several_label_files_are_for_lists_alone():
    names = ["train_list.txt", "val_list.txt"]
    config = validate(minimal(data={"root": "photos", "kind": "lists", "labels": names}))
    assert config["data"]["labels"] == names
    told = message(minimal(data={"root": "photos", "labels": names}))
    assert "data.labels: only PaddleClas lists may be several files, and data.kind is csv" in told


def test_a_name_and_a_folder_are_all_that_it_takes():
    config = validate({"competition": "test", "data": {"root": "photos"}})
    assert config["models"]["lite0"]["recipe"] == "standard"
    names = [name for step in config["recipes"]["standard"]["operations"] for name in step]
    assert names == ["horizontal_flip", "rotate", "crop", "colour"]
    assert config["recipes"]["standard"]["operations"][1]["rotate"]["degrees"] == 15


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"split": {"folds": 1}}, "split.folds"),
        ({"models": model(learning_rate=0)}, "models.lite0.learning_rate"),
        ({"models": model(optimizer="adan")}, "models.lite0.optimizer"),
        ({"models": {"best": model()["lite0"]}}, "models"),
        ({"competition": "a/b"}, "competition"),
        ({"seed": "zero"}, "seed"),
    ],
)
def test_a_value_out_of_its_range_is_told_with_its_path(changes, path):
    assert f"  {path}" in message(minimal(**changes))


def test_a_fold_that_does_not_exist_is_refused():
    told = message(minimal(split={"folds": 5, "train_folds": [0, 7]}))
    assert "split.train_folds: there is no fold 7 of 5" in told


def test_a_recipe_that_does_not_exist_is_refused():
    told = message(minimal(models=model(recipe="plane")))
    assert "models.lite0.recipe" in told
    assert "did you mean 'plain'?" in told


def test_an_architecture_that_does_not_exist_is_refused():
    told = message(minimal(models=model(architecture="efficientnet_lite")))
    assert "models.lite0.architecture" in told
    assert "efficientnet_lite" in told


def test_pretrained_weights_that_do_not_exist_are_refused():
    told = message(minimal(models=model(architecture="vgg11")))
    assert "models.lite0.pretrained: there are no ImageNet weights of vgg11" in told
    assert "set models.lite0.pretrained: false" in told
    validate(minimal(models=model(architecture="vgg11", pretrained=False)))


@pytest.mark.parametrize("architecture", ["lenet5", "paddleclas/ResNet18_vd", "nets.mine.Net"])
def test_networks_without_imagenet_weights_start_from_nothing_or_from_a_file(architecture):
    told = message(minimal(models=model(architecture=architecture)))
    assert f"models.lite0.pretrained: there are no ImageNet weights of {architecture}" in told
    validate(minimal(models=model(architecture=architecture, pretrained=False)))
    validate(minimal(models=model(architecture=architecture, weights="w.safetensors")))


def test_the_size_of_a_network_outside_the_table_is_not_judged_before_it_is_built():
    of_mine = model(architecture="nets.mine.Net", pretrained=False)
    validate(minimal(models=of_mine, rules={"max_model_mb": 0.001}, baseline=False))


def test_a_submission_of_a_model_that_does_not_exist_is_refused():
    assert "submission.model" in message(minimal(submission={"model": "lite9"}))


def test_a_model_larger_than_the_limit_is_refused_before_anything_runs():
    told = message(minimal(rules={"max_model_mb": 10}))
    assert "models.lite0.architecture" in told
    assert "rules.max_model_mb (10)" in told


def test_the_models_of_all_folds_count_against_the_limit():
    validate(minimal(rules={"max_model_mb": 20}))
    told = message(minimal(rules={"max_model_mb": 20}, split={"train_folds": [0, 1]}))
    assert "2 folds" in told


def test_only_what_is_handed_in_counts_against_the_limit():
    models = {
        "large": {"architecture": "resnet50"},
        "small": {"distillation": {"teacher": "large"}},
    }
    limit = {"max_model_mb": 20}
    assert "models.large" in message(minimal(models=models, rules=limit))
    validate(minimal(models=models, rules=limit, submission={"model": "small"}))
    on_all = {"model": "small", "train_on": "all"}
    folds = {"train_folds": [0, 1, 2, 3, 4]}
    validate(minimal(models=models, rules=limit, submission=on_all, split=folds))


def test_a_training_on_all_photos_wants_to_know_which_model():
    told = message(minimal(submission={"train_on": "all"}))
    assert "submission.model: best is known only after the leaderboard" in told
    assert "name the one" in told


def test_an_input_larger_than_the_stored_images_is_refused():
    told = message(minimal(recipes={"plain": {"image_size": 96}}, models=model(image_size=128)))
    assert "recipes.plain.image_size (96)" in told


@pytest.mark.parametrize(
    "operations",
    [[], [{"rotate": {"probability": 0}}, {"noise": {"probability": 0}}]],
    ids=["none", "all of probability 0"],
)
@pytest.mark.parametrize(
    "repeats",
    [
        {"balance": "none", "copies": 2},
        {"balance": "undersampling", "copies": 2},
        {"balance": "label_shuffling", "copies": 1},
        {"balance": {"target": 300}, "copies": 1},
        {"balance": {"power": 0.5}, "copies": 1},
    ],
    ids=str,
)
def test_rows_that_would_only_repeat_photos_are_refused(repeats, operations):
    told = message(minimal(recipes={"plain": {**repeats, "operations": operations}}))
    what = "they never apply" if operations else "there are none"
    assert f"recipes.plain.operations: {what}, so" in told
    assert "set recipes.plain.balance: none and recipes.plain.copies: 1" in told


@pytest.mark.parametrize("balance", ["none", "undersampling", {"power": 1}], ids=str)
def test_a_balance_that_repeats_nothing_needs_no_operations(balance):
    recipe = {"balance": balance, "copies": 1, "operations": []}
    assert validate(minimal(recipes={"plain": recipe}))["recipes"]["plain"]["balance"] == balance


def test_operations_that_almost_never_apply_are_refused():
    recipes = {"plain": {"operations": [{"rotate": {"probability": 1e-9}}]}}
    assert "they almost never apply" in message(minimal(recipes=recipes))


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ({"mix": {}}, "mix: mixup and cutmix are 0; set one of them above 0, or recipes.plain.mix"),
        (
            {"mix": {"mixup": 0.2}, "balance": "none", "copies": 1},
            "mix: only augmented copies are mixed, and there are none; set recipes.plain.copies: 2",
        ),
        (
            {"mix": {"mixup": 0.2}, "balance": "undersampling", "copies": 1},
            "mix: only augmented copies are mixed, and there are none",
        ),
        ({"mix": {"cutmix": 1, "probability": 0}}, "mix.probability: must be more than 0, not 0"),
        ({"mix": {"cutmics": 1}}, "mix.cutmics: unknown key; did you mean 'cutmix'?"),
        ({"mix": 0.2}, "mix: must be a section (key: value) or null, not the number 0.2"),
    ],
    ids=str,
)
def test_a_mix_that_mixes_nothing_is_refused(recipe, expected):
    assert f"  recipes.plain.{expected}" in message(minimal(recipes={"plain": recipe}))


def test_a_mix_of_the_copies_that_balancing_makes_needs_no_others():
    recipe = {"mix": {"mixup": 0.2}, "copies": 1}
    config = validate(minimal(recipes={"plain": recipe}))
    assert config["recipes"]["plain"]["mix"] == {"mixup": 0.2, "cutmix": 0.0, "probability": 1.0}
    assert config["recipes"]["standard"]["mix"] is None


def test_a_warm_up_longer_than_the_training_is_refused():
    assert "models.lite0.warmup_epochs" in message(minimal(models=model(epochs=2, warmup_epochs=2)))


def test_the_image_size_of_a_model_is_its_recipes_unless_it_has_its_own():
    config = validate(minimal(recipes={"plain": {"image_size": 160}}))
    assert image_size(config, "lite0") == 160
    config = validate(minimal(models=model(image_size=96)))
    assert image_size(config, "lite0") == 96


def test_canonical_json_does_not_depend_on_the_order_of_keys():
    assert canonical({"b": 1, "a": [1, {"d": 2, "c": 3}]}) == '{"a":[1,{"c":3,"d":2}],"b":1}'


def test_the_page_of_the_configuration_is_up_to_date():
    written = (CONFIG / "README.md").read_text(encoding="utf-8")
    assert written == document(load_schema()), "run: python scripts/document_config.py"


def test_every_key_has_a_description():
    def check(schema: dict, path: str):
        for key, part in schema.get("properties", {}).items():
            assert "$ref" in part or part.get("description"), f"{path}.{key}"
            check(part, f"{path}.{key}")
            for inner in (part.get("items"), part.get("additionalProperties")):
                if isinstance(inner, dict):
                    check(inner, f"{path}.{key}")

    check(load_schema(), "")


def test_every_operation_of_the_schema_can_be_drawn_and_the_other_way_round():
    from zest.augment import OPERATIONS

    assert set(load_schema()["$defs"]["operation"]["properties"]) == set(OPERATIONS)
