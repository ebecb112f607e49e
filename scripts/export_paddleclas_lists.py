"""Write the split of a fold as the list files that PaddleClas trains from.

Reads catalog/train.parquet, catalog/classes.csv and split/folds.parquet; writes
paddleclas/fold{fold}/: train_list.txt and val_list.txt, `path label` on each line, in the order of
the catalog, and label_list.txt, `number name` on each line. The paths are relative to the
competition's folder (`image_root` in a configuration of PaddleClas), the labels are 0..K-1.
"""

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

from zest.classes import ClassInfo, read_classes
from zest.contracts import CATALOG, FOLDS, read_table
from zest.errors import UserError, run
from zest.files import write_text

BLANK, TAB = " ", "\t"


def choose_delimiter(paths: Iterable[str]) -> str:
    """Return what stands between path and label: a blank, or a tab where a path holds a blank.

    PaddleClas cuts a line at every delimiter and takes the first two parts
    (ppcls/data/dataloader/imagenet_dataset.py); a blank is what it expects unless it is told.

    Raises:
        UserError: a path that begins or ends in white space, which PaddleClas would cut off.
    """
    delimiter = BLANK
    for path in paths:
        if path != path.strip():
            raise UserError(
                f"{path!r}: the path of this photo begins or ends in white space, which PaddleClas "
                "cuts off. Rename the file."
            )
        if BLANK in path:
            delimiter = TAB
    return delimiter


def list_text(photos: Iterable[dict], delimiter: str) -> str:
    """Return a list file: a line for each photo, of which `path` and `label` are used."""
    return "".join(f"{photo['path']}{delimiter}{photo['label']}\n" for photo in photos)


def label_text(classes: Iterable[ClassInfo]) -> str:
    """Return the label list.

    Raises:
        UserError: a name of more than one line.
    """
    for one in classes:
        if re.search(r"[\r\n]", one.name):
            raise UserError(
                f"catalog/classes.csv: the name {one.name!r} has a line break, and in a label list "
                "of PaddleClas every class has one line. Correct data.classes."
            )
    return "".join(f"{one.label} {one.name}\n" for one in classes)


def main() -> None:
    """Read the catalog and the split, write the three files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/train.parquet")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument("--fold", required=True, type=int, help="the validation fold")
    parser.add_argument("--train", required=True, type=Path, help="train_list.txt, written")
    parser.add_argument("--validation", required=True, type=Path, help="val_list.txt, written")
    parser.add_argument("--labels", required=True, type=Path, help="label_list.txt, written")
    args = parser.parse_args()

    columns = ["image_id", "path", "label"]
    photos = read_table(args.catalog, CATALOG, columns=columns).to_pylist()
    folds = read_table(args.folds, FOLDS, columns=["image_id", "fold"]).to_pylist()
    held_out = {row["image_id"] for row in folds if row["fold"] == args.fold}
    if not held_out:
        raise UserError(f"{args.folds}: there is no fold {args.fold}. Name another one.")
    delimiter = choose_delimiter(photo["path"] for photo in photos)
    training = [photo for photo in photos if photo["image_id"] not in held_out]
    validation = [photo for photo in photos if photo["image_id"] in held_out]
    classes = read_classes(args.classes)
    write_text(args.train, list_text(training, delimiter))
    write_text(args.validation, list_text(validation, delimiter))
    write_text(args.labels, label_text(classes))
    print(
        f"fold {args.fold}: {len(training)} photos to train on and {len(validation)} to validate "
        f"on, of {len(classes)} classes: {args.train.parent}",
        flush=True,
    )
    if delimiter == TAB:
        print(
            "there are paths with blanks, so a tab stands between path and label: PaddleClas reads "
            r'these lists with delimiter: "\t" in the dataset section of its configuration',
            flush=True,
        )


if __name__ == "__main__":
    run(main)
