"""Does an exported model go by what surrounds the thing? Hide the centre of photos from it.

Reads deploy/{model}/model.onnx, or the one in INT8 where that leaves, evaluation/{model}/
out_of_fold.parquet and images/{size}/train.parquet; writes deploy/{model}/shortcuts.json.
"""

import argparse
import json
from pathlib import Path

from deployment.photos import photos_of_model
from deployment.running import open_exported
from explanation.centre import AREA, hits_without_parts
from explanation.verdict import judge_occlusion, warnings_of
from zest.engine.batches import load_images_of
from zest.errors import run
from zest.files import write_json
from zest.folds import parse_fold
from zest.paired import read_out_of_fold

MOST_PHOTOS = 200


def main() -> None:
    """Paint the centre of photos over, and all but the centre; tell how often it is right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: seed, evaluation")
    parser.add_argument("--name", required=True, help="of the model")
    parser.add_argument("--model", required=True, type=Path, help="the ONNX model that leaves")
    parser.add_argument(
        "--fold", required=True, type=parse_fold, help="the fold of the model, all or merged"
    )
    parser.add_argument("--out-of-fold", required=True, type=Path, help="of the scored model")
    parser.add_argument("--images", required=True, type=Path, help="images/{size}/train.parquet")
    parser.add_argument("--out", required=True, type=Path, help="shortcuts.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    exported = open_exported(args.model)
    photos, is_scored = photos_of_model(
        read_out_of_fold(args.out_of_fold), args.fold, cfg["seed"], MOST_PHOTOS
    )
    images = load_images_of(args.images, exported.preprocessing["image_size"], photos.ids)
    hits = hits_without_parts(exported.predict_fitted, images, photos.labels)
    occlusion = judge_occlusion(photos.labels, hits, photos.groups, cfg["evaluation"]["confidence"])
    warnings = warnings_of(args.name, occlusion, None)
    write_json(
        args.out,
        {
            "photos": len(photos.ids),
            "is_scored": is_scored,
            "centre": AREA,
            "occlusion": occlusion,
            "warnings": warnings,
        },
    )
    print(
        f"right of {len(photos.ids)} photos {occlusion.plain.value:.2f}, with the centre painted "
        f"over {occlusion.centre_hidden.value:.2f}, with all but the centre painted over "
        f"{occlusion.border_hidden.value:.2f}; the commonest class {occlusion.chance:.2f}",
        flush=True,
    )
    for warning in warnings:
        print(f"warning: {warning}", flush=True)


if __name__ == "__main__":
    run(main)
