"""Which models are deployed, and settings of `deploy` that do not go together.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

from collections.abc import Iterator

from zest.config_faults import nearest
from zest.config_submission import candidates


def deployed_models(config: dict) -> list[str]:
    """Return the names of the models that are deployed: those listed, or else a sensible set.

    That is every model but the arms of ablations and sweeps, unless one of these is handed in by
    name; where a training of its own is handed in, on all photos or merged of the folds, only what
    may be handed in, as of the others there is no such training.
    """
    if config["deploy"]["models"]:
        return config["deploy"]["models"]
    submission = config["submission"]
    names = config["models"] if submission["train_on"] == "folds" else candidates(config)
    return [name for name in names if "=" not in name or name == submission["model"]]


def deploy_faults(config: dict) -> Iterator[str]:
    """Yield a line for each fault of `deploy`: the path of the key, and what is wrong.

    Args:
        config: complete.
    """
    deploy, models = config["deploy"], config["models"]
    for name in deploy["models"]:
        if name not in models:
            yield f"deploy.models: there is no model {name!r} under models{nearest(name, models)}"
    if deploy["precision"] == "int8" and not deploy["int8"]:
        yield "deploy.precision: int8 is not made where deploy.int8 is false; set one of the two"
