"""Frozen layers, which see each image once: what they are, and their name in a path.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import hashlib
import re

from zest.phases import image_size, phases_of

# The network whose features say how alike two photos are: that of the baseline, so computed once.
EMBEDDING = {
    "architecture": "efficientnet_lite0",
    "pretrained": True,
    "weights": None,
    "image_size": 224,
    "frozen": "trunk",
}


def trunks_of(config: dict) -> dict[str, dict]:
    """Return the frozen layers that are computed once, by their name in a path.

    They are those of the linear probes, of the models with `cache_frozen`, and EMBEDDING.
    """
    models = [
        name
        for name, model in config["models"].items()
        if model["method"] == "linear_probe" or model["cache_frozen"]
    ]
    every = [EMBEDDING, *(frozen_layers(config, name) for name in models)]
    return {trunk_name(frozen): frozen for frozen in every}


def frozen_layers(config: dict, model: str) -> dict:
    """Return what is computed once for a model: the settings of its frozen layers."""
    settings = config["models"][model]
    probe = settings["method"] == "linear_probe"
    return {
        **{key: settings[key] for key in ("architecture", "pretrained", "weights")},
        "image_size": image_size(config, model),
        "frozen": "trunk" if probe else phases_of({**settings, "image_size": 0})[0].frozen,
    }


def trunk_of(config: dict, model: str) -> str:
    """Return the name of a model's frozen layers; models with the same ones share the file."""
    return trunk_name(frozen_layers(config, model))


def trunk_name(frozen: dict) -> str:
    """Return the name of frozen layers in a path."""
    architecture = frozen["architecture"]
    parts = [re.sub(r"\W", "_", architecture), frozen["image_size"], frozen["frozen"]]
    if frozen["weights"] or parts[0] != architecture:  # names of paths that a file name cannot hold
        told = f"{architecture} {frozen['weights']}"
        parts.append(hashlib.sha256(told.encode()).hexdigest()[:8])
    return "-".join(map(str, parts))
