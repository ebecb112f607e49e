"""Offline mixing: how it is drawn, what it does to image and label, how a row is made again."""

import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from augment_fold import Photo, make_rows
from trainset.mixing import draw_mixes, mix_images, soft_label
from zest.augment import apply_operations
from zest.contracts import MANIFEST
from zest.images import decode_png, load_rgb
from zest.randomness import seed_from

SIZE = 20
OFF = {"mixup": 0.0, "cutmix": 0.0, "probability": 1.0}
OPERATIONS = [{"rotate": {"probability": 0.7, "degrees": 15}}]


def recipe(**mix) -> dict:
    return {
        "operations": OPERATIONS,
        "image_size": SIZE,
        "fit": "crop",
        "fill": "reflect",
        "mix": {**OFF, **mix} if mix else None,
    }


def manifest(copies: int = 400) -> pa.Table:
    """Three photos of three classes, the first with most of the rows."""
    rows = [
        {
            "image_id": f"{photo}.png",
            "copy": copy,
            "label": label,
            "fold": 1,
            "seed": seed_from(0, photo, copy),
        }
        for label, (photo, count) in enumerate({"a": copies, "b": copies // 4, "c": 2}.items())
        for copy in range(count)
    ]
    return pa.Table.from_pylist(rows, schema=MANIFEST)


def mixed(table: pa.Table, **mix) -> list[tuple[dict, dict]]:
    """The rows that are mixed, each with how it is."""
    pairs = zip(table.to_pylist(), draw_mixes(table, recipe(**mix)), strict=True)
    return [(row, drawn) for row, drawn in pairs if drawn]


def test_without_mix_no_row_is_mixed():
    assert draw_mixes(manifest(), recipe()) == [None] * manifest().num_rows


def test_only_copies_are_mixed_with_the_given_probability_and_never_with_their_own_photo():
    found = mixed(manifest(), mixup=0.4, probability=0.3)
    assert all(row["copy"] > 0 for row, _ in found)
    assert all(row["image_id"] != drawn["partner"] for row, drawn in found)
    assert len(found) / (manifest().num_rows - 3) == pytest.approx(0.3, abs=0.06)
    assert len(mixed(manifest(), mixup=0.4)) == manifest().num_rows - 3


def test_partners_are_drawn_as_often_as_their_photos_have_rows():
    partners = Counter(
        drawn["partner"] for row, drawn in mixed(manifest(), mixup=1.0) if row["label"] == 1
    )
    assert partners["a.png"] > 0.9 * partners.total()
    assert set(Counter(d["partner"] for _, d in mixed(manifest(), mixup=1.0))) == {
        "a.png",
        "b.png",
        "c.png",
    }


def test_lambda_of_mixup_is_beta_distributed():
    shares = np.array([drawn["lambda"] for _, drawn in mixed(manifest(2000), mixup=0.5)])
    # Beta(a, a) has the mean 1/2 and the variance 1 / (4 (2 a + 1)).
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(1 / 8, abs=0.012)


def test_lambda_of_cutmix_is_the_share_of_the_pixels_that_are_left():
    own, other = (np.full((SIZE, SIZE, 3), value, np.uint8) for value in (10, 200))
    lefts = set()
    for _, drawn in mixed(manifest(), cutmix=1.0):
        image = mix_images(own, other, drawn)
        assert (image == 10).mean() == pytest.approx(drawn["lambda"], abs=1e-12)
        top, bottom, left, right = drawn["rectangle"]
        assert (image[top:bottom, left:right] == 200).all()
        lefts.add(left)
    assert len(lefts) > SIZE / 2
    assert (own == 10).all()


def test_with_both_each_kind_takes_half_of_the_mixed_copies():
    kinds = [drawn["kind"] for _, drawn in mixed(manifest(800), mixup=0.2, cutmix=1.0)]
    assert kinds.count("mixup") / len(kinds) == pytest.approx(0.5, abs=0.06)
    assert set(kinds) == {"mixup", "cutmix"}


def test_mixup_blends_the_pixels_and_rounds_them():
    own, other = (np.full((1, 1, 3), value, np.uint8) for value in (255, 250))
    assert (mix_images(own, other, {"kind": "mixup", "lambda": 0.25}) == 251).all()
    assert (mix_images(own, own, {"kind": "mixup", "lambda": 0.3}) == 255).all()


def test_the_soft_label_has_the_shares_of_both_classes():
    assert soft_label(2, 0, {"lambda": 0.75}, 4) == [0.25, 0, 0.75, 0]
    assert soft_label(1, 1, {"lambda": 0.75}, 2) == [0, 1]


def test_how_a_row_is_mixed_depends_on_its_own_seed_and_not_on_where_it_stands():
    table, how = manifest(), recipe(mixup=0.4, cutmix=1.0, probability=0.5)
    turned = table.take(list(range(table.num_rows))[::-1])
    assert draw_mixes(turned, how) == draw_mixes(table, how)[::-1]
    shares = [drawn["lambda"] for drawn in draw_mixes(table, how) if drawn]
    assert len(set(shares)) > len(shares) / 2  # those of cutmix are whole pixels


def test_a_mixed_row_can_be_made_again_from_its_record_and_the_two_photos(tmp_path):
    photos = {}
    for label, name in enumerate(("a.png", "b.png", "c.png")):
        values = np.random.default_rng(label).integers(0, 255, (30, 40, 3), np.uint8)
        Image.fromarray(values).save(tmp_path / name)
        photos[name] = Photo(tmp_path / name, 30 * 40, label)

    def image_of(name: str, operations: list[dict]) -> np.ndarray:
        photo = load_rgb(photos[name].file.read_bytes())
        return apply_operations(photo, operations, SIZE, "crop")

    table, how = manifest(16), recipe(mixup=0.4, cutmix=1.0)
    rows = list(make_rows(table, draw_mixes(table, how), photos, how, threads=1))
    kinds = set()
    for row in rows:
        own = image_of(row["image_id"], json.loads(row["operations"]))
        found = decode_png(row["image"]["bytes"])
        if row["copy"] == 0:
            assert (found == own).all()
            continue
        mix = json.loads(row["mix"])
        kinds.add(mix["kind"])
        assert mix["operations"]
        other = image_of(mix["partner"], mix["operations"])
        if mix["kind"] == "mixup":
            blended = mix["lambda"] * own + (1 - mix["lambda"]) * other.astype(float)
            assert np.abs(found - blended).max() <= 0.5 + 1e-9
        else:
            top, bottom, left, right = mix["rectangle"]
            own[top:bottom, left:right] = other[top:bottom, left:right]
            assert (found == own).all()
        expected = np.zeros(3)
        expected[row["label"]] = mix["lambda"]
        expected[photos[mix["partner"]].label] = 1 - mix["lambda"]
        np.testing.assert_allclose(row["soft_label"], expected)
    assert kinds == {"mixup", "cutmix"}
