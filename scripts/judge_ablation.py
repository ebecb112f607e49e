"""Say which values of a setting can be told apart, by models that differ in nothing else.

Reads evaluation/{model}/out_of_fold.parquet of the models of an ablation; writes
ablations/{ablation}.json: the values, the best first, and how far each lies behind.
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path

from zest.errors import run
from zest.files import write_json
from zest.intervals import Score, moved_percentiles
from zest.metrics import LOWER_IS_BETTER, TITLES, range_of
from zest.paired import Difference, OutOfFold, compare, read_out_of_fold, resampled_means
from zest.randomness import seed_from
from zest.words import listed


@dataclass(frozen=True)
class Arm:
    """A value of the setting.

    Attributes:
        value: as text.
        models: its trainings, one a seed.
        score: mean of them in the contest's metric.
        behind: how far it lies behind the best value; None for that one.
    """

    value: str
    models: list[str]
    score: Score
    behind: Difference | None


def judge(
    arms: dict[str, list[str]],
    predictions: dict[str, OutOfFold],
    metric: str,
    confidence: float,
    resamples: int,
    seed: int,
) -> list[Arm]:
    """Return the values, the best first; equal ones in the order of the configuration.

    Args:
        arms: the models of each value.
        predictions: of each model, of the same photos.
        metric: of the contest.
        confidence: level of the intervals.
        resamples: behind them.
        seed: of the resampling.
    """
    trainings = {value: [predictions[name] for name in names] for value, names in arms.items()}
    scored = resampled_means(list(trainings.values()), metric, resamples, seed)
    first = next(iter(predictions.values()))
    groups = len(set(first.groups.tolist()))
    scores = {}
    for value, (mean, drawn) in zip(trainings, scored, strict=True):
        low, high = moved_percentiles(mean, drawn, confidence, groups, range_of(metric))
        scores[value] = Score(mean, low, high, len(first.ids))
    lower = metric in LOWER_IS_BETTER
    ranked = sorted(scores, key=lambda value: _rank(scores[value].value, lower))
    leader, *others = (trainings[value] for value in ranked)
    behind = compare(leader, others, metric, lower, confidence, resamples, seed)
    return [
        Arm(value, arms[value], scores[value], gap)
        for value, gap in zip(ranked, [None, *behind], strict=True)
    ]


def _rank(score: float, lower_is_better: bool) -> float:
    if not math.isfinite(score):
        return math.inf
    return score if lower_is_better else -score


def verdict(key: str, arms: list[Arm], metric: str) -> str:
    """Say what the ablation has shown, and what it has not."""
    best, *others = arms
    near = [
        one.value for one in others if one.behind and one.behind.is_known and not one.behind.is_sure
    ]
    unknown = [one.value for one in others if one.behind and not one.behind.is_known]
    worse = [
        f"{one.value} (by {one.behind.value:.3f}, {one.behind.low:.3f} to {one.behind.high:.3f})"
        for one in others
        if one.behind and one.behind.is_sure
    ]
    told = f"{key}: {best.value} has the best {TITLES[metric]}, {best.score.value:.3f}."
    if near:
        told += f" Not distinguishable from it on these {best.score.n} photos: {listed(near)}."
    if worse:
        told += f" Worse beyond chance: {listed(worse)}."
    if unknown:
        told += f" No number for {listed(unknown)}: a training diverged."
    if len(best.models) == 1:
        told += (
            " Each value was trained once, so how much another seed would change is not in this; "
            "name two or more seeds to know."
        )
    return told


def main() -> None:
    """Read the predictions, write the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cfg",
        required=True,
        help="JSON: key, model, metric, arms (pairs of value and models) ...",
    )
    parser.add_argument("--name", required=True, help="of the ablation")
    parser.add_argument(
        "--out-of-fold", required=True, type=Path, nargs="+", help="out_of_fold.parquet files"
    )
    parser.add_argument("--out", required=True, type=Path, help="the verdict, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)
    confidence, metric = cfg["evaluation"]["confidence"], cfg["metric"]

    predictions = {path.parent.name: read_out_of_fold(path) for path in args.out_of_fold}
    seed = seed_from(cfg["seed"], "bootstrap")
    resamples = cfg["evaluation"]["resamples"]
    arms = judge(dict(cfg["arms"]), predictions, metric, confidence, resamples, seed)
    told = verdict(cfg["key"], arms, metric)
    found = {
        "ablation": args.name,
        "key": cfg["key"],
        "model": cfg["model"],
        "metric": metric,
        "confidence": confidence,
        "arms": arms,
        "verdict": told,
    }
    write_json(args.out, found)
    print(f"[{args.name}] {told}", flush=True)


if __name__ == "__main__":
    run(main)
