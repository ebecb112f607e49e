"""Test-time augmentation: each view is what its name says, and the answers to all are averaged."""

import numpy as np
import pyarrow as pa
import pytest

import predict
from tiny_training import settings_of
from zest.classes import ClassInfo
from zest.config import load_schema
from zest.contracts import IMAGES, PREDICTIONS, read_table, write_table
from zest.engine.model_folder import TrainedModel, save_model
from zest.engine.views import crop_corners, views_of
from zest.errors import UserError
from zest.images import encode_png
from zest.models.registry import build
from zest.views import WAYS, handed_in_way, stored_size, ways_to_measure

SQUARE = [[1, 2], [3, 4]]
MIRRORED = [[2, 1], [4, 3]]
TURNED = [[[2, 4], [1, 3]], [[4, 3], [2, 1]], [[3, 1], [4, 2]]]  # against the clock


def images(rows: list[list[int]]) -> np.ndarray:
    """One photo of a pattern of pixels, beside a second that must not be mixed with it."""
    pattern = np.array(rows, np.uint8)[..., None].repeat(3, axis=2)
    return np.stack([pattern, pattern + 100])


def patterns(way: str, rows: list[list[int]], size: int) -> list[list[list[int]]]:
    """The first photo of each view, as rows of pixels."""
    views = views_of(images(rows), way, size)
    for view in views:
        np.testing.assert_array_equal(view[1], view[0] + 100)
    return [view[0, :, :, 0].tolist() for view in views]


def test_each_view_is_what_its_name_says():
    assert patterns("horizontal_flip", SQUARE, 2) == [SQUARE, MIRRORED]
    upside_down = [[3, 4], [1, 2]]
    assert patterns("flips", SQUARE, 2) == [SQUARE, MIRRORED, upside_down, TURNED[1]]
    assert patterns("quarter_turns", SQUARE, 2) == [SQUARE, *TURNED]


def test_flips_and_turns_are_the_eight_symmetries_of_the_square():
    found = patterns("flips_and_turns", SQUARE, 2)
    assert len({str(view) for view in found}) == 8
    for way in ("horizontal_flip", "flips", "quarter_turns"):
        assert all(view in found for view in patterns(way, SQUARE, 2))


@pytest.mark.parametrize("way", [way for way in WAYS if way != "multi_crop"])
def test_a_symmetric_photo_looks_the_same_in_all_views(way):
    symmetric = [[1, 2, 1], [2, 5, 2], [1, 2, 1]]
    assert patterns(way, symmetric, 3) == [symmetric] * WAYS[way]


def test_crops_are_cut_from_the_four_corners_and_the_middle():
    rows = [[10 * row + column for column in range(8)] for row in range(8)]
    found = [view[0][0] for view in patterns("multi_crop", rows, 7)]
    assert found == [0, 1, 10, 11, 0]
    assert crop_corners(256, 224) == [(0, 0), (0, 32), (32, 0), (32, 32), (16, 16)]


@pytest.mark.parametrize(("size", "stored"), [(224, 256), (128, 146), (32, 37), (7, 8)])
def test_crops_are_cut_from_a_photo_of_8_7_of_the_size(size, stored):
    assert stored_size("multi_crop", size) == stored
    assert {stored_size(way, size) for way in (None, "flips", "quarter_turns")} == {size}


def test_photos_of_another_size_are_refused():
    with pytest.raises(ValueError, match="views of 224 pixels are made of images of 256"):
        views_of(np.empty((1, 224, 224, 3), np.uint8), "multi_crop", 224)


@pytest.mark.parametrize("way", WAYS)
def test_views_are_as_many_as_told_and_take_no_memory(way):
    stored = stored_size(way, 14)
    photos = np.zeros((2, stored, stored, 3), np.uint8)
    views = views_of(photos, way, 14)
    assert [view.shape for view in views] == [(2, 14, 14, 3)] * WAYS[way]
    assert all(np.shares_memory(view, photos) for view in views)


