"""A wrong value in the configuration is told in words, with its path and the way out."""

import pytest
import yaml

from configuring import message, minimal
from zest.config import validate

OPERATION = "recipes.plain.operations[0]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "models: {lite0: {learning_rate: 5e-4}}",
            "models.lite0.learning_rate: must be a number, not the text '5e-4'; "
            "write 5.0e-4 or 0.0005",
        ),
        ("seed: '7'", "seed: must be a whole number, not the text '7'; write 7 without quotes"),
        ("seed: zero", "seed: must be a whole number, not the text 'zero'\n"),
        ("seed: 1.5", "seed: must be a whole number, not the number 1.5"),
        ("seed: no", "seed: must be a whole number, not false"),
        ("competition: 2026", "competition: must be text, not the number 2026; put it in quotes"),
        (
            "demo: {background_shortcut: 'true'}",
            "demo.background_shortcut: must be true or false, not the text 'true'; "
            "write true without quotes",
        ),
        ("split: 5", "split: must be a section (key: value), not the number 5"),
        ("split: {train_folds: }", "split.train_folds: must be a list, not null"),
        ("split: {group_pattern: '(a'}", "split.group_pattern: '(a' is no regular expression"),
        (
            "split: {sessions: some}",
            "split.sessions: must be one of auto, none, not the text 'some'",
        ),
        ("split: {sessions: 3}", "split.sessions: must be at most 2, not 3"),
        ("split: {train_folds: []}", "split.train_folds: must hold at least 1, not 0"),
        ("split: {train_folds: [0, 0]}", "split.train_folds: names the same twice: [0, 0]"),
        ("split: {folds: 1}", "split.folds: must be at least 2, not 1"),
        ("split: {folds: 101}", "split.folds: must be at most 100, not 101"),
        ("evaluation: {confidence: 1}", "evaluation.confidence: must be less than 1, not 1"),
        (
            "models: {lite0: {learning_rate: 0}}",
            "models.lite0.learning_rate: must be more than 0, not 0",
        ),
        ("models: {best: {}}", "models: 'best' is reserved: submission.model: best means"),
        (
            "models: {ensemble: {}}",
            "models: 'ensemble' is reserved: submission.model: ensemble means several models",
        ),
        ("models: {}", "models: must hold at least 1, not 0"),
        ("data: {root: ''}", "data.root: must not be empty"),
        ("data: {root: x, classes: 4}", "data.classes: must be null or text or a list, not the"),
        (
            "data: {root: x, classes: [{name: good}, {class_num: 1, name: bad}]}",
            "data.classes[0].class_num: this key is required",
        ),
        (
            "models: {lite0: {optimizer: adan}}",
            "models.lite0.optimizer: must be one of adam, adamw, lion, sgd, not the text 'adan'; "
            "did you mean 'adam'?",
        ),
        (
            "competition: a/b",
            "competition: 'a/b' may hold only the letters A-Z and a-z, digits, '.', '_' and '-'",
        ),
        (
            "models: {a.b: {}}",
            "models: 'a.b' may hold only the letters A-Z and a-z, digits, '_' and '-'",
        ),
        (
            "recipes: {plain: {operations: [horizontal_flip]}}",
            f"{OPERATION}: 'horizontal_flip' stands without its settings; "
            "write - horizontal_flip: {}",
        ),
        (
            "recipes: {plain: {operations: [horizontal_flop]}}",
            f"{OPERATION}: 'horizontal_flop' stands without its settings; "
            "did you mean 'horizontal_flip'?",
        ),
        (
            "recipes: {plain: {operations: [{rotate: {}, noise: {}}]}}",
            f"{OPERATION}: one operation a line, such as - rotate: {{degrees: 15}}",
        ),
        (
            "recipes: {plain: {balance: undersample}}",
            "recipes.plain.balance: must be one of none, label_shuffling, undersampling, not the "
            "text 'undersample'; did you mean 'undersampling'?",
        ),
        (
            "recipes: {plain: {balance: 300}}",
            "recipes.plain.balance: must be text or a section (key: value), not the number 300",
        ),
        (
            "recipes: {plain: {balance: {target: 0}}}",
            "recipes.plain.balance.target: must be at least 1, not 0",
        ),
        (
            "recipes: {plain: {balance: {power: 2}}}",
            "recipes.plain.balance.power: must be at most 1",
        ),
        (
            "recipes: {plain: {balance: {targets: 3}}}",
            "recipes.plain.balance.targets: unknown key; did you mean 'target'?",
        ),
        ("recipes: {plain: {balance: {}}}", "recipes.plain.balance: must hold at least 1, not 0"),
        (
            "recipes: {plain: {balance: {power: 0.5, target: 3}}}",
            "recipes.plain.balance: power and target say two things; leave one of them out",
        ),
        (
            "recipes: {plain: {operations: [{blur: {min_sigma: 3, max_sigma: 2}}]}}",
            f"{OPERATION}.blur.min_sigma: 3 is more than max_sigma (2); lower it, or raise "
            f"{OPERATION}.blur.max_sigma",
        ),
        (
            "recipes: {plain: {operations: [{random_erasing: {min_area: 0.5}}]}}",
            f"{OPERATION}.random_erasing.min_area: 0.5 is more than max_area (0.4)",
        ),
        (
            "models: {lite0: {recipe: plain, online_operations: [{grey: }, {jpeg: "
            "{max_quality: 30}}]}}",
            "models.lite0.online_operations[1].jpeg.min_quality: 40 is more than max_quality (30)",
        ),
        (
            "recipes: {plain: {fill: edgy}}",
            "recipes.plain.fill: must be one of reflect, edge, mean, not the text 'edgy'; "
            "did you mean 'edge'?",
        ),
        (
            "models: {lite0: {online_fill: 7}}",
            "models.lite0.online_fill: must be text or a list, not the number 7",
        ),
        ("recipes: {plain: {fill: [1, 2]}}", "recipes.plain.fill: must hold at least 3, not 2"),
        (
            "recipes: {plain: {fill: [1, 2, 3, 4]}}",
            "recipes.plain.fill: must hold at most 3, not 4",
        ),
        (
            "recipes: {plain: {fill: [0, 0, 256]}}",
            "recipes.plain.fill[2]: must be at most 255, not 256",
        ),
        (
            "recipes: {plain: {operations: [{cutout: {fill: reflect}}]}}",
            f"{OPERATION}.cutout.fill: must be one of mean, noise, not the text 'reflect'",
        ),
        (
            "recipes: {plain: {operations: [{rand_augment: {num_ops: 0}}]}}",
            f"{OPERATION}.rand_augment.num_ops: must be at least 1, not 0",
        ),
        (
            "recipes: {plain: {operations: [{}]}}",
            f"{OPERATION}: one operation a line, such as - rotate: {{degrees: 15}}",
        ),
    ],
)
def test_a_wrong_value_is_told_in_words_with_its_path(text, expected):
    assert f"  {expected}" in message(minimal(**yaml.safe_load(text))) + "\n"


def test_a_number_in_the_form_that_an_error_asks_for_is_understood():
    for text in ("5.0e-4", "0.0005"):
        models = {"lite0": {"learning_rate": yaml.safe_load(text), "recipe": "plain"}}
        assert validate(minimal(models=models))["models"]["lite0"]["learning_rate"] == 0.0005
