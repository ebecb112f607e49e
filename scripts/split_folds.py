"""Divide the training photos into stratified folds.

Reads catalog/train.parquet and catalog/classes.csv; where photos are to stay together, the pairs of
duplicates and the features of the training photos, of the test photos as well. Writes
- split/folds.parquet: for each photo the fold in which it is validation, and its group; fold 0 of
  five is the 80/20 split;
- split/balance.csv: the photos of each class in each fold;
- split/leaks.csv: the pairs of duplicates that stand in two folds; none where they are grouped;
- split/sessions.csv: the distances of sessions that were compared with the test photos.
"""

import argparse
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from split import groups
from split.fixed import read_folds
from split.sessions import Clustering, Tried, choose_distance
from zest.classes import ClassInfo, read_classes
from zest.contracts import CATALOG, FOLDS, PAIRS, read_table, write_table
from zest.engine.features import read_features
from zest.errors import UserError, run
from zest.files import csv_text, write_text
from zest.randomness import seed_from
from zest.similarity import unit_vectors

SHOWN = 12  # classes in a printed line


def assign_folds(
    labels: np.ndarray, folds: int, seed: int, grouped: np.ndarray | None = None
) -> np.ndarray:
    """Assign each photo the fold in which it is validation.

    The folds have the class proportions of the whole as nearly as can be (scikit-learn's
    `StratifiedKFold`); with groups, no group is divided (`StratifiedGroupKFold`).

    Args:
        labels: int, (photos,), 0..K-1.
        folds: number of folds, at least 2.
        seed: of the shuffling.
        grouped: int, (photos,), the group of each photo; None where each is its own.

    Returns:
        int32, (photos,), 0..folds-1.
    """
    if grouped is None:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    else:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    assigned = np.full(len(labels), -1, np.int32)
    with warnings.catch_warnings():
        # A class in fewer groups than folds is checked, and told in our words, by the caller.
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, validation) in enumerate(splitter.split(labels, labels, grouped)):
            assigned[validation] = fold
    return assigned


def check_class_sizes(labels: np.ndarray, names: list[str], folds: int) -> None:
    """Refuse classes that cannot stand in every fold.

    Raises:
        UserError: a class with fewer photos than folds.
    """
    counts = np.bincount(labels, minlength=len(names))
    small = [
        f"class {names[k]} ({counts[k]} photo{'s' if counts[k] != 1 else ''})"
        for k in np.flatnonzero(counts < folds)
    ]
    if small:
        lower = f", or lower split.folds to {counts.min()}" if counts.min() >= 2 else ""
        raise UserError(
            f"{', '.join(small)}: fewer photos than split.folds ({folds}), and every fold needs "
            f"one of each class. Label more photos or merge classes{lower}."
        )


def check_folds(assigned: np.ndarray, labels: np.ndarray, names: list[str], folds: int) -> None:
    """Refuse folds that cannot be trained or judged, as can happen when groups are large.

    Raises:
        UserError: an empty fold, or a class that stands wholly inside one fold.
    """
    table = _counts(assigned, labels, len(names), folds)
    for fold in np.flatnonzero(table.sum(axis=1) == 0):
        raise UserError(
            f"fold {fold} of {folds} is empty: there are fewer groups than folds. "
            f"Lower split.folds, or make the groups smaller: {WHAT_GROUPS}."
        )
    for label in np.flatnonzero((table > 0).sum(axis=0) == 1):
        raise UserError(
            f"class {names[label]}: all its photos are of groups that fell into one fold, so a "
            "model would never see it. It needs two groups at least, better as many as there are "
            f"folds; see what joins them: {WHAT_GROUPS}."
        )


WHAT_GROUPS = (
    "data.group_column, split.group_pattern, split.group_duplicates, split.sessions, split.file"
)


def name_groups(grouped: np.ndarray, ids: list[str]) -> list[str | None]:
    """Name each group of several photos by the first of them; a photo alone has no group."""
    _, first, inverse, counts = np.unique(
        grouped, return_index=True, return_inverse=True, return_counts=True
    )
    return [ids[first[group]] if counts[group] > 1 else None for group in inverse]


def find_sessions(
    cfg: dict,
    features: np.ndarray,
    test_features: np.ndarray | None,
    labels: np.ndarray,
    folds_of: Callable[[np.ndarray | None], np.ndarray | None],
) -> tuple[np.ndarray | None, list[Tried]]:
    """Return the session of each photo, int (photos,), or None; and the distances tried.

    Args:
        cfg: seed, sessions (auto, or a distance).
        features: float32, (photos, values), of length 1.
        test_features: the same of the test photos; needed for auto.
        labels: int, (photos,), 0..K-1.
        folds_of: gives the folds for sessions.
    """
    seed = seed_from(cfg["seed"], "sessions")
    clustering = Clustering(features, labels, seed)
    distance, tried = cfg["sessions"], []
    if distance == "auto":
        assert test_features is not None
        distance, tried = choose_distance(
            features, labels, test_features, folds_of, clustering, seed
        )
    return (clustering.sessions(distance) if distance else None), tried


def _counts(assigned: np.ndarray, labels: np.ndarray, classes: int, folds: int) -> np.ndarray:
    """Return the photos of each class in each fold: int, (folds, classes)."""
    table = np.zeros((folds, classes), int)
    np.add.at(table, (assigned, labels), 1)
    return table


