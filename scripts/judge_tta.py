"""Say what test-time augmentation would gain for one model, on photos that it never saw.

Reads evaluation/{model}/out_of_fold.parquet, and predictions/{model}/fold{fold}/{views}/val.parquet
of all trained folds and of each way to be measured; writes evaluation/{model}/tta.json.
"""

import argparse
import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from zest.contracts import PREDICTIONS, probability_matrix, read_table
from zest.errors import UserError, run
from zest.files import write_json
from zest.intervals import Score, score_all
from zest.metrics import LOWER_IS_BETTER, TITLES
from zest.paired import OutOfFold, differences, read_out_of_fold
from zest.randomness import seed_from
from zest.views import WAYS


@dataclass(frozen=True)
class Judgement:
    """What a way of test-time augmentation would do to the contest's metric.

    Attributes:
        score: with it.
        gain: over the photos as they are; positive where it is better, of log loss and Brier too.
        sure: whether chance alone would hardly make the difference.
    """

    score: Score
    gain: Score
    sure: bool


def read_views(paths: list[Path], plain: OutOfFold) -> OutOfFold:
    """Read the predictions of one way, of all folds.

    Args:
        paths: val.parquet of each fold.
        plain: the predictions of the photos as they are.

    Raises:
        UserError: they are not of the same photos.
    """
    table = pa.concat_tables([read_table(path, PREDICTIONS) for path in paths]).sort_by("image_id")
    if table["image_id"].to_pylist() != plain.ids:
        raise UserError(
            f"{paths[0]}: the photos of its folds are not those of out_of_fold.parquet. Delete the "
            f"files {', '.join(map(str, paths))} and run the same command again."
        )
    probabilities = probability_matrix(table).astype(np.float64)
    return dataclasses.replace(plain, probabilities=probabilities)


def judge(
    plain: OutOfFold,
    ways: dict[str, OutOfFold],
    metric: str,
    confidence: float,
    resamples: int,
    seed: int,
) -> dict[str, Judgement]:
    """Compare the ways with the photos as they are, by resamples of the same photos.

    Each interval of a gain is so wide that, at the given level, those of all ways hold at once: the
    best of them may be picked.

    Args:
        plain: the predictions of the photos as they are.
        ways: the predictions of each way, of the same photos.
        metric: of the contest.
        confidence: level of the intervals.
        resamples: number of bootstrap resamples.
        seed: of the resampling.

    Returns:
        By way, in the order given.
    """
    lower = metric in LOWER_IS_BETTER
    settings = (confidence, resamples, seed)
    behind = differences(plain, list(ways.values()), metric, lower, *settings, len(ways))
    judged = {}
    for (way, seen), lost in zip(ways.items(), behind, strict=True):
        score = score_all(seen.labels, seen.probabilities, *settings, seen.groups)[metric]
        judged[way] = Judgement(score, lost.gain(len(seen.ids)), lost.is_sure)
    return judged


def told(way: str, judgement: Judgement, name: str, metric: str) -> str:
    """Return a sentence: how far a way would change the metric of a model, and what that costs."""
    gain = judgement.gain
    cost = f"{WAYS[way]} times the time"
    if not math.isfinite(gain.value):
        return (
            f"{way} ({cost}): no number for {TITLES[metric]} of {name}: the training diverged, or "
            "the photos are all of one class"
        )
    change, low, high, hint = gain.value, gain.low, gain.high, ""
    if metric in LOWER_IS_BETTER:
        change, low, high, hint = 0 - gain.value, 0 - gain.high, 0 - gain.low, "; lower is better"
    verdict = "not distinguishable"
    if judgement.sure:
        verdict = "better beyond chance" if gain.value > 0 else "worse beyond chance"
    return (
        f"{way} would change {TITLES[metric]} of {name} by {change:+.3f} "
        f"({low:+.3f} to {high:+.3f}{hint}), {cost}: {verdict}"
    )


def main() -> None:
    """Read the predictions, write and print the judgement of each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: seed, evaluation, metric")
    parser.add_argument("--name", required=True, help="of the model")
    parser.add_argument("--out-of-fold", required=True, type=Path, help="of the photos as they are")
    parser.add_argument(
        "--predictions", required=True, type=Path, nargs="+", help="{views}/val.parquet"
    )
    parser.add_argument("--out", required=True, type=Path, help="tta.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)
    metric, evaluation = cfg["metric"], cfg["evaluation"]

    plain = read_out_of_fold(args.out_of_fold)
    ways = {
        way: read_views(paths, plain)
        for way in WAYS
        if (paths := [path for path in args.predictions if path.parent.name == way])
    }
    seed = seed_from(cfg["seed"], "bootstrap")
    judged = judge(plain, ways, metric, evaluation["confidence"], evaluation["resamples"], seed)
    summary = {
        "metric": metric,
        "confidence": evaluation["confidence"],
        "ways": {
            way: {
                "views": WAYS[way],
                "score": one.score,
                "gain": one.gain,
                "sure": one.sure,
            }
            for way, one in judged.items()
        },
    }
    write_json(args.out, summary)
    for way, one in judged.items():
        print(f"[{args.name}] {told(way, one, args.name, metric)}", flush=True)


if __name__ == "__main__":
    run(main)
