"""Batches, normalisation and prediction: what a network takes, and what is made of its logits."""

import numpy as np
import pyarrow as pa
import pytest

from tiny_training import NORMALISATION, TinyNet, dark_and_bright
from zest.contracts import FOLDS, IMAGES, read_image_ids, write_table
from zest.engine.batches import ImageSource, load_images, normalise, training_batches
from zest.engine.features import read_features, write_features
from zest.engine.prediction import predict_logits, softmax
from zest.errors import UserError
from zest.folds import ALL, parse_fold, rows_of_fold
from zest.images import encode_png


def test_batches_are_full_and_hold_no_row_twice():
    batches = list(training_batches(21, 4, np.random.default_rng(0)))
    assert [len(batch) for batch in batches] == [4] * 5
    assert len({*np.concatenate(batches)}) == 20


def test_normalisation_is_per_channel_and_channels_come_first():
    images = np.zeros((1, 2, 2, 3), np.uint8)
    images[..., 1] = 255
    found = normalise(images, (0.5, 0.25, 0.0), (0.5, 0.5, 1.0))
    assert found.shape == (1, 3, 2, 2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0, :, 0, 0], [-1, 1.5, 0], rtol=1e-6)


def test_some_rows_of_a_table_of_images_are_those_of_all(tmp_path):
    """300 images: the rows are spread over the blocks in which the table is read."""
    images = dark_and_bright(300, 0)[0]
    rows = [
        {"image_id": f"{n}", "image": {"bytes": encode_png(image), "path": f"{n}.png"}}
        for n, image in enumerate(images)
    ]
    path = tmp_path / "images.parquet"
    write_table(pa.Table.from_pylist(rows, schema=IMAGES), path, IMAGES)
    np.testing.assert_array_equal(load_images(path, 24), images)
    chosen = [0, 7, 255, 256, 299]
    np.testing.assert_array_equal(load_images(path, 24, chosen), images[chosen])
    assert load_images(path, 12, chosen).shape == (5, 12, 12, 3)
    assert read_image_ids(path) == [str(n) for n in range(300)]


def test_a_source_gives_its_images_at_any_smaller_size():
    images = dark_and_bright(4, 0)[0]
    source = ImageSource(images, NORMALISATION, [], seed=0)
    assert source.batch(np.array([2, 0]), 1).shape == (2, 3, 24, 24)
    source.resize(12)
    found = source.batch(np.array([1]), 1)
    assert found.shape == (1, 3, 12, 12)
    assert found.mean() == pytest.approx(images[1].mean() / 127.5 - 1, abs=0.02)
    source.resize(24)
    np.testing.assert_array_equal(
        source.batch(np.array([1]), 1), normalise(images[1:2], *NORMALISATION)
    )


def test_online_operations_depend_on_epoch_and_row_and_not_on_the_batch():
    operations = [
        {"horizontal_flip": {"probability": 1.0}},
        {"noise": {"sigma": 9, "probability": 1}},
    ]
    images = dark_and_bright(6, 0)[0]
    source = ImageSource(images, NORMALISATION, operations, seed=5)
    together = source.batch(np.array([0, 1, 2, 3]), 1)
    apart = source.batch(np.array([3, 5]), 1)
    np.testing.assert_array_equal(together[3], apart[0])
    assert (source.batch(np.array([3]), 2) != apart[:1]).any()
    assert (
        ImageSource(images, NORMALISATION, operations, 6).batch(np.array([3]), 1) != apart[:1]
    ).any()
    flipped = normalise(images[3:4, :, ::-1], *NORMALISATION)
    assert (
        abs(together[3] - flipped[0]).mean()
        < abs(together[3] - normalise(images[3:4], *NORMALISATION)[0]).mean()
    )


def test_an_online_crop_is_taken_from_the_stored_image_in_full_size():
    stripes = np.tile(np.array([[0, 0, 255, 255]], np.uint8), (96, 24))  # two pixels wide
    images = np.repeat(stripes[None, :, :, None], 3, axis=3)  # (1, 96, 96, 3)
    whole = [{"horizontal_flip": {"probability": 1.0}}]
    close = [{"crop": {"min_area": 0.26, "max_aspect": 1.0, "probability": 1.0}}]
    for operations, least in ((whole, 0), (close, 0.7)):
        source = ImageSource(images, NORMALISATION, operations, seed=0)
        source.resize(48)
        seen = np.concatenate([source.batch(np.array([0]), epoch) for epoch in range(20)])
        assert seen.shape == (20, 3, 48, 48)
        assert seen.std(axis=(1, 2, 3)).max() >= least  # scaled down, stripes are all but grey


def test_softmax_sums_to_one_and_stands_large_logits():
    found = softmax(np.array([[1000.0, 999.0, -1000.0], [0, 0, 0]]))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found[1], 1 / 3, rtol=1e-6)


def test_prediction_does_not_depend_on_the_size_of_the_batches():
    net = TinyNet()
    net.eval()
    images = dark_and_bright(13, 2)[0]
    whole = predict_logits(net, images, NORMALISATION, 13)
    parts = predict_logits(net, images, NORMALISATION, 4)
    assert whole.shape == (13, 2)
    np.testing.assert_allclose(whole, parts, atol=1e-5)


def test_activations_are_predicted_from_as_they_are():
    net = TinyNet()
    net.eval()
    images = dark_and_bright(5, 2)[0]
    whole = predict_logits(net, images, NORMALISATION, 4)
    inputs = normalise(images, *NORMALISATION)
    np.testing.assert_array_equal(predict_logits(net, inputs, NORMALISATION, 4), whole)


def folds_file(folder):
    columns = [["a", "b", "c"], [2, 0, 1], [1, 0, 1], [None] * 3]
    folds = pa.table(dict(zip(FOLDS.names, columns, strict=True)), schema=FOLDS)
    write_table(folds, folder / "folds.parquet", FOLDS)
    return folder / "folds.parquet"


def test_the_validation_rows_are_those_of_the_fold_in_the_order_of_the_images(tmp_path):
    folds = folds_file(tmp_path)
    assert rows_of_fold(["c", "b", "a"], folds, 1) == ([0, 2], [1, 2])
    with pytest.raises(UserError, match=r"1 photos of fold 1 .*first of them a"):
        rows_of_fold(["c", "b"], folds, 1)


def test_a_training_on_all_photos_has_no_validation_rows(tmp_path):
    assert parse_fold("all") == ALL
    assert parse_fold("3") == 3
    assert rows_of_fold(["c", "b", "a"], folds_file(tmp_path), ALL) == ([], [])


@pytest.mark.parametrize("shape", [(600, 5), (3, 2, 4, 4)])
def test_features_come_back_with_their_shape_and_bits(tmp_path, shape):
    features = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    ids = [f"photo{row}" for row in range(shape[0])]
    write_features(ids, features, tmp_path / "features.parquet")
    found_ids, found = read_features(tmp_path / "features.parquet")
    assert found_ids == ids
    np.testing.assert_array_equal(found, features)
