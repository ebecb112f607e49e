"""The training set: balanced, traceable, and without a leak."""

import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from PIL import Image

from augment_fold import Photo, check_no_leak, make_rows
from balance_fold import draw_rows, list_rows, number_copies, tell, wanted_rows
from trainset.mixing import draw_mixes
from zest.contracts import FOLDS, TRAINSET
from zest.errors import UserError
from zest.images import decode_png, fit, load_rgb
from zest.stratified_folds import assign_folds

LABELS = np.repeat([0, 1, 2, 3], [400, 255, 235, 212])


def times_of(balance, labels=LABELS) -> np.ndarray:
    """How many rows each photo has."""
    rows = draw_rows(labels, balance, np.random.default_rng(0))
    return np.bincount(rows, minlength=len(labels))


@pytest.mark.parametrize(
    ("balance", "counts"),
    [
        ("none", [400, 255, 235, 212]),
        ("label_shuffling", [400, 400, 400, 400]),
        ("undersampling", [212, 212, 212, 212]),
        ({"target": 300}, [300, 300, 300, 300]),
        ({"target": 1}, [1, 1, 1, 1]),
        ({"power": 1}, [400, 255, 235, 212]),
        ({"power": 0}, [276, 276, 275, 275]),
        # The roots are 20, 15.97, 15.33 and 14.56, their sum 65.86: 1102 * 20 / 65.86 is 334.65.
        ({"power": 0.5}, [335, 267, 256, 244]),
    ],
    ids=str,
)
def test_each_balance_gives_its_counts_and_spreads_repetitions_evenly(balance, counts):
    times = times_of(balance)
    for label, (photos, rows) in enumerate(zip((400, 255, 235, 212), counts, strict=True)):
        own = times[label == LABELS]
        assert own.sum() == rows
        assert set(own) <= {rows // photos, -(-rows // photos)}


@pytest.mark.parametrize("power", np.linspace(0, 1, 21).round(2))
def test_a_power_leaves_the_number_of_rows_and_the_order_of_the_classes(power):
    photos = np.array([1, 2, 3, 3, 1000])
    rows = wanted_rows(photos, {"power": power})
    assert rows.sum() == photos.sum()
    assert rows.min() >= 1
    assert (np.diff(rows) >= -1).all()  # equal classes may differ by the one that is rounded up
    exact = photos.sum() * photos**power / (photos**power).sum()
    assert np.abs(rows - exact).max() < 1


@pytest.mark.parametrize("balance", ["undersampling", {"target": 212}], ids=str)
def test_the_photos_that_stay_are_chosen_at_random_by_the_seed(balance):
    first = times_of(balance)
    assert (times_of(balance) == first).all()
    large = first[LABELS == 0]
    assert 0.3 < large[:200].sum() / 212 < 0.7
    other = draw_rows(LABELS, balance, np.random.default_rng(1))
    assert (np.bincount(other, minlength=len(LABELS)) != first).any()


@pytest.mark.parametrize("balance", ["label_shuffling", "undersampling", {"power": 0.5}], ids=str)
def test_balancing_mixes_the_classes(balance):
    rows = draw_rows(LABELS, balance, np.random.default_rng(0))
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
    check_no_leak(manifest, [], folds, 1)


def test_a_leak_is_refused(folds):
    manifest = list_rows(folds, 1, cfg())
    with pytest.raises(UserError, match="validation photos"):
        check_no_leak(manifest, [], folds, 0)


def test_a_leak_through_the_photo_that_a_copy_is_mixed_with_is_refused(folds):
    manifest = list_rows(folds, 1, cfg())
    validation = folds.filter(pc.equal(folds["fold"], 1))["image_id"][2].as_py()
    mixes = [None] * manifest.num_rows
    check_no_leak(manifest, mixes, folds, 1)
    mixes[-1] = {"kind": "mixup", "partner": validation, "operations": [], "lambda": 0.5}
    with pytest.raises(
        UserError, match=f"validation photos 1 times, the first of them {validation}"
    ):
        check_no_leak(manifest, mixes, folds, 1)


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


def test_undersampling_leaves_photos_out_and_copies_only_what_stays(folds):
    manifest = list_rows(folds, 0, cfg(balance="undersampling", copies=2)).to_pylist()
    assert [row["label"] for row in manifest].count(0) == 2 * 4
    assert [row["label"] for row in manifest].count(1) == 2 * 4
    assert sorted(row["copy"] for row in manifest) == [0] * 8 + [1] * 8


def test_the_rows_of_earlier_versions_are_kept(folds):
    """Trainsets that were made before there were other ways to balance are made the same again."""

    def digest(**changes):
        rows = json.dumps(list_rows(folds, 1, cfg(**changes)).to_pylist())
        return hashlib.sha256(rows.encode()).hexdigest()[:16]

    assert digest(balance="none", copies=3) == "24715c18ccb02f46"
    assert digest(balance="label_shuffling", copies=3) == "7be1d270075513ec"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"copies": 3},
            "fold 0: 12 photos (4 to 8 a class) -> 48 rows (24 a class): 12 photos as they are, "
            "36 augmented copies\nby class: 0: 8 -> 24, 1: 4 -> 24",
        ),
        (
            {"balance": "undersampling"},
            "fold 0: 12 photos (4 to 8 a class) -> 8 rows (4 a class): 8 photos as they are, "
            "0 augmented copies, 4 left out\nby class: 0: 8 -> 4, 1: 4 -> 4",
        ),
    ],
    ids=["label shuffling", "undersampling"],
)
def test_the_counts_are_told_before_and_after(folds, changes, told):
    assert tell(folds, list_rows(folds, 0, cfg(**changes)), 0) == told


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
        found[image_id] = Photo(tmp_path / image_id, 40 * 50, folds["label"][number].as_py())
    return found


