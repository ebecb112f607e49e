"""A small network with a trained model's folder, exported in every form."""

import sys
from pathlib import Path

import numpy as np
import paddle
import pyarrow as pa
from PIL import Image

import export_onnx
import export_paddle
from tiny_training import settings_of
from zest.classes import ClassInfo
from zest.contracts import CATALOG, IMAGES, OUT_OF_FOLD, write_table
from zest.engine.model_folder import TrainedModel, save_model
from zest.images import ORIENTATION, encode_png, fit, load_rgb
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


PHOTOS = 24
CATALOG_PATH, IMAGES_PATH = Path("catalog/train.parquet"), Path("images/32/train.parquet")
OUT_OF_FOLD_PATH = Path("evaluation/small/out_of_fold.parquet")


def score() -> None:
    """Give the model photos in files, and the stages' tables of them: fold 0 is its validation."""
    rng = np.random.default_rng(0)
    listed, images, ids = [], [], [f"photo_{number:02}.jpg" for number in range(PHOTOS)]
    Path("photos").mkdir()
    for number, name in enumerate(ids):
        small = Image.fromarray(rng.integers(0, 256, (12, 15, 3), np.uint8))
        exif = Image.Exif()
        exif[ORIENTATION] = 6 if number % 2 else 1
        small.resize((150 + number, 120)).save(f"photos/{name}", exif=exif)
        pixels = load_rgb(Path(f"photos/{name}").read_bytes(), short_side=SIZE)
        images.append(fit(pixels, SIZE))
        whole = load_rgb(Path(f"photos/{name}").read_bytes())
        listed.append(
            dict.fromkeys(CATALOG.names)
            | {"image_id": name, "path": f"photos/{name}", "label": number % 3}
            | {"height": whole.shape[0], "width": whole.shape[1], "sha256": str(number)}
        )
    write(CATALOG_PATH, listed, CATALOG)
    stored = [
        {"image_id": name, "image": {"bytes": encode_png(image), "path": None}}
        for name, image in zip(ids, images, strict=True)
    ]
    write(IMAGES_PATH, stored[::-1], IMAGES)  # in another order than the predictions
    probabilities = TrainedModel(WEIGHTS.parent).predict_fitted(np.stack(images))
    rows = [
        {"image_id": name, "fold": number % 2, "label": number % 3}
        | {"probabilities": probabilities[number].tolist(), "group": None}
        for number, name in enumerate(ids)
    ]
    write(OUT_OF_FOLD_PATH, rows, OUT_OF_FOLD)


def write(path: Path, rows: list[dict], schema: pa.Schema) -> None:
    """Write rows as a table of a schema."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(pa.Table.from_pylist(rows, schema=schema), path, schema)
