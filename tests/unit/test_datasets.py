"""Hugging Face `datasets` opens a training set as it is, without a network."""

import json
import socket

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from augment_fold import Photo, make_rows
from trainset.mixing import draw_mixes
from zest.contracts import MANIFEST, TRAINSET, in_row_groups, write_table
from zest.images import decode_png
from zest.randomness import seed_from

RECIPE = {
    "operations": [{"rotate": {"probability": 0.9, "degrees": 45}}],
    "image_size": 32,
    "fit": "crop",
    "fill": "reflect",
    "mix": {"mixup": 0.4, "cutmix": 1.0, "probability": 0.5},
}


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """The package, with its cache in the test's folder and every connection refused."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def refuse(*arguments):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    import datasets  # it reads the environment when it is imported

    return datasets


@pytest.fixture
def rows(tmp_path) -> list[dict]:
    """The rows of a training set of three photos of three classes, twelve rows each."""
    photos, manifest = {}, []
    for label in range(3):
        name = f"{label}.png"
        values = np.random.default_rng(label).integers(0, 255, (40, 50, 3), np.uint8)
        Image.fromarray(values).save(tmp_path / name)
        photos[name] = Photo(tmp_path / name, 40 * 50, label)
        for copy in range(12):
            seed = seed_from(0, name, copy)
            row = {"image_id": name, "copy": copy, "label": label, "fold": 1, "seed": seed}
            manifest.append(row)
    table = pa.Table.from_pylist(manifest, schema=MANIFEST)
    return list(make_rows(table, draw_mixes(table, RECIPE), photos, RECIPE, threads=1))


def test_a_training_set_opens_as_it_is_with_its_images_decoded(offline, tmp_path, rows):
    path = tmp_path / "images.parquet"
    write_table(in_row_groups(rows, TRAINSET), path, TRAINSET)
    found = offline.load_dataset(
        "parquet", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert found.column_names == TRAINSET.names
    assert isinstance(found.features["image"], offline.Image)
    assert len(found) == len(rows) == 36
    for one, row in zip(found, rows, strict=True):
        assert one["image"].mode == "RGB"
        np.testing.assert_array_equal(np.asarray(one["image"]), decode_png(row["image"]["bytes"]))
        for name in (*MANIFEST.names, "operations", "mix"):
            assert one[name] == row[name]
        assert isinstance(json.loads(one["operations"]), list)
        if row["soft_label"] is None:
            assert one["soft_label"] is None
        else:
            np.testing.assert_allclose(one["soft_label"], row["soft_label"], rtol=1e-6)
    assert {row["soft_label"] is None for row in rows} == {True, False}
