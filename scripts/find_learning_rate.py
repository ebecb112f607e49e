"""Find a learning rate for a model: a few steps at rising rates, and where the loss falls fastest.

Reads what a training of the model reads; writes learning_rate/{model}.csv and {model}.png, and says
which rate it suggests. Nothing is kept of what the network learns.
"""

import argparse
import json
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import cv2

from zest.classes import read_classes
from zest.engine.group import ALONE
from zest.engine.inputs import add_input_arguments, normalisation, read_training_set
from zest.engine.losses import class_weights
from zest.engine.range_test import draw_rates, range_test, suggest_rate
from zest.engine.training import Trainer
from zest.errors import run
from zest.files import csv_text, write_text
from zest.models.groups import head_parameters, layer_groups, split
from zest.models.registry import build
from zest.phases import phases_of
from zest.randomness import seed_from


def main() -> None:
    """Run the test, write its table and figure, print the suggestion."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_input_arguments(parser)
    parser.add_argument("--name", required=True, help="what the figure calls this model")
    parser.add_argument("--table", required=True, type=Path, help="rates and losses, written")
    parser.add_argument("--figure", required=True, type=Path, help="PNG, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    cv2.setNumThreads(1)
    classes = read_classes(args.classes)
    seed = seed_from(cfg["seed"], "train", args.fold) % 2**31
    net = build(cfg, len(classes), seed)
    training, counts = read_training_set(args, cfg, [one.class_num for one in classes], seed)
    learner = net
    if args.activations:
        _, learner = split(net, cfg["architecture"], phases_of(cfg)[0].frozen)
    trainer = Trainer(
        net,
        layer_groups(net, head_parameters(net, cfg["architecture"], len(classes))),
        learner,
        normalisation(cfg),
        training,
        None,
        cfg,
        class_weights(cfg["class_weights"], counts),
        seed,
        ALONE,
    )
    rates, losses = range_test(trainer, seed)
    best = suggest_rate(rates, losses)
    write_text(args.table, csv_text(["learning_rate", "loss"], zip(rates, losses, strict=True)))
    draw_rates(rates, losses, best, cfg["learning_rate"], args.name, args.figure)
    print(
        f"{args.name}: the loss falls fastest at learning_rate {best:.2g}; configured is "
        f"{cfg['learning_rate']:g}. Try a sweep from {best / 3:.1g} to {best * 3:.1g}.",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
