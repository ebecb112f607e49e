"""Ablations: one setting of a model or of its recipe in several values, all else alike.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import json
from collections.abc import Iterator
from typing import Any

from zest.config_faults import nearest
from zest.sweeps import shown

# In the course's own words a way to balance, though it weighs the loss and leaves the photos alone.
CLASS_WEIGHTS = "class_weights"


def ablation_faults(
    config: dict, model_keys: dict[str, dict], recipe_keys: dict[str, dict]
) -> Iterator[str]:
    """Yield what is wrong with the ablations of a configuration: the path of the key, and why.

    Args:
        config: complete but for the ablations.
        model_keys: the keys of a model, each with its schema.
        recipe_keys: the keys of a recipe.
    """
    for name, ablation in config["ablations"].items():
        path, key = f"ablations.{name}", ablation["key"]
        model = config["models"].get(ablation["model"])
        if model is None:
            near = nearest(ablation["model"], config["models"])
            yield f"{path}.model: there is no model {ablation['model']!r} under models{near}"
            continue
        if key == "seed":
            yield f"{path}.key: each value is trained with every seed; name those in {path}.seeds"
        elif key not in model_keys and key not in recipe_keys:
            near = nearest(key, [*model_keys, *recipe_keys])
            yield f"{path}.key: {key} is a key neither of a model nor of a recipe{near}"
        elif key not in model_keys:
            if model["method"] == "linear_probe":
                yield f"{path}.key: {key} is of a recipe, and {ablation['model']} uses none"
            elif model["recipe"] not in config["recipes"]:
                near = nearest(model["recipe"], config["recipes"])
                yield (
                    f"models.{ablation['model']}.recipe: there is no recipe {model['recipe']!r} "
                    f"under recipes{near}"
                )
        if key == "epochs" and model.get("phases"):
            yield f"{path}.key: {ablation['model']} has phases, each with its epochs; name phases"


def expand(config: dict, model_keys: dict[str, dict]) -> tuple[dict[str, dict], dict[str, dict]]:
    """Return the recipes and the models of all ablations by name, those that are not there already.

    A recipe is named `ABLATION-key=value`, a model so with `-seed=N` after it. What a value says
    anyway is no copy: the model itself stands for it.
    """
    recipes: dict[str, dict] = {}
    models: dict[str, dict] = {}
    for name, ablation in config["ablations"].items():
        base = config["models"][ablation["model"]]
        for value in ablation["values"]:
            changed, of_recipe = _changes(ablation, value, model_keys)
            trial = {**base, **changed}
            if of_recipe:
                recipe = config["recipes"][base["recipe"]]
                if {**recipe, **of_recipe} != recipe:
                    trial["recipe"] = _label(name, ablation["key"], value)
                    recipes[trial["recipe"]] = {**recipe, **of_recipe}
            for seed in ablation["seeds"]:
                model = {**trial, "seed": seed}
                if model != base:
                    models[_name(name, ablation["key"], value, seed)] = model
    return recipes, models


def arms(config: dict, name: str) -> dict[str, list[str]]:
    """Return the models of each value of an ablation, one a seed, by the value as text.

    Args:
        config: complete, with the models of the ablations.
        name: of the ablation.
    """
    ablation = config["ablations"][name]
    found = {}
    for value in ablation["values"]:
        trials = [_name(name, ablation["key"], value, seed) for seed in ablation["seeds"]]
        found[_text(value)] = [
            trial if trial in config["models"] else ablation["model"] for trial in trials
        ]
    return found


def _changes(ablation: dict, value: Any, model_keys: dict[str, dict]) -> tuple[dict, dict]:
    """Return what a value changes in the model, and what in its recipe."""
    key = ablation["key"]
    if key == "balance" and CLASS_WEIGHTS in ablation["values"]:
        if value == CLASS_WEIGHTS:
            return {"class_weights": "inverse"}, {"balance": "none"}
        return {"class_weights": "none"}, {"balance": value}  # or two ways would be one
    return ({key: value}, {}) if key in model_keys else ({}, {key: value})


def _text(value: Any) -> str:
    """Return a value as people read it; its name as a part of a file's may be a hash."""
    if isinstance(value, dict | list):
        return json.dumps(value).replace('"', "")
    return shown(value)


def _label(name: str, key: str, value: Any) -> str:
    return f"{name}-{key}={shown(value)}"


def _name(name: str, key: str, value: Any, seed: int) -> str:
    return f"{_label(name, key, value)}-seed={seed}"
