"""The split and the training set: stratified, balanced, traceable, and without a leak."""

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from augment_fold import check_no_leak, make_rows
from balance_fold import list_rows, number_copies, shuffle_labels
from split_folds import assign_folds, check_class_sizes, check_folds
from zest.contracts import FOLDS, TRAINSET
from zest.errors import UserError
from zest.images import decode_png, fit, load_rgb

LABELS = np.repeat([0, 1, 2, 3], [400, 255, 235, 212])


def test_each_fold_has_the_class_proportions_of_the_whole():
    folds = assign_folds(LABELS, 5, seed=0)
    counts = np.zeros((5, 4), int)
    np.add.at(counts, (folds, LABELS), 1)
    assert counts.sum() == 1102
    assert (np.ptp(counts, axis=0) <= 1).all()


def test_the_split_depends_on_the_seed_only():
    first = assign_folds(LABELS, 5, seed=0)
    assert (assign_folds(LABELS, 5, seed=0) == first).all()
    assert (assign_folds(LABELS, 5, seed=1) != first).any()


def test_a_group_is_never_divided():
    groups = [f"lemon {row // 3}" for row in range(len(LABELS))]
    folds = assign_folds(LABELS, 5, seed=0, groups=groups)
    assert all(len({*folds[start : start + 3]}) == 1 for start in range(0, len(LABELS), 3))
    assert set(folds) == set(range(5))


def test_a_class_smaller_than_the_number_of_folds_is_refused():
    with pytest.raises(UserError, match=r"class mouldy \(3 photos\).* lower split.folds to 3\."):
        check_class_sizes(np.repeat([0, 1], [9, 3]), ["clean", "mouldy"], 5)
    check_class_sizes(np.repeat([0, 1], [9, 3]), ["clean", "mouldy"], 3)


@pytest.mark.parametrize(("photos", "told"), [(1, "1 photo"), (0, "0 photos")])
@pytest.mark.parametrize("folds", [2, 5])
def test_fewer_folds_are_not_advised_where_they_cannot_help(photos, told, folds):
    with pytest.raises(UserError) as caught:
        check_class_sizes(np.repeat([0, 1], [9, photos]), ["clean", "mouldy"], folds)
    assert f"class mouldy ({told}): fewer photos than split.folds ({folds})" in str(caught.value)
    assert "lower" not in str(caught.value)


def test_a_class_inside_one_fold_is_refused():
    with pytest.raises(UserError, match="mouldy"):
        check_folds(np.array([0, 1, 0, 0]), np.array([0, 0, 1, 1]), ["clean", "mouldy"], 2)


def test_a_fold_without_photos_is_refused():
    with pytest.raises(UserError, match="fold 1 of 2 is empty"):
        check_folds(np.array([0, 0]), np.array([0, 1]), ["clean", "mouldy"], 2)