def test_the_schema_knows_these_ways_and_no_other():
    sections = load_schema()["properties"]
    measured = sections["evaluation"]["properties"]["tta"]["items"]["enum"]
    handed_in = sections["submission"]["properties"]["tta"]["enum"]
    assert measured == list(WAYS)
    assert handed_in == ["none", *WAYS]


def test_what_is_handed_in_is_measured_too_and_nothing_without_being_asked_for():
    def asked(evaluation: list[str], submission: str) -> dict:
        return {"evaluation": {"tta": evaluation}, "submission": {"tta": submission}}

    assert ways_to_measure(asked([], "none")) == []
    assert handed_in_way(asked([], "none")) is None
    assert ways_to_measure(asked([], "flips")) == ["flips"]
    assert ways_to_measure(asked(["multi_crop", "flips"], "flips")) == ["flips", "multi_crop"]


SIZE = 28
CLASSES = [ClassInfo(k, str(k), "", 3) for k in range(3)]


@pytest.fixture
def folder(tmp_path):
    """A model, and five photos of its size, 28, and of that of the photos for crops, 32."""
    cfg = settings_of(architecture="small_cnn", pretrained=False)
    cfg |= {"image_size": SIZE, "fit": "crop", "seed": 0}
    net = build(cfg, 3, seed=1)
    save_model(net, cfg, CLASSES, tmp_path / "weights.pdparams", tmp_path / "model.json")
    for stored in (SIZE, 32):
        pixels = np.random.default_rng(stored).integers(0, 256, (5, stored, stored, 3), np.uint8)
        np.save(tmp_path / f"{stored}.npy", pixels)
        rows = [
            {"image_id": f"{n}", "image": {"bytes": encode_png(one), "path": f"{n}.png"}}
            for n, one in enumerate(pixels)
        ]
        table = pa.Table.from_pylist(rows, schema=IMAGES)
        write_table(table, tmp_path / f"{stored}.parquet", IMAGES)
    return tmp_path


def predicted(folder, monkeypatch, stored: int, *options: str) -> np.ndarray:
    """Run predict.py on the photos of a size; its probabilities, float32, (5, 3)."""
    command = ["predict.py", "--weights", folder / "weights.pdparams", "--fold", "0"]
    command += ["--images", folder / f"{stored}.parquet", "--threads", "1"]
    command += ["--out", folder / "out.parquet", *options]
    monkeypatch.setattr("sys.argv", [str(part) for part in command])
    predict.main()
    table = read_table(folder / "out.parquet", PREDICTIONS)
    assert table["image_id"].to_pylist() == ["0", "1", "2", "3", "4"]
    return np.array(table["probabilities"].to_pylist(), np.float32)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_predicted_by_views_is_the_mean_of_the_views_one_by_one(folder, monkeypatch, way):
    stored = stored_size(way, SIZE)
    found = predicted(folder, monkeypatch, stored, "--views", way)
    model = TrainedModel(folder)
    views = views_of(np.load(folder / f"{stored}.npy"), way, SIZE)
    alone = np.stack([model.predict_fitted(np.ascontiguousarray(view)) for view in views])
    np.testing.assert_array_equal(found, alone.mean(axis=0, dtype=np.float64).astype(np.float32))
    np.testing.assert_allclose(found.sum(axis=1, dtype=np.float64), 1, atol=1e-6)
    assert np.abs(alone - found).max() > 1e-3  # the views differ, so the mean is of something


def test_without_views_the_photo_is_predicted_as_it_is(folder, monkeypatch):
    found = predicted(folder, monkeypatch, SIZE)
    photos = np.load(folder / f"{SIZE}.npy")
    np.testing.assert_array_equal(found, TrainedModel(folder).predict_fitted(photos))


def test_photos_too_small_to_cut_from_are_refused_with_the_size(folder, monkeypatch):
    with pytest.raises(UserError, match=r"28\.parquet: its images have 28 pixels, and 32 are"):
        predicted(folder, monkeypatch, SIZE, "--views", "multi_crop")
    assert not (folder / "out.parquet").exists()


def test_no_photos_are_no_rows(folder):
    none = np.empty((0, SIZE, SIZE, 3), np.uint8)
    assert TrainedModel(folder).predict_fitted(none, 1, "flips").shape == (0, 3)
