"""The tables that pass between the stages: their columns, and the one way to write and read them.

Every table is parquet with an explicit schema. A column named `image` follows the `Image` feature
of Hugging Face datasets (https://huggingface.co/docs/datasets/image_load), so that
`datasets.load_dataset("parquet", data_files=...)` opens our files as they are.
"""

import bisect
import itertools
import json
import os
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zest.errors import UserError
from zest.files import atomic_path

_ROWS_IN_GROUP = 256

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

CATALOG = pa.schema(
    [
        ("image_id", pa.string()),  # as the label file or the sample submission writes it
        ("path", pa.string()),  # relative to the root of the competition folder, with "/"
        ("label", pa.int32()),  # 0..K-1, row of classes.csv; null for test photos
        ("group", pa.string()),  # photos that must stay together in the split; null without groups
        ("width", pa.int32()),  # pixels, upright: after the EXIF orientation is applied
        ("height", pa.int32()),
        ("format", pa.string()),  # JPEG, PNG, ... as Pillow names it
        ("mode", pa.string()),  # RGB, L, CMYK, ... as stored
        ("orientation", pa.int32()),  # EXIF orientation, 1 to 8; 1 where there is none
        ("file_bytes", pa.int64()),
        ("sha256", pa.string()),  # of the file
    ]
)

MEASURES = pa.schema(
    [
        ("image_id", pa.string()),
        ("frames", pa.int32()),  # pictures in the file; more than 1 if it is animated or an MPO
        ("mean", pa.list_(pa.float64())),  # R, G, B of values on [0, 1]
        ("mean_square", pa.list_(pa.float64())),  # R, G, B of the squares of values on [0, 1]
        ("brightness", pa.float64()),  # mean of the luma, 0 black to 1 white
        ("contrast", pa.float64()),  # standard deviation of the luma, 0 to 0.5
        ("sharpness", pa.float64()),  # variance of the Laplacian of the luma on [0, 255]
        ("grey", pa.bool_()),  # the photo has no colour
        ("hash", pa.binary()),  # 8 bytes, see zest.perceptual_hash
        ("thumbnail", IMAGE),  # JPEG, the whole photo, upright, at most 112 x 336 pixels
    ]
)

FOLDS = pa.schema(
    [
        ("image_id", pa.string()),
        ("label", pa.int32()),
        ("fold", pa.int32()),  # the fold in which this photo is validation
        ("group", pa.string()),
    ]
)

MANIFEST = pa.schema(
    [
        ("image_id", pa.string()),  # the parent photo
        ("copy", pa.int32()),  # 0 is the photo itself, 1 and on are augmented copies
        ("label", pa.int32()),
        ("fold", pa.int32()),  # the fold of the parent; never the one this trainset is made for
        ("seed", pa.int64()),  # of this row's augmentation, from (global seed, image_id, copy)
    ]
)

TRAINSET = pa.schema(
    [
        ("image", IMAGE),  # PNG, RGB, size x size
        *MANIFEST,
        (
            "operations",
            pa.string(),
        ),  # JSON: [{"name": ..., parameter: value, ...}, ...], as applied
        # The next two are null where a row is not mixed with another photo of the training set.
        (
            "mix",
            pa.string(),
        ),  # JSON: kind, partner (image_id), operations (of the partner), lambda, rectangle
        ("soft_label", pa.list_(pa.float32())),  # K values that sum to one: its target in training
    ]
)

IMAGES = pa.schema(
    [
        ("image_id", pa.string()),
        ("image", IMAGE),  # PNG, RGB, size x size
    ]
)

FEATURES = pa.schema(
    [
        ("image_id", pa.string()),
        ("shape", pa.list_(pa.int32())),  # of the features, the same in all rows
        ("features", pa.list_(pa.float32())),  # what the frozen layers make of it, in C order
    ]
)

