"""Divide the training photos into stratified folds.

Reads catalog/train.parquet and catalog/classes.csv; where photos are to stay together, the pairs of
duplicates and the features of the training photos, of the test photos as well. Writes
- split/folds.parquet: for each photo the fold in which it is validation, and its group; fold 0 of
  five is the 80/20 split;
- split/balance.csv: the photos of each class in each fold;
- split/leaks.csv: the pairs of duplicates that stand in two folds; none where they are grouped;
- split/sessions.csv: the distances of sessions that were compared with the test photos, and which
  was chosen.
"""

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from split.assignment import check_class_sizes, check_folds, class_counts
from split.fixed import read_folds
from split.sessions import Clustering, Tried, choose_distance
from zest import photo_groups
from zest.classes import ClassInfo, read_classes
from zest.contracts import CATALOG, FOLDS, PAIRS, read_table, write_table
from zest.errors import UserError, run
from zest.files import csv_text, write_text
from zest.photo_groups import Links
from zest.randomness import seed_from
from zest.similarity import read_unit_vectors
from zest.stratified_folds import assign_folds

SHOWN = 12  # classes in a printed line
LOST_CLASSES = 0.05  # share of the classes that a fold may lack for the sake of sessions
LEAK_COLUMNS = ["first", "second", "kind", "first_fold", "second_fold"]


def name_groups(grouped: np.ndarray, ids: list[str]) -> list[str | None]:
    """Name each group of several photos by the first of them; a photo alone has no group."""
    _, first, inverse, counts = np.unique(
        grouped, return_index=True, return_inverse=True, return_counts=True
    )
    return [ids[first[group]] if counts[group] > 1 else None for group in inverse]


@dataclass(frozen=True)
class Division:
    """A split of n photos."""

    folds: np.ndarray  # (n,) int, the fold in which a photo is validation
    groups: np.ndarray  # (n,) int, what stays together
    tried: list[Tried]  # distances of sessions that were compared with the test photos


def divide(
    cfg: dict,
    labels: np.ndarray,
    names: list[str],
    links: list[Links],
    features: np.ndarray | None,
    test_features: np.ndarray | None,
) -> Division:
    """Divide photos into folds that keep together what is linked, and sessions.

    Args:
        cfg: seed, folds, sessions (auto, none or a distance).
        labels: int, (photos,), 0..K-1.
        names: of the classes.
        links: pairs of rows that belong together, from any number of reasons.
        features: float32, (photos, values), of length 1; needed for sessions.
        test_features: the same of the test photos; needed for auto.

    Raises:
        UserError: see `check_class_sizes` and `check_folds`.
    """
    seed = seed_from(cfg["seed"], "split") % 2**32  # scikit-learn takes 32 bits

    def with_sessions(sessions: np.ndarray | None, tried: list[Tried]) -> Division:
        more = [] if sessions is None else [photo_groups.links_of_names(sessions.tolist())]
        grouped = photo_groups.join(len(labels), *links, *more)
        each_alone = grouped.max() + 1 == len(labels)
        folds = assign_folds(labels, cfg["folds"], seed, None if each_alone else grouped)
        return Division(folds, grouped, tried)

    def folds_if_good(sessions: np.ndarray | None) -> np.ndarray | None:
        """Return folds in which all but a few of many classes stand, or None."""
        try:
            folds = with_sessions(sessions, []).folds
        except UserError:  # fewer groups than folds
            return None
        there = class_counts(folds, labels, len(names), cfg["folds"]) > 0
        lost = (plain_there & ~there).sum(axis=1)
        good = (there.sum(axis=0) > 1).all() and (lost <= len(names) * LOST_CLASSES).all()
        return folds if good else None

    check_class_sizes(labels, names, cfg["folds"])
    plain = with_sessions(None, [])
    check_folds(plain.folds, labels, names, cfg["folds"])
    plain_there = class_counts(plain.folds, labels, len(names), cfg["folds"]) > 0
    if cfg["sessions"] == "none":
        return plain
    assert features is not None
    session_seed = seed_from(cfg["seed"], "sessions")
    clustering = Clustering(features, labels, session_seed)
    distance, tried = cfg["sessions"], []
    if distance == "auto":
        assert test_features is not None
        tried = choose_distance(
            features, labels, test_features, folds_if_good, clustering, session_seed
        )
        distance = next(one.distance for one in tried if one.chosen)
    if not distance:
        return replace(plain, tried=tried)
    division = with_sessions(clustering.sessions(distance), tried)
    check_folds(division.folds, labels, names, cfg["folds"])
    return division


def balance_csv(counts: np.ndarray, classes: list[ClassInfo]) -> str:
    """Return a CSV with a row for each fold and class: the photos, and their share of the fold."""
    rows = [
        (fold, one.label, one.class_num, one.name, row[one.label], f"{row[one.label] / total:.4f}")
        for fold, row in enumerate(counts)
        for total in [row.sum()]
        for one in classes
    ]
    return csv_text(["fold", "label", "class_num", "name", "photos", "share"], rows)


