"""The gate of a deployment: an export that is not the model that was scored does not pass."""

import importlib.machinery
import json
import sys
import types
from pathlib import Path

import numpy as np
import onnx
import paddle
import pytest
from onnx import numpy_helper

import check_parity
from deployment import names, parity
from deployment.client import predict as client
from deployment.conversion import program_to_onnx
from deployment.program import Deployed, export_programs
from deployment.proof import doubt
from exported_folder import (
    CATALOG_PATH,
    IMAGES_PATH,
    MODEL,
    OUT_OF_FOLD_PATH,
    PROGRAMS,
    SIZE,
    WEIGHTS,
    call,
    photos,
    write,
)
from zest.contracts import OUT_OF_FOLD, read_table
from zest.errors import UserError
from zest.paired import Difference

CFG = {
    "seed": 0,
    "metric": "accuracy",
    "evaluation": {"confidence": 0.95, "resamples": 200},
    "deploy": {"tolerance": 1e-5, "int8_max_loss": 0.005},
}
OUT = Path("parity.json")


def gate(*more: object, fold: object = 0, environment: str = "cpu") -> dict:
    cfg = {**CFG, "environment": environment}
    arguments = ["--cfg", json.dumps(cfg), "--weights", WEIGHTS, "--fold", fold]
    arguments += ["--programs", PROGRAMS, "--model", MODEL, "--out-of-fold", OUT_OF_FOLD_PATH]
    arguments += ["--images", IMAGES_PATH, "--catalog", CATALOG_PATH, "--root", "."]
    call(check_parity, *arguments, "--out", OUT, *more)
    return json.loads(OUT.read_text(encoding="utf-8"))


def change(constant: str, values: object) -> None:
    """Change a constant of the exported model, as a faulty export would."""
    model = onnx.load(str(MODEL))
    (found,) = (one for one in model.graph.initializer if one.name.endswith(constant))
    changed = np.array(values(numpy_helper.to_array(found).copy()))
    found.CopyFrom(numpy_helper.from_array(changed, found.name))
    onnx.save(model, str(MODEL))


def refusal(*more: object, fold: object = 0) -> str:
    with pytest.raises(UserError) as caught:
        gate(*more, fold=fold)
    assert not OUT.exists()
    return str(caught.value)


def test_a_true_export_passes_and_every_figure_is_told(in_exported, capsys):
    told = gate("--int8", MODEL)  # nothing is lost by a model that is not quantised
    assert [path["path"] for path in told["paths"]][:3] == [
        names.PADDLE,
        names.PADDLE_2,
        names.ONNX,
    ]
    assert told["paths"][-1]["path"] == names.INT8
    assert (told["photos"], told["is_scored"]) == (12, True)  # the even ones are of fold 0
    for path in told["paths"]:
        assert path["max_difference"] < 1e-5
        assert path["agreement"] == 1
        assert path["score"]["n"] == 12
        assert path["loss"]["value"] == 0
    assert [link["name"] for link in told["links"]] == [
        *("decode", "resize", "normalise", "network", "quantise")
    ]
    assert all(link["holds"] for link in told["links"])
    assert "100.0% of 12 photos get the same class, accuracy" in capsys.readouterr().out


def test_openvino_is_one_of_the_paths_where_it_is_installed(in_exported, monkeypatch):
    """By a stand-in for it, which computes with ONNX Runtime; the real one is in no lock file."""
    settings = {}

    class Core:
        def compile_model(self, path, device, given):
            settings[device] = given
            return lambda given: {
                "probabilities": parity.open_session(Path(path)).run(["probabilities"], given)[0]
            }

    stand_in = types.ModuleType("openvino")
    stand_in.Core = Core
    stand_in.__spec__ = importlib.machinery.ModuleSpec("openvino", None)
    monkeypatch.setitem(sys.modules, "openvino", stand_in)
    told = {path["path"]: path for path in gate()["paths"]}
    assert told[names.OPENVINO]["max_difference"] < 1e-5
    assert settings["CPU"]["INFERENCE_PRECISION_HINT"] == "f32"


def test_a_model_of_all_photos_passes_without_a_score(in_exported, capsys):
    told = gate(fold="all")
    assert (told["photos"], told["is_scored"]) == (24, False)
    assert "(photos that it has learned from)" in capsys.readouterr().out


