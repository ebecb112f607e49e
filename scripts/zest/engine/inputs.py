"""The files of a training: which there are, what they hold, and the trainer that they make."""

import argparse
import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import paddle
import pyarrow as pa

from zest.classes import read_classes
from zest.contracts import (
    FOLDS,
    PREDICTIONS,
    PSEUDO_LABELS,
    TRAINSET,
    probability_matrix,
    read_image_ids,
    read_table,
)
from zest.engine.batches import (
    ZOOM,
    ActivationSource,
    ImageSource,
    TrainingSet,
    ValidationSet,
    load_images,
)
from zest.engine.checkpoint import Checkpoint
from zest.engine.features import SEED_OF_FROZEN, read_features
from zest.engine.group import Group
from zest.engine.losses import class_weights, make_targets
from zest.engine.training import Trainer
from zest.errors import UserError
from zest.files import sha256
from zest.folds import parse_fold, rows_of_fold
from zest.models.groups import frozen_groups, head_parameters, layer_groups, split
from zest.models.registry import build
from zest.models.table import normalisation
from zest.phases import phases_of
from zest.randomness import seed_from
from zest.soft_labels import read_soft_labels


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name the files of a training."""
    parser.add_argument("--cfg", required=True, help="JSON: the model's settings, seed, fit")
    parser.add_argument("--trainset", required=True, type=Path, help="images.parquet to learn from")
    parser.add_argument("--images", required=True, type=Path, help="images/{size}/train.parquet")
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument(
        "--fold", required=True, type=parse_fold, help="the validation fold, or all for none"
    )
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument(
        "--activations", type=Path, nargs=2, help="what frozen layers make of trainset and images"
    )
    parser.add_argument("--teacher", type=Path, help="a teacher's predictions of the training set")
    parser.add_argument("--soft-labels", type=Path, help="CSV of class probabilities")
    parser.add_argument(
        "--pseudo-labels",
        type=Path,
        nargs=2,
        help="labels of test photos, and images/{size}/test.parquet at the size of the trainset",
    )


def make_trainer(
    args: argparse.Namespace,
    cfg: dict,
    group: Group,
    checkpoint: Checkpoint | None = None,
    validated: bool = True,
) -> Trainer:
    """Return the trainer of a model, fresh.

    Args:
        args: with what `add_input_arguments` adds.
        cfg: the model's settings, seed, fit.
        group: the processes that share each batch.
        checkpoint: where the state is kept, or None.
        validated: whether the photos of the validation fold are scored after each epoch.

    Raises:
        UserError: files that do not go together, or a network that cannot be built.
    """
    cv2.setNumThreads(1)  # OpenCV would start a thread a core in every replica
    architecture = cfg["architecture"]
    classes = read_classes(args.classes)
    seed = seed_from(cfg["seed"], "train", args.fold) % 2**31
    net = build(cfg, len(classes), seed)
    training, counts = read_training_set(args, cfg, [one.class_num for one in classes], seed)
    weights = class_weights(cfg["class_weights"], counts)
    if cfg["class_weights"] != "none":  # targets that are spread weigh a row by several classes
        weights /= training.targets.mean(axis=0) @ weights
    groups = layer_groups(net, head_parameters(net, architecture, len(classes)))
    learner = net
    if args.activations:
        frozen = phases_of(cfg)[0].frozen
        _, learner = split(net, architecture, frozen)
        # What a file of weights lacks is random, and must be what the activations were made with.
        made_with = build(cfg, len(classes), SEED_OF_FROZEN).state_dict()
        parameters = dict(net.named_parameters())
        for name in (name for one in frozen_groups(groups, frozen) for name in one.parameters):
            parameters[name].set_value(made_with[name])
    return Trainer(
        net=net,
        groups=groups,
        learner=learner,
        normalisation=normalisation(architecture),
        training=training,
        validation=read_validation_set(args, cfg) if validated else None,
        settings=cfg,
        weights=weights,
        seed=seed,
        group=group,
        checkpoint=checkpoint,
    )


def read_training_set(
    args: argparse.Namespace, cfg: dict, class_nums: list[str], seed: int
) -> tuple[TrainingSet, np.ndarray]:
    """Return what the model learns from, and how many rows of each class, (K,).

    A row that is mixed of two photos has its soft label for its target, as it is, and counts for
    each of the two classes with its share. Behind the rows of the trainset stand those of the test
    photos that have a pseudo-label.

    Raises:
        UserError: files that do not go together, or soft labels that cannot be used.
    """
    num_classes = len(class_nums)
    table = read_table(args.trainset, TRAINSET, columns=["image_id", "label", "soft_label"])
    ids, labels = table["image_id"].to_pylist(), table["label"].to_numpy().astype(np.int64)
    targets = make_targets(labels, num_classes, cfg)
    if args.soft_labels:
        photos = read_table(args.folds, FOLDS, columns=["image_id"])["image_id"].to_pylist()
        soft = read_soft_labels(args.soft_labels, photos, class_nums, cfg["id_column"])
        for row, image_id in enumerate(ids):
            if image_id in soft:
                targets[row] = soft[image_id]
    mixed, mixed_labels = _read_mixed(args.trainset, table["soft_label"], num_classes)
    targets[mixed] = mixed_labels
    rows_of_class = np.bincount(labels[~mixed], minlength=num_classes) + mixed_labels.sum(
        axis=0, dtype=np.float64
    )
    rows, pseudo = _read_pseudo_labels(*args.pseudo_labels) if args.pseudo_labels else ([], [])
    if rows:
        targets = np.concatenate([targets, make_targets(np.array(pseudo), num_classes, cfg)])
        rows_of_class += np.bincount(pseudo, minlength=num_classes)
    source: ImageSource | ActivationSource
    if args.activations:
        source = ActivationSource(_read_activations(args.activations[0], args.trainset, ids))
    else:
        operations = cfg["online_operations"]
        largest = max(phase.image_size for phase in phases_of(cfg))
        size = ZOOM * largest if operations else largest
        images = load_images(args.trainset, size, spare=len(rows))
        if rows:
            images[-len(rows) :] = load_images(args.pseudo_labels[1], size, rows)
        source = ImageSource(
            images, normalisation(cfg["architecture"]), operations, seed, cfg["online_fill"]
        )
    teacher = _read_teacher(args.teacher, args.trainset, ids) if args.teacher else None
    return TrainingSet(source, targets, teacher), rows_of_class


def _read_mixed(
    path: Path, column: pa.ChunkedArray, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have a soft label, bool (rows,), and those labels, float32 (mixed, K)."""
    mixed = column.is_valid().to_numpy()
    values = column.drop_null().combine_chunks().flatten().to_numpy()
    if len(values) != mixed.sum() * num_classes:
        raise UserError(
            f"{path}: its soft labels are not of {num_classes} classes. Delete it and run the same "
            "command again."
        )
    return mixed, values.reshape(-1, num_classes)


