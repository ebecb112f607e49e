"""INT8 keeps the classes of the float model, and leaves in float what that needs."""

import json
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import numpy_helper

import quantise_onnx
from deployment import quantisation
from deployment.client.predict import Model
from deployment.graph import HEAT
from deployment.running import open_session, probabilities_of
from exported_folder import MODEL, SIZE, call, photos
from quantise_onnx import training_rows
from zest.contracts import FOLDS, IMAGES, write_table
from zest.images import encode_png

INT8 = Path("model_int8.onnx")


@pytest.fixture
def searched(in_exported) -> tuple:
    return quantisation.search(MODEL, photos(64, 1), photos(48, 2), 0.01, INT8)


def test_it_is_small_and_gives_nearly_the_same_probabilities(searched):
    chosen, _ = searched
    images = photos(48, 2)
    expected = probabilities_of(open_session(MODEL), images)
    found = probabilities_of(open_session(INT8), images)
    differences = np.abs(found - expected)
    assert chosen.mean_difference == pytest.approx(differences.mean(), rel=1e-6)
    assert chosen.agreement == (found.argmax(axis=1) == expected.argmax(axis=1)).mean()
    assert 0 < differences.mean() < 0.02
    assert INT8.stat().st_size < 0.3 * MODEL.stat().st_size


def test_convolutions_hold_whole_numbers_by_channel_and_the_classifier_stays_in_float(searched):
    model = onnx.load(str(INT8))
    onnx.checker.check_model(model, full_check=True)
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    made_by = {name: node for node in model.graph.node for name in node.output}
    kinds = [
        made_by[node.input[1]].op_type if node.input[1] in made_by else "constant"
        for node in model.graph.node
        if node.op_type == "Conv" and node.name != HEAT
    ]
    first_in_float = searched[0].first_in_float
    assert kinds == ["constant"] * first_in_float + ["DequantizeLinear"] * (4 - first_in_float)
    scales = [
        made_by[n.input[1]].input[1]
        for n in model.graph.node
        if n.op_type == "Conv" and n.input[1] in made_by
    ]
    assert [constants[name].shape for name in scales][-1] == (256,)
    (classifier,) = (node for node in model.graph.node if node.op_type == "Gemm")
    assert constants[classifier.input[1]].dtype == np.float32


def test_it_keeps_its_classes_its_preprocessing_and_its_heat(searched):
    told, float_model = open_session(INT8), open_session(MODEL)
    metadata = told.get_modelmeta().custom_metadata_map
    expected = float_model.get_modelmeta().custom_metadata_map
    assert metadata == {**expected, "precision": "int8"}
    assert Model(INT8).tolerance > Model(MODEL).tolerance  # of a self-test
    assert {"classes", "preprocessing"} <= metadata.keys()
    images = photos(2)
    heat = [one.run([HEAT], {"images": images})[0] for one in (told, float_model)]
    assert np.corrcoef(heat[0].ravel(), heat[1].ravel())[0, 1] > 0.98


def test_the_search_stops_at_the_first_way_under_the_tolerance(in_exported):
    easy, trials = quantisation.search(MODEL, photos(32, 1), photos(32, 2), 1.0, INT8)
    agreeing = [trial.agreement == 1 for trial in trials]
    assert agreeing.index(True) == len(trials) - 1
    assert easy == trials[-1]


def test_without_such_a_way_the_nearest_is_taken(in_exported):
    chosen, trials = quantisation.search(MODEL, photos(32, 1), photos(32, 2), 1e-9, INT8)
    assert {trial.calibration for trial in trials} == {"minmax", "percentile"}
    assert sorted({trial.first_in_float for trial in trials}) == [0, 1, 2, 3, 4]  # it has four
    assert chosen == min(trials, key=lambda one: (1 - one.agreement, one.mean_difference))
    found = probabilities_of(open_session(INT8), photos(32, 2))
    expected = probabilities_of(open_session(MODEL), photos(32, 2))
    assert np.abs(found - expected).mean() == pytest.approx(chosen.mean_difference, rel=1e-6)


def test_a_way_that_is_as_fast_is_tried_before_a_slower_one(in_exported):
    """The ranges of activations cost no time; a convolution in float does."""
    _, trials = quantisation.search(MODEL, photos(16, 1), photos(16, 2), 1e-9, INT8)
    tried = [(trial.first_in_float, trial.calibration) for trial in trials]
    assert tried[:3] == [(0, "minmax"), (0, "percentile"), (1, "minmax")]


def test_every_photo_that_is_said_to_calibrate_does(in_exported, monkeypatch):
    seen, batch = [], quantisation._Batch
    told = lambda images: seen.append(len(images)) or batch(images)  # noqa: E731
    monkeypatch.setattr(quantisation, "_Batch", told)
    write_photos(Path(), 80)
    for count in (20, 80):
        seen.clear()
        rows, _ = training_rows([f"photo_{n}" for n in range(count)], Path("folds.parquet"), -1, 0)
        quantisation.find_ranges(MODEL, photos(len(rows)), "minmax", Path("watched.onnx"))
        assert sum(seen) == len(rows) > 0


def write_photos(folder: Path, count: int) -> list[str]:
    ids = [f"photo_{number}" for number in range(count)]
    rows = [
        {"image_id": name, "image": {"bytes": encode_png(image), "path": None}}
        for name, image in zip(ids, photos(count), strict=True)
    ]
    write_table(pa.Table.from_pylist(rows, schema=IMAGES), folder / "images.parquet", IMAGES)
    folds = [
        {"image_id": name, "label": number % 3, "fold": number % 5, "group": None}
        for number, name in enumerate(ids)
    ]
    write_table(pa.Table.from_pylist(folds, schema=FOLDS), folder / "folds.parquet", FOLDS)
    return ids


def test_no_photo_of_the_validation_fold_is_looked_at(tmp_path):
    ids = write_photos(tmp_path, 40)
    calibrating, judging = training_rows(ids, tmp_path / "folds.parquet", 2, seed=0)
    assert len(calibrating) == len(judging) == 16
    assert not set(calibrating) & set(judging)
    assert all(row % 5 != 2 for row in (*calibrating, *judging))
    assert sorted(calibrating + judging) == [row for row in range(40) if row % 5 != 2]
    everything = training_rows(ids, tmp_path / "folds.parquet", -1, seed=0)
    assert [len(rows) for rows in everything] == [16, 20]  # whole batches calibrate
    assert any(row % 5 == 2 for row in everything[1])


def test_the_script_writes_the_same_bytes_each_time_and_how_they_were_found(in_exported, capsys):
    write_photos(Path(), 60)
    arguments = ["--cfg", json.dumps({"seed": 0, "tolerance": 0.05}), "--model", MODEL]
    arguments += ["--images", "images.parquet", "--size", SIZE, "--folds", "folds.parquet"]
    arguments += ["--fold", 0, "--trials", "quantisation.json", "--out"]
    call(quantise_onnx, *arguments, INT8)
    call(quantise_onnx, *arguments, "again.onnx")
    assert INT8.read_bytes() == Path("again.onnx").read_bytes()
    told = json.loads(Path("quantisation.json").read_text())
    assert told["photos"] == {"calibrating": 16, "judging": 24}
    assert told["chosen"] in told["trials"]
    assert "probabilities of 24 training photos differ by" in capsys.readouterr().out