def test_another_network_is_refused_by_the_link_of_the_network(in_exported):
    model = onnx.load(str(MODEL))
    (classifier,) = (node for node in model.graph.node if node.op_type == "Gemm")
    change(classifier.input[1], lambda weights: weights[:, ::-1])
    told = refusal()
    assert "ONNX Runtime: probabilities differ by up to" in told
    assert "of 12 photos change their class" in told
    assert "the first link that differs is network" in told
    assert "Paddle Inference:" not in told


@pytest.mark.parametrize(("how", "holds"), [("crop", False), ("stretch", True)])
def test_a_rounding_that_is_another_one_is_the_same_where_stretching_brings_it(how, holds):
    link = parity._pixel_link("resize", [(1, 20, 100)], parity.may_differ(how))
    assert link.holds is holds
    assert not parity._pixel_link("resize", [(2, 1, 100)], parity.may_differ(how)).holds


def test_another_normalisation_is_refused_by_the_link_of_the_normalisation(in_exported):
    model = onnx.load(str(MODEL))
    multiplies = next(node for node in model.graph.node if node.op_type == "Mul")
    change(multiplies.input[1], lambda scale: scale * 1.02)
    assert "the first link that differs is normalise, by" in refusal()


def test_other_pixels_are_refused_by_the_link_that_makes_them(in_exported, monkeypatch):
    nearest = lambda image, size, how: image[:size, :size]  # noqa: E731
    monkeypatch.setattr(client, "fit", nearest)
    assert "the first link that differs is resize, by" in refusal()
    monkeypatch.setattr(client, "load_rgb", lambda file, short_side: np.zeros((9, 9, 3), np.uint8))
    assert "the first link that differs is decode, by 2.6e+02 levels of 255" in refusal()


def test_predictions_that_were_scored_of_another_training_are_refused(in_exported):
    rows = read_table(OUT_OF_FOLD_PATH, OUT_OF_FOLD).to_pylist()
    rows[0]["probabilities"] = rows[0]["probabilities"][::-1]
    write(OUT_OF_FOLD_PATH, rows, OUT_OF_FOLD)
    told = refusal()
    assert told.startswith("the training model: probabilities differ by up to")
    assert "snakemake leaderboard --forcerun predict_validation" in told


def test_predictions_that_a_gpu_made_are_no_reason_to_refuse_an_export(in_exported):
    rows = read_table(OUT_OF_FOLD_PATH, OUT_OF_FOLD).to_pylist()
    for row in rows:  # more than deploy.tolerance
        row["probabilities"] = (np.array(row["probabilities"]) * 0.9995 + 0.0005 / 3).tolist()
    write(OUT_OF_FOLD_PATH, rows, OUT_OF_FOLD)
    assert refusal().startswith("the training model: probabilities differ by up to")
    told = gate(environment="gpu")
    assert all(path["max_difference"] < 1e-5 for path in told["paths"])


def lost(value: float, low: float, only_float: int = 3, p: float = 0.5) -> Difference:
    return Difference(value, low, 2 * value - low, only_float, 1, p, low > 0)


@pytest.mark.parametrize(
    ("loss", "refused"),
    [
        (lost(0.02, -0.01), False),  # a photo or two: chance
        (lost(0.004, 0.001), False),  # sure, and within what is allowed
        (lost(0.02, 0.01), True),
        (lost(0.02, -np.inf), True),  # photos of one session: chance cannot be told
        (lost(0.004, -np.inf), False),
        (lost(0.5, -4.1, 100, 1e-28), True),  # two sessions, of which one is lost
        (lost(0.02, -0.01, 0, 1e-28), False),  # classes that it gains
    ],
)
def test_int8_is_refused_where_its_loss_is_too_large_beyond_chance(loss, refused):
    found = parity.PathParity("INT8", 0.1, 0.01, 0.9, 10)
    assert parity.loses_too_much(found, loss, 0.005, 0.95) is refused


@pytest.mark.parametrize(
    ("difference", "agreement", "refused"),
    [(0.1, 0.9, True), (0.1, 1.0, False), (np.nan, 1.0, True)],
)
def test_where_the_loss_is_not_known_changed_classes_stand_for_it(difference, agreement, refused):
    found = parity.PathParity("INT8", difference, 0.01, agreement, 10)
    assert parity.loses_too_much(found, lost(np.nan, np.nan), 0.005, 0.95) is refused


def test_classes_that_are_as_likely_as_each_other_may_change_places():
    scored = np.array([[0.4, 0.4 - 1e-6, 0.2], [0.5, 0.3, 0.2]])
    assert parity.compare("a path", scored, scored[:, [1, 0, 2]]).agreement == 0.5