PAIRS = pa.schema(
    [
        ("first_part", pa.string()),  # train or test
        ("first", pa.string()),  # image_id
        ("second_part", pa.string()),
        ("second", pa.string()),
        ("kind", pa.string()),  # exact: the same bytes; near: the same picture
        ("distance", pa.float64()),  # 1 - cosine of the features, 0 to 2
        (
            "bits",
            pa.int32(),
        ),  # in which the perceptual hashes differ, 0 to 64, at the best position
    ]
)

PREDICTIONS = pa.schema(
    [
        ("image_id", pa.string()),
        ("fold", pa.int32()),  # of the model that predicted
        ("label", pa.int32()),  # null for test photos
        ("probabilities", pa.list_(pa.float32())),  # K values that sum to one
    ]
)

GRADED = pa.schema(
    [
        ("image_id", pa.string()),  # path of a new photo below the folder that was graded, with "/"
        ("sha256", pa.string()),  # of the file
        ("label", pa.int32()),  # the likeliest class, 0..K-1 as the model orders them
        ("class_num", pa.string()),  # of that class
        ("name", pa.string()),
        ("probability", pa.float32()),  # of that class
        ("probabilities", pa.list_(pa.float32())),  # K values that sum to one
    ]
)

PSEUDO_LABELS = pa.schema(
    [
        ("image_id", pa.string()),  # of a test photo
        ("label", pa.int32()),  # the likeliest class, of a model
        ("probability", pa.float32()),  # of that class, by that model
    ]
)

OUT_OF_FOLD = PREDICTIONS.append(
    pa.field("group", pa.string())  # of photos that the split kept together; null where alone
)

HEAT_MAPS = pa.schema(
    [
        ("image_id", pa.string()),
        ("fold", pa.int32()),  # of the model that predicted and explains
        ("kind", pa.string()),  # mistake: among the most confident ones, in order; sample: right
        ("label", pa.int32()),
        ("predicted", pa.int32()),  # the class that the heat speaks for
        ("probability", pa.float32()),  # of the predicted class
        ("label_probability", pa.float32()),
        # The next three are null where the network has no maps; the first also without any heat.
        ("outside", pa.float64()),  # share of the heat outside of the central half, 0 to 1
        ("heat_shape", pa.list_(pa.int32())),  # rows and columns
        ("heat", pa.list_(pa.float32())),  # 0 to 1, in C order; it covers the whole image
        ("image", IMAGE),  # JPEG, what the network saw, at most 224 x 224 pixels
    ]
)

HISTORY = pa.schema(
    [
        ("epoch", pa.int32()),  # 1 is the first
        ("image_size", pa.int32()),  # pixels
        ("photos", pa.int32()),  # that it has learned from in this epoch, copies included
        ("learning_rate", pa.float64()),  # at the end of the epoch
        ("train_loss", pa.float64()),
        ("val_loss", pa.float64()),  # null, as the other scores, without a validation fold
        ("val_accuracy", pa.float64()),
        ("val_balanced_accuracy", pa.float64()),
        ("val_macro_f1", pa.float64()),
        ("val_weighted_f1", pa.float64()),
        ("val_quadratic_weighted_kappa", pa.float64()),
        ("val_roc_auc", pa.float64()),  # NaN where the fold has photos of one class alone
        ("val_brier", pa.float64()),
        ("photos_per_second", pa.float64()),  # of training alone
        ("input_share", pa.float64()),  # of the training's time, spent on making batches
    ]
)

VALIDATION_SCORES = tuple(name for name in HISTORY.names if name.startswith("val_"))


def write_table(
    table: pa.Table | Iterable[pa.Table], path: str | os.PathLike, schema: pa.Schema
) -> None:
    """Write one table, or tables one after the other as row groups, whole or not at all.

    The bytes depend only on the rows: no date, no host and no thread count enters the file.
    """
    tables = [table] if isinstance(table, pa.Table) else table
    codec = "none" if _has_image(schema) else "zstd"  # PNG is compressed already
    with (
        atomic_path(path) as part,
        pq.ParquetWriter(part, _with_features(schema), compression=codec) as writer,
    ):
        for one in tables:
            writer.write_table(one.cast(schema).replace_schema_metadata(writer.schema.metadata))


