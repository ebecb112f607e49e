"""Writing predictions: the one way from probabilities to a PREDICTIONS table."""

import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from zest.contracts import PREDICTIONS, write_table


def write_predictions(
    path: str | os.PathLike,
    image_ids: Sequence[str],
    fold: int,
    probabilities: np.ndarray,
    labels: Sequence[int] | None = None,
) -> None:
    """Write what a model says of some photos.

    Args:
        path: of the parquet file.
        image_ids: of the n photos.
        fold: of the model.
        probabilities: float32, (n, K).
        labels: of the photos, 0..K-1; None of test photos.
    """
    known = [None] * len(image_ids) if labels is None else labels
    table = pa.table(
        {
            "image_id": list(image_ids),
            "fold": pa.array([fold] * len(image_ids), pa.int32()),
            "label": pa.array(known, pa.int32()),
            "probabilities": pa.array(list(probabilities), pa.list_(pa.float32())),
        }
    )
    write_table(table, path, PREDICTIONS)
