"""Decode and resize the photos of one part once, as every network of that input size sees them.

Reads catalog/{part}.parquet and the photos; writes images/{size}/{part}.parquet. Validation and
prediction read nothing else.
"""

import argparse
import functools
import json
from pathlib import Path

from zest.catalogued import read_fitted
from zest.contracts import CATALOG, IMAGES, in_row_groups, read_table, write_table
from zest.errors import run
from zest.images import encode_png
from zest.parallel import ordered_map

COLUMNS = ["image_id", "path", "width", "height"]  # of the catalog


def prepare(row: tuple[str, Path, int], size: int, how: str) -> dict:
    """Return a row of the IMAGES table for (image_id, path of the photo, its width x height)."""
    image_id, path, pixels = row
    png = encode_png(read_fitted(path, pixels, size, how))
    return {"image_id": image_id, "image": {"bytes": png, "path": f"{image_id}.png"}}


def main() -> None:
    """Read the catalog, write the images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: size, fit")
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/{part}.parquet")
    parser.add_argument("--root", required=True, type=Path, help="the competition's folder")
    parser.add_argument("--threads", required=True, type=int, help="number of processes")
    parser.add_argument("--out", required=True, type=Path, help="images.parquet, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    catalog = read_table(args.catalog, CATALOG, columns=COLUMNS).to_pylist()
    rows = [
        (row["image_id"], args.root / row["path"], row["width"] * row["height"]) for row in catalog
    ]
    work = functools.partial(prepare, size=cfg["size"], how=cfg["fit"])
    images = ordered_map(work, rows, len(rows), args.threads, f"resize to {cfg['size']}")
    write_table(in_row_groups(images, IMAGES), args.out, IMAGES)


if __name__ == "__main__":
    run(main)
