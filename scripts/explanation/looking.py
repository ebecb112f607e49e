"""Asking the models of the folds where they look, and what they say when a part is hidden.

Each photo goes to the model of its fold, which has not learned from it.
"""

import functools
from pathlib import Path

import numpy as np

from explanation.centre import PARTS, hits_without_parts
from zest.engine.grad_cam import explain_images
from zest.engine.model_folder import TrainedModel
from zest.paired import OutOfFold

Folders = dict[int, Path]  # of the trained model of each fold


def explain(folders: Folders, photos: OutOfFold, images: np.ndarray) -> np.ndarray:
    """Return what in each photo speaks for the class that is named: float32, (photos, h, w).

    Args:
        folders: of the trained model of each fold.
        photos: what is said of them.
        images: uint8 RGB, (photos, size, size, 3).

    Raises:
        NoHeatMaps: the network has no maps.
    """
    heat = np.zeros((0, 1, 1), np.float32)
    for fold in np.unique(photos.folds).tolist():
        model, rows = TrainedModel(folders[fold]), photos.folds == fold
        normalisation = tuple(model.preprocessing["mean"]), tuple(model.preprocessing["std"])
        found = explain_images(model.net, images[rows], photos.classes[rows], *normalisation)
        if not len(heat):
            heat = np.zeros((len(images), *found.shape[1:]), np.float32)
        heat[rows] = found
    return heat


def occlude(
    folders: Folders, photos: OutOfFold, images: np.ndarray, threads: int
) -> dict[str, np.ndarray]:
    """Tell of which photos the class is right, with a part painted over and without.

    Args:
        folders: of the trained model of each fold.
        photos: which they are.
        images: uint8 RGB, (photos, size, size, 3).
        threads: number of processes.

    Returns:
        bool, (photos,), for each of PARTS.
    """
    hits = {name: np.zeros(len(images), bool) for name in PARTS}
    for fold in np.unique(photos.folds).tolist():
        model, rows = TrainedModel(folders[fold]), photos.folds == fold
        predict = functools.partial(model.predict_fitted, workers=threads)
        for name, found in hits_without_parts(predict, images[rows], photos.labels[rows]).items():
            hits[name][rows] = found
    return hits
