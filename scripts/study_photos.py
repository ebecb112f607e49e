"""Look at the photos through a pretrained network: what would mislead a training, and a score.

Reads the catalog and the measures of the training photos, their features and their folds, and the
features of the test photos where there are any. Writes, for the report,
- eda/shortcuts.csv: how well the class is told by what is not the thing itself;
- eda/shift.csv: for each training photo how like a test photo it is, and its weight;
- eda/label_errors.csv: the photos whose label is doubtful, the most doubtful first;
- eda/map.csv: where photos stand on a map of what looks alike;
- eda/estimates.csv: what a linear probe scores in plain folds and in the folds of the split, what
  to expect of it on the test photos, and how well the parts are told apart.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from study.photo_map import draw_map
from study.probe import linear_probe, out_of_fold, plain_folds
from study.shift import Shift, measure_shift
from study.shortcuts import CONFIDENCE, Shortcut, border, find_shortcuts
from zest.contracts import CATALOG, FOLDS, MEASURES, read_pictures, read_table
from zest.engine.features import read_features, read_features_of
from zest.errors import run
from zest.files import csv_text, write_text
from zest.folds import group_numbers
from zest.images import load_rgb
from zest.intervals import effective_photos, wilson_interval
from zest.label_errors import likely_errors
from zest.randomness import seed_from
from zest.similarity import unit_vectors
from zest.stratified_folds import assign_folds

MOST_STUDIED = 5000  # training photos of which shortcuts are looked for
MOST_ON_MAP = 2000  # photos of both parts
MOST_DIVISIONS = 8  # of the groups into folds, for what to expect,
MOST_PREDICTED = 4000  # and as many as make so many predictions
SHORTCUT_COLUMNS = ["source", "accuracy", "low", "high", "majority"]
DOUBTFUL_COLUMNS = ["image_id", "label", "predicted"]
DOUBTFUL_COLUMNS += ["label_probability", "predicted_probability"]
FEWEST_TEST = 20  # test photos of which it is asked whether they can be told from training photos


def sources_of(catalog: pa.Table, measures: Path, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is known of photos beside the thing itself, float (rows, values), by name.

    Args:
        catalog: a CATALOG table.
        measures: path of the measures of the same photos.
        rows: int, (rows,): of the photos, ascending.
    """
    size, width, height = (
        catalog[name].to_numpy()[rows].astype(float) for name in ("file_bytes", "width", "height")
    )
    thumbnails = read_pictures(measures, "thumbnail", rows.tolist())
    colours = read_table(measures, MEASURES, columns=["mean"])["mean"].take(pa.array(rows))
    return {
        "border pixels": np.stack([border(load_rgb(thumbnails[row])) for row in rows.tolist()]),
        "mean colour": np.array(colours.to_pylist()),
        "file size": np.log(size + 1)[:, None],
        "image size": np.stack([width, height], axis=1),
    }


def shortcut_rows(shortcuts: list[Shortcut]) -> list[tuple]:
    """Return the rows of shortcuts.csv."""
    return [
        (one.source, *(f"{value:.6f}" for value in (one.accuracy, one.low, one.high, one.majority)))
        for one in shortcuts
    ]


def score(
    name: str, hits: np.ndarray, groups: np.ndarray, weights: np.ndarray | None = None
) -> tuple:
    """Return a row of estimates.csv: an accuracy, its 95 % interval, effective photos."""
    photos = effective_photos(hits, groups, weights)
    share = float(np.average(hits, weights=weights))
    low, high = wilson_interval(share * photos, photos, CONFIDENCE)
    return (name, f"{share:.6f}", f"{low:.6f}", f"{high:.6f}", f"{photos:.0f}")


def estimates(
    plain: np.ndarray, divisions: list[np.ndarray], groups: np.ndarray, shift: Shift | None
) -> list[tuple]:
    """Return the rows of estimates.csv.

    What to expect on the test photos is the mean over several divisions of the same groups, in
    which photos count by their likeness to the test photos: of few sessions, one division is
    chance.

    Args:
        plain: bool, (photos,), which photos are told right out of plain folds.
        divisions: the same out of the folds of the split, and of other divisions of its groups.
        groups: int, (photos,), what stays together in the split.
        shift: of the test photos, or None without any.
    """
    rows = [
        score("plain folds", plain, groups),
        score("folds of the split", divisions[0], groups),
    ]
    if shift is not None:
        hits = np.mean(divisions, axis=0)
        rows.append(score("expected on the test photos", hits, groups, shift.weights))
        auc = (shift.auc, shift.low, shift.high)
        rows.append(("AUC of test against training", *(f"{one:.6f}" for one in auc), len(plain)))
    return rows


