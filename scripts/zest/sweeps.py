"""Searches over the settings of a model: each trial becomes a model of its own.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import hashlib
import itertools
import json
import math
import random
from collections.abc import Iterator
from typing import Any

from zest.config_faults import nearest
from zest.randomness import seed_from

_LONGEST_NAME = 200  # characters; a file name may have 255 bytes
_PATIENCE = 20  # draws for each trial that a random search is to have


def sweep_faults(config: dict, model_keys: dict[str, dict]) -> Iterator[str]:
    """Yield what is wrong with the sweeps of a configuration: the path of the key, and why.

    Args:
        config: complete but for the sweeps.
        model_keys: the keys of a model, each with its schema.
    """
    for name, sweep in config["sweeps"].items():
        path = f"sweeps.{name}"
        if sweep["model"] not in config["models"]:
            near = nearest(sweep["model"], config["models"])
            yield f"{path}.model: there is no model {sweep['model']!r} under models{near}"
        for key, values in sweep["keys"].items():
            of = config["models"].get(sweep["model"], {})
            if key == "epochs" and of.get("phases") and "phases" not in sweep["keys"]:
                yield (
                    f"{path}.keys.epochs: {sweep['model']} has phases, each with its own epochs; "
                    "sweep over phases instead"
                )
            if key not in model_keys:
                yield f"{path}.keys.{key}: unknown key of a model{nearest(key, model_keys)}"
            if isinstance(values, list):
                continue
            if sweep["method"] == "grid":
                yield (
                    f"{path}.keys.{key}: a grid needs a list of values; write one, or set "
                    f"{path}.method: random"
                )
            if values["low"] > values["high"]:
                yield f"{path}.keys.{key}: low ({values['low']}) is above high ({values['high']})"
            elif values.get("log") and values["low"] <= 0:
                yield f"{path}.keys.{key}: low must be more than 0 where log is true"
        if len(f"{name}-" + "-".join(sweep["keys"])) + 12 * len(sweep["keys"]) > _LONGEST_NAME:
            yield f"{path}.keys: a folder is named after all of them; sweep over fewer at a time"


def expand(config: dict, model_keys: dict[str, dict]) -> dict[str, dict]:
    """Return the models of all sweeps by name: `SWEEP-key=value-key=value`.

    The name tells the trial, so a value that is added or removed leaves the other trials as they
    are. The draws of a random search (Bergstra & Bengio 2012, JMLR 13) depend on the seed, the name
    of the sweep and the number of the trial alone; one that was there already is drawn again, so
    there are fewer trials than asked for only where there are hardly as many combinations.
    """
    models = {}
    for name, sweep in config["sweeps"].items():
        for trial in _trials(name, sweep, config["seed"], model_keys):
            label = "-".join(f"{key}={shown(value)}" for key, value in trial)
            models[f"{name}-{label}"] = {**config["models"][sweep["model"]], **dict(trial)}
    return models


def _trials(
    name: str, sweep: dict, seed: int, model_keys: dict[str, dict]
) -> Iterator[list[tuple[str, Any]]]:
    keys = sweep["keys"]
    if sweep["method"] == "grid":
        for values in itertools.product(*keys.values()):
            yield list(zip(keys, values, strict=True))
        return
    drawn: list[list[tuple[str, Any]]] = []
    for number in range(_PATIENCE * sweep["trials"]):
        trial = [
            (key, _draw(values, rng, whole="number" not in model_keys[key].get("type", "")))
            for key, values in keys.items()
            for rng in [random.Random(seed_from(seed, "sweep", name, number, key))]
        ]
        if trial not in drawn:
            drawn.append(trial)
        if len(drawn) == sweep["trials"]:
            break
    yield from drawn


def _draw(values: Any, rng: random.Random, whole: bool) -> Any:
    """Draw one of a list, or from a range: whole numbers for a key that takes no others."""
    if isinstance(values, list):
        return rng.choice(values)
    low, high = values["low"], values["high"]
    if whole and not values.get("log"):
        return rng.randint(low, high)
    if values.get("log"):
        drawn = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        drawn = rng.uniform(low, high)
    rounded = float(f"{drawn:.3g}")  # what the name of the trial shows is exactly what is tried
    return min(max(round(drawn) if whole else rounded, low), high)


def shown(value: Any) -> str:
    """Return a value as a part of a file's name; what is no plain value goes by a short hash."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    if isinstance(value, str) and value.replace("_", "").isalnum():
        return value
    if value is None:
        return "null"
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:6]
