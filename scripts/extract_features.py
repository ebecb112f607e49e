"""Compute what the frozen layers of a network make of each image, once.

Reads images/{size}/{part}.parquet or trainset/{recipe}/fold{fold}/images.parquet; writes a table
below features/{trunk}/, a row an image, in the same order. With `frozen: trunk` these are the
inputs of the classifier, one vector a photo; with a number, the activations after so many groups of
layers, from which a training can go on.
"""

import argparse
import json
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle


from zest.contracts import read_image_ids
from zest.engine.batches import load_images
from zest.engine.features import SEED_OF_FROZEN, write_features
from zest.engine.inference import predict_images
from zest.errors import run
from zest.models.groups import head_parameters, split, trunk
from zest.models.registry import build
from zest.models.table import normalisation

_ANY = 2  # classes; the classifier is not part of what is computed


def main() -> None:
    """Read the images, run the frozen layers, write the features."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cfg", required=True, help="JSON: architecture, pretrained, weights, image_size, frozen"
    )
    parser.add_argument("--images", required=True, type=Path, help="images.parquet of any table")
    parser.add_argument("--threads", required=True, type=int, help="number of processes")
    parser.add_argument("--out", required=True, type=Path, help="features, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    ids = read_image_ids(args.images)
    images = load_images(args.images, cfg["image_size"])
    net = build(cfg, _ANY, SEED_OF_FROZEN)
    if cfg["frozen"] == "trunk":
        frozen = trunk(net, head_parameters(net, cfg["architecture"], _ANY))
    else:
        frozen, _ = split(net, cfg["architecture"], cfg["frozen"])
    frozen.eval()
    features = predict_images(frozen, images, *normalisation(cfg["architecture"]), args.threads)
    write_features(ids, features, args.out)
    print(f"{len(ids)} images, {features[0].size} values each: {args.out}", flush=True)


if __name__ == "__main__":
    run(main)
