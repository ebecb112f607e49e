"""A tiny competition with two trained folds, run by the stages to its submission."""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import build_catalog
import predict
import prepare_images
import write_submission
from catalog_folder import CFG, competition
from tiny_training import settings_of
from zest.classes import read_classes
from zest.engine.model_folder import save_model
from zest.images import ORIENTATION
from zest.models.registry import build

CONFIG = {
    "data": CFG,
    "rules": {"max_model_mb": None},
    "models": {"small": {"architecture": "small_cnn"}, "teacher": {"architecture": "nets.Net"}},
    "submission": {"model": "small", "decode": "argmax", "values": "auto", "tta": "none"},
}
SUBMISSION, PROVENANCE = Path("submission/submission.csv"), Path("submission/provenance.json")
TEST_PHOTOS = 18  # more than a batch


def call(script, *arguments: str) -> None:
    """Run the `main` of a script in this process."""
    before, sys.argv = sys.argv, [script.__name__, *map(str, arguments)]
    try:
        script.main()
    finally:
        sys.argv = before


def submit() -> None:
    """Run the stages in the present folder; photos/ is the competition.

    Half of the photos lie on their side, and no two are of one size. Every digit of a probability
    is handed in.
    """
    Path("nets.py").write_text("class Net: width = 8\n")  # the code of the teacher
    rng = np.random.default_rng(0)
    root = competition(Path("photos"), train=4, test=TEST_PHOTOS)
    for number, path in enumerate(sorted((root / "test_images").iterdir())):
        exif = Image.Exif()
        exif[ORIENTATION] = 6 if number % 2 else 1
        pixels = rng.integers(0, 256, (40, 70 + number, 3), np.uint8)
        Image.fromarray(pixels).save(path, exif=exif)
    rows = "".join(f"test_{number}.jpg,0,0\n" for number in range(TEST_PHOTOS))
    (root / "sample_submit.csv").write_text(f"id,0,1\n{rows}")  # asks for probabilities
    catalog = Path("catalog")
    catalog.mkdir()
    for part in ("train", "test"):
        outputs = ["--catalog", catalog / f"{part}.parquet"]
        outputs += ["--measures", catalog / f"{part}_measures.parquet"]
        outputs += ["--problems", catalog / f"{part}_problems.csv"]
        outputs += ["--classes", catalog / "classes.csv"] if part == "train" else []
        call(build_catalog, part, "--cfg", json.dumps({"data": CFG}), "--root", root, *outputs)
    cfg = json.dumps({"size": 32, "fit": "crop"})
    arguments = ["--cfg", cfg, "--catalog", "catalog/test.parquet", "--root", root]
    call(prepare_images, *arguments, "--threads", 1, "--out", "images.parquet")
    classes = read_classes("catalog/classes.csv")
    trained, predicted = [], []
    for fold in (0, 1):
        settings = settings_of(architecture="small_cnn", pretrained=False)
        settings |= {"image_size": 32, "fit": "crop", "seed": 0}
        net = build(settings, len(classes), seed=fold)
        trained.append(Path(f"models/small/fold{fold}/weights.pdparams"))
        predicted.append(Path(f"predictions/small/fold{fold}/test.parquet"))
        save_model(net, settings, classes, trained[-1], trained[-1].with_name("model.json"))
        arguments = ["--weights", trained[-1], "--images", "images.parquet", "--fold", fold]
        call(predict, *arguments, "--threads", 1, "--out", predicted[-1])
    arguments = ["--cfg", json.dumps(CONFIG), "--root", root, "--predictions", *predicted]
    arguments += ["--weights", *trained, "--catalogs", *(catalog / f"{p}.parquet" for p in PARTS)]
    arguments += ["--classes", "catalog/classes.csv"]
    call(write_submission, *arguments, "--submission", SUBMISSION, "--provenance", PROVENANCE)


PARTS = ("train", "test")
