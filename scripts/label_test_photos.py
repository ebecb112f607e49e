"""Label the test photos that a teacher is sure of, so that another model can learn from them.

Reads predictions/{teacher}/fold{fold}/test.parquet, both catalogs, catalog/classes.csv,
split/folds.parquet and duplicates/test.parquet; writes pseudo_labels/{model}/fold{fold}.parquet, in
the order of catalog/test.parquet. Lee 2013, "Pseudo-Label: The Simple and Efficient Semi-Supervised
Learning Method for Deep Neural Networks", section 2.2, takes the likeliest class of every photo for
its label; here the model that gives it is trained before, and only what it is sure of counts. A
photo that is a duplicate of one of the validation fold is left out: its label would be a model's,
but its pixels those of validation. So is one that split.group_pattern puts in the group of one.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zest.classes import ClassInfo, class_title, read_classes
from zest.contracts import (
    CATALOG,
    FOLDS,
    PAIRS,
    PREDICTIONS,
    PSEUDO_LABELS,
    probability_matrix,
    read_table,
    write_table,
)
from zest.errors import UserError, run
from zest.folds import parse_fold
from zest.photo_groups import join, links_of_names, names_where_found

SHOWN = 20  # classes, in a line that is printed


def label_photos(
    probabilities: np.ndarray, min_probability: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give each photo its likeliest class, and tell which labels are sure.

    Where two classes are equally likely, neither is the likeliest, and the photo is not sure.

    Args:
        probabilities: float32, (n, K), K of at least 2.
        min_probability: that the likeliest class of a sure photo has at least.

    Returns:
        The labels, int64 (n,), 0..K-1; their probabilities, float32 (n,); sure, bool (n,).
    """
    second, first = np.partition(probabilities, -2, axis=1)[:, -2:].T
    # Rounded as the probabilities are, or 0.9 of the configuration would be above a stored 0.9.
    sure = (first >= np.float32(min_probability)) & (first > second)
    return probabilities.argmax(axis=1), first, sure


def like_validation(
    ids: list[str], validation: set[str], pairs: pa.Table, group_pattern: str | None
) -> np.ndarray:
    """Return which test photos belong with validation photos, bool (n,).

    They are duplicates or of one group, directly or by way of others: of photos that hang together
    the table need not hold every pair, see `find_duplicates.find_pairs`.

    Args:
        ids: image_id of the n test photos.
        validation: image_id of the validation photos; a test photo may have the same one.
        pairs: a PAIRS table, with those of which one photo at least is a test photo.
        group_pattern: takes the name of its group from an image_id, as in the split; a photo where
            it finds nothing has none. None for no groups.
    """
    columns = [pairs[name].to_pylist() for name in pairs.schema.names[:4]]
    linked = [
        ((part, one), (other_part, other))
        for part, one, other_part, other in zip(*columns, strict=True)
    ]
    photos = [("test", one) for one in ids] + [("train", one) for one in validation]
    row = {photo: number for number, photo in enumerate(photos)}
    for pair in linked:
        for photo in pair:
            row.setdefault(photo, len(row))
    links = [[(row[one], row[other]) for one, other in linked]]
    if group_pattern is not None:
        names = names_where_found([image_id for _, image_id in row], group_pattern)
        links.append(links_of_names([name or None for name in names]))
    grouped = join(len(row), *links)
    return np.isin(grouped[: len(ids)], grouped[len(ids) : len(photos)])


def check_no_leak(chosen: set[str], test: pa.Table, train: pa.Table, validation: set[str]) -> None:
    """Refuse pseudo-labels of a photo whose file is that of a validation photo, byte for byte.

    Args:
        chosen: image_id of the test photos that are labelled.
        test: a CATALOG table, of the test photos.
        train: a CATALOG table, of the training photos.
        validation: image_id of the photos of the validation fold.

    Raises:
        UserError: names the first such photo.
    """
    names = {
        digest: image_id
        for image_id, digest in zip(*_ids_and_digests(train), strict=True)
        if image_id in validation
    }
    for image_id, digest in zip(*_ids_and_digests(test), strict=True):
        if image_id in chosen and digest in names:
            raise UserError(
                f"the test photo {image_id} is the same file as {names[digest]}, a validation "
                "photo of this fold, and would be learned from. Delete the duplicates folder and "
                "run the same command again."
            )


