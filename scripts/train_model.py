"""Fine-tune one model on one fold.

Reads trainset/{recipe}/fold{fold}/images.parquet, images/{size}/train.parquet (for validation),
split/folds.parquet and catalog/classes.csv, and where the settings ask for them the activations of
the frozen layers, a teacher's predictions, soft labels, and pseudo-labels with the photos that they
are of; writes models/{model}/fold{fold}/: weights.pdparams, model.json (all that is needed to use
the weights), history.parquet, curves.png, and visualdl/ with live curves. Killed at any moment, the
same command goes on from its last checkpoint.
"""

import argparse
import json
from contextlib import nullcontext
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import pyarrow as pa

from zest.classes import read_classes
from zest.contracts import HISTORY, write_table
from zest.engine.checkpoint import Checkpoint, only_one
from zest.engine.curves import draw_curves
from zest.engine.group import Group, train_in_group
from zest.engine.inputs import add_input_arguments, make_trainer, run_key
from zest.engine.journal import Journal
from zest.engine.model_folder import save_model
from zest.engine.replicas import launched_as
from zest.errors import run
from zest.models.registry import build


def train(args: argparse.Namespace, cfg: dict, group: Group) -> None:
    """Train in this process, one of the group; the first one writes the model folder."""
    key = run_key(args, group)
    checkpoint = Checkpoint(args.checkpoints / "state.npz", key, args.checkpoint_seconds)
    trainer = make_trainer(args, cfg, group, checkpoint)
    earlier = trainer.resume()
    if group.rank:
        for _ in trainer.run():
            pass
        return
    journal = Journal(args.name, trainer.epochs, args.visualdl)
    journal.show_settings(cfg)
    classes = read_classes(args.classes)
    journal.show_graph(
        build({**cfg, "pretrained": False, "weights": None}, len(classes), seed=0),
        cfg["image_size"],
    )
    if trainer.epoch <= trainer.epochs and not args.activations:
        journal.show_batch(trainer.next_inputs(), trainer.normalisation)
    journal.go_on(earlier)
    for row in trainer.run():
        journal.add(row)
        journal.show_weights(trainer.net, trainer.groups, row["epoch"])
    journal.close()
    write_table(pa.Table.from_pylist(trainer.history, schema=HISTORY), args.history, HISTORY)
    draw_curves(trainer.history, args.name, args.curves)
    save_model(trainer.net, cfg, classes, args.weights, args.model)
    checkpoint.remove()


def main() -> None:
    """Start the replicas and wait for them, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_input_arguments(parser)
    parser.add_argument("--code", default="", help="fingerprint of the code, for the checkpoint")
    parser.add_argument("--name", required=True, help="what the progress lines call this model")
    parser.add_argument("--checkpoints", required=True, type=Path, help="folder of the checkpoint")
    parser.add_argument(
        "--checkpoint-seconds",
        type=float,
        default=60,
        help="least time between two checkpoints within an epoch (60)",
    )
    parser.add_argument("--weights", required=True, type=Path, help="weights.pdparams, written")
    parser.add_argument("--model", required=True, type=Path, help="model.json, written")
    parser.add_argument("--history", required=True, type=Path, help="history.parquet, written")
    parser.add_argument("--curves", required=True, type=Path, help="curves.png, written")
    parser.add_argument("--visualdl", required=True, type=Path, help="folder of the live curves")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    replica = launched_as() is not None  # of a process that holds the lock
    with nullcontext() if replica else only_one(args.checkpoints):
        train_in_group(cfg["replicas"], lambda group: train(args, cfg, group))


if __name__ == "__main__":
    run(main)
