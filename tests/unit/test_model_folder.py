"""The finished model folder: a stranger loads it in five lines and predicts like the workflow."""

import json

import numpy as np
import paddle
import pytest
from PIL import Image

from tiny_training import settings_of
from zest.classes import ClassInfo
from zest.engine.curves import draw_curves
from zest.engine.model_folder import TrainedModel, save_model
from zest.engine.prediction import softmax
from zest.images import fit, load_rgb
from zest.models.registry import build

CLASSES = [ClassInfo(0, "7", "good", 3), ClassInfo(1, "9", "", 3), ClassInfo(2, "11", "bad", 3)]


@pytest.fixture
def folder(tmp_path):
    cfg = settings_of(architecture="small_cnn", pretrained=False)
    cfg |= {"image_size": 32, "fit": "crop", "seed": 0}
    net = build(cfg, 3, seed=1)
    save_model(net, cfg, CLASSES, tmp_path / "weights.pdparams", tmp_path / "model.json")
    pixels = np.random.default_rng(0).integers(0, 256, (50, 80, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.jpg")
    return tmp_path


def test_it_predicts_what_the_network_says_of_the_photo_as_validation_sees_it(folder):
    model = TrainedModel(folder)
    found = model.predict([folder / "photo.jpg", folder / "photo.jpg"])
    image = fit(load_rgb((folder / "photo.jpg").read_bytes()), 32, "crop")
    told = json.loads((folder / "model.json").read_text())["preprocessing"]
    pixels = (image / 255 - told["mean"]) / told["std"]
    with paddle.no_grad():
        logits = model.net(paddle.to_tensor(pixels.transpose(2, 0, 1)[None].astype("float32")))
    np.testing.assert_allclose(found[1:], softmax(logits.numpy()), atol=1e-5)
    np.testing.assert_array_equal(found[0], found[1])


def test_a_class_without_a_name_goes_by_its_number(folder):
    assert TrainedModel(folder).classes == ["good", "9", "bad"]


def test_the_learning_curves_are_a_picture_with_and_without_validation(tmp_path):
    row = {"image_size": 32, "learning_rate": 0.1, "train_loss": 1.0, "val_loss": 1.0}
    scores = dict.fromkeys(("val_accuracy", "val_macro_f1", "val_quadratic_weighted_kappa"), 0.5)
    rows = [{"epoch": epoch, **row, **scores} for epoch in (1, 2)]
    rows[1]["image_size"] = 64
    draw_curves(rows, "m fold 0", tmp_path / "curves.png")
    assert Image.open(tmp_path / "curves.png").size[0] > 1000
    blind = [{**one, "val_loss": None, **dict.fromkeys(scores)} for one in rows]
    draw_curves(blind, "m fold all", tmp_path / "blind.png")
    assert Image.open(tmp_path / "blind.png").size[0] > 1000
