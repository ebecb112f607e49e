"""Weigh models whose probabilities are averaged, and say what that gains over the best of them.

Reads evaluation/{model}/out_of_fold.parquet of the models; writes ensemble/ensemble.json: for each
way to weigh them the weights, fitted to all photos, and its score and its gain over the best model
alone, measured on folds that the weights were not fitted to. The best model was chosen with all
photos, so the gain errs to the low side. Like all scores, these are of the models of single folds.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ensemble.judgement import Judgement, judge_ways
from ensemble.weights import best_alone
from zest.errors import UserError, run
from zest.files import write_json
from zest.intervals import Score
from zest.metrics import LOWER_IS_BETTER, TITLES
from zest.nested import nested_folds
from zest.paired import OutOfFold, read_out_of_fold
from zest.randomness import seed_from

SHOWN = 5  # models of an ensemble that a sentence names


def read_models(paths: list[Path]) -> dict[str, OutOfFold]:
    """Return the predictions of the models {...}/{model}/out_of_fold.parquet, in order of name.

    Raises:
        UserError: models that have predicted other photos than the first.
    """
    found = {path.parent.name: read_out_of_fold(path) for path in paths}
    names = sorted(found)
    for name in names[1:]:
        if found[name].ids != found[names[0]].ids:
            raise UserError(
                f"{name} and {names[0]} have not predicted the same photos. Delete the folders "
                f"evaluation/{name} and evaluation/{names[0]} and run the same command again."
            )
    return {name: found[name] for name in names}


def without_broken(models: dict[str, OutOfFold]) -> dict[str, OutOfFold]:
    """Return the models whose predictions are all numbers: those of a training that held.

    Raises:
        UserError: there are none.
    """
    sound = {name: one for name, one in models.items() if np.isfinite(one.probabilities).all()}
    if not sound:
        raise UserError(
            f"{', '.join(models)}: no model's predictions are numbers. Lower "
            "models.*.learning_rate, as the trainings diverged."
        )
    return sound


def summarise(
    judged: dict[str, Judgement],
    sound: list[str],
    every: list[str],
    leader: str,
    photos: int,
    metric: str,
    confidence: float,
) -> dict:
    """Return ensemble.json; a model without numbers has weight 0 in every way.

    Args:
        judged: by way.
        sound: the models that were weighed, in the order of the weights.
        every: all models.
        leader: the best one alone.
        photos: how many the weights were fitted to.
        metric: of the contest.
        confidence: level of the intervals.
    """
    ways = {}
    for way, one in judged.items():
        weights = dict(zip(sound, one.weights.tolist(), strict=True))
        ways[way] = {
            "weights": {name: weights.get(name, 0.0) for name in every},
            "score": one.score,
            "gain": one.gain,
            "sure": one.sure,
            "log_loss_gain": one.log_loss_gain,
        }
    return {
        "metric": metric,
        "confidence": confidence,
        "leader": leader,
        "models": every,
        "photos": photos,
        "ways": ways,
    }


def explain(
    judged: dict[str, Judgement], sound: list[str], leader: str, metric: str
) -> Iterator[str]:
    """Yield what each way is worth, in sentences for people who do not know the field."""
    for way, one in judged.items():
        told = f"{way} of {_composition(one.weights, sound)}"
        if one.gain is None or one.log_loss_gain is None:
            yield f"{told}: the photos are too few to measure what it would change"
            continue
        verdict = f"not distinguishable from {leader} alone"
        if one.sure:
            verdict = (
                f"{'better' if one.gain.value > 0 else 'worse'} than {leader} alone beyond chance"
            )
        if not np.isfinite(one.gain.value):
            verdict = "no number, as the photos are all of one class"
        of_loss = f"; {_change('log_loss', one.log_loss_gain)}" if metric != "log_loss" else ""
        yield f"{told} would change {_change(metric, one.gain)}: {verdict}{of_loss}"


def _composition(weights: np.ndarray, names: list[str]) -> str:
    """Name the models of weight above 0 with their weights, the largest first."""
    shares = [(-weight, name) for weight, name in zip(weights, names, strict=True) if weight > 0]
    shown = [f"{name} {-share:.2f}" for share, name in sorted(shares)[:SHOWN]]
    more = f" and {len(shares) - SHOWN} more" if len(shares) > SHOWN else ""
    return f"{len(shares)} model{'s' * (len(shares) > 1)} ({', '.join(shown)}{more})"


def _change(metric: str, gain: Score) -> str:
    """Say how a metric would change: of those that are the better the lower, a gain is a fall."""
    low, value, high = gain.low, gain.value, gain.high
    if metric in LOWER_IS_BETTER:
        low, value, high = (0.0 - end for end in (high, value, low))
    return f"{TITLES[metric]} by {value:+.3f} ({low:+.3f} to {high:+.3f})"


def main() -> None:
    """Read the predictions, weigh the models, write what it gains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: evaluation, metric, seed")
    parser.add_argument(
        "--out-of-fold", required=True, type=Path, nargs="+", help="out_of_fold.parquet files"
    )
    parser.add_argument("--out", required=True, type=Path, help="ensemble.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)
    metric, confidence = cfg["metric"], cfg["evaluation"]["confidence"]

    models = read_models(args.out_of_fold)
    sound = without_broken(models)
    names, predictions = list(sound), list(sound.values())
    first = predictions[0]
    leader = best_alone(first.labels, np.stack([one.probabilities for one in predictions]), metric)
    seed = seed_from(cfg["seed"], "nested") % 2**32  # scikit-learn takes 32 bits
    judged = judge_ways(
        predictions,
        leader,
        nested_folds(first.labels, first.folds, first.groups, seed),
        metric,
        confidence,
        cfg["evaluation"]["resamples"],
        seed_from(cfg["seed"], "bootstrap"),
    )
    photos = len(first.labels)
    summary = summarise(judged, names, list(models), names[leader], photos, metric, confidence)
    write_json(args.out, summary)
    for name in sorted(models.keys() - sound.keys()):
        print(f"{name} is left out: its predictions are no numbers", flush=True)
    for sentence in explain(judged, names, names[leader], metric):
        print(sentence, flush=True)
    print(
        f"Measured on photos that the weights were not fitted to ({confidence:.0%} intervals); "
        f"{names[leader]} was chosen with all {photos}, so the gains err to the low side.",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
