"""Score one model on its out-of-fold predictions: photos that the predicting model never saw.

Reads predictions/{model}/fold{fold}/val.parquet of all trained folds and catalog/classes.csv;
writes evaluation/{model}/: out_of_fold.parquet, scores.json, per_class.csv, confusion_matrix.csv
and .png, calibration.json, reliability.png and decodings.json.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure

from evaluation.calibration import Calibration, calibrate, draw_reliability
from evaluation.ordered import Decodings, judge_decodings
from zest.classes import ClassInfo, read_classes
from zest.contracts import (
    FOLDS,
    OUT_OF_FOLD,
    PREDICTIONS,
    probability_matrix,
    read_table,
    write_table,
)
from zest.errors import UserError, run
from zest.figures import DPI, drawable_name, save_figure
from zest.files import csv_text, write_json, write_text
from zest.folds import group_numbers
from zest.intervals import score_all, wilson_interval
from zest.metrics import TITLES, confusion_matrix, per_class_scores, roc_auc_of_classes
from zest.nested import Nested, nested_folds
from zest.randomness import seed_from


def gather(paths: list[Path]) -> pa.Table:
    """Return the predictions of all folds together.

    Raises:
        UserError: a photo that two folds predicted.
    """
    table = pa.concat_tables([read_table(path, PREDICTIONS) for path in paths])
    ids = table["image_id"].to_pylist()
    if len(set(ids)) != len(ids):
        raise UserError(
            f"{paths[0].parents[1]}: two folds predicted the same photo. Delete the folder "
            f"{paths[0].parents[1]} and run the same command again."
        )
    return table


def groups_of(ids: list[str], folds: Path) -> list[str | None]:
    """Return which photos the split kept together: the name of each one's group, or None."""
    split = read_table(folds, FOLDS, columns=["image_id", "group"]).to_pylist()
    group_of = {row["image_id"]: row["group"] for row in split}
    return [group_of[image_id] for image_id in ids]


def per_class_table(
    counts: np.ndarray, areas: np.ndarray, classes: list[ClassInfo], confidence: float
) -> list[dict]:
    """Return a row a class: photos, precision, recall with its interval, F1, ROC-AUC.

    Args:
        counts: the confusion matrix, int, (K, K).
        areas: under the ROC curve of each class, (K,); NaN where there is none.
        classes: K of them.
        confidence: level of the interval.
    """
    scores = per_class_scores(counts)
    rows = []
    for one in classes:
        k = one.label
        photos, hits = int(counts[k].sum()), int(counts[k, k])
        low, high = wilson_interval(hits, photos, confidence) if photos else (0.0, 1.0)
        rows.append(
            {
                "class_num": one.class_num,
                "name": one.name,
                "photos": photos,
                "precision": round(float(scores["precision"][k]), 6),
                "recall": round(float(scores["recall"][k]), 6),
                "recall_low": round(low, 6),
                "recall_high": round(high, 6),
                "f1": round(float(scores["f1"][k]), 6),
                "roc_auc": round(float(areas[k]), 6) if np.isfinite(areas[k]) else "",
            }
        )
    return rows


