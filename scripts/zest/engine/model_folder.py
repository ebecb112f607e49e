"""The folder of a trained model: its weights, and in model.json all that it takes to use them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import paddle
from paddle import nn

from zest.classes import ClassInfo
from zest.engine.inference import predict_views
from zest.engine.prediction import softmax
from zest.engine.views import views_of
from zest.errors import UserError
from zest.files import atomic_path, write_json
from zest.images import fit, load_rgb
from zest.models.paddle_pickle import read_pdparams
from zest.models.registry import build
from zest.models.state import load_state
from zest.models.table import normalisation


class TrainedModel:
    """A trained network with its preprocessing and the names of its classes.

    Args:
        folder: models/{model}/fold{fold}, with weights.pdparams and model.json.

    Attributes:
        net: the network, in evaluation mode.
        classes: name of each class, in the order of the probabilities.

    Raises:
        UserError: the weights are no such file, or not those of this network.
    """

    def __init__(self, folder: Path | str):
        description = read_description(folder)
        self.classes = [one["name"] or one["class_num"] for one in description["classes"]]
        self.preprocessing = description["preprocessing"]
        settings = {**description["trained_with"], "pretrained": False, "weights": None}
        self.net = build(settings, len(self.classes), seed=0)
        weights = Path(folder, "weights.pdparams")
        try:
            load_state(self.net, read_pdparams(weights))
        except (KeyError, ValueError) as error:
            raise UserError(
                f"{weights}: not the weights of the {settings['architecture']} in model.json "
                f"({error}). Both must be of one training."
            ) from error
        self.net.eval()

    def predict(self, photos: Sequence[Path | str]) -> np.ndarray:
        """Return the probabilities of the classes for photos in files: float32, (photos, K).

        Raises:
            UnreadableImage: a file is no photo.
        """
        size, how = self.preprocessing["image_size"], self.preprocessing["fit"]
        images = [
            fit(load_rgb(Path(photo).read_bytes(), short_side=size), size, how) for photo in photos
        ]
        return self.predict_fitted(np.stack(images))

    def predict_fitted(
        self, images: np.ndarray, workers: int = 1, way: str | None = None
    ) -> np.ndarray:
        """Return the probabilities for images as `zest.images.fit` makes them.

        Args:
            images: uint8 RGB, (photos, size, size, 3), of `zest.views.stored_size`.
            workers: number of processes; the result does not depend on it.
            way: of test-time augmentation, one of `zest.views.WAYS`: the probabilities are the mean
                of those of the views. None for the image as it is.

        Returns:
            float32, (photos, K).
        """
        mean, std = tuple(self.preprocessing["mean"]), tuple(self.preprocessing["std"])
        views = views_of(images, way, self.preprocessing["image_size"])
        logits = predict_views(self.net, views, mean, std, workers)
        probabilities = np.stack([softmax(of_view) for of_view in logits])
        return probabilities.mean(axis=0, dtype=np.float64).astype(np.float32)


def read_description(folder: Path | str) -> dict:
    """Return what model.json says of the model in a folder."""
    return json.loads(Path(folder, "model.json").read_text(encoding="utf-8"))


def save_model(
    net: nn.Layer, cfg: dict, classes: list[ClassInfo], weights: Path, description: Path
) -> None:
    """Write weights.pdparams and model.json.

    Args:
        net: the trained network.
        cfg: the settings that it was built and trained with, with `image_size` and `fit`.
        classes: in the order of its logits.
        weights: path of weights.pdparams.
        description: path of model.json.
    """
    mean, std = normalisation(cfg["architecture"])
    told = {
        "architecture": cfg["architecture"],
        "classes": [{"class_num": one.class_num, "name": one.name} for one in classes],
        "preprocessing": {
            "fit": cfg["fit"],
            "image_size": cfg["image_size"],
            "colour": "RGB",
            "mean": mean,
            "std": std,
        },
        "trained_with": cfg,
    }
    write_model(net, told, weights, description)


def write_model(net: nn.Layer, told: dict, weights: Path, description: Path) -> None:
    """Write weights.pdparams, and model.json with what is told of the model."""
    with atomic_path(weights) as part:
        paddle.save(net.state_dict(), str(part))
    write_json(description, told)
