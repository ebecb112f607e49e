"""What the rules of the contest forbid, found in the configuration before anything runs."""

from collections.abc import Iterator

from zest.config_submission import candidates
from zest.teachers import with_teachers
from zest.views import WAYS, handed_in_way


def rule_faults(config: dict) -> Iterator[str]:
    """Yield where a complete configuration would break `rules`: the keys, and the way out."""
    folds = config["split"]["train_folds"]
    one_model = config["submission"]["train_on"] != "folds" or len(folds) == 1
    if config["rules"]["ensemble"] == "forbidden" and not one_model:
        yield (
            f"rules.ensemble: forbidden, and the mean of {len(folds)} models would be handed in "
            "(split.train_folds); set submission.train_on: all and name submission.model, which "
            "then trains one model on all photos, or set submission.train_on: merged, which makes "
            "the mean of their weights one model"
        )
    if config["rules"]["ensemble"] == "forbidden" and config["submission"]["model"] == "ensemble":
        yield (
            "rules.ensemble: forbidden, and submission.model: ensemble hands in several models; "
            "set submission.model: best, or name one"
        )
    decode = config["submission"]["decode"]
    if decode != "argmax" and not config["rules"]["classes_ordered"]:
        yield (
            f"submission.decode: {decode} is for ordered classes; set rules.classes_ordered: true, "
            "or submission.decode: argmax"
        )
    if decode != "argmax" and config["submission"]["values"] == "probabilities":
        yield (
            f"submission.decode: {decode} chooses a class, and submission.values asks for "
            "probabilities; set submission.decode: argmax"
        )
    yield from _view_faults(config)
    could_count = _could_count(config)
    if config["rules"]["pretrained"] == "forbidden":
        for name, key in _learned_elsewhere(config, could_count):
            yield f"rules.pretrained: forbidden, and models.{name} starts from such weights; {key}"
    if config["rules"]["external_data"] == "forbidden":
        for name, model in could_count.items():
            for key in ("weights", "soft_labels"):
                if model[key] is not None:
                    yield (
                        f"rules.external_data: forbidden, and models.{name}.{key} ({model[key]}) "
                        f"may bring in what is not the contest's; set models.{name}.{key}: null, "
                        "or name another submission.model"
                    )
    if config["rules"]["pseudo_labels"] == "forbidden":
        for name, model in could_count.items():
            if model["pseudo_labels"]:
                yield (
                    f"rules.pseudo_labels: forbidden, and models.{name} learns from test photos; "
                    f"set models.{name}.pseudo_labels: null, or name another submission.model"
                )


def _view_faults(config: dict) -> Iterator[str]:
    """Yield where test-time augmentation would be handed in and may not, or does not fit."""
    way = handed_in_way(config)
    if way and config["rules"]["tta"] == "forbidden":
        yield (
            f"rules.tta: forbidden, and submission.tta: {way} would hand in the mean of "
            f"{WAYS[way]} views of each photo; set submission.tta: none (evaluation.tta may still "
            "measure what it would gain)"
        )
    if way and config["submission"]["decode"] == "thresholds":
        yield (
            f"submission.decode: thresholds were fitted to predictions without submission.tta: "
            f"{way}; set submission.decode: expected_cost or argmax, or submission.tta: none"
        )


def _could_count(config: dict) -> dict[str, dict]:
    """Return the models that could be handed in, and those that teach one that could, by name."""
    models = config["models"]
    return {name: models[name] for name in with_teachers(models, candidates(config))}


def _learned_elsewhere(config: dict, models: dict[str, dict]) -> Iterator[tuple[str, str]]:
    """Yield the models that start from weights of elsewhere, and what to change."""
    several = config["submission"]["model"] == "ensemble"
    other = "other submission.ensemble.models" if several else "another submission.model"
    for name, model in models.items():
        if model["weights"] is not None:
            yield name, f"leave its weights out, or name {other}"
        elif model["pretrained"] and model["method"] == "linear_probe":
            yield name, f"leave it out (the baseline by baseline: false) or name {other}"
        elif model["pretrained"]:
            yield name, "set its pretrained: false"