def _read_pseudo_labels(path: Path, images: Path) -> tuple[list[int], list[int]]:
    """Return the rows of the test photos that have a label, rising, and those labels, 0..K-1."""
    table = read_table(path, PSEUDO_LABELS)
    labels = dict(zip(table["image_id"].to_pylist(), table["label"].to_pylist(), strict=True))
    ids = read_image_ids(images)
    rows = [row for row, image_id in enumerate(ids) if image_id in labels]
    _check_rows(path, list(labels), images, [ids[row] for row in rows])
    return rows, list(labels.values())


def _read_teacher(path: Path, trainset: Path, ids: list[str]) -> np.ndarray:
    table = read_table(path, PREDICTIONS)
    _check_rows(path, table["image_id"].to_pylist(), trainset, ids)
    return probability_matrix(table)


def _read_activations(path: Path, images: Path, ids: list[str]) -> np.ndarray:
    found, activations = read_features(path)
    _check_rows(path, found, images, ids)
    return activations


def _check_rows(path: Path, found: list[str], images: Path, ids: list[str]) -> None:
    if found != ids:
        raise UserError(
            f"{path}: its rows are not those of {images}. Delete it and run the same command again."
        )


def read_validation_set(args: argparse.Namespace, cfg: dict) -> ValidationSet | None:
    """Return the photos of the validation fold, in the order of the images table, or None."""
    ids = read_image_ids(args.images)
    rows, labels = rows_of_fold(ids, args.folds, args.fold)
    if not rows:
        return None
    if args.activations:
        inputs = _read_activations(args.activations[1], args.images, ids)[rows]
    else:
        inputs = load_images(args.images, cfg["image_size"], rows)
    return ValidationSet(inputs, np.array(labels))


def run_key(args: argparse.Namespace, group: Group) -> str:
    """Return the key of a run: a hash of all that a state to go on from depends on.

    That is its settings, its code and the content of its files; and how many processes share a
    batch, and on what, because a step means other rows with another number of them.
    """
    weights = json.loads(args.cfg).get("weights")
    optional = [args.teacher, args.soft_labels, weights]
    optional += [*(args.activations or []), *(args.pseudo_labels or [])]
    files = [args.trainset, args.images, args.folds, args.classes, *filter(None, optional)]
    device = paddle.device.get_device().partition(":")[0]
    parts = [args.cfg, args.code, str(args.fold), device, str(group.size), *map(sha256, files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
