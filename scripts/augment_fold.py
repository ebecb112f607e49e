"""Make the images of a training set: the photos and their augmented copies, mixed or not.

Reads a manifest, catalog/train.parquet, split/folds.parquet and the photos; writes
trainset/{recipe}/fold{fold}/images.parquet, with for each row the operations applied to it.
"""

import argparse
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trainset.mixing import draw_mixes, mix_images, soft_label
from zest.augment import apply_operations, draw_operations, side_needed
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


class Photo(NamedTuple):
    """A labelled photo: its file, its width x height in the catalog, its label 0..K-1."""

    file: Path
    pixels: int
    label: int


def check_no_leak(manifest: pa.Table, mixes: list[dict | None], folds: pa.Table, fold: int) -> None:
    """Refuse a training set that uses a photo of its own validation fold.

    Args:
        manifest: a MANIFEST table.
        mixes: of its rows, see `draw_mixes`; the photos that rows are mixed with count too.
        folds: a FOLDS table.
        fold: the validation fold.

    Raises:
        UserError: names the first such photo.
    """
    validation = set(folds.filter(pc.equal(folds["fold"], fold))["image_id"].to_pylist())
    partners = [mix["partner"] for mix in mixes if mix]
    used = [*manifest["image_id"].to_pylist(), *partners]
    leaked = [image_id for image_id in used if image_id in validation]
    if leaked:
        raise UserError(
            f"the training set of fold {fold} uses its own validation photos {len(leaked)} times, "
            f"the first of them {leaked[0]}. Delete the trainset folder and run the same command "
            "again."
        )


def make_row(row: dict, operations: list[dict], fill: str | list[int], size: int, how: str) -> dict:
    """Return a row of the TRAINSET table.

    Args:
        row: of the manifest, and `file`, the path of the photo, and `pixels`, its width x height;
            `mix`, see `draw_mix`, with `partner_file` and `partner_pixels`, and `soft_label`.
        operations: of the recipe.
        fill: of the recipe, what comes from outside of the photo.
        size: width and height of the image, in pixels.
        how: `crop`, `stretch` or `pad`.
    """
    drawn = draw_operations(operations, row["seed"], fill) if row["copy"] else []
    image = make_copy(row["file"], row["pixels"], drawn, size, how)
    mix = row["mix"]
    if mix:
        partner = (row["partner_file"], row["partner_pixels"])
        image = mix_images(image, make_copy(*partner, mix["operations"], size, how), mix)
    return {
        "image": {"bytes": encode_png(image), "path": f"{row['image_id']}.{row['copy']}.png"},
        **{name: row[name] for name in MANIFEST.names},
        "operations": json.dumps(drawn),
        "mix": json.dumps(mix) if mix else None,
        "soft_label": row["soft_label"],
    }


def make_copy(file: Path, pixels: int, drawn: list[dict], size: int, how: str) -> np.ndarray:
    """Read a photo, no larger than its copy needs it, and make the copy: uint8 (size, size, 3)."""
    photo = read_catalogued(file, pixels, short_side=side_needed(drawn, size))
    return apply_operations(photo, drawn, size, how)


def make_rows(
    manifest: pa.Table,
    mixes: list[dict | None],
    photos: dict[str, Photo],
    cfg: dict,
    threads: int,
) -> Iterator[dict]:
    """Yield the rows of the TRAINSET table in the order of the manifest.

    Args:
        manifest: a MANIFEST table.
        mixes: of its rows, see `draw_mixes`.
        photos: all labelled ones by image_id, of every class at least one.
        cfg: operations, fill, image_size, fit.
        threads: number of processes.
    """
    num_classes = 1 + max(photo.label for photo in photos.values())
    rows = (
        {**row, **located(row, mix, photos, num_classes)}
        for row, mix in zip(manifest.to_pylist(), mixes, strict=True)
    )
    make = functools.partial(
        make_row,
        operations=cfg["operations"],
        fill=cfg["fill"],
        size=cfg["image_size"],
        how=cfg["fit"],
    )
    return ordered_map(make, rows, manifest.num_rows, threads, "augment")


def located(row: dict, mix: dict | None, photos: dict[str, Photo], num_classes: int) -> dict:
    """Return what `make_row` needs besides the row of the manifest."""
    own = photos[row["image_id"]]
    found = {"file": own.file, "pixels": own.pixels, "mix": mix, "soft_label": None}
    if mix is None:
        return found
    partner = photos[mix["partner"]]
    return {
        **found,
        "partner_file": partner.file,
        "partner_pixels": partner.pixels,
        "soft_label": soft_label(row["label"], partner.label, mix, num_classes),
    }


def main() -> None:
    """Read the manifest, check that it does not leak, write the images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: operations, fill, image_size, mix, fit")
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

    cfg = json.loads(args.cfg)
    manifest = read_table(args.manifest, MANIFEST)
    mixes = draw_mixes(manifest, cfg)
    check_no_leak(manifest, mixes, read_table(args.folds, FOLDS), args.fold)
    columns = ["image_id", "path", "width", "height", "label"]
    photos = {
        row["image_id"]: Photo(args.root / row["path"], row["width"] * row["height"], row["label"])
        for row in read_table(args.catalog, CATALOG, columns=columns).to_pylist()
    }
    rows = make_rows(manifest, mixes, photos, cfg, args.threads)
    write_table(in_row_groups(rows, TRAINSET), args.out, TRAINSET)
    if mixed := sum(mix is not None for mix in mixes):
        print(f"{mixed} of {manifest.num_rows} rows are mixed with another photo", flush=True)


if __name__ == "__main__":
    run(main)
