"""From the predictions of folds and models to one row of probabilities a photo."""

from pathlib import Path

import numpy as np

from zest.contracts import PREDICTIONS, probability_matrix, read_table
from zest.errors import UserError

_SUM_TOLERANCE = 1e-4  # of the probabilities of a photo, stored as float32


def average_folds(paths: list[Path]) -> dict[str, np.ndarray]:
    """Return the mean probabilities, float64 (K,), of every photo over the folds of a model.

    Raises:
        UserError: predictions that are not numbers, do not sum to one, or are of different photos.
    """
    tables = [read_table(path, PREDICTIONS) for path in paths]
    ids = tables[0]["image_id"].to_pylist()
    total = np.zeros(1)
    for path, table in zip(paths, tables, strict=True):
        if table["image_id"].to_pylist() != ids:
            raise UserError(
                f"{path}: its photos are not those of {paths[0]}. Delete the files {path} and "
                f"{paths[0]} and run the same command again."
            )
        probabilities = probability_matrix(table).astype(np.float64)
        wrong = np.flatnonzero(~(np.abs(probabilities.sum(axis=1) - 1) < _SUM_TOLERANCE))
        if len(wrong):
            raise UserError(
                f"{path}: the probabilities of {ids[wrong[0]]} do not sum to one "
                f"({probabilities[wrong[0]].tolist()}). Lower models.*.learning_rate if the "
                "training diverged."
            )
        total = total + probabilities
    return dict(zip(ids, total / len(paths), strict=True))


def average_models(
    averaged: dict[str, dict[str, np.ndarray]], weights: dict[str, float]
) -> dict[str, np.ndarray]:
    """Return the weighted mean of models, float64 (K,), of every photo.

    Args:
        averaged: by model: the probabilities of every photo, of `average_folds`.
        weights: of each model, of sum 1.

    Raises:
        UserError: models that have predicted other photos than the first.
    """
    names = list(averaged)
    ids = averaged[names[0]].keys()
    for name in names[1:]:
        if averaged[name].keys() != ids:
            raise UserError(
                f"{name} and {names[0]} have not predicted the same test photos. Delete the "
                f"folders predictions/{name} and predictions/{names[0]} and run the same command "
                "again."
            )
    return {
        one: sum((weights[name] * averaged[name][one] for name in names), start=np.zeros(1))
        for one in ids
    }
