"""Make the images of a training set: the photos and their augmented copies.

Reads a manifest, catalog/train.parquet, split/folds.parquet and the photos; writes
trainset/{recipe}/fold{fold}/images.parquet, with for each row the operations applied to it.
"""

import argparse
import functools
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from zest.augment import apply_operations, draw_operations
from zest.catalogued import read_catalogued
from zest.contracts import (
    CATALOG,
    FOLDS,
    MANIFEST,
    TRAINSET,
    in_row_groups,
    read_table,
    write_table,
)
from zest.errors import UserError, run
from zest.folds import parse_fold
from zest.images import encode_png
from zest.parallel import ordered_map


def check_no_leak(manifest: pa.Table, folds: pa.Table, fold: int) -> None:
    """Refuse a training set that holds a copy of a photo of its own validation fold.

    Raises:
        UserError: names the first such photo.
    """
    validation = folds.filter(pc.equal(folds["fold"], fold))["image_id"]
    leaked = manifest.filter(pc.is_in(manifest["image_id"], validation.combine_chunks()))
    if leaked.num_rows:
        raise UserError(
            f"the training set of fold {fold} holds {leaked.num_rows} rows of its own validation "
            f"photos, the first of {leaked['image_id'][0]}. Delete the trainset folder and run the "
            "same command again."
        )


def make_row(row: dict, operations: list[dict], fill: str | list[int], size: int, how: str) -> dict:
    """Return a row of the TRAINSET table.

    Args:
        row: of the manifest, and `file`, the path of the photo, and `pixels`, its width x height.
        operations: of the recipe.
        fill: of the recipe, what comes from outside of the photo.
        size: width and height of the image, in pixels.
        how: `crop`, `stretch` or `pad`.
    """
    photo = read_catalogued(row["file"], row["pixels"])
    drawn = draw_operations(operations, row["seed"], fill) if row["copy"] else []
    png = encode_png(apply_operations(photo, drawn, size, how))
    return {
        "image": {"bytes": png, "path": f"{row['image_id']}.{row['copy']}.png"},
        **{name: row[name] for name in MANIFEST.names},
        "operations": json.dumps(drawn),
    }


def make_rows(
    manifest: pa.Table, photos: dict[str, tuple[Path, int]], cfg: dict, threads: int
) -> Iterator[dict]:
    """Yield the rows of the TRAINSET table in the order of the manifest.

    Args:
        manifest: a MANIFEST table.
        photos: the path of each photo and its width x height in the catalog, by image_id.
        cfg: operations, fill, image_size, fit.
        threads: number of processes.
    """
    rows = (
        {**row, **dict(zip(("file", "pixels"), photos[row["image_id"]], strict=True))}
        for row in manifest.to_pylist()
    )
    make = functools.partial(
        make_row,
        operations=cfg["operations"],
        fill=cfg["fill"],
        size=cfg["image_size"],
        how=cfg["fit"],
    )
    return ordered_map(make, rows, manifest.num_rows, threads, "augment")


def main() -> None:
    """Read the manifest, check that it does not leak, write the images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: operations, fill, image_size, fit")
    parser.add_argument("--manifest", required=True, type=Path, help="manifest.parquet")
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/train.parquet")
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument(
        "--fold", required=True, type=parse_fold, help="the validation fold, left out; or all"
    )
    parser.add_argument("--root", required=True, type=Path, help="the competition's folder")
    parser.add_argument("--threads", required=True, type=int, help="number of processes")
    parser.add_argument("--out", required=True, type=Path, help="images.parquet, written")
    args = parser.parse_args()

    manifest = read_table(args.manifest, MANIFEST)
    check_no_leak(manifest, read_table(args.folds, FOLDS), args.fold)
    columns = ["image_id", "path", "width", "height"]
    photos = {
        row["image_id"]: (args.root / row["path"], row["width"] * row["height"])
        for row in read_table(args.catalog, CATALOG, columns=columns).to_pylist()
    }
    rows = make_rows(manifest, photos, json.loads(args.cfg), args.threads)
    write_table(in_row_groups(rows, TRAINSET), args.out, TRAINSET)


if __name__ == "__main__":
    run(main)
