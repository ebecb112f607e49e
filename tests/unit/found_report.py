"""What the stages before could have found of two models, for tests of the report."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import simplejpeg

from configuring import minimal
from evaluate_model import per_class_table
from report.found import Found
from zest.classes import ClassInfo
from zest.config import differing_settings, validate
from zest.contracts import MEASURES, write_table
from zest.intervals import score_all
from zest.metrics import FROM_COUNTS, TITLES, confusion_matrix
from zest.paired import OutOfFold

GRADES = ["excellent", "good", "processing", "out of grade"]
PHOTOS = 80


def jpeg(grey: int) -> bytes:
    return simplejpeg.encode_jpeg(np.full((32, 32, 3), grey, np.uint8))


def predictions(wrong: int = 6) -> OutOfFold:
    """Photos of four grades, of which the first `wrong` ones seem to be the next grade."""
    labels = np.arange(PHOTOS) % 4
    seems = np.where(np.arange(PHOTOS) < wrong, (labels + 1) % 4, labels)
    probabilities = np.where(np.arange(4) == seems[:, None], 0.85, 0.05)
    ids = [f"photo_{row:02}" for row in range(PHOTOS)]
    return OutOfFold(ids, labels, probabilities, np.arange(PHOTOS), np.zeros(PHOTOS, int))


def summary(name: str, wrong: int) -> dict:
    told = predictions(wrong)
    scores = score_all(told.labels, told.probabilities, 0.95, 100, seed=1)
    return {
        "model": name,
        "photos": PHOTOS,
        "groups": PHOTOS,
        "folds": 1,
        "confidence": 0.95,
        "scores": {
            metric: {"value": one.value, "low": one.low, "high": one.high, "n": one.n}
            for metric, one in scores.items()
        },
    }


def history(epochs: int = 3) -> list[dict]:
    return [
        {
            "epoch": epoch,
            "train_loss": 1.0 / epoch,
            "val_loss": 0.9 / epoch,
            **{f"val_{metric}": 0.5 + 0.1 * epoch for metric in TITLES if metric != "log_loss"},
        }
        for epoch in range(1, epochs + 1)
    ]


def heat_map(row: int) -> dict:
    heat = np.zeros((4, 4), np.float32)
    heat[1, 2] = 1
    return {
        "image_id": f"photo_{row:02}",
        "kind": "mistake",
        "label": row % 4,
        "predicted": (row + 1) % 4,
        "probability": 0.85,
        "label_probability": 0.05,
        "heat_shape": [4, 4],
        "heat": heat.ravel().tolist(),
        "image": {"bytes": jpeg(90), "path": "a.jpg"},
    }


def write_measures(path: Path) -> Path:
    empty = dict.fromkeys(MEASURES.names)
    rows = [
        {
            **empty,
            "image_id": f"photo_{row:02}",
            "thumbnail": {"bytes": jpeg(row), "path": "a.jpg"},
        }
        for row in range(PHOTOS)
    ]
    write_table(pa.Table.from_pylist(rows, schema=MEASURES), path, MEASURES)
    return path


def cost(model: str, megabytes: float, rate: float) -> dict[str, str]:
    return {
        "model": model,
        "architecture": "efficientnet_lite0",
        "image_size": "128",
        "parameters": "3400000",
        "megabytes": str(megabytes),
        "training_seconds_per_fold": "240.0",
        "photos_per_second": str(rate),
        "device": "cpu",
    }


def decodings(gain: float) -> dict:
    """Ways to choose the class of which thresholds gain that much in every metric."""
    nothing = {"value": 0.0, "low": 0.0, "high": 0.0, "n": PHOTOS}
    better = {"value": gain, "low": gain - 0.01, "high": gain + 0.01, "n": PHOTOS}
    return {
        "thresholds": [0.5, 1.5, 2.5],
        "gains": {
            "expected_cost": dict.fromkeys(FROM_COUNTS, nothing),
            "thresholds": dict.fromkeys(FROM_COUNTS, better),
        },
    }


def per_class(of: OutOfFold, named: list[ClassInfo]) -> list[dict[str, str]]:
    """The rows of per_class.csv of some predictions."""
    counts = confusion_matrix(of.labels, of.probabilities.argmax(axis=1), len(named))
    rows = per_class_table(counts, np.full(len(named), np.nan), named, 0.95)
    return [{key: str(value) for key, value in row.items()} for row in rows]


def found(folder: Path, **changes) -> Found:
    """Return what was found of `large`, which leads, and `small`; changes are keys of Found."""
    score = {"value": 0.9, "low": 0.8, "high": 0.97, "n": PHOTOS}
    models = {"large": {"epochs": 3, "frozen": 9}, "small": {"epochs": 3}}
    config = validate({**minimal(models=models), "baseline": False})
    rules = {"metric": "accuracy", "classes_ordered": True, "tta": "allowed", "ensemble": "allowed"}
    standard = {
        "cfg": {
            "competition": "lemons <1>",
            "rules": rules,
            "folds": 5,
            "train_folds": [0],
            "submission": config["submission"],
            "models": config["models"],
            "written": differing_settings(config["models"]),
        },
        "classes": [ClassInfo(row, str(row), name, 20) for row, name in enumerate(GRADES)],
        "ranked": [summary("large", 6), summary("small", 8)],
        "behind": [
            {"value": 0.025, "low": -0.03, "high": 0.08, "is_sure": False, "mcnemar_p": 0.5}
        ],
        "sentences": ["large leads."],
        "predictions": predictions(),
        "costs": {"large": cost("large", 14.0, 60.0), "small": cost("small", 4.0, 400.0)},
        "histories": [history()],
        "calibration": {
            "temperature": 1.6,
            "gain": {"value": 0.1, "low": 0.05, "high": 0.15, "n": PHOTOS},
        },
        "decodings": decodings(0.0),
        "heat_maps": [heat_map(row) for row in range(6)],
        "shortcuts": {
            "outside": {"value": 0.4, "low": 0.35, "high": 0.45, "n": 60},
            "occlusion": {
                "plain": score,
                "centre_hidden": {**score, "value": 0.3},
                "border_hidden": score,
                "chance": 0.25,
            },
            "warnings": [],
        },
        "ablations": [],
        "ensemble": None,
        "tta": None,
        "exports": [],
        "measures": write_measures(folder / "train_measures.parquet"),
    }
    told = {**standard, **changes}
    return Found(per_class=per_class(told["predictions"], told["classes"]), **told)
