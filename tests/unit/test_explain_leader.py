"""The leader is explained: which photos, where the heat lies, and what hiding the centre says."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import paddle
import pyarrow as pa
import pytest
from paddle import nn
from PIL import Image
from threadpoolctl import threadpool_limits

from explanation.centre import hide_border, hide_centre, share_outside
from explanation.choice import confident_mistakes, stratified_sample
from explanation.verdict import Occlusion, judge_occlusion, mean_outside, warnings_of
from tiny_training import settings_of
from zest.classes import ClassInfo
from zest.contracts import HEAT_MAPS, IMAGES, OUT_OF_FOLD, read_table, write_table
from zest.engine.batches import load_images_of, normalise
from zest.engine.model_folder import TrainedModel, save_model
from zest.errors import UserError
from zest.images import encode_png
from zest.intervals import Score
from zest.models.registry import build
from zest.models.table import normalisation

SCRIPT = Path(__file__).parents[2] / "scripts/explain_leader.py"
CLASSES = [ClassInfo(0, "0", "green", 20), ClassInfo(1, "1", "yellow", 20)]
SIZE = 64


def score(value: float, low: float, high: float, n: int = 100) -> Score:
    return Score(value, low, high, n)


def occlusion(hidden: Score, plain: float = 0.9, chance: float = 0.5) -> Occlusion:
    return Occlusion(chance, score(plain, 0.8, 0.95), hidden, score(plain, 0.8, 0.95))


def test_the_most_confident_mistakes_come_first_and_equal_ones_by_name():
    labels = np.array([0, 0, 0, 1, 1])
    sure = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.8, 0.2], [0.7, 0.3]], np.float32)
    names = ["right", "unsure", "b", "a", "c"]
    rows = confident_mistakes(names, labels, sure, 3)
    assert [names[row] for row in rows] == ["a", "b", "c"]
    assert confident_mistakes(names, labels, sure, 0).tolist() == []
    assert len(confident_mistakes(names, labels, sure, 500)) == 4


def test_mistakes_of_a_training_that_diverged_come_last():
    sure = np.array([[np.nan, np.nan], [0.2, 0.8]])
    assert confident_mistakes(["a", "b"], np.array([1, 0]), sure, 2).tolist() == [1, 0]


def test_a_sample_has_each_class_by_its_share():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    rows = stratified_sample(labels, 20, seed=1)
    assert np.bincount(labels[rows]).tolist() == [10, 6, 4]
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, stratified_sample(labels, 20, seed=1))
    assert (rows != stratified_sample(labels, 20, seed=2)).any()


def test_a_sample_of_fewer_photos_is_all_of_them():
    assert stratified_sample(np.array([1, 0, 1]), 20, seed=1).tolist() == [0, 1, 2]
    assert stratified_sample(np.array([], int), 20, seed=1).tolist() == []


def test_what_is_painted_over_has_half_of_the_area_and_the_mean_colour():
    images = np.random.default_rng(0).integers(0, 256, (2, 100, 100, 3), np.uint8)
    without_centre, without_border = hide_centre(images), hide_border(images)
    centre = (without_centre != images).any(axis=(0, 3))
    assert centre.mean() == pytest.approx(0.5, abs=0.01)
    assert centre[15:85, 15:85].all()
    assert not centre[:14].any()
    for image, hidden, other in zip(images, without_centre, without_border, strict=True):
        mean = image.mean(axis=(0, 1)).round()
        assert (hidden[centre] == mean).all()
        assert (other[~centre] == mean).all()
        assert (other[centre] == image[centre]).all()
        assert (hidden[~centre] == image[~centre]).all()


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (4, 7), (16, 16)])
def test_heat_without_a_place_lies_half_outside_however_coarse_the_map(shape):
    assert share_outside(np.ones((1, *shape)))[0] == pytest.approx(0.5)


def test_heat_in_the_corner_lies_outside_and_in_the_middle_inside():
    heat = np.zeros((3, 8, 8), np.float32)
    heat[0, 0, 7] = 1
    heat[1, 3:5, 3:5] = 0.3
    assert share_outside(heat)[:2].tolist() == [1, 0]
    assert np.isnan(share_outside(heat)[2])


def test_the_mean_share_leaves_photos_without_heat_out_and_groups_widen_it():
    shares = np.array([0.2, 0.2, 0.6, 0.6, np.nan])
    alone = mean_outside(shares, np.arange(5), 0.95, 500, 1)
    grouped = mean_outside(shares, np.array([0, 0, 1, 1, 2]), 0.95, 500, 1)
    assert (alone.value, alone.n) == (pytest.approx(0.4), 4)
    assert alone.low < 0.4 < alone.high
    assert grouped.high - grouped.low > alone.high - alone.low
    assert mean_outside(shares[4:], np.zeros(1, int), 0.95, 500, 1) is None


def test_however_many_threads_there_are_the_mean_share_has_the_same_interval():
    shares, found = np.random.default_rng(0).random(30000), set()
    for threads in (1, 2, 3, 4):
        with threadpool_limits(threads):
            found.add(mean_outside(shares, np.arange(30000), 0.95, 20, 1))
    assert len(found) == 1


def test_accuracies_stand_with_intervals_and_beside_chance():
    labels = np.array([0, 0, 0, 1])
    hits = {
        "plain": np.array([1, 1, 1, 1], bool),
        "centre_hidden": np.array([1, 0, 0, 0], bool),
        "border_hidden": np.array([1, 1, 1, 0], bool),
    }
    found = judge_occlusion(labels, hits, np.arange(4), 0.95)
    assert found.chance == 0.75
    assert (found.plain.value, found.centre_hidden.value, found.border_hidden.value) == (
        1,
        0.25,
        0.75,
    )
    assert 0 < found.centre_hidden.low < 0.25 < found.centre_hidden.high < 1
    grouped = judge_occlusion(labels, hits, np.array([0, 0, 1, 1]), 0.95)
    assert grouped.plain.low < found.plain.low


@pytest.mark.parametrize(
    ("hidden", "warned"),
    [
        (score(0.88, 0.8, 0.93), True),
        (score(0.83, 0.74, 0.9), True),
        (score(0.7, 0.6, 0.79), False),  # half of what it knows is gone
        (score(0.88, 0.45, 0.99), False),  # on so few photos it may be chance
    ],
)
def test_a_model_that_does_not_need_the_centre_is_warned_of(hidden, warned):
    found = warnings_of("lite0", occlusion(hidden), None)
    assert len(found) == warned
    assert all("With the centre of the photos painted over, lite0 is still" in one for one in found)


def test_a_model_that_knows_nothing_is_not_warned_of():
    assert warnings_of("lite0", occlusion(score(0.5, 0.4, 0.6), plain=0.51), None) == []


@pytest.mark.parametrize(("low", "warned"), [(0.52, True), (0.48, False)])
def test_heat_that_lies_surely_outside_is_warned_of(low, warned):
    found = warnings_of("lite0", occlusion(score(0.5, 0.4, 0.6)), score(0.6, low, 0.7))
    assert len(found) == warned


def write_images(path: Path, images: np.ndarray) -> list[str]:
    """Write a table of images, and return their ids."""
    ids = [f"photo_{n}" for n in range(len(images))]
    rows = [
        {"image_id": name, "image": {"bytes": encode_png(image), "path": f"{name}.png"}}
        for name, image in zip(ids, images, strict=True)
    ]
    write_table(pa.Table.from_pylist(rows, schema=IMAGES), path, IMAGES)
    return ids


def test_photos_come_in_the_order_they_are_asked_for(tmp_path):
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 8, 8, 3), np.uint8)
    write_images(tmp_path / "train.parquet", images)
    found = load_images_of(tmp_path / "train.parquet", 8, ["photo_2", "photo_0", "photo_2"])
    assert found[:, 0, 0, 0].tolist() == [2, 0, 2]
    assert load_images_of(tmp_path / "train.parquet", 8, []).shape == (0, 8, 8, 3)
    with pytest.raises(UserError, match=r"lacks 1 of the predicted photos, the first of them gone"):
        load_images_of(tmp_path / "train.parquet", 8, ["photo_0", "gone"])


def decide(net: nn.Layer, images: np.ndarray) -> None:
    """Give a network a classifier that says 0 of half of the images, and 1 of the others."""
    net.eval()
    head = net.sublayers()[-1]
    head.weight.set_value(np.random.default_rng(1).standard_normal(head.weight.shape, np.float32))
    head.bias.set_value(paddle.zeros_like(head.bias))
    with paddle.no_grad():
        logits = net(paddle.to_tensor(normalise(images, *normalisation("small_cnn")))).numpy()
    head.bias.set_value(np.array([np.median(logits[:, 1] - logits[:, 0]), 0], np.float32))


class Results:
    """The results of a tiny competition of two folds that was won by a given network.

    Its weights are random, and every second photo is labelled as what it says.
    """

    def __init__(self, folder: Path, architecture: str):
        self.folder = folder
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (40, 8, 8, 3), np.uint8).repeat(8, 1).repeat(8, 2)
        self.ids = write_images(folder / f"images/{SIZE}/train.parquet", images)
        write_images(folder / "images/32/train.parquet", images[:1])
        for fold in (0, 1):
            cfg = settings_of(architecture=architecture, pretrained=False)
            cfg |= {"image_size": SIZE, "fit": "crop", "seed": 0}
            net = build(cfg, 2, seed=fold)
            decide(net, images)
            into = folder / f"models/first/fold{fold}"
            save_model(net, cfg, CLASSES, into / "weights.pdparams", into / "model.json")
        self.models = [TrainedModel(folder / f"models/first/fold{fold}") for fold in (0, 1)]
        self.folds = np.arange(40) // 20
        self.probabilities = np.concatenate(
            [self.models[fold].predict_fitted(images[self.folds == fold]) for fold in (0, 1)]
        )
        self.predicted = self.probabilities.argmax(axis=1)
        self.labels = np.where(np.arange(40) % 2, self.predicted, 1 - self.predicted)
        for model in ("first", "second"):
            table = {
                "image_id": self.ids,
                "fold": self.folds,
                "label": self.labels,
                "probabilities": list(self.probabilities),
                "group": [None] * 40,
            }
            path = folder / f"evaluation/{model}/out_of_fold.parquet"
            write_table(pa.table(table).cast(OUT_OF_FOLD), path, OUT_OF_FOLD)
        (folder / "leaderboard.csv").write_text("rank,model\n1,first\n2,second\n")

    def explain(self, gallery: int = 5) -> tuple[list[dict], dict]:
        """Run the script and return the rows of the heat maps, and shortcuts.json."""
        evaluation = {"confidence": 0.95, "resamples": 200, "gallery": gallery}
        folder = self.folder
        command = [sys.executable, str(SCRIPT), "--threads", "1"]
        command += ["--cfg", json.dumps({"seed": 0, "evaluation": evaluation})]
        command += ["--leaderboard", "leaderboard.csv", "--out-of-fold"]
        command += [f"evaluation/{name}/out_of_fold.parquet" for name in ("second", "first")]
        names = [("second", 0), ("first", 1), ("first", 0)]
        command += ["--weights", *(f"models/{a}/fold{b}/weights.pdparams" for a, b in names)]
        command += ["--images", "images/32/train.parquet", f"images/{SIZE}/train.parquet"]
        command += ["--heat-maps", "heat_maps.parquet", "--shortcuts", "shortcuts.json"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        rows = read_table(folder / "heat_maps.parquet", HEAT_MAPS).to_pylist()
        return rows, json.loads((folder / "shortcuts.json").read_text())


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return Results(tmp_path_factory.mktemp("results"), "small_cnn")


@pytest.fixture(scope="module")
def explained(results):
    return results.explain()


def test_the_leaders_mistakes_and_a_sample_of_what_it_got_right_are_explained(results, explained):
    rows, told = explained
    row_of = {name: row for row, name in enumerate(results.ids)}
    mistakes = [row for row in rows if row["kind"] == "mistake"]
    sample = [row for row in rows if row["kind"] == "sample"]
    assert rows == mistakes + sample
    assert len(mistakes) == 5
    sure = [row["probability"] for row in mistakes]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] == results.probabilities.max(axis=1)[::2].max()
    right = [name for row, name in enumerate(results.ids) if row % 2]
    assert [row["image_id"] for row in sample] == right
    for row in rows:
        place = row_of[row["image_id"]]
        assert row["fold"] == results.folds[place]
        assert row["label"] == results.labels[place]
        assert row["predicted"] == results.predicted[place]
        assert row["probability"] == results.probabilities[place, row["predicted"]]
        assert row["label_probability"] == results.probabilities[place, row["label"]]
    assert (told["model"], told["photos"], told["mistakes"]) == ("first", 40, 20)


def test_the_heat_is_that_of_the_model_of_the_fold(results, explained):
    rows, _ = explained
    stored = results.folder / f"images/{SIZE}/train.parquet"
    assert {row["fold"] for row in rows if row["outside"]} == {0, 1}
    for row in rows:
        net = results.models[row["fold"]].net
        image = load_images_of(stored, SIZE, [row["image_id"]])
        mean, std = (results.models[0].preprocessing[key] for key in ("mean", "std"))
        x = ((image / 255 - mean) / std).transpose(0, 3, 1, 2).astype("float32")
        with paddle.no_grad():
            maps = paddle.to_tensor(x)
            for stage in net.stages:
                maps = stage(maps)
        weights = net.classifier.weight.numpy()[:, row["predicted"]]
        expected = np.maximum(np.einsum("c,chw->hw", weights, maps[0].numpy()), 0)
        assert row["heat_shape"] == [4, 4]
        heat = np.reshape(row["heat"], row["heat_shape"])
        np.testing.assert_allclose(heat, expected / (expected.max() or 1), atol=1e-3)
        outside = np.nan if row["outside"] is None else row["outside"]
        np.testing.assert_allclose(outside, share_outside(heat[None])[0], atol=1e-6)
        picture = Image.open(io.BytesIO(row["image"]["bytes"]))
        assert (picture.format, picture.size) == ("JPEG", (SIZE, SIZE))


def test_the_accuracies_are_those_of_the_models_on_the_painted_photos(results, explained):
    _, told = explained
    images = load_images_of(results.folder / f"images/{SIZE}/train.parquet", SIZE, results.ids)
    for name, seen in (
        ("centre_hidden", hide_centre(images)),
        ("border_hidden", hide_border(images)),
    ):
        classes = np.concatenate(
            [results.models[fold].predict_fitted(seen[results.folds == fold]) for fold in (0, 1)]
        ).argmax(axis=1)
        assert told["occlusion"][name]["value"] == (classes == results.labels).mean()
    assert told["occlusion"]["plain"]["value"] == 0.5
    assert told["occlusion"]["plain"]["n"] == 40
    assert told["occlusion"]["chance"] == np.bincount(results.labels).max() / 40
    shares = [row["outside"] for row in explained[0] if row["kind"] == "sample"]
    known = [share for share in shares if share is not None]
    assert told["outside"]["value"] == pytest.approx(np.mean(known))
    assert told["outside"]["n"] == len(known)
    assert told["outside"]["low"] < told["outside"]["value"] < told["outside"]["high"]


def test_a_second_run_writes_the_same_bytes(results, explained):
    names = ("heat_maps.parquet", "shortcuts.json")
    before = [(results.folder / name).read_bytes() for name in names]
    results.explain()
    assert [(results.folder / name).read_bytes() for name in names] == before


def test_a_network_without_maps_is_explained_without_heat(tmp_path, monkeypatch):
    (tmp_path / "flat_net.py").write_text(
        "from paddle import nn\n"
        "class Flat(nn.Sequential):\n"
        "    def __init__(self, num_classes):\n"
        f"        super().__init__(nn.Flatten(), nn.Linear({3 * SIZE * SIZE}, num_classes))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    rows, told = Results(tmp_path, "flat_net.Flat").explain(gallery=0)
    assert "no layer" in told["no_heat_maps"]
    assert told["outside"] is None
    assert told["occlusion"]["plain"]["n"] == 40
    assert len(rows) == 20
    assert all(row["heat"] is None and row["outside"] is None for row in rows)
    assert Image.open(io.BytesIO(rows[0]["image"]["bytes"])).size == (SIZE, SIZE)