def test_what_moves_by_the_tolerance_may_change_places():
    scored, found = np.array([[0.5003, 0.4997]]), np.array([[0.4998, 0.5002]])
    assert parity.compare("a path", scored, found).agreement == 0
    assert parity.compare("a path", scored, found, 2e-3).agreement == 1


def test_an_export_that_changes_a_class_is_refused_whatever_the_tolerance():
    scored, found = np.array([[0.5003, 0.4997]]), np.array([[0.4998, 0.5002]])
    assert "100.0% of 1 photos change their class" in parity.broken(
        parity.compare("a path", scored, found), 0.5
    )


def test_what_the_photos_cannot_prove_of_int8_is_told(in_exported, capsys):
    told = gate("--int8", MODEL)  # 12 photos, of which none changes its class
    assert told["int8_max_loss"] == 0.005
    assert (
        "12 photos are too few to prove that ONNX Runtime INT8 loses at most 0.005 (deploy."
        "int8_max_loss): none of them is lost by it, but up to 22.1% of such photos may be."
    ) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("high", "lost", "photos", "told"),
    [
        (0.02, 1, 48, "it may lose up to 0.020."),
        (np.nan, 1, 48, "what it may lose is not known."),
        (np.inf, 1, 48, "what it may lose is not known."),
        (0.0, 0, 59, "but up to 5.0% of such photos may be."),
        (0.0, 0, 598, None),  # the rule of three: 3 of 600
        (0.004, 1, 48, None),
    ],
)
def test_what_would_prove_that_int8_loses_little(high, lost, photos, told):
    sentence = doubt("INT8", high, lost, photos, 0.005, 0.95)
    assert sentence is told is None or sentence.endswith(told)


class Starting(paddle.nn.Layer):
    """A network whose first operator is not a convolution."""

    def __init__(self, first: paddle.nn.Layer):
        super().__init__()
        self.first = first
        self.convolution = paddle.nn.Conv2D(3, 4, 3)
        self.classifier = paddle.nn.Linear(4, 3)

    def forward(self, x):
        return self.classifier(self.convolution(self.first(x)).mean([2, 3]))


@pytest.mark.parametrize(
    "first",
    [
        paddle.nn.AvgPool2D(2),
        paddle.nn.Pad2D(1, mode="reflect"),
        paddle.nn.BatchNorm2D(3, weight_attr=paddle.nn.initializer.Constant(0.5)),
    ],
)
def test_the_normalisation_is_found_whatever_the_network_begins_with(tmp_path, first):
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.3, 0.25)
    layer = Deployed(Starting(first), mean, std)
    layer.eval()
    export_programs(layer, SIZE, tmp_path)
    classes = [{"class_num": str(n), "name": ""} for n in range(3)]
    preprocessing = {"fit": "pad", "image_size": SIZE, "colour": "RGB"}
    told = {"architecture": "own.Net", "classes": classes, "preprocessing": preprocessing}
    program_to_onnx(tmp_path, told, tmp_path / "model.onnx")
    assert parity.normalise_link(tmp_path / "model.onnx", photos(3), mean, std).holds
    assert not parity.normalise_link(tmp_path / "model.onnx", photos(3), mean, (0.2,) * 3).holds


@pytest.mark.parametrize("fold", [0, "all"])
def test_int8_that_loses_its_classes_is_refused_with_the_way_out(in_exported, fold):
    rows = read_table(OUT_OF_FOLD_PATH, OUT_OF_FOLD).to_pylist()
    for row in rows:  # as it predicts, so that all it loses is told
        row["label"] = int(np.argmax(row["probabilities"]))
    write(OUT_OF_FOLD_PATH, rows, OUT_OF_FOLD)
    float_model = MODEL.read_bytes()
    model = onnx.load(str(MODEL))
    (classifier,) = (node for node in model.graph.node if node.op_type == "Gemm")
    change(classifier.input[2], lambda bias: bias + np.array([0, 0, 100], np.float32))
    broken = Path("broken.onnx")
    broken.write_bytes(MODEL.read_bytes())
    MODEL.write_bytes(float_model)
    told = refusal("--int8", broken, fold=fold)
    assert "ONNX Runtime INT8: it loses" in told
    assert "more than deploy.int8_max_loss (0.005). Set deploy.int8: false" in told
    assert "photos change their class" in told
    assert "the first link that differs is quantise" in told


def test_nan_is_never_parity():
    scored = np.full((2, 3), 1 / 3)
    found = scored.copy()
    found[0, 0] = np.nan
    assert parity.broken(parity.compare("a path", scored, found), 1e-5)
