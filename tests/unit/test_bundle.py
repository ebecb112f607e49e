"""The bundle runs by itself, says what it is, and is the same bytes each time."""

import contextlib
import csv
import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import measure_exports
import write_bundle
from deployment import bundle
from deployment.speed import Speed
from exported_folder import CATALOG_PATH, MODEL, OUT_OF_FOLD_PATH, PROGRAMS, SIZE, WEIGHTS, call
from test_check_parity import gate
from zest.command import VARIABLE
from zest.errors import UserError
from zest.metrics import TITLES

RULES = {"max_model_mb": None, "max_latency_ms": None}
SCORE = {"value": 0.75, "low": 0.5, "high": 0.9, "n": 24}
SHORTCUTS = {
    "photos": 24,
    "is_scored": True,
    "occlusion": {
        "chance": 0.4,
        "plain": {**SCORE, "value": 0.9},
        "centre_hidden": {**SCORE, "value": 0.7},
        "border_hidden": {**SCORE, "value": 0.6},
    },
    "warnings": ["It is still right with the middle painted over."],
}


def measure(rules: dict, precision: str = "float32") -> dict:
    cfg = {"rules": {**RULES, **rules}, "deploy": {"threads": 1, "precision": precision}}
    arguments = ["--cfg", json.dumps(cfg), "--programs", PROGRAMS, "--model", MODEL]
    arguments += ["--int8", MODEL, "--size", SIZE, "--catalog", CATALOG_PATH, "--root", "."]
    call(measure_exports, *arguments, "--out", "speed.json")
    return json.loads(Path("speed.json").read_text())


def describe_scores(folds: int = 2) -> None:
    scores = dict.fromkeys((*TITLES, "calibration_error"), SCORE)
    scores["roc_auc"] = dict.fromkeys(SCORE)  # no number
    scores["brier"] = {**SCORE, "low": None, "high": None}  # photos of one group
    told = {"photos": 24, "folds": folds, "confidence": 0.95, "scores": scores}
    Path("scores.json").write_text(json.dumps(told))
    rows = [["class_num", "name", "photos", "precision", "recall", "recall_low", "recall_high"]]
    rows += [[number, "x", 8, 0.7, 0.75, 0.4, 0.9] for number in ("10", "20", "30")]
    Path("per_class.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    Path("classes.csv").write_text(
        "label,class_num,name,photos\n0,10,ripe,8\n1,20,unripe,8\n2,30,病果,8\n", encoding="utf-8"
    )
    Path("shortcuts.json").write_text(json.dumps(SHORTCUTS))


def pack(out: str = "bundle.zip") -> None:
    cfg = {"competition": "pears", "metric": "macro_f1"}
    cfg["deploy"] = {"examples": 4, "precision": "float32"}
    arguments = ["--cfg", json.dumps(cfg), "--name", "small", "--weights", WEIGHTS, "--fold", 0]
    arguments += ["--model", MODEL, "--parity", "parity.json", "--speed", "speed.json"]
    arguments += ["--scores", "scores.json", "--per-class", "per_class.csv"]
    arguments += ["--out-of-fold", OUT_OF_FOLD_PATH, "--shortcuts", "shortcuts.json"]
    arguments += ["--catalog", CATALOG_PATH, "--classes", "classes.csv", "--root", "."]
    call(write_bundle, *arguments, "--bundle", out, "--card", "MODEL_CARD.md")


@pytest.fixture(scope="module")
def packed_folder(exported, tmp_path_factory) -> Path:
    folder = shutil.copytree(exported, tmp_path_factory.mktemp("packed") / "copy")
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)  # a dry run in this process may have set it
        gate()
        measure({})
        describe_scores()
        pack()
    return folder


@pytest.fixture
def packed(packed_folder, monkeypatch) -> zipfile.ZipFile:
    monkeypatch.chdir(packed_folder)
    monkeypatch.delenv(VARIABLE, raising=False)
    return zipfile.ZipFile("bundle.zip")


