"""The image size of a model, and the phases of its training: how long, how large, what is frozen.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phase:
    """A part of a training.

    Attributes:
        epochs: passes over the training set.
        image_size: width and height of the input, in pixels.
        frozen: how many groups of layers, from the input, stay as they are; `trunk` is all but the
            classifier.
    """

    epochs: int
    image_size: int
    frozen: int | str


def image_size(config: dict, model: str) -> int:
    """Return the input size of a model in pixels: its own, or else that of its recipe.

    A linear probe has no recipe; photos are seen best at the size of the ImageNet weights.
    """
    settings = config["models"][model]
    if settings["image_size"] is not None:
        return settings["image_size"]
    if settings["method"] == "linear_probe":
        return 224
    return config["recipes"][settings["recipe"]]["image_size"]


def phases_of(settings: dict) -> list[Phase]:
    """Return the phases of a model, in order; without `phases` there is one.

    Args:
        settings: of the model, complete, with `image_size` in pixels.
    """
    given = settings["phases"] or [{"epochs": settings["epochs"]}]
    return [
        Phase(
            phase["epochs"],
            phase.get("image_size") or settings["image_size"],
            settings["frozen"] if phase.get("frozen") is None else phase["frozen"],
        )
        for phase in given
    ]
