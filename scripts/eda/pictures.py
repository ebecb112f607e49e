"""The small pictures that the report shows, read from the tables of measures as they are needed."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq

from zest.images import fit, load_rgb
from zest.page import jpeg_uri

DOT_SIDE = 56  # pixels of a picture on the map


class Pictures:
    """Thumbnails of one part, by row of the catalog."""

    def __init__(self, measures: Path | None):
        """Name the table of measures; None for a part that has no photos."""
        self._path = measures

    def read(self, rows: Iterable[int]) -> dict[int, bytes]:
        """Return the JPEGs of some rows; only the row groups that hold them are read."""
        wanted = sorted(set(rows))
        if self._path is None or not wanted:
            return {}
        found: dict[int, bytes] = {}
        with pq.ParquetFile(self._path) as file:
            start = 0
            for group in range(file.num_row_groups):
                stop = start + file.metadata.row_group(group).num_rows
                inside = [row for row in wanted if start <= row < stop]
                if inside:
                    column = file.read_row_group(group, columns=["thumbnail"])["thumbnail"]
                    found.update({row: column[row - start].as_py()["bytes"] for row in inside})
                start = stop
        return found


def dot_uri(data: bytes) -> str:
    """Return a JPEG of 56 x 56 pixels as a data URI, small enough for thousands on a page."""
    square = fit(load_rgb(data), DOT_SIDE)[..., ::-1]
    _, small = cv2.imencode(".jpg", np.ascontiguousarray(square), [cv2.IMWRITE_JPEG_QUALITY, 70])
    return jpeg_uri(small.tobytes())
