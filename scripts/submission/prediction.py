"""Predicting from a provenance: the photos' own files, the stored weights, and nothing in between.

No table of an earlier stage is read, so whoever has the photos, the weights and provenance.json can
repeat what was handed in, or predict other photos with the very same models.
"""

import functools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from submission.averaging import average_folds, average_models
from zest.catalogued import read_fitted
from zest.contracts import CATALOG, read_table
from zest.engine.model_folder import TrainedModel, read_description
from zest.folds import parse_fold
from zest.leader import of_model
from zest.parallel import ordered_map
from zest.predictions import write_predictions
from zest.views import handed_in_way, stored_size


class Photo(NamedTuple):
    """A photo to predict: its id, the path of its file, and its width x height when upright."""

    image_id: str
    path: Path
    pixels: int


@dataclass(frozen=True)
class Member:
    """A model that has a part in what is handed in.

    Attributes:
        name: of the model.
        share: of its probabilities in the mean; the shares of all members sum to one.
        weights: models/{name}/fold{fold}/weights.pdparams of its folds, in their order.
        way: of test-time augmentation, one of `zest.views.WAYS`, or None.
    """

    name: str
    share: float
    weights: list[Path]
    way: str | None


def members_of(provenance: dict) -> list[Member]:
    """Return the models that a provenance names: one, or those of an ensemble."""
    shares = provenance["model_weights"]
    weights = [Path(path) for path in provenance["weights_sha256"]]
    way = handed_in_way(provenance["config"])
    return [Member(name, share, of_model(weights, name), way) for name, share in shares.items()]


def photos_of(catalog: Path, root: Path) -> list[Photo]:
    """Return the photos of a CATALOG table, in its order; their paths are relative to `root`."""
    columns = ["image_id", "path", "width", "height"]
    rows = read_table(catalog, CATALOG, columns=columns).to_pylist()
    return [
        Photo(row["image_id"], root / row["path"], row["width"] * row["height"]) for row in rows
    ]


def predict_members(
    members: Sequence[Member], photos: Sequence[Photo], threads: int
) -> dict[str, np.ndarray]:
    """Predict photos with the models of a provenance, from the files of the photos.

    The photos are read, fitted, predicted and averaged by the functions of the stages, and in the
    order that is given: the last digits can depend on it.

    Args:
        members: as of `members_of`.
        photos: in the order of the catalog.
        threads: number of processes; the result does not depend on it.

    Returns:
        The probabilities, float64 (K,), of each image_id.

    Raises:
        UserError: a photo cannot be read, or weights are not those of the network in model.json.
    """
    # All of them before the first network: its threads and locks must not be forked.
    fitted = fit_photos(members, photos, threads)
    ids = [photo.image_id for photo in photos]
    averaged = {}
    with tempfile.TemporaryDirectory() as folder:
        for member in members:
            paths = []
            for weights in member.weights:
                trained = weights.parent
                paths.append(Path(folder, member.name, trained.name, "test.parquet"))
                probabilities = TrainedModel(trained).predict_fitted(
                    fitted[preprocessing_of(trained, member.way)], threads, member.way
                )
                fold = parse_fold(trained.name.removeprefix("fold"))
                write_predictions(paths[-1], ids, fold, probabilities)
            averaged[member.name] = average_folds(paths)
    return average_models(averaged, {member.name: member.share for member in members})


def preprocessing_of(folder: Path, way: str | None) -> tuple[int, str]:
    """Return how large a trained model has a photo for a way, and how it is brought to that."""
    told = read_description(folder)["preprocessing"]
    return stored_size(way, told["image_size"]), told["fit"]


def fit_photos(
    members: Sequence[Member], photos: Sequence[Photo], threads: int
) -> dict[tuple[int, str], np.ndarray]:
    """Read the photos once for each preprocessing of these models.

    Returns:
        uint8 RGB, (photos, size, size, 3), by size and fit.

    Raises:
        UserError: as of `zest.catalogued.read_catalogued`.
    """
    kinds = {
        preprocessing_of(path.parent, member.way) for member in members for path in member.weights
    }
    fitted = {}
    for size, how in sorted(kinds):
        work = functools.partial(_fit, size=size, how=how)
        images = ordered_map(work, photos, len(photos), threads, f"resize to {size}")
        fitted[size, how] = np.empty((len(photos), size, size, 3), np.uint8)
        for place, image in enumerate(images):  # stacked at the end, they would be there twice
            fitted[size, how][place] = image
    return fitted


def _fit(photo: Photo, size: int, how: str) -> np.ndarray:
    return read_fitted(photo.path, photo.pixels, size, how)
