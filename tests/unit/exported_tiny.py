"""A tiny network, exported as the workflow exports one: 24 pixels, three classes."""

from pathlib import Path

import paddle
from paddle import nn

from deployment.conversion import program_to_onnx
from deployment.program import Deployed, export_programs

SIZE = 24
CLASSES = [
    {"class_num": "10", "name": "good"},
    {"class_num": "20", "name": "fair"},
    {"class_num": "30", "name": "悪い"},
]
TOLD = {
    "architecture": "tiny",
    "classes": CLASSES,
    "preprocessing": {"fit": "crop", "image_size": SIZE, "colour": "RGB"},
}


def export_tiny(folder: Path) -> Path:
    """Write model.onnx, and return its path."""
    paddle.seed(1)
    net = nn.Sequential(
        nn.Conv2D(3, 8, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 11 * 11, len(CLASSES))
    )
    net[3].weight.set_value(net[3].weight * 5)  # other photos, quite other probabilities
    layer = Deployed(net, (0.5,) * 3, (0.5,) * 3)
    layer.eval()
    export_programs(layer, SIZE, folder / "paddle")
    made = folder / "model.onnx"
    program_to_onnx(folder / "paddle", TOLD, made)
    return made
