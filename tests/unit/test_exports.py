"""What is exported gives the probabilities of the trained model, from the same images."""

import json
from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle.base.proto.framework_pb2 import ProgramDesc

import export_onnx
from deployment import names, paths
from deployment.client import predict as client
from deployment.conversion import program_to_onnx
from deployment.names import OLD_PROGRAM
from deployment.program import Deployed, export_programs
from deployment.running import open_session, probabilities_of
from exported_folder import MODEL, PROGRAMS, SIZE, WEIGHTS, call, photos
from zest.engine.grad_cam import explain_images
from zest.engine.model_folder import TrainedModel
from zest.errors import UserError


@pytest.fixture
def trained(in_exported) -> TrainedModel:
    return TrainedModel(WEIGHTS.parent)


def test_every_path_gives_the_probabilities_of_the_trained_model(trained):
    images = photos(37)  # two full batches and a part
    expected = trained.predict_fitted(images)
    assert np.ptp(expected, axis=0).max() > 0.05  # or any constant would do
    found = {name: predict(images) for name, predict in paths.float_paths(PROGRAMS, MODEL)}
    assert {names.PADDLE, names.PADDLE_2, names.ONNX} <= found.keys()
    for name, probabilities in found.items():
        assert probabilities.shape == (37, 3), name
        assert np.abs(probabilities - expected).max() < 1e-5, name


def test_the_model_says_what_its_classes_are_and_how_it_sees_a_photo(in_exported):
    model = client.Model(MODEL)
    assert model.classes == [
        {"class_num": "10", "name": "ripe"},
        {"class_num": "20", "name": "unripe"},
        {"class_num": "30", "name": "病果"},
    ]
    assert model.preprocessing == {"fit": "crop", "image_size": SIZE, "colour": "RGB"}
    assert [one.shape for one in model.session.get_inputs()] == [["batch", SIZE, SIZE, 3]]
    assert model.session.get_inputs()[0].type == "tensor(uint8)"


def test_the_heat_of_a_class_is_what_its_logit_is_made_of(trained):
    """Its mean over the places, with the bias, is the logit; Grad-CAM shows the same places."""
    images = photos(3)
    session = open_session(MODEL)
    heat, probabilities = session.run(["heat", "probabilities"], {"images": images})
    head = trained.net.classifier
    logits = heat.mean(axis=(2, 3)) + head.bias.numpy()
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(expected - probabilities).max() < 1e-5
    told = trained.preprocessing
    for label in range(3):
        asked = np.full(3, label)
        shown = explain_images(trained.net, images, asked, told["mean"], told["std"])
        positive = np.maximum(heat[:, label], 0)
        peak = positive.max(axis=(1, 2), keepdims=True)
        assert np.abs(shown - positive / np.where(peak > 0, peak, 1)).max() < 1e-4


def test_a_model_exported_twice_has_the_same_bytes(in_exported):
    arguments = ["--program", PROGRAMS, "--model", WEIGHTS.with_name("model.json")]
    call(export_onnx, *arguments, "--out", "again.onnx")
    assert MODEL.read_bytes() == Path("again.onnx").read_bytes()


def test_a_program_does_not_tell_where_it_was_written(in_exported):
    """Or a copy of the project in another folder would not write the same bytes."""
    written = [path.read_bytes() for path in PROGRAMS.iterdir()]
    assert len(written) == 3
    for content in written:
        assert str(Path(paddle.__file__).parent).encode() not in content
        assert b"site-packages" not in content
        assert b"export_programs" not in content


def test_the_older_program_has_the_attributes_that_paddle_lite_has_no_defaults_for(tmp_path):
    net = paddle.nn.Sequential(
        paddle.nn.Conv2D(3, 4, 3), paddle.nn.ReLU6(), paddle.nn.Flatten(), paddle.nn.Linear(3600, 3)
    )
    layer = Deployed(net, (0.5,) * 3, (0.5,) * 3)
    layer.eval()
    export_programs(layer, SIZE, tmp_path)
    told = ProgramDesc.FromString((tmp_path / OLD_PROGRAM).read_bytes())
    (relu6,) = (one for one in told.blocks[0].ops if one.type == "relu6")
    assert {one.name: one.f for one in relu6.attrs}["threshold"] == 6


def test_photos_are_numbers_before_anything_else_is_done_with_them(in_exported):
    """Paddle Lite has no other operator that takes bytes."""
    told = ProgramDesc.FromString((PROGRAMS / OLD_PROGRAM).read_bytes())
    assert [one.type for one in told.blocks[0].ops[:3]] == ["feed", "cast", "transpose2"]


def test_a_network_that_ends_otherwise_has_no_heat_and_is_exported_all_the_same(tmp_path):
    paddle.seed(0)
    net = paddle.nn.Sequential(
        paddle.nn.Conv2D(3, 4, 3), paddle.nn.Flatten(), paddle.nn.Linear(4 * 30 * 30, 3)
    )
    layer = Deployed(net, (0.5,) * 3, (0.5,) * 3)
    layer.eval()
    assert export_programs(layer, SIZE, tmp_path) is None
    (tmp_path / "model.json").write_text(
        json.dumps(
            {
                "architecture": "own.Net",
                "classes": [{"class_num": str(n), "name": ""} for n in range(3)],
                "preprocessing": {"fit": "pad", "image_size": SIZE, "colour": "RGB"},
            }
        )
    )
    arguments = ["--program", tmp_path, "--model", tmp_path / "model.json"]
    call(export_onnx, *arguments, "--out", tmp_path / "model.onnx")
    session = open_session(tmp_path / "model.onnx")
    assert [one.name for one in session.get_outputs()] == ["probabilities"]
    with paddle.no_grad():
        expected = layer(paddle.to_tensor(photos(2))).numpy()
    assert np.abs(probabilities_of(session, photos(2)) - expected).max() < 1e-5


class OnlyPaddle(paddle.nn.Layer):
    """No ONNX operator does what this network calls."""

    def forward(self, x):
        return paddle.lgamma(x).mean([2, 3])


def test_a_network_that_cannot_be_converted_is_refused_with_the_way_out(tmp_path):
    layer = Deployed(OnlyPaddle(), (0.5,) * 3, (0.5,) * 3)
    layer.eval()
    export_programs(layer, SIZE, tmp_path)
    with pytest.raises(UserError, match=r"paddle2onnx cannot convert .* deploy\.models"):
        program_to_onnx(tmp_path, {}, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


class OnlyNew(paddle.nn.Layer):
    """Paddle writes a network that calls tanh in the newer format alone."""

    def forward(self, x):
        return paddle.tanh(x).mean([2, 3])


def test_a_network_that_the_older_format_cannot_hold_is_written_in_the_newer_one(tmp_path):
    layer = Deployed(OnlyNew(), (0.5,) * 3, (0.5,) * 3)
    layer.eval()
    reason = export_programs(layer, SIZE, tmp_path)
    assert (tmp_path / "inference.json").exists()
    assert (tmp_path / OLD_PROGRAM).exists() is (reason is None)
    assert reason