def main() -> None:
    """Read the catalog, write the folds, print the class counts of each."""
    args = _arguments()
    cfg = json.loads(args.cfg)
    catalog = read_table(args.catalog, CATALOG, columns=["image_id", "label", "group"])
    ids, labels = catalog["image_id"].to_pylist(), catalog["label"].to_numpy()
    classes = read_classes(args.classes)
    names = [one.name for one in classes]
    pairs = read_table(args.pairs, PAIRS).to_pylist() if args.pairs else []
    pairs = [(one["first"], one["second"], one["kind"]) for one in pairs]
    seed = seed_from(cfg["seed"], "split") % 2**32  # scikit-learn takes 32 bits

    links = [groups.links_of_names(catalog["group"].to_pylist())]
    if cfg["group_pattern"] is not None:
        links.append(groups.links_of_names(groups.names_by_pattern(ids, cfg["group_pattern"])))
    if cfg["group_duplicates"]:
        links.append(groups.links_of_pairs(ids, [pair[:2] for pair in pairs]))

    def grouped_with(sessions: np.ndarray | None) -> np.ndarray:
        if sessions is None:
            return groups.join(len(ids), *links)
        return groups.join(len(ids), *links, groups.links_of_names(sessions.tolist()))

    def folds_of(sessions: np.ndarray | None) -> np.ndarray:
        grouped = grouped_with(sessions)
        alone = grouped.max() + 1 == len(ids)
        return assign_folds(labels, cfg["folds"], seed, None if alone else grouped)

    def folds_if_good(sessions: np.ndarray | None) -> np.ndarray | None:
        assigned = folds_of(sessions)
        good = (_counts(assigned, labels, len(names), cfg["folds"]) > 0).sum(axis=0) > 1
        return assigned if good.all() else None

    sessions, tried = None, []
    if args.file:
        grouped = grouped_with(None)
        assigned = read_folds(args.file, ids, cfg["id_column"], cfg["folds"])
    else:
        check_class_sizes(labels, names, cfg["folds"])
        if args.features:
            features = unit_vectors(read_features(args.features)[1])
            test = unit_vectors(read_features(args.test)[1]) if args.test else None
            sessions, tried = find_sessions(cfg, features, test, labels, folds_if_good)
        grouped = grouped_with(sessions)
        assigned = folds_of(sessions)
    check_folds(assigned, labels, names, cfg["folds"])

    group_names = name_groups(grouped, ids)
    fold_of = dict(zip(ids, assigned.tolist(), strict=True))
    leaks = [(*pair, fold_of[pair[0]], fold_of[pair[1]]) for pair in pairs]
    leaks = [leak for leak in leaks if leak[3] != leak[4]]
    columns = [catalog["image_id"], catalog["label"], pa.array(assigned)]
    table = pa.table([*columns, pa.array(group_names, pa.string())], schema=FOLDS)
    write_table(table, args.out, FOLDS)
    counts = _counts(assigned, labels, len(names), cfg["folds"])
    write_text(args.balance, balance_csv(counts, classes))
    leak_columns = ["first", "second", "kind", "first_fold", "second_fold"]
    write_text(args.leaks, csv_text(leak_columns, leaks))
    rows = [(one.distance, one.groups, f"{one.gap:.6f}") for one in tried]
    write_text(args.sessions, csv_text(["distance", "groups", "gap"], rows))
    report(cfg, counts, names, grouped, pairs, leaks, sessions, tried)


def balance_csv(counts: np.ndarray, classes: list[ClassInfo]) -> str:
    """Return a CSV with a row for each fold and class: the photos, and their share of the fold."""
    rows = [
        (fold, one.label, one.class_num, one.name, row[one.label], f"{row[one.label] / total:.4f}")
        for fold, row in enumerate(counts)
        for total in [row.sum()]
        for one in classes
    ]
    return csv_text(["fold", "label", "class_num", "name", "photos", "share"], rows)


def report(cfg, counts, names, grouped, pairs, leaks, sessions, tried) -> None:
    """Print what was done, in words."""
    if sessions is not None:
        chosen = cfg["sessions"]
        why = "as split.sessions says"
        if tried:
            number = len(np.unique(sessions))
            chosen = next(one.distance for one in tried if one.groups == number)
            why = "so that validation is as hard as the test photos look"
        print(f"sessions: photos of a class within a distance of {chosen} stay together, {why}")
    elif tried:
        print("sessions: none; the test photos look no harder than photos of other folds")
    sizes = np.bincount(grouped)
    several = sizes[sizes > 1]
    if len(several):
        print(
            f"{len(several)} groups of 2 to {several.max()} photos stay together, "
            f"{several.sum()} photos in all"
        )
    if pairs:
        print(f"{len(leaks)} of {len(pairs)} pairs of duplicates stand in two folds")
    for fold, row in enumerate(counts):
        shown = ", ".join(f"{name} {n}" for name, n in zip(names[:SHOWN], row, strict=False))
        more = ", ..." if len(names) > SHOWN else ""
        print(f"fold {fold}: {row.sum()} photos ({shown}{more})", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--cfg",
        required=True,
        help="JSON: seed, folds, sessions, group_pattern, group_duplicates, id_column",
    )
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/train.parquet")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--pairs", type=Path, nargs="?", help="duplicates/train.parquet")
    parser.add_argument("--features", type=Path, nargs="?", help="of the training photos")
    parser.add_argument("--test", type=Path, nargs="?", help="features of the test photos")
    parser.add_argument("--file", type=Path, nargs="?", help="CSV of id and fold, instead")
    parser.add_argument("--out", required=True, type=Path, help="split/folds.parquet, written")
    parser.add_argument("--balance", required=True, type=Path, help="CSV, written")
    parser.add_argument("--leaks", required=True, type=Path, help="CSV, written")
    parser.add_argument("--sessions", required=True, type=Path, help="CSV, written")
    return parser.parse_args()


if __name__ == "__main__":
    with threadpool_limits(1):  # sums of floats are then added in one order on every machine
        run(main)