def test_label_shuffling_brings_every_class_to_the_largest_and_spreads_the_copies_evenly():
    rows = shuffle_labels(LABELS, np.random.default_rng(0))
    assert (np.bincount(LABELS[rows]) == 400).all()
    times = np.bincount(rows, minlength=len(LABELS))
    for label, size in enumerate((400, 255, 235, 212)):
        assert set(times[label == LABELS]) <= {400 // size, -(-400 // size)}


def test_label_shuffling_mixes_the_classes():
    rows = shuffle_labels(LABELS, np.random.default_rng(0))
    assert len(set(LABELS[rows[:40]])) == 4


def test_copies_are_numbered_in_the_order_of_the_rows():
    assert number_copies(np.array([3, 1, 3, 3, 1])).tolist() == [0, 0, 1, 2, 1]


@pytest.fixture
def folds() -> pa.Table:
    labels = np.repeat([0, 1], [12, 6])
    columns = [
        [f"photo{row}.png" for row in range(18)],
        labels.tolist(),
        assign_folds(labels, 3, 0).tolist(),
        [None] * 18,
    ]
    return pa.table(dict(zip(FOLDS.names, columns, strict=True)), schema=FOLDS)


def cfg(**changes) -> dict:
    return {"seed": 0, "balance": "label_shuffling", "copies": 1, **changes}


def test_a_manifest_leaves_out_the_validation_fold(folds):
    manifest = list_rows(folds, 1, cfg())
    assert 1 not in manifest["fold"].to_pylist()
    check_no_leak(manifest, folds, 1)


def test_a_leak_is_refused(folds):
    manifest = list_rows(folds, 1, cfg())
    with pytest.raises(UserError, match="validation photos"):
        check_no_leak(manifest, folds, 0)


def test_every_photo_stands_once_as_it_is_and_its_other_rows_are_copies(folds):
    manifest = list_rows(folds, 0, cfg(copies=3)).to_pylist()
    originals = [row["image_id"] for row in manifest if row["copy"] == 0]
    assert len(originals) == len(set(originals)) == 12
    assert len(manifest) == 3 * 2 * 8
    keys = {(row["image_id"], row["copy"]) for row in manifest}
    assert len(keys) == len(manifest)


def test_without_balancing_every_photo_stands_once(folds):
    manifest = list_rows(folds, 0, cfg(balance="none"))
    assert sorted(manifest["copy"].to_pylist()) == [0] * 12


def test_the_seed_of_a_copy_does_not_depend_on_the_fold_or_the_recipe(folds):
    def seeds(fold, **changes):
        rows = list_rows(folds, fold, cfg(**changes)).to_pylist()
        return {(row["image_id"], row["copy"]): row["seed"] for row in rows}

    one, other = seeds(0, copies=2), seeds(1)
    shared = one.keys() & other.keys()
    assert shared
    assert all(one[key] == other[key] for key in shared)
    assert len(set(one.values())) == len(one)


@pytest.fixture
def photos(tmp_path, folds) -> dict:
    found = {}
    for number, image_id in enumerate(folds["image_id"].to_pylist()):
        values = np.random.default_rng(number).integers(0, 255, (40, 50, 3), np.uint8)
        Image.fromarray(values).save(tmp_path / image_id)
        found[image_id] = (tmp_path / image_id, 40 * 50)
    return found


RECIPE = {
    "operations": [
        {"rotate": {"probability": 0.9, "degrees": 45}},
        {"noise": {"probability": 0.5, "sigma": 5}},
    ],
    "fill": "reflect",
    "image_size": 32,
    "fit": "crop",
}


def test_the_images_are_the_same_for_any_number_of_processes(folds, photos):
    manifest = list_rows(folds, 0, cfg(copies=3))
    one = list(make_rows(manifest, photos, RECIPE, threads=1))
    assert one == list(make_rows(manifest, photos, RECIPE, threads=3))


def test_copy_0_is_the_photo_as_evaluation_sees_it_and_every_row_is_traceable(folds, photos):
    manifest = list_rows(folds, 0, cfg(copies=3))
    rows = list(make_rows(manifest, photos, RECIPE, threads=1))
    assert set(rows[0]) == set(TRAINSET.names)
    for row in rows:
        if row["copy"] == 0:
            assert row["operations"] == "[]"
            seen = fit(load_rgb(photos[row["image_id"]][0].read_bytes()), 32)
            assert (decode_png(row["image"]["bytes"]) == seen).all()
    assert any('"rotate"' in row["operations"] for row in rows)


def test_every_copy_above_0_has_operations_and_no_two_rows_are_alike(folds, photos):
    seldom = [
        {name: {**settings, "probability": 0.2}}
        for operation in RECIPE["operations"]
        for name, settings in operation.items()
    ]
    recipe = {**RECIPE, "operations": seldom}
    rows = list(make_rows(list_rows(folds, 0, cfg(copies=4)), photos, recipe, threads=1))
    assert all((row["operations"] == "[]") == (row["copy"] == 0) for row in rows)
    assert len({row["image"]["bytes"] for row in rows}) == len(rows)


def test_the_fill_of_the_recipe_is_applied_and_recorded(folds, photos):
    manifest = list_rows(folds, 0, cfg(copies=2))
    turned = [{"rotate": {"probability": 1, "degrees": 90}}]
    recipe = {**RECIPE, "operations": turned, "fill": [255, 0, 7]}
    copies = [row for row in make_rows(manifest, photos, recipe, threads=1) if row["copy"]]
    assert all('"fill": [255, 0, 7]' in row["operations"] for row in copies)
    filled = [(decode_png(row["image"]["bytes"]) == [255, 0, 7]).all(axis=2) for row in copies]
    assert np.mean([one.any() for one in filled]) > 0.9
