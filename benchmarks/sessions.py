"""Guess which photos were taken in one go, so that a validation can imitate photos of other days.

Makes a competition folder of links to another one in the contest's layout, with a column `session`
in its label file; a configuration keeps sessions together by `data.group_column: session`. A
session is a cluster of photos of one class whose features (EfficientNet-Lite0 at 224 pixels, of
unit length) are joined by average linkage within a cosine distance.

The distance makes the estimate: 0.24 is where the linear probe scores on photos of other sessions
what it is known to score on the official test photos of citrus and grocery (0.64 and 0.75). So that
agreement is no evidence; use these folds to rank models, and as a guess of their scores.

Run it in the environment:

    python benchmarks/sessions.py ../shared/data/grocery data/grocery_sessions
"""

import argparse
import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.preprocessing import normalize

from zest.engine.inference import predict_images
from zest.images import fit, load_rgb
from zest.models.groups import head_parameters, trunk
from zest.models.registry import build
from zest.models.table import normalisation

ARCHITECTURE, PIXELS, PROCESSES = "efficientnet_lite0", 224, 2
DISTANCE, FEWEST = 0.24, 3  # cosine; sessions of a class


def find_sessions(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the session of each photo, int: float (photos, values) and (photos,) in.

    A class that would have fewer than `FEWEST` sessions is cut into so many.
    """
    sessions = np.zeros(len(labels), int)
    found = 0
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        tree = linkage(normalize(features[rows]), "average", metric="cosine")
        clusters = fcluster(tree, DISTANCE, "distance")
        if clusters.max() < FEWEST:
            clusters = fcluster(tree, FEWEST, "maxclust")
        sessions[rows] = found + clusters
        found += clusters.max()
    return sessions


def features_of(paths: list[Path]) -> np.ndarray:
    """Return what the trunk makes of each photo: float32, (photos, values)."""
    images = np.stack([fit(load_rgb(path.read_bytes()), PIXELS) for path in paths])
    net = build({"architecture": ARCHITECTURE, "pretrained": True}, 2, seed=0)
    net.eval()
    whole = trunk(net, head_parameters(net, ARCHITECTURE, 2))
    return predict_images(whole, images, *normalisation(ARCHITECTURE), PROCESSES)


def main() -> None:
    """Read the labels and photos, write the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with train_images.csv and train_images/")
    parser.add_argument("out", type=Path, help="folder to make")
    args = parser.parse_args()

    with (args.data / "train_images.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    paths = [args.data / "train_images" / row["id"] for row in rows]
    labels = np.array([row["class_num"] for row in rows])
    sessions = find_sessions(features_of(paths), labels)

    args.out.mkdir(parents=True)
    for entry in args.data.iterdir():
        if entry.name != "train_images.csv":
            (args.out / entry.name).symlink_to(entry.resolve())
    with (args.out / "train_images.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*rows[0], "session"])
        writer.writerows([*row.values(), n] for row, n in zip(rows, sessions, strict=True))
    sizes = np.bincount(sessions)[1:]
    print(f"{len(rows)} photos of {len(sizes)} sessions, the largest of {sizes.max()}: {args.out}")


if __name__ == "__main__":
    main()
