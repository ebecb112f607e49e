"""What the schema alone cannot see of a model's training: settings that do not go together.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

from collections.abc import Iterator

from zest.config_operations import operation_contradictions
from zest.config_submission import candidates
from zest.models.table import ARCHITECTURES
from zest.phases import Phase, image_size, phases_of
from zest.teachers import teacher_faults, with_teachers

# What a linear probe is made from; it uses no other key of a model.
PROBE_KEYS = {
    "method",
    "architecture",
    "pretrained",
    "weights",
    "image_size",
    "class_weights",
    "l2",
}


def unused_key_faults(path: str, method: str, changed: list[str]) -> Iterator[str]:
    """Yield a line for each key of a model that its method would pass over without a word.

    Args:
        path: of the model.
        method: of the model.
        changed: keys that do not have their default.
    """
    for key in changed:
        if method == "linear_probe" and key not in PROBE_KEYS:
            yield f"{path}.{key}: a linear_probe does not use it; leave it out"
        if method == "fine_tuning" and key == "l2":
            yield f"{path}.l2: only a linear_probe uses it; set {path}.weight_decay instead"


def training_contradictions(config: dict, name: str) -> Iterator[str]:
    """Yield a line for each fault of a model: the path of the key, and what is wrong.

    Args:
        config: complete.
        name: of the model.
    """
    path, model = f"models.{name}", config["models"][name]
    if name in ARCHITECTURES and model["architecture"] != name:
        yield (
            f"{path}: the name of an architecture, and its own is {model['architecture']}; set "
            f"{path}.architecture: {name}, or give it another name"
        )
    knows_nothing = not (model["pretrained"] or model["weights"])
    if model["method"] == "linear_probe":
        yield from _probe_contradictions(path, model, knows_nothing)
        return
    size, stored = image_size(config, name), config["recipes"][model["recipe"]]["image_size"]
    phases = phases_of({**model, "image_size": size})
    yield from _phase_contradictions(path, model, phases, stored)
    yield from _average_contradictions(path, model, sum(phase.epochs for phase in phases))
    yield from operation_contradictions(f"{path}.online_operations", model["online_operations"])
    if any(phase.frozen for phase in phases) and knows_nothing:
        yield (
            f"{path}.frozen: the frozen layers know nothing; set {path}.pretrained: true, or "
            f"{path}.weights"
        )
    if model["batch_size"] < 2 * model["replicas"]:
        yield (
            f"{path}.replicas: {model['replicas']} leave less than two of the "
            f"{model['batch_size']} images of a batch to each; lower it, or raise batch_size"
        )
    lite = [key for key, row in ARCHITECTURES.items() if row.family == "efficientnet_lite"]
    if model["drop_path"] and model["architecture"] not in lite:
        yield f"{path}.drop_path: only {', '.join(lite)} have it; set it to 0"
    if model["cache_frozen"]:
        yield from _cache_contradictions(path, model, phases, size)
    if config["recipes"][model["recipe"]]["mix"]:
        yield from _mix_contradictions(path, model)
    yield from teacher_faults(config["models"], name)
    if model["distillation"]:
        yield from _teacher_size_contradiction(config, path, model)
    if model["pseudo_labels"]:
        yield from _pseudo_label_contradictions(config, path, model)
    if name in _trained_on_all(config):
        yield from _unvalidated_contradictions(path, model)


def _probe_contradictions(path: str, model: dict, knows_nothing: bool) -> Iterator[str]:
    if knows_nothing:
        yield (
            f"{path}.method: a linear_probe of a network that knows nothing; set "
            f"{path}.pretrained: true, or {path}.weights"
        )


def _phase_contradictions(
    path: str, model: dict, phases: list[Phase], stored: int
) -> Iterator[str]:
    for index, phase in enumerate(phases):
        if model["phases"] and phase.image_size > stored:
            yield (
                f"{path}.phases[{index}].image_size: {phase.image_size} is larger than the images "
                f"of its recipe; raise recipes.{model['recipe']}.image_size ({stored})"
            )
    epochs = sum(phase.epochs for phase in phases)
    if model["warmup_epochs"] >= epochs:
        yield (
            f"{path}.warmup_epochs: {model['warmup_epochs']} leaves nothing of the {epochs} epochs"
        )


def _average_contradictions(path: str, model: dict, epochs: int) -> Iterator[str]:
    if model["average_epochs"] > epochs:
        yield f"{path}.average_epochs: {model['average_epochs']} of only {epochs} epochs"
    if model["average_epochs"] and model["ema_decay"]:
        yield f"{path}.average_epochs: ema_decay averages the weights already; set one of them to 0"
    if model["average_epochs"] and model["early_stopping_patience"] is not None:
        yield f"{path}.average_epochs: early stopping keeps the best epoch; set it to 0"


def needs_validation(model: dict) -> list[str]:
    """Return the keys of a model whose values need a validation score after each epoch."""
    needed = {
        "early_stopping_patience": model["early_stopping_patience"] is not None,
        "schedule": model["schedule"] == "plateau",
    }
    return [key for key, is_needed in needed.items() if is_needed]


def _unvalidated_contradictions(path: str, model: dict) -> Iterator[str]:
    for key in needs_validation(model):
        yield (
            f"{path}.{key}: {model[key]} needs a validation score, and a training on all photos "
            "has none; set submission.train_on: folds, or merged for one model"
        )


def _cache_contradictions(path: str, model: dict, phases: list[Phase], size: int) -> Iterator[str]:
    for index, phase in enumerate(phases):
        if phase.image_size != size:
            yield (
                f"{path}.phases[{index}].image_size: {phase.image_size} is not the model's "
                f"({size}), as cache_frozen needs"
            )
        if phase.frozen != phases[0].frozen:
            yield f"{path}.phases[{index}].frozen: must be the same in all phases for cache_frozen"
    if phases[0].frozen == 0:
        yield f"{path}.cache_frozen: nothing is frozen; set {path}.frozen"
    for key in ("online_operations", "mixup", "cutmix"):
        if model[key]:
            yield (
                f"{path}.cache_frozen: {key} changes the images, so they cannot be seen only once"
            )


def _mix_contradictions(path: str, model: dict) -> Iterator[str]:
    """Soft labels of mixed rows are used as they are, so nothing else may say what these are."""
    mix = f"recipes.{model['recipe']}.mix"
    instead = f"set {mix}: null, and mix in training ({path}.mixup, cutmix)"
    if model["soft_labels"]:
        yield f"{path}.soft_labels: {mix} mixes the labels of the label file, not these; {instead}"
    if model["loss"] == "soft_ordinal":
        yield (
            f"{path}.loss: soft_ordinal spreads labels over near grades, and the mixed ones of "
            f"{mix} are used as they are; {instead}"
        )


def _trained_on_all(config: dict) -> list[str]:
    """Return the models that are trained without a validation: what is handed in, and teachers."""
    if config["submission"]["train_on"] != "all" or config["submission"]["model"] == "best":
        return []  # which is refused
    return with_teachers(config["models"], candidates(config))


def _teacher_size_contradiction(config: dict, path: str, model: dict) -> Iterator[str]:
    """A teacher of distillation sees the images of the student's training set."""
    teacher = model["distillation"]["teacher"]
    if teacher not in config["models"]:
        return
    recipe = model["recipe"]
    needed, stored = image_size(config, teacher), config["recipes"][recipe]["image_size"]
    if needed > stored:
        yield (
            f"{path}.distillation.teacher: {teacher} takes images of {needed} pixels, and "
            f"those of {recipe} have {stored}; raise recipes.{recipe}.image_size"
        )


def _pseudo_label_contradictions(config: dict, path: str, model: dict) -> Iterator[str]:
    if config["data"]["test_images"] is None:
        yield (
            f"{path}.pseudo_labels: data.test_images is null, so there are no photos to label; set "
            f"{path}.pseudo_labels: null"
        )
    if model["distillation"]:
        yield (
            f"{path}.pseudo_labels: the teacher of distillation is asked about the training photos "
            f"alone, not about these; set {path}.distillation: null, or {path}.pseudo_labels: null"
        )
    if model["cache_frozen"]:
        yield (
            f"{path}.cache_frozen: what frozen layers make of the test photos is not computed for "
            f"a training; set {path}.cache_frozen: false, or {path}.pseudo_labels: null"
        )
