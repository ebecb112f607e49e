"""Find a learning rate for a model: a few steps at rising rates, and where the loss falls fastest.

Reads what a training of the model reads, but for soft labels, a teacher and pseudo-labels, so that
no other model has to be trained first; writes learning_rate/{model}.csv and {model}.png, and says
which rate it suggests. Nothing is kept of what the network learns. It trains in one process: with
`replicas`, the batch statistics of a training are of as many smaller parts of a batch.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import numpy as np
from matplotlib.figure import Figure

from zest.engine.batches import training_batches
from zest.engine.group import ALONE
from zest.engine.inputs import add_input_arguments, make_trainer
from zest.engine.training import Trainer
from zest.errors import UserError, run
from zest.figures import DPI, save_figure
from zest.files import csv_text, write_text
from zest.phases import Phase
from zest.randomness import seed_from

LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 100
_EXPLODED = 4.0  # times the lowest smoothed loss
_SMOOTHING = 0.9  # of the exponential mean over the steps
_NOISY = 10  # first steps, of which the mean is one of few losses


def range_test(trainer: Trainer) -> tuple[list[float], list[float]]:
    """Train a few steps, each at a higher rate than the one before, on a logarithmic scale.

    Smith 2017, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186, section
    3.3. It ends early where the smoothed loss is four times its lowest value, or no number. It is
    the longest phase of the training that is tested.

    Args:
        trainer: fresh; its network is of no use afterwards.

    Returns:
        The rates and the smoothed losses, as many of each.
    """
    trainer.enter(longest_phase(trainer))
    trainer.set_mode()
    rates: list[float] = []
    losses: list[float] = []
    mean = 0.0
    for step, batch in enumerate(_batches(trainer)):
        rate = LOWEST * (HIGHEST / LOWEST) ** (step / (STEPS - 1))
        trainer.learn(batch, rate)
        mean = _SMOOTHING * mean + (1 - _SMOOTHING) * trainer.losses[-1]
        smoothed = mean / (1 - _SMOOTHING ** (step + 1))
        if not np.isfinite(smoothed) or (losses and smoothed > _EXPLODED * min(losses)):
            break
        rates.append(rate)
        losses.append(smoothed)
    return rates, losses


def longest_phase(trainer: Trainer) -> Phase:
    """Return the phase of the most epochs, the first of several."""
    return max(trainer.phases, key=trainer.phases.count)


def suggest_rate(rates: list[float], losses: list[float]) -> float:
    """Return the rate at which the loss falls fastest over the logarithm of the rate.

    Raises:
        UserError: the loss does not fall anywhere.
    """
    lowest = int(np.argmin(losses)) + 1 if losses else 0
    if lowest < _NOISY + 2:
        raise UserError(
            "the loss does not fall at any learning rate: look at the labels and at the network's "
            "input (VisualDL shows a batch)."
        )
    falling = slice(_NOISY, lowest)
    slopes = np.gradient(np.array(losses[falling]), np.log(rates[falling]))
    return rates[falling][int(np.argmin(slopes))]


def draw_rates(
    rates: list[float], losses: list[float], best: float, configured: float, title: str, path: Path
) -> None:
    """Draw the loss over the rate, with the suggested and the configured one; write it as PNG."""
    figure = Figure(figsize=(6.4, 3.6), dpi=DPI, layout="constrained")
    axis = figure.add_subplot()
    axis.plot(rates, losses)
    axis.axvline(best, color="tab:green", label=f"falls fastest: {best:.2g}")
    axis.axvline(configured, color="grey", linestyle=":", label=f"configured: {configured:g}")
    axis.set(xscale="log", xlabel="learning rate", ylabel="smoothed loss", title=title)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    save_figure(figure, path)


def _batches(trainer: Trainer) -> Iterator[np.ndarray]:
    """Yield STEPS batches, over as many passes as that takes."""
    rng = np.random.default_rng(seed_from(trainer.seed, "range test"))
    left = STEPS
    while left:
        rows = len(trainer.training.targets)
        for batch in training_batches(rows, trainer.batch_size, rng):
            if left:
                left -= 1
                yield batch


def main() -> None:
    """Run the test, write its table and figure, print the suggestion."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_input_arguments(parser)
    parser.add_argument("--name", required=True, help="what the figure calls this model")
    parser.add_argument("--table", required=True, type=Path, help="rates and losses, written")
    parser.add_argument("--figure", required=True, type=Path, help="PNG, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    unjudged = {"early_stopping_patience": None, "schedule": "constant"}  # nothing is validated
    trainer = make_trainer(args, {**cfg, **unjudged}, ALONE, validated=False)
    rates, losses = range_test(trainer)
    best = suggest_rate(rates, losses)
    write_text(args.table, csv_text(["learning_rate", "loss"], zip(rates, losses, strict=True)))
    phase = longest_phase(trainer)
    tested = f"at {phase.image_size} px" + (f", frozen: {phase.frozen}" if phase.frozen else "")
    title = f"{args.name} {tested}"
    draw_rates(rates, losses, best, cfg["learning_rate"], title, args.figure)
    print(
        f"{args.name}: {tested} the loss falls fastest at learning_rate {best:.2g}; configured is "
        f"{cfg['learning_rate']:g}. Try a sweep from {best / 3:.1g} to {best * 3:.1g}.",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