def test_the_bundle_tests_itself_and_sees_a_model_that_is_another(packed, tmp_path):
    packed.extractall(tmp_path / "device")
    command = [sys.executable, "predict.py", "--self-test"]
    done = subprocess.run(
        command, cwd=tmp_path / "device", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": ok") == 4
    assert "self-test passed" in done.stdout
    expected = tmp_path / "device/examples/expected.csv"
    rows = list(csv.reader(expected.open()))
    assert rows[0] == ["photo", "10", "20", "30"]
    rows[2][1] = str(float(rows[2][1]) + 0.01)
    expected.write_text("".join(",".join(row) + "\n" for row in rows))
    done = subprocess.run(
        command, cwd=tmp_path / "device", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout.count("DIFFERS") == 1
    assert "self-test FAILED" in done.stdout


def test_its_examples_are_validation_photos_of_every_class(packed):
    names = sorted(name for name in packed.namelist() if name.startswith("examples/0"))
    assert [name[-12:] for name in names] == [
        *("class_10.jpg", "class_20.jpg", "class_30.jpg", "class_10.jpg")
    ]
    ours = {Path(f"photos/photo_{number:02}.jpg").read_bytes() for number in range(0, 24, 2)}
    assert all(packed.read(name) in ours for name in names)


def test_the_card_tells_scores_limits_parity_costs_and_origin(packed):
    card = packed.read("MODEL_CARD.md").decode()
    assert card == Path("MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.startswith("# Model card: small of pears\n")
    assert card.index("| macro F1 | 0.750 | 0.500 to 0.900 | 24 |") < card.index("| accuracy |")
    assert "ROC-AUC" not in card
    assert "| Brier score | 0.750 | unknown | 24 |" in card
    assert "| 30 病果 | 8 | 0.75 | 0.40 to 0.90 | 0.70 |" in card
    assert "the one in this bundle is that of fold 0" in card
    assert "- 12 photos taught it." in card  # of 24; the others are its validation fold
    assert "- Of 24 photos that it had not seen it has 0.90 right as they are, 0.70 with" in card
    assert "the centre painted over (the commonest class alone: 0.40) and 0.60 with all" in card
    assert "- It is still right with the middle painted over." in card
    assert "| ONNX Runtime | " in card
    assert "ONNX Runtime (in this bundle)" in card
    assert "- weights, SHA-256: " in card
    assert "- command: snakemake deploy\n" in card
    assert ", onnxruntime " in card
    for line in card.splitlines():  # no table is torn by an empty line
        assert not line.startswith("| ") or line.endswith(" |")
    assert "of the competition pears" in packed.read("NOTICES.md").decode()
    assert "ImageNet" not in packed.read("NOTICES.md").decode()  # it began without such weights


def test_packed_twice_it_has_the_same_bytes(packed):
    pack("again.zip")
    assert Path("again.zip").read_bytes() == Path("bundle.zip").read_bytes()


def test_a_large_photo_is_made_smaller(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    suffix, content = bundle.example_file(tmp_path / "large.png")
    assert suffix == ".jpg"
    assert Image.open(io.BytesIO(content)).size == (1024, 768)


def test_examples_go_round_the_classes():
    assert bundle.choose_examples([1, 1, 1, 0, 2, 0], 4) == [3, 0, 4, 5]
    assert bundle.choose_examples([0], 4) == [0]


def test_what_every_export_costs_is_measured(packed):
    told = json.loads(Path("speed.json").read_text())
    assert [one["export"] for one in told["exports"]] == [
        *("Paddle Inference", "ONNX Runtime", "ONNX Runtime INT8")
    ]
    assert [one["leaves"] for one in told["exports"]] == [False, True, False]
    for one in told["exports"]:
        assert 0 < one["p50_ms"] <= one["p95_ms"]
        assert one["photos_per_second"] > 0
        assert 20 < one["peak_memory_mb"] < 4000
    assert told["exports"][1]["file_p50_ms"] > told["exports"][1]["p50_ms"]
    assert told["exports"][1]["megabytes"] == MODEL.stat().st_size / 1e6


def test_the_memory_is_that_of_the_export_and_not_of_what_started_it():
    held = np.ones(40_000_000)  # 320 MB, which Linux tells of each process that this one starts
    code = "from deployment.speed import peak_memory; print(peak_memory())"
    environment = {"PYTHONPATH": str(Path(bundle.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert 5e6 < int(done.stdout) < held.nbytes


@pytest.mark.parametrize(
    ("rules", "precision", "told"),
    [
        ({"max_model_mb": 0.5}, "float32", "ONNX Runtime takes 1.5"),
        ({"max_model_mb": 0.5}, "int8", "ONNX Runtime INT8 takes 1.5"),
        ({"max_latency_ms": 0.001}, "float32", "ms from file to grade (95 % of the photos, 1 thr"),
    ],
)
def test_a_broken_budget_is_refused(in_exported, monkeypatch, rules, precision, told):
    speed = Speed(1.0, 2.0, 500.0, 100.0, 5.0, 9.0)
    monkeypatch.setattr(measure_exports, "measure", lambda *_: speed)
    with pytest.raises(UserError, match=r"Set deploy\.precision") as caught:
        measure(rules, precision)
    ((key, limit),) = rules.items()
    assert told in str(caught.value)
    assert f"more than rules.{key} ({limit})" in str(caught.value)
    assert not Path("speed.json").exists()


def test_a_budget_counts_the_time_from_the_file():
    speed = Speed(1.0, 2.0, 500.0, 100.0, 5.0, 9.0)
    rules = {"max_model_mb": 3.0, "max_latency_ms": 8.0}
    (fault,) = measure_exports.budget_faults("ONNX Runtime", 2.0, speed, 4, rules)
    assert "needs 9.0 ms from file to grade (95 % of the photos, 4 threads" in fault
    assert not measure_exports.budget_faults("a", 3.0, speed, 4, {**rules, "max_latency_ms": 9.0})
