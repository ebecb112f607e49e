"""Hold a fifth of the labelled photos out as the photos to predict, whole sessions at a time.

Makes a competition folder of links to one that `sessions.py` made, for a question that folds cannot
answer: how good is what is handed in (the mean of the folds, their merged weights, one more
training on all photos), on photos that none of the folds saw. The labels of the photos held out
are in test_labels.csv, which no stage reads.

Run it in the environment:

    python benchmarks/sessions.py ../shared/data/citrus data/citrus_sessions
    python benchmarks/held_out.py data/citrus_sessions data/citrus_held_out
"""

import argparse
import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np

from zest.stratified_folds import assign_folds

PARTS = 5


def write_part(rows: list[dict], source: Path, out: Path, images: str, labels: str) -> None:
    """Link the photos of some rows of a label file, and write those rows."""
    (out / images).mkdir(parents=True)
    for row in rows:
        photo = source / "train_images" / row["id"]
        (out / images / row["id"]).symlink_to(photo.resolve())
    with (out / labels).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Read the labels and sessions, write the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder that sessions.py made")
    parser.add_argument("out", type=Path, help="folder to make")
    parser.add_argument(
        "--part", type=int, default=0, choices=range(PARTS), help="which fifth is held out (0)"
    )
    args = parser.parse_args()

    with (args.data / "train_images.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    _, labels = np.unique([row["class_num"] for row in rows], return_inverse=True)
    _, sessions = np.unique([row["session"] for row in rows], return_inverse=True)
    parts = assign_folds(labels, PARTS, 0, sessions)
    held_out = [row for row, part in zip(rows, parts, strict=True) if part == args.part]
    left = [row for row, part in zip(rows, parts, strict=True) if part != args.part]
    write_part(left, args.data, args.out, "train_images", "train_images.csv")
    write_part(held_out, args.data, args.out, "test_images", "test_labels.csv")
    (args.out / "classes.csv").symlink_to((args.data / "classes.csv").resolve())
    print(f"{len(left)} photos to learn from, {len(held_out)} held out: {args.out}")


if __name__ == "__main__":
    main()
