"""The settings that a rule depends on where these are more than sections of the configuration.

What is left out of them, a change of it runs nothing again. The Snakefile imports this module at
every call, so it imports nothing slow.
"""

from collections.abc import Iterable

from zest.config_submission import candidates
from zest.config_training import PROBE_KEYS
from zest.phases import image_size
from zest.teachers import with_teachers


def training_settings(config: dict, name: str) -> dict:
    """Return what a training depends on: the settings of the model, and others that it uses.

    Args:
        config: complete.
        name: of the model.
    """
    model = config["models"][name]
    if model["method"] == "linear_probe":
        keys = PROBE_KEYS - {"method", "image_size"}
    else:
        keys = model.keys() - {"method", "recipe", "l2", "pseudo_labels"}  # these by their file
    chosen = {key: model[key] for key in keys}
    if model["early_stopping_patience"] is not None:
        chosen["metric"] = config["rules"]["metric"]
    if model["soft_labels"]:
        chosen["id_column"] = config["data"]["id_column"]
    return {
        **chosen,
        "image_size": image_size(config, name),
        "seed": config["seed"] + model["seed"],
        "fit": config["images"]["fit"],
    }


def summary_settings(config: dict, names: Iterable[str]) -> dict[str, dict]:
    """Return the settings that models are built from, and that say how long they train."""
    keys = ["architecture", "dropout", "drop_path", "method", "recipe", "epochs", "phases"]
    keys += ["frozen", "cache_frozen", "batch_size", "replicas"]
    return {
        name: {
            **{key: config["models"][name][key] for key in keys},
            "image_size": image_size(config, name),
        }
        for name in sorted(names)
    }


def submission_settings(config: dict) -> dict:
    """Return what a submission depends on, as its provenance records it."""
    names = ["competition", "seed", "data", "duplicates", "split", "images", "rules", "submission"]
    if config["data"]["kind"] == "demo":
        names.append("demo")
    models = {
        name: config["models"][name] for name in with_teachers(config["models"], candidates(config))
    }
    recipes = {model["recipe"] for model in models.values() if model["method"] != "linear_probe"}
    return {
        **{name: config[name] for name in names},
        "models": models,
        "recipes": {name: config["recipes"][name] for name in recipes},
    }
