"""Find a learning rate for a model: a few steps at rising rates, and where the loss falls fastest.

Reads what a training of the model reads, but for soft labels and a teacher; writes
learning_rate/{model}.csv and {model}.png, and says which rate it suggests. Nothing is kept of what
the network learns.
"""

import argparse
import json
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

from zest.engine.group import ALONE
from zest.engine.inputs import add_input_arguments, make_trainer
from zest.engine.range_test import draw_rates, range_test, suggest_rate
from zest.errors import run
from zest.files import csv_text, write_text


def main() -> None:
    """Run the test, write its table and figure, print the suggestion."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_input_arguments(parser)
    parser.add_argument("--name", required=True, help="what the figure calls this model")
    parser.add_argument("--table", required=True, type=Path, help="rates and losses, written")
    parser.add_argument("--figure", required=True, type=Path, help="PNG, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    trainer = make_trainer(args, cfg, ALONE, validated=False)
    rates, losses = range_test(trainer)
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