def in_row_groups(rows: Iterable[dict], schema: pa.Schema) -> Iterator[pa.Table]:
    """Gather rows into tables small enough to hold in memory, for `write_table`."""
    source = iter(rows)
    while group := list(itertools.islice(source, _ROWS_IN_GROUP)):
        yield pa.Table.from_pylist(group, schema=schema)


def read_table(
    path: str | os.PathLike, schema: pa.Schema, columns: list[str] | None = None
) -> pa.Table:
    """Read a table and check that it has the columns of `schema`, in order and in type.

    Raises:
        UserError: the file is missing, is not parquet or has other columns.
    """
    found = _schema_of(path)
    if not found.equals(schema):
        raise UserError(
            f"{path}: its columns are not those of this version of Zest "
            f"(found {', '.join(found.names)}; expected {', '.join(schema.names)}). "
            "Delete the file and run the same command again."
        )
    return pq.read_table(path, columns=columns)


def probability_matrix(table: pa.Table) -> np.ndarray:
    """Return the probabilities of a PREDICTIONS or OUT_OF_FOLD table: float32, (photos, K)."""
    values = table["probabilities"].combine_chunks().flatten().to_numpy()
    return values.reshape(len(table), -1)


def read_image_ids(path: str | os.PathLike) -> list[str]:
    """Return the ids of a table of images, IMAGES or TRAINSET, in its order.

    Raises:
        UserError: as of `read_table`.
    """
    schema = TRAINSET if "soft_label" in _schema_of(path).names else IMAGES
    return read_table(path, schema, columns=["image_id"])["image_id"].to_pylist()


def _schema_of(path: str | os.PathLike) -> pa.Schema:
    """Return the columns of a parquet file.

    Raises:
        UserError: the file is missing or is not parquet.
    """
    try:
        return pq.read_schema(path).remove_metadata()
    except FileNotFoundError as error:
        raise UserError(
            f"{path}: there is no such file. Make it first, or correct the path."
        ) from error
    except pa.ArrowInvalid as error:
        raise UserError(
            f"{path}: it is not a parquet file. Delete it and run the same command again."
        ) from error


def read_pictures(path: str | os.PathLike, column: str, rows: Iterable[int]) -> dict[int, bytes]:
    """Return the encoded pictures of some rows, by the number of the row.

    Only the row groups that hold them are read: a table of many photos does not fit in memory.

    Args:
        path: of a table with an IMAGE column.
        column: its name.
        rows: numbers of rows, in any order.
    """
    wanted = sorted(set(rows))
    found: dict[int, bytes] = {}
    with pq.ParquetFile(path) as file:
        start = 0
        for group in range(file.num_row_groups):
            stop = start + file.metadata.row_group(group).num_rows
            first, last = bisect.bisect_left(wanted, start), bisect.bisect_left(wanted, stop)
            if first < last:
                pictures = file.read_row_group(group, columns=[column])[column]
                for row in wanted[first:last]:
                    found[row] = pictures[row - start].as_py()["bytes"]
            start = stop
    return found


def _with_features(schema: pa.Schema) -> pa.Schema:
    """Add the `huggingface` metadata that marks image columns."""
    if not _has_image(schema):
        return schema
    features = {field.name: _feature(field.type) for field in schema}
    return schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def _has_image(schema: pa.Schema) -> bool:
    return any(field.type.equals(IMAGE) for field in schema)


def _feature(kind: pa.DataType) -> dict:
    if kind.equals(IMAGE):
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "Sequence"}
    return {"dtype": str(kind), "_type": "Value"}
