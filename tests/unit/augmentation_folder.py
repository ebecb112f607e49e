"""A training set on disk for the pages on augmentation, made by the functions of its own stage."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from augment_fold import Photo, make_rows
from augmenting import settings_of
from balance_fold import list_rows
from eda_folder import make_competition
from trainset.mixing import draw_mixes
from zest.contracts import CATALOG, FOLDS, TRAINSET, in_row_groups, read_table, write_table

OPERATIONS = tuple(
    settings_of(name, probability=0.6) for name in ("horizontal_flip", "crop", "rotate")
)
RECIPE = {"balance": "none", "copies": 3, "operations": OPERATIONS, "fill": "reflect"}
RECIPE |= {"image_size": 48, "fit": "crop", "mix": None, "seed": 0}


@dataclass(frozen=True)
class Trainset:
    """A training set and the classes of its competition."""

    images: Path
    classes: Path

    @property
    def rows(self) -> list[dict]:
        return read_table(self.images, TRAINSET).to_pylist()


def make_trainset(folder: Path, names: list[str], photos: int = 20, **recipe) -> Trainset:
    """Render photos and make the training set of fold 0, of four."""
    competition = make_competition(folder, names, photos=photos, test_photos=0)
    catalog = read_table(competition.catalog / "train.parquet", CATALOG).to_pylist()
    columns = {
        "image_id": [row["image_id"] for row in catalog],
        "label": [row["label"] for row in catalog],
        "fold": [number // len(names) % 4 for number in range(len(catalog))],
        "group": [None] * len(catalog),
    }
    cfg = {**RECIPE, **recipe}
    manifest = list_rows(pa.table(columns, schema=FOLDS), 0, cfg)
    found = {
        row["image_id"]: Photo(
            competition.root / row["path"], row["width"] * row["height"], row["label"]
        )
        for row in catalog
    }
    rows = make_rows(manifest, draw_mixes(manifest, cfg), found, cfg, threads=1)
    write_table(in_row_groups(rows, TRAINSET), folder / "images.parquet", TRAINSET)
    return Trainset(folder / "images.parquet", competition.catalog / "classes.csv")


def invented_rows(labels: list[int], copies: list[list[dict]]) -> list[dict]:
    """Rows as `augmentation.rows.read_rows` gives them: each photo, then a copy a list of steps."""
    rows = []
    for number, label in enumerate(labels):
        for copy, operations in enumerate([[], *copies]):
            row = {"image_id": f"{number}.jpg", "copy": copy, "label": label, "fold": number % 3}
            rows.append({**row, "operations": operations, "mix": None, "soft_label": None})
    return rows


def logits_of(predicted: list[int], num_classes: int, sure: float = 5.0) -> np.ndarray:
    """Logits that predict these classes."""
    return (np.eye(num_classes)[predicted] * sure).astype(np.float32)