def draw_confusion(counts: np.ndarray, classes: list[ClassInfo], title: str) -> Figure:
    """Draw the confusion matrix: colour by the share of the label's row, counts written in."""
    k = len(classes)
    side = min(14.0, 2.6 + 0.55 * k)
    figure = Figure(figsize=(side + 0.8, side), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [drawable_name(one) for one in classes]
    small = 9 if k <= 20 else 5
    axes.set_xticks(range(k), names, rotation=45 if k <= 20 else 90, ha="right", fontsize=small)
    axes.set_yticks(range(k), names, fontsize=small)
    axes.set_xlabel("predicted")
    axes.set_ylabel("labelled")
    axes.set_title(title, fontsize=10)
    if k <= 30:
        for row, column in np.argwhere(counts > 0):
            dark = shares[row, column] > 0.5
            axes.text(
                *(column, row, str(counts[row, column])),
                ha="center",
                va="center",
                fontsize=small,
                color="white" if dark else "black",
            )
    figure.colorbar(image, ax=axes, label="share of the label's photos", shrink=0.8)
    return figure


def confusion_csv(counts: np.ndarray, classes: list[ClassInfo]) -> str:
    """Return confusion_matrix.csv: a row a label, a column a predicted class, whatever its name."""
    rows = [[one.name, *counts[one.label].tolist()] for one in classes]
    return csv_text(["label", *(one.name for one in classes)], rows)


def title_of(metric: str, top_k: int) -> str:
    """Return what people call a metric."""
    others = {"top_k_accuracy": f"top-{top_k} accuracy", "calibration_error": "calibration error"}
    return {**TITLES, **others}[metric]


def main() -> None:
    """Read the predictions, write the scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: seed, evaluation, classes_ordered")
    parser.add_argument("--name", required=True, help="of the model")
    parser.add_argument("--predictions", required=True, type=Path, nargs="+", help="val.parquet")
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--out-of-fold", required=True, type=Path, help="all of them, written")
    parser.add_argument("--scores", required=True, type=Path, help="scores.json, written")
    parser.add_argument("--per-class", required=True, type=Path, help="per_class.csv, written")
    parser.add_argument("--confusion", required=True, type=Path, help="the matrix, written")
    parser.add_argument("--calibration", required=True, type=Path, help="of the model, written")
    parser.add_argument("--decodings", required=True, type=Path, help="their gains, written")
    parser.add_argument("--reliability", required=True, type=Path, help="its picture, written")
    parser.add_argument("--figure", required=True, type=Path, help="its picture, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)
    confidence = cfg["evaluation"]["confidence"]

    classes = read_classes(args.classes)
    table = gather(args.predictions)
    labels = table["label"].to_numpy().astype(np.int64)
    probabilities = probability_matrix(table).astype(np.float64)
    names = groups_of(table["image_id"].to_pylist(), args.folds)
    groups = group_numbers(names)
    scores = score_all(
        labels,
        probabilities,
        confidence,
        cfg["evaluation"]["resamples"],
        seed_from(cfg["seed"], "bootstrap"),
        groups,
        cfg["evaluation"]["top_k"],
    )
    areas, _ = roc_auc_of_classes(labels, probabilities)
    counts = confusion_matrix(labels, probabilities.argmax(axis=1), len(classes))

    table = table.append_column("group", pa.array(names, pa.string()))
    write_table(table, args.out_of_fold, OUT_OF_FOLD)
    summary = {
        "model": args.name,
        "photos": len(labels),
        "groups": len(np.unique(groups)),
        "folds": len(args.predictions),
        "confidence": confidence,
        "top_k": cfg["evaluation"]["top_k"],
        "scores": scores,
    }
    write_json(args.scores, summary)
    rows = per_class_table(counts, areas, classes, confidence)
    write_text(args.per_class, csv_text(list(rows[0]), (list(row.values()) for row in rows)))
    write_text(args.confusion, confusion_csv(counts, classes))
    title = f"{args.name}: {len(labels)} validation photos, {len(args.predictions)} of the folds"
    save_figure(draw_confusion(counts, classes, title), args.figure)
    seed = seed_from(cfg["seed"], "nested") % 2**32  # scikit-learn takes 32 bits
    parts = nested_folds(labels, table["fold"].to_numpy(), groups, seed)
    calibration, decodings = None, None
    if parts is not None and np.isfinite(probabilities).all():
        resamples = cfg["evaluation"]["resamples"]
        nested = Nested(labels, probabilities, parts, groups, confidence, resamples, seed)
        calibration = calibrate(nested)
        if cfg["classes_ordered"]:
            decodings = judge_decodings(nested)
    write_json(args.calibration, calibration)
    write_json(args.decodings, decodings)
    save_figure(draw_reliability(labels, probabilities, title), args.reliability)
    for sentence in _told(calibration, decodings):
        print(f"[{args.name}] {sentence}", flush=True)
    for name, score in scores.items():
        print(
            f"[{args.name}] {title_of(name, cfg['evaluation']['top_k'])} {score.value:.4f} "
            f"({confidence:.0%} interval {score.low:.4f} to {score.high:.4f}, n = {score.n})",
            flush=True,
        )


def _told(calibration: Calibration | None, decodings: Decodings | None) -> Iterator[str]:
    """Say what a temperature and other ways to choose the class would gain."""
    if calibration is None:
        yield "the photos are too few, or no numbers, for a temperature"
        return
    gain = calibration.gain
    yield (
        f"temperature {calibration.temperature:.2f} (above 1: too sure of itself): log loss better "
        f"by {gain.value:.4f} ({gain.low:.4f} to {gain.high:.4f}) on photos it was not fitted to"
    )
    for way, of_metrics in decodings.gains.items() if decodings else ():
        gain = of_metrics["quadratic_weighted_kappa"]
        yield (
            f"submission.decode: {way} would change quadratic weighted kappa by "
            f"{gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
        )


if __name__ == "__main__":
    run(main)
