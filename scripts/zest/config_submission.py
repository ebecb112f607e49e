"""What may be handed in, and settings of `submission` that do not go together.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

from collections.abc import Iterator

from zest.config_faults import nearest
from zest.models.table import is_architecture, megabytes


def ensemble_models(config: dict) -> list[str]:
    """Return the names of the models of the ensemble, sorted: those listed, or else all."""
    return sorted(config["submission"]["ensemble"]["models"] or config["models"])


def candidates(config: dict) -> list[str]:
    """Return the names of the models that may be handed in, alone or together."""
    chosen = config["submission"]["model"]
    if chosen == "ensemble":
        return ensemble_models(config)
    return list(config["models"]) if chosen == "best" else [chosen]


def submission_faults(config: dict) -> Iterator[str]:
    """Yield a line for each fault of `submission`: the path of the key, and what is wrong.

    Args:
        config: complete.
    """
    submission, models = config["submission"], config["models"]
    chosen, on_all = submission["model"], submission["train_on"] == "all"
    if chosen not in ("best", "ensemble", *models):
        near = nearest(chosen, [*models, "best", "ensemble"])
        yield f"submission.model: there is no model {chosen!r} under models{near}"
    if chosen == "best" and on_all:
        yield (
            "submission.model: best is known only after the leaderboard, and every model would be "
            "trained on all photos for it; run snakemake leaderboard and name the one, or set "
            "submission.train_on: folds"
        )
    yield from _ensemble_faults(config)
    yield from _size_faults(config)


def _ensemble_faults(config: dict) -> Iterator[str]:
    submission, models = config["submission"], config["models"]
    listed, wanted = submission["ensemble"]["models"], submission["model"] == "ensemble"
    for name in listed:
        if name not in models:
            near = nearest(name, models)
            yield f"submission.ensemble.models: there is no model {name!r} under models{near}"
    if len(listed) == 1:
        yield (
            f"submission.ensemble.models: {listed[0]} alone is no ensemble; name two or more, or "
            "leave the list empty for all models"
        )
    elif wanted and len(ensemble_models(config)) < 2:
        yield (
            f"submission.model: ensemble needs two models, and {', '.join(models)} is the only "
            "one; add another under models, or set submission.model: best"
        )
    if wanted and submission["decode"] == "thresholds":
        yield (
            "submission.decode: thresholds are fitted to the predictions of one model, and "
            "submission.model is ensemble; set submission.decode: expected_cost or argmax"
        )
    if wanted and submission["train_on"] == "all" and not listed:
        yield (
            "submission.ensemble.models: empty means every model, and each would be trained once "
            "more, on all photos; run snakemake ensemble and name those of weight above 0, or set "
            "submission.train_on: folds"
        )


def _size_faults(config: dict) -> Iterator[str]:
    """Yield where what is handed in is too large, however the training and the weights turn out.

    The number of classes may not be known yet; two is the least there can be. Of an ensemble whose
    weights are fitted, one model is the least there can be, so the smallest must fit.
    """
    limit, models = config["rules"]["max_model_mb"], config["models"]
    if limit is None:
        return
    sizes = {name: _megabytes(config, name) for name in candidates(config) if name in models}
    if config["submission"]["model"] != "ensemble":
        for name, size in sizes.items():
            if size > limit:
                yield (
                    f"models.{name}.architecture: {models[name]['architecture']}{_folds(config)} "
                    f"takes {size:.1f} MB, more than rules.max_model_mb ({limit})"
                )
    elif config["submission"]["ensemble"]["weights"] == "equal":
        if sum(sizes.values()) > limit:
            yield (
                f"submission.ensemble: its {len(sizes)} models{_folds(config)} take "
                f"{sum(sizes.values()):.1f} MB, more than rules.max_model_mb ({limit}); name "
                "fewer or smaller ones under submission.ensemble.models"
            )
    elif sizes and min(sizes.values()) > limit:
        name = min(sizes, key=lambda one: sizes[one])
        yield (
            f"submission.ensemble: {name}, the smallest of its models{_folds(config)}, takes "
            f"{sizes[name]:.1f} MB, more than rules.max_model_mb ({limit}); name smaller ones "
            "under submission.ensemble.models"
        )


def _megabytes(config: dict, name: str) -> float:
    """Return the least size of a model, all that is handed in of it; 0 where it is not known."""
    architecture, classes = config["models"][name]["architecture"], config["data"]["classes"]
    if not is_architecture(architecture):  # told elsewhere
        return 0.0
    each = megabytes(architecture, len(classes) if isinstance(classes, list) else 2)
    return _trained(config) * (each or 0.0)  # outside the table it shows when it is built


def _trained(config: dict) -> int:
    on_folds = config["submission"]["train_on"] == "folds"
    return len(config["split"]["train_folds"]) if on_folds else 1


def _folds(config: dict) -> str:
    count = _trained(config)
    return f" ({count} folds)" if count > 1 else ""
