"""What the rules of the contest forbid, found in the configuration before anything runs."""

from collections.abc import Iterator


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
    if config["rules"]["pretrained"] == "forbidden":
        for name, key in _learned_elsewhere(config):
            yield f"rules.pretrained: forbidden, and models.{name} starts from such weights; {key}"


def _learned_elsewhere(config: dict) -> Iterator[tuple[str, str]]:
    """Yield the models that could be handed in, or teach one that could, and what to change."""
    models, chosen = config["models"], config["submission"]["model"]
    pending = list(models) if chosen == "best" else [chosen]
    seen = set()
    while pending:
        name = pending.pop(0)
        model = models.get(name)
        if model is None or name in seen:  # an unknown name is told elsewhere
            continue
        seen.add(name)
        if model["weights"] is not None:
            yield name, "leave its weights out, or name another submission.model"
        elif model["pretrained"] and model["method"] == "linear_probe":
            yield (
                name,
                "leave it out (the baseline by baseline: false) or name another submission.model",
            )
        elif model["pretrained"]:
            yield name, "set its pretrained: false"
        if model["distillation"]:
            pending.append(model["distillation"]["teacher"])