RECIPE = {
    "operations": [
        {"rotate": {"probability": 0.9, "degrees": 45}},
        {"noise": {"probability": 0.5, "sigma": 5}},
    ],
    "fill": "reflect",
    "image_size": 32,
    "fit": "crop",
    "mix": None,
}


MIX = {"mixup": 0.4, "cutmix": 1.0, "probability": 0.8}


def rows_of(manifest, photos, recipe, threads=1) -> list[dict]:
    return list(make_rows(manifest, draw_mixes(manifest, recipe), photos, recipe, threads))


def test_the_images_are_the_same_for_any_number_of_processes(folds, photos):
    manifest = list_rows(folds, 0, cfg(copies=3))
    for recipe in (RECIPE, {**RECIPE, "mix": MIX}):
        one = rows_of(manifest, photos, recipe)
        assert one == rows_of(manifest, photos, recipe, threads=3)


def test_copy_0_is_the_photo_as_evaluation_sees_it_and_every_row_is_traceable(folds, photos):
    manifest = list_rows(folds, 0, cfg(copies=3))
    rows = rows_of(manifest, photos, {**RECIPE, "mix": MIX})
    assert set(rows[0]) == set(TRAINSET.names)
    for row in rows:
        if row["copy"] == 0:
            assert row["operations"] == "[]"
            assert row["mix"] is row["soft_label"] is None
            seen = fit(load_rgb(photos[row["image_id"]].file.read_bytes()), 32)
            assert (decode_png(row["image"]["bytes"]) == seen).all()
    assert any('"rotate"' in row["operations"] for row in rows)


def test_every_copy_above_0_has_operations_and_no_two_rows_are_alike(folds, photos):
    seldom = [
        {name: {**settings, "probability": 0.2}}
        for operation in RECIPE["operations"]
        for name, settings in operation.items()
    ]
    recipe = {**RECIPE, "operations": seldom}
    rows = rows_of(list_rows(folds, 0, cfg(copies=4)), photos, recipe)
    assert all((row["operations"] == "[]") == (row["copy"] == 0) for row in rows)
    assert len({row["image"]["bytes"] for row in rows}) == len(rows)


def test_the_fill_of_the_recipe_is_applied_and_recorded(folds, photos):
    manifest = list_rows(folds, 0, cfg(copies=2))
    turned = [{"rotate": {"probability": 1, "degrees": 90}}]
    recipe = {**RECIPE, "operations": turned, "fill": [255, 0, 7]}
    copies = [row for row in rows_of(manifest, photos, recipe) if row["copy"]]
    assert all('"fill": [255, 0, 7]' in row["operations"] for row in copies)
    filled = [(decode_png(row["image"]["bytes"]) == [255, 0, 7]).all(axis=2) for row in copies]
    assert np.mean([one.any() for one in filled]) > 0.9