def sessions_csv(tried: list[Tried]) -> str:
    """Return a CSV with a row for each distance of sessions; `chosen` is 1 for one of them."""
    rows = [(one.distance, one.groups, f"{one.gap:.6f}", int(one.chosen)) for one in tried]
    return csv_text(["distance", "groups", "gap", "chosen"], rows)


def tell_sessions(setting: str | float, tried: list[Tried]) -> None:
    """Print which sessions stay together, and why."""
    distance, why = setting, "as split.sessions says"
    if tried:
        distance = next(one.distance for one in tried if one.chosen)
        why = "so that validation is as hard as the test photos look"
        if not distance:
            print("sessions: none; the test photos look no harder than photos of other folds")
    if isinstance(distance, float) and distance:
        print(f"sessions: photos of a class within a distance of {distance} stay together, {why}")


def tell_groups(division: Division) -> None:
    """Print how many groups of several photos there are, and how many are divided."""
    sizes = np.bincount(division.groups)
    several = sizes[sizes > 1]
    if not len(several):
        return
    print(
        f"groups of several photos: {len(several)}, the largest of {several.max()}, "
        f"{several.sum()} photos in all"
    )
    places = np.unique(np.stack([division.groups, division.folds]), axis=1)[0]
    divided = (np.bincount(places) > 1).sum()
    if divided:  # by a split of the user's own
        print(f"warning: split.file divides {divided} of them over several folds", file=sys.stderr)


def tell_folds(counts: np.ndarray, names: list[str]) -> None:
    """Print the photos of each class in each fold; `counts` is int, (folds, K)."""
    lacking = [
        f"fold {fold} has no photo of {name}"
        for fold, row in enumerate(counts)
        for name, photos in zip(names, row, strict=True)
        if photos == 0
    ]
    if lacking:
        more = f", and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
        told = "; ".join(lacking[:SHOWN])
        print(f"warning: {told}{more}: its score says nothing of them", file=sys.stderr)
    for fold, row in enumerate(counts):
        shown = ", ".join(f"{name} {n}" for name, n in zip(names[:SHOWN], row, strict=False))
        more = ", ..." if len(names) > SHOWN else ""
        print(f"fold {fold}: {row.sum()} photos ({shown}{more})", flush=True)


def main() -> None:
    """Read the catalog, write the folds, tell what they are like."""
    args = _arguments()
    cfg = json.loads(args.cfg)
    catalog = read_table(args.catalog, CATALOG, columns=["image_id", "label", "group"])
    ids, labels = catalog["image_id"].to_pylist(), catalog["label"].to_numpy()
    classes = read_classes(args.classes)
    names = [one.name for one in classes]
    pairs = read_table(args.pairs, PAIRS).to_pylist() if args.pairs else []

    links = [photo_groups.links_of_names(catalog["group"].to_pylist())]
    if cfg["group_pattern"] is not None:
        links.append(
            photo_groups.links_of_names(photo_groups.names_by_pattern(ids, cfg["group_pattern"]))
        )
    if cfg["group_duplicates"]:
        links.append(
            photo_groups.links_of_pairs(ids, [(one["first"], one["second"]) for one in pairs])
        )
    if args.file:
        folds = read_folds(args.file, ids, cfg["id_column"], cfg["folds"])
        check_folds(folds, labels, names, cfg["folds"])
        division = Division(folds, photo_groups.join(len(ids), *links), [])
    else:
        features = read_unit_vectors(args.features, ids) if args.features else None
        test = read_unit_vectors(args.test) if args.test else None
        division = divide(cfg, labels, names, links, features, test)

    fold_of = dict(zip(ids, division.folds.tolist(), strict=True))
    leaks = find_leaks(pairs, fold_of)
    counts = class_counts(division.folds, labels, len(names), cfg["folds"])
    columns = [catalog["image_id"], catalog["label"], pa.array(division.folds)]
    group_names = pa.array(name_groups(division.groups, ids), pa.string())
    write_table(pa.table([*columns, group_names], schema=FOLDS), args.out, FOLDS)
    write_text(args.balance, balance_csv(counts, classes))
    write_text(args.leaks, csv_text(LEAK_COLUMNS, leaks))
    write_text(args.sessions, sessions_csv(division.tried))
    tell_sessions(cfg["sessions"], division.tried)
    tell_groups(division)
    if pairs:
        print(f"{len(leaks)} of {len(pairs)} pairs of duplicates stand in two folds")
    tell_folds(counts, names)


def find_leaks(pairs: list[dict], fold_of: dict[str, int]) -> list[tuple]:
    """Return the pairs of duplicates that stand in two folds: rows of LEAK_COLUMNS."""
    rows = [
        (one["first"], one["second"], one["kind"], fold_of[one["first"]], fold_of[one["second"]])
        for one in pairs
    ]
    return [row for row in rows if row[3] != row[4]]


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
