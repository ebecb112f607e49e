"""The phases of a training: how many epochs at which image size, and what is frozen in them.

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
