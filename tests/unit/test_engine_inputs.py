"""What a training reads: rows that go together, soft labels used as given, the key of a run."""

import argparse
import json
from pathlib import Path

import numpy as np
import paddle
import pyarrow as pa
import pytest

from tiny_training import dark_and_bright, settings_of
from zest.contracts import FOLDS, IMAGES, PSEUDO_LABELS, TRAINSET, read_table, write_table
from zest.engine.batches import ValidationSet
from zest.engine.features import SEED_OF_FROZEN, write_features
from zest.engine.group import ALONE, Group
from zest.engine.inputs import make_trainer, read_training_set, run_key
from zest.errors import UserError
from zest.images import encode_png
from zest.models.groups import split
from zest.models.registry import build

IDS = [f"{n}.jpg" for n in range(8)]


@pytest.fixture
def args(tmp_path) -> argparse.Namespace:
    """The files of a training: eight photos, the last two of them held out, the first one twice."""
    images, labels = dark_and_bright(8, 0)
    pictures = [{"bytes": encode_png(image), "path": None} for image in images]
    rows = [{"image_id": one, "image": two} for one, two in zip(IDS, pictures, strict=True)]
    write_table(pa.Table.from_pylist(rows, schema=IMAGES), tmp_path / "images.parquet", IMAGES)
    folds = [
        {"image_id": one, "label": label, "fold": n // 6}
        for n, (one, label) in enumerate(zip(IDS, labels.tolist(), strict=True))
    ]
    write_table(pa.Table.from_pylist(folds, schema=FOLDS), tmp_path / "folds.parquet", FOLDS)
    copies = [0, 0, 1, 2, 3, 4, 5]
    empty = dict.fromkeys(TRAINSET.names)
    rows = [
        {**empty, "image_id": IDS[n], "image": pictures[n], "label": int(labels[n]), "copy": place}
        for place, n in enumerate(copies)
    ]
    table = pa.Table.from_pylist(rows, schema=TRAINSET)
    write_table(table, tmp_path / "trainset.parquet", TRAINSET)
    (tmp_path / "classes.csv").write_text("label,class_num,name,photos\n0,0,dark,4\n1,1,bright,4\n")
    cfg = settings_of(architecture="small_cnn", pretrained=False, epochs=1)
    return argparse.Namespace(
        cfg=json.dumps({**cfg, "fit": "crop", "seed": 0}),
        trainset=tmp_path / "trainset.parquet",
        images=tmp_path / "images.parquet",
        folds=tmp_path / "folds.parquet",
        fold=1,
        classes=tmp_path / "classes.csv",
        activations=None,
        teacher=None,
        soft_labels=None,
        pseudo_labels=None,
        code="a",
    )


def targets_of(args) -> np.ndarray:
    cfg = {**json.loads(args.cfg), "id_column": "id"}
    return read_training_set(args, cfg, ["0", "1"], 0)[0].targets


def test_every_copy_of_a_photo_has_its_soft_label_and_others_keep_their_own(args, tmp_path):
    before = targets_of(args)
    args.soft_labels = tmp_path / "soft.csv"
    args.soft_labels.write_text("id,0,1\n0.jpg,0.3,0.7\n4.jpg,1,0\n")
    found = targets_of(args)
    np.testing.assert_allclose(found[[0, 1]], [[0.3, 0.7]] * 2, rtol=1e-6)
    np.testing.assert_allclose(found[5], [1, 0])
    np.testing.assert_array_equal(found[[2, 3, 4, 6]], before[[2, 3, 4, 6]])


def with_soft_labels(args, soft: dict[int, list[float]]) -> None:
    """Give some rows of the trainset a soft label, as those that are mixed have."""
    rows = read_table(args.trainset, TRAINSET).to_pylist()
    for place, label in soft.items():
        rows[place]["soft_label"] = label
    write_table(pa.Table.from_pylist(rows, schema=TRAINSET), args.trainset, TRAINSET)


def test_a_mixed_row_is_taught_its_soft_label_as_it_is_and_others_their_own(args):
    before = targets_of(args)
    with_soft_labels(args, {1: [0.25, 0.75], 4: [1, 0]})
    found = targets_of(args)
    np.testing.assert_array_equal(found[[1, 4]], [[0.25, 0.75], [1, 0]])
    rest = [0, 2, 3, 5, 6]
    np.testing.assert_array_equal(found[rest], before[rest])


def test_the_soft_label_of_a_mixed_row_reaches_the_steps_of_the_training(args):
    with_soft_labels(args, {place: [0.25, 0.75] for place in range(7)})
    trainer = make_trainer(args, json.loads(args.cfg), ALONE)
    undecided = paddle.log(paddle.to_tensor([[0.5, 0.5]] * 7))
    _, targets, _ = trainer._inputs_of(np.arange(7))
    np.testing.assert_array_equal(targets, [[0.25, 0.75]] * 7)
    assert float(trainer.loss(undecided, paddle.to_tensor(targets))) == pytest.approx(np.log(2))


def test_a_mixed_row_counts_for_both_of_its_classes(args):
    cfg = {**json.loads(args.cfg), "class_weights": "inverse"}
    before = read_training_set(args, cfg, ["0", "1"], 0)[1]
    own = read_table(args.trainset, TRAINSET)["label"][1].as_py()
    with_soft_labels(args, {1: [0.25, 0.75]})
    counts = read_training_set(args, cfg, ["0", "1"], 0)[1]
    np.testing.assert_allclose(counts - before, np.array([0.25, 0.75]) - np.eye(2)[own])


def test_soft_labels_of_another_number_of_classes_are_refused(args):
    with_soft_labels(args, {1: [0.25, 0.5, 0.25]})
    with pytest.raises(UserError, match=r"its soft labels are not of 2 classes"):
        targets_of(args)


def test_class_weights_of_the_settings_reach_the_loss(args):
    cfg = {**json.loads(args.cfg), "class_weights": "inverse", "label_smoothing": 0}
    trainer = make_trainer(args, cfg, ALONE)
    undecided = paddle.zeros([1, 2])
    of_class = [float(trainer.loss(undecided, paddle.eye(2)[label])) for label in ([0], [1])]
    rows = read_training_set(args, cfg, ["0", "1"], 0)[1]
    assert sorted(rows) == [3, 4]
    np.testing.assert_allclose(np.divide(*of_class), rows[1] / rows[0], rtol=1e-6)


def test_class_weights_leave_the_mean_loss_as_it_is_with_spread_targets_too(args):
    cfg = {**json.loads(args.cfg), "class_weights": "inverse", "label_smoothing": 0.2}
    trainer = make_trainer(args, cfg, ALONE)
    targets = trainer.training.targets
    undecided = paddle.zeros([len(targets), 2])
    mean = float(trainer.loss(undecided, paddle.to_tensor(targets)))
    assert mean == pytest.approx(np.log(2), rel=1e-5)


def test_online_operations_of_any_kind_reach_the_batches_with_their_fill(args):
    square = {"size": 0.5, "holes": 1, "fill": [0, 255, 0]}
    operations = [
        {"rotate": {"probability": 1, "degrees": 45}},
        {"rand_augment": {"probability": 1, "num_ops": 2, "magnitude": 5}},
        {"cutout": {"probability": 1, **square}},
    ]

    def batch(fill) -> np.ndarray:
        online = {"online_operations": operations, "online_fill": fill}
        cfg = {**json.loads(args.cfg), **online, "image_size": 24}
        source = read_training_set(args, cfg, ["0", "1"], 0)[0].source
        source.resize(24)
        source.normalisation = ((0, 0, 0), (1, 1, 1))
        return source.batch(np.arange(7), 0)

    green = np.array([0, 1, 0])[None, :, None, None]
    assert (batch("reflect") == green).all(axis=1).any(axis=(1, 2)).all()
    assert (batch([255, 0, 0]) != batch("reflect")).any(axis=(1, 2, 3)).all()


def with_pseudo_labels(args, labels: dict[int, int], n: int = 8) -> np.ndarray:
    """Label some of n test photos, which have names of training photos; return all of them."""
    images, _ = dark_and_bright(n, 5)
    folder = args.trainset.parent
    rows = [
        {"image_id": f"{row}.jpg", "image": {"bytes": encode_png(image)}}
        for row, image in enumerate(images)
    ]
    paths = [folder / "pseudo.parquet", folder / "test.parquet"]
    write_table(pa.Table.from_pylist(rows, schema=IMAGES), paths[1], IMAGES)
    given = [
        {"image_id": f"{row}.jpg", "label": label, "probability": 0.9}
        for row, label in labels.items()
    ]
    write_table(pa.Table.from_pylist(given, schema=PSEUDO_LABELS), paths[0], PSEUDO_LABELS)
    args.pseudo_labels = paths
    return images


def test_photos_with_a_pseudo_label_stand_behind_the_rows_of_the_trainset(args):
    cfg = json.loads(args.cfg)
    before, counts = read_training_set(args, cfg, ["0", "1"], 0)
    images = with_pseudo_labels(args, {1: 0, 4: 0, 6: 1})
    training, more = read_training_set(args, cfg, ["0", "1"], 0)
    np.testing.assert_array_equal(more - counts, [2, 1])
    smoothing = cfg["label_smoothing"] / 2
    taught = [[1 - smoothing, smoothing]] * 2 + [[smoothing, 1 - smoothing]]
    np.testing.assert_allclose(training.targets[7:], taught, rtol=1e-6)
    np.testing.assert_array_equal(training.targets[:7], before.targets)
    np.testing.assert_array_equal(training.source.stored[:7], before.source.stored)
    np.testing.assert_array_equal(training.source.stored[7:], images[[1, 4, 6]])


def test_soft_labels_of_a_training_photo_are_not_those_of_a_test_photo_of_its_name(args, tmp_path):
    args.soft_labels = tmp_path / "soft.csv"
    args.soft_labels.write_text("id,0,1\n4.jpg,0.5,0.5\n")
    with_pseudo_labels(args, {4: 1})
    smoothing = json.loads(args.cfg)["label_smoothing"] / 2
    np.testing.assert_allclose(targets_of(args)[7], [smoothing, 1 - smoothing], rtol=1e-6)


def test_where_no_photo_has_a_pseudo_label_the_training_set_is_as_without(args):
    before = targets_of(args)
    with_pseudo_labels(args, {})
    np.testing.assert_array_equal(targets_of(args), before)


def test_pseudo_labels_of_other_photos_are_refused(args):
    with_pseudo_labels(args, {8: 1})
    with pytest.raises(UserError, match=r"pseudo\.parquet: its rows are not those of"):
        targets_of(args)


def test_a_network_learns_what_pseudo_labels_say(args):
    """From seven labelled rows it does not know bright from dark: they say it, or the opposite."""
    settings = {"epochs": 2, "label_smoothing": 0, "learning_rate": 0.01, "batch_size": 16}
    cfg = {**json.loads(args.cfg), **settings}
    truth = dark_and_bright(96, 5)[1].tolist()

    def accuracy(labels: list[int]) -> float:
        with_pseudo_labels(args, dict(enumerate(labels)), n=96)
        trainer = make_trainer(args, cfg, ALONE)
        trainer.validation = ValidationSet(*dark_and_bright(40, 1))
        return list(trainer.run())[-1]["val_accuracy"]

    assert accuracy(truth) > 0.9
    assert accuracy([1 - label for label in truth]) < 0.1


@pytest.mark.parametrize(
    "changed",
    ["code", "cfg", "trainset", "folds", "classes", "weights", "replicas", "labels", "photos"],
)
def test_the_key_of_a_run_changes_with_all_that_the_training_depends_on(args, tmp_path, changed):
    weights = tmp_path / "start.pdparams"
    weights.write_bytes(b"one")
    args.cfg = json.dumps({**json.loads(args.cfg), "weights": str(weights)})
    with_pseudo_labels(args, {1: 0})
    of_test = dict(zip(["labels", "photos"], args.pseudo_labels, strict=True))
    before = run_key(args, ALONE)
    assert run_key(args, ALONE) == before
    group = Group(0, 2) if changed == "replicas" else ALONE
    if changed == "code":
        args.code = "b"
    elif changed == "replicas":
        pass
    elif changed == "cfg":
        args.cfg = json.dumps({**json.loads(args.cfg), "epochs": 2})
    else:
        path = of_test.get(changed) or (weights if changed == "weights" else getattr(args, changed))
        Path(path).write_bytes(path.read_bytes() + b"x")
    assert run_key(args, group) != before


def activations_of(args, tmp_path, frozen: int, ids: list[str]) -> list[Path]:
    """Write what the frozen layers make of the trainset and of all photos."""
    cfg = {**json.loads(args.cfg), "frozen": frozen, "cache_frozen": True}
    args.cfg = json.dumps(cfg)
    front, _ = split(build(cfg, 2, SEED_OF_FROZEN), "small_cnn", frozen)
    front.eval()
    with paddle.no_grad():
        one = front(paddle.zeros([1, 3, 24, 24])).numpy()
    paths = [tmp_path / "of_trainset.parquet", tmp_path / "of_images.parquet"]
    write_features(ids, np.repeat(one, len(ids), axis=0), paths[0])
    write_features(IDS, np.repeat(one, len(IDS), axis=0), paths[1])
    return paths


@pytest.mark.filterwarnings("error")
def test_the_frozen_layers_of_a_trainer_are_those_that_made_the_activations(args, tmp_path):
    """Random ones too, as where a file of weights lacks some."""
    ids = [IDS[n] for n in (0, 0, 1, 2, 3, 4, 5)]
    args.activations = activations_of(args, tmp_path, 2, ids)
    cfg = json.loads(args.cfg)
    trainer = make_trainer(args, cfg, ALONE)
    front, _ = split(trainer.net, "small_cnn", 2)
    made_with, _ = split(build(cfg, 2, SEED_OF_FROZEN), "small_cnn", 2)
    for ours, theirs in zip(front.parameters(), made_with.parameters(), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_activations_of_other_rows_are_refused(args, tmp_path):
    args.activations = activations_of(args, tmp_path, 2, list(reversed(IDS[:7])))
    with pytest.raises(UserError, match=r"of_trainset\.parquet: its rows are not those of"):
        make_trainer(args, json.loads(args.cfg), ALONE)
