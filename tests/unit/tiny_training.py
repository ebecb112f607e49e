"""A network that learns to tell dark from bright within a second, and its trainer."""

import numpy as np
import paddle
from paddle import nn

from zest.config import validate
from zest.engine.batches import ActivationSource, ImageSource, TrainingSet, ValidationSet
from zest.engine.checkpoint import Checkpoint
from zest.engine.group import ALONE, Group
from zest.engine.losses import make_targets
from zest.engine.training import Trainer
from zest.models.groups import layer_groups

NORMALISATION = ((0.5,) * 3, (0.5,) * 3)
QUICK = {
    "batch_size": 8,
    "replicas": 1,
    "learning_rate": 0.01,
    "head_learning_rate_factor": 1,
    "warmup_epochs": 0,
    "weight_decay": 0,
    "epochs": 3,
}


class TinyNet(nn.Layer):
    """Two convolutions and a dropout, enough to tell dark from bright."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2D(3, 8, 3, stride=2), nn.BatchNorm2D(8), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2D(8, 8, 3), nn.BatchNorm2D(8), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2D(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x


class PlainNet(TinyNet):
    """The same without what depends on the other images of a batch, or on chance."""

    def __init__(self):
        super().__init__()
        self.first[1], self.second[1] = nn.Identity(), nn.Identity()
        self.dropout = nn.Identity()


def settings_of(**changes) -> dict:
    """Complete settings of a model, as a training gets them."""
    recipes = {"standard": {"image_size": 224}}
    models = {"m": {**QUICK, **changes}}
    config = {"competition": "a", "data": {"root": "x"}, "recipes": recipes, "models": models}
    return {"image_size": 24, "metric": "accuracy"} | {
        key: value for key, value in validate(config)["models"]["m"].items() if key != "image_size"
    }


def dark_and_bright(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 images (n, 24, 24, 3) and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    base = np.where(labels, 150, 105)[:, None, None, None]
    images = (base + rng.integers(-90, 90, (n, 24, 24, 3))).clip(0, 255)
    return images.astype(np.uint8), labels.astype(np.int64)


def trainer_of(
    checkpoint: Checkpoint | None = None,
    validated: bool = True,
    seed: int = 3,
    teacher: np.ndarray | None = None,
    targets: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    group: Group = ALONE,
    kind: type[nn.Layer] = TinyNet,
    **changes,
) -> Trainer:
    """Return a fresh trainer of a TinyNet on 64 images, validated on 21 others."""
    settings = settings_of(**changes)
    paddle.seed(seed)
    net = kind()
    images, labels = dark_and_bright(64, 0)
    if targets is None:
        targets = make_targets(labels, 2, settings)
    source: ImageSource | ActivationSource = ImageSource(
        images, NORMALISATION, settings["online_operations"], seed
    )
    validation = ValidationSet(*dark_and_bright(21, 1)) if validated else None
    return Trainer(
        net=net,
        groups=layer_groups(net, {"head.weight", "head.bias"}),
        learner=net,
        normalisation=NORMALISATION,
        training=TrainingSet(source, targets, teacher),
        validation=validation,
        settings=settings,
        weights=weights,
        seed=seed,
        group=group,
        checkpoint=checkpoint,
    )


def state_of_trained(**changes) -> dict[str, np.ndarray]:
    """Return the weights after a training."""
    trainer = trainer_of(**changes)
    list(trainer.run())
    return {name: value.numpy() for name, value in trainer.net.state_dict().items()}


def same(one: dict, other: dict) -> bool:
    """Tell whether two states have the same bits."""
    return one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)
