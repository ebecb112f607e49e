"""The state of a training, as arrays by name and values that JSON can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zest.engine.optimizers import optimizer_state, restore_optimizer
from zest.models.state import load_state, state_of

if TYPE_CHECKING:
    from zest.engine.training import Trainer

POSITION = ("epoch", "step", "losses", "history", "best_epoch")  # attributes of a trainer


def training_state(trainer: Trainer) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return all from which a training goes on to the same bytes: arrays, and plain values."""
    parts = {
        "net": state_of(trainer.net),
        "optimizer": optimizer_state(trainer.optimizer, trainer.net),
        "average": trainer.average.state() if trainer.average else {},
        "epoch_average": trainer.epoch_average.state(),
        "best": trainer.best,
    }
    arrays = {f"{part}/{name}": v for part, values in parts.items() for name, v in values.items()}
    position = {name: getattr(trainer, name) for name in POSITION}
    states = {"plateau": trainer.plateau.state(), "precision": trainer.precision.state()}
    return arrays, position | states


def restore_training(trainer: Trainer, arrays: dict[str, np.ndarray], values: dict) -> None:
    """Go on where `training_state` was taken."""
    parts: dict[str, dict[str, np.ndarray]] = {}
    for name, value in arrays.items():
        part, _, rest = name.partition("/")
        parts.setdefault(part, {})[rest] = value
    load_state(trainer.net, parts["net"])
    restore_optimizer(trainer.optimizer, trainer.net, parts.get("optimizer", {}))
    if trainer.average:
        trainer.average.restore(parts["average"])
    trainer.epoch_average.restore(parts.get("epoch_average", {}))
    trainer.best = parts.get("best", {})
    trainer.plateau.restore(values["plateau"])
    trainer.precision.restore(values["precision"])
    for name in POSITION:
        setattr(trainer, name, values[name])
