"""A small network with a trained model's folder, exported in every form."""

import sys
from pathlib import Path

import numpy as np
import paddle

import export_onnx
import export_paddle
from tiny_training import settings_of
from zest.classes import ClassInfo
from zest.engine.model_folder import save_model
from zest.models.registry import build

SIZE = 32
CLASSES = [
    ClassInfo(0, "10", "ripe", 5),
    ClassInfo(1, "20", "unripe", 4),
    ClassInfo(2, "30", "病果", 3),
]
WEIGHTS = Path("models/small/fold0/weights.pdparams")
PROGRAMS, MODEL = Path("deploy/small/paddle"), Path("deploy/small/model.onnx")


def call(script, *arguments: object) -> None:
    """Run the `main` of a script in this process."""
    before, sys.argv = sys.argv, [script.__name__, *map(str, arguments)]
    try:
        script.main()
    finally:
        sys.argv = before


def photos(count: int, seed: int = 1) -> np.ndarray:
    """Images of noise, each of its own brightness: uint8 (count, SIZE, SIZE, 3)."""
    rng = np.random.default_rng(seed)
    light = rng.uniform(0.2, 1, (count, 1, 1, 3))
    return (rng.integers(0, 256, (count, SIZE, SIZE, 3)) * light).astype(np.uint8)


def export(architecture: str = "small_cnn") -> None:
    """Save a network with batch statistics of its own in the present folder, and export it."""
    settings = settings_of(architecture=architecture, pretrained=False)
    settings |= {"image_size": SIZE, "fit": "crop", "seed": 0}
    net = build(settings, len(CLASSES), seed=0)
    net.train()
    with paddle.no_grad():
        for seed in range(20):  # until the running statistics are those of such images
            batch = photos(16, seed).transpose(0, 3, 1, 2).astype(np.float32) / 128 - 1
            net(paddle.to_tensor(batch))
    net.eval()
    save_model(net, settings, CLASSES, WEIGHTS, WEIGHTS.with_name("model.json"))
    call(export_paddle, "--weights", WEIGHTS, "--out", PROGRAMS)
    model = WEIGHTS.with_name("model.json")
    call(export_onnx, "--program", PROGRAMS, "--model", model, "--out", MODEL)