def _ids_and_digests(catalog: pa.Table) -> tuple[list[str], list[str]]:
    return catalog["image_id"].to_pylist(), catalog["sha256"].to_pylist()


def tell(labels: np.ndarray, taken: np.ndarray, classes: list[ClassInfo]) -> str:
    """Say how many of the photos of each class are taken, by the class that the teacher gives."""
    count = len(classes)
    given, used = (np.bincount(part, minlength=count) for part in (labels, labels[taken]))
    each = [f"{class_title(one)} {used[one.label]} of {given[one.label]}" for one in classes]
    return f"{taken.sum()} of {len(labels)} test photos are labelled: {_first(each)}"


def warnings(labels: np.ndarray, taken: np.ndarray, classes: list[ClassInfo]) -> Iterator[str]:
    """Yield what a model that learns from these labels may suffer from."""
    used = np.bincount(labels[taken], minlength=len(classes))
    without = [class_title(one) for one in classes if not used[one.label]]
    if not taken.any():
        yield (
            "no test photo is labelled, so the model learns from the training photos alone; lower "
            "min_probability, or leave pseudo_labels out."
        )
    elif len(without) == len(classes) - 1:
        yield (
            f"all labelled test photos are of class {class_title(classes[int(used.argmax())])}: "
            "they push the model towards it. Look at the teacher's confusion matrix, or lower "
            "min_probability."
        )
    elif without:
        yield (
            f"no test photo is labelled as {_first(without)}: the others push the model away from "
            "it. Look at the teacher's confusion matrix, or lower min_probability."
        )


def _first(texts: list[str]) -> str:
    return ", ".join(texts[:SHOWN]) + (", ..." if len(texts) > SHOWN else "")


def main() -> None:
    """Read the predictions, choose the photos, check that none is validation, write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: min_probability, group_pattern")
    parser.add_argument("--name", required=True, help="what the printed lines call the model")
    parser.add_argument(
        "--predictions", required=True, type=Path, help="the teacher's test.parquet"
    )
    parser.add_argument("--catalogs", required=True, type=Path, nargs=2, help="train, test.parquet")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument(
        "--fold", required=True, type=parse_fold, help="the validation fold, or all for none"
    )
    parser.add_argument("--pairs", required=True, type=Path, help="duplicates/test.parquet")
    parser.add_argument("--out", required=True, type=Path, help="pseudo-labels, written")
    args = parser.parse_args()

    train, test = (read_table(path, CATALOG) for path in args.catalogs)
    predictions = read_table(args.predictions, PREDICTIONS)
    ids = test["image_id"].to_pylist()
    if predictions["image_id"].to_pylist() != ids:
        raise UserError(
            f"{args.predictions}: its photos are not those of {args.catalogs[1]}. Delete it and "
            "run the same command again."
        )
    folds = read_table(args.folds, FOLDS)
    validation = set(folds.filter(pc.field("fold") == args.fold)["image_id"].to_pylist())
    probabilities = probability_matrix(predictions)
    cfg = json.loads(args.cfg)
    labels, probability, sure = label_photos(probabilities, cfg["min_probability"])
    pairs, pattern = read_table(args.pairs, PAIRS), cfg["group_pattern"]
    same = like_validation(ids, validation, pairs, pattern)
    taken = sure & ~same
    rows = np.flatnonzero(taken)
    table = pa.table(
        [
            pa.array([ids[row] for row in rows], pa.string()),
            pa.array(labels[rows], pa.int32()),
            pa.array(probability[rows], pa.float32()),
        ],
        schema=PSEUDO_LABELS,
    )
    check_no_leak({ids[row] for row in rows}, test, train, validation)
    write_table(table, args.out, PSEUDO_LABELS)

    classes = read_classes(args.classes)
    print(f"[{args.name}] {tell(labels, taken, classes)}", flush=True)
    if left_out := (sure & same).sum():
        kin = "duplicates" if pattern is None else "duplicates or group members"
        print(
            f"[{args.name}] left out, though sure: {left_out} {kin} of validation photos",
            flush=True,
        )
    for warning in warnings(labels, taken, classes):
        print(f"warning: [{args.name}] {warning}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main)