def doubtful_rows(ids: list[str], labels: np.ndarray, probabilities: np.ndarray) -> list[tuple]:
    """Return the rows of label_errors.csv; probabilities are out of fold, float (photos, K)."""
    return [
        (
            *(ids[row], labels[row], other),
            *(f"{probabilities[row, label]:.6f}" for label in (labels[row], other)),
        )
        for row, other in zip(*likely_errors(probabilities, labels), strict=True)
    ]


def shift_rows(ids: list[str], shift: Shift | None) -> list[tuple]:
    """Return the rows of shift.csv."""
    if shift is None:
        return []
    values = zip(ids, shift.likeness, shift.weights, strict=True)
    return [(image_id, f"{likeness:.6f}", f"{weight:.6f}") for image_id, likeness, weight in values]


def map_rows(
    train: tuple[list[str], np.ndarray], test: tuple[list[str], np.ndarray], seed: int
) -> list[tuple]:
    """Return the rows of map.csv.

    Args:
        train: image_id and features, float32 (photos, values), of the training photos.
        test: the same of the test photos.
        seed: of the choice of photos and of the map.
    """
    named = [("train", one) for one in train[0]] + [("test", one) for one in test[0]]
    shown = np.sort(np.random.default_rng(seed).permutation(len(named))[:MOST_ON_MAP])
    first = len(train[0])
    on_map = np.concatenate(
        [train[1][shown[shown < first]], test[1][shown[shown >= first] - first]]
    )
    places = draw_map(unit_vectors(on_map), seed)
    return [
        (*named[row], f"{x:.5f}", f"{y:.5f}") for row, (x, y) in zip(shown, places, strict=True)
    ]


def main() -> None:
    """Read what is known of the photos, study it, write the tables."""
    args = _arguments()
    cfg = json.loads(args.cfg)
    seed = seed_from(cfg["seed"], "study") % 2**31
    catalog = read_table(args.catalog, CATALOG)
    ids, labels = catalog["image_id"].to_pylist(), catalog["label"].to_numpy()
    split = read_table(args.folds, FOLDS)
    folds, groups = split["fold"].to_numpy(), group_numbers(split["group"].to_pylist())
    features = read_features_of(args.features, ids)
    test_ids, test = read_features(args.test) if args.test else ([], features[:0])

    classes = int(labels.max()) + 1
    studied = np.sort(np.random.default_rng(seed).permutation(len(ids))[:MOST_STUDIED])
    shortcuts = find_shortcuts(
        sources_of(catalog, args.measures, studied),
        *(labels[studied], folds[studied], groups[studied], classes, seed),
    )
    without_groups = plain_folds(labels, int(folds.max()) + 1, seed)
    plain = out_of_fold(linear_probe, features, labels, without_groups, classes, seed)
    divisions = [folds]
    if not cfg["own_folds"]:
        more = min(MOST_DIVISIONS, MOST_PREDICTED // len(ids)) - 1
        count = int(folds.max()) + 1
        divisions += [assign_folds(labels, count, seed + n, groups) for n in range(more)]
    hits = [
        out_of_fold(linear_probe, features, labels, one, classes, seed).argmax(axis=1) == labels
        for one in divisions
    ]
    shift = measure_shift(features, test, seed) if len(test) >= FEWEST_TEST else None

    told = estimates(plain.argmax(axis=1) == labels, hits, groups, shift)
    doubtful = doubtful_rows(ids, labels, plain)
    write_text(args.shortcuts, csv_text(SHORTCUT_COLUMNS, shortcut_rows(shortcuts)))
    write_text(args.label_errors, csv_text(DOUBTFUL_COLUMNS, doubtful))
    write_text(args.shift, csv_text(["image_id", "likeness", "weight"], shift_rows(ids, shift)))
    write_text(args.estimates, csv_text(["estimate", "value", "low", "high", "photos"], told))
    places = map_rows((ids, features), (test_ids, test), seed)
    write_text(args.map, csv_text(["part", "image_id", "x", "y"], places))
    for name, value, low, high, _ in told:
        print(f"{name}: {float(value):.3f} ({float(low):.3f} to {float(high):.3f})")
    print(f"{len(doubtful)} doubtful labels: {args.label_errors}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cfg", required=True, help="JSON: seed, own_folds")
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/train.parquet")
    parser.add_argument("--measures", required=True, type=Path, help="its measures")
    parser.add_argument("--features", required=True, type=Path, help="of the training photos")
    parser.add_argument("--test", type=Path, nargs="?", help="features of the test photos")
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument("--shortcuts", required=True, type=Path, help="CSV, written")
    parser.add_argument("--shift", required=True, type=Path, help="CSV, written")
    parser.add_argument("--label-errors", required=True, type=Path, help="CSV, written")
    parser.add_argument("--map", required=True, type=Path, help="CSV, written")
    parser.add_argument("--estimates", required=True, type=Path, help="CSV, written")
    return parser.parse_args()


if __name__ == "__main__":
    with threadpool_limits(1):  # sums of floats are then added in one order on every machine
        run(main)
