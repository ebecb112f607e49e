"""Compare every model of a competition with one of them, on the same photos.

Prints, for each model, its out-of-fold accuracy and the difference to the reference, each with a
95 % bootstrap interval that draws whole groups of photos (those of one session are not independent)
and, for the differences, the same photos for both models.

Run it in the environment, after a leaderboard:

    python benchmarks/ablation.py citrus_ablation default
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np

from zest.intervals import draw_groups
from zest.paired import read_out_of_fold

RESAMPLES, TAILS = 10_000, (0.025, 0.975)


def read_hits(folder: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return what a model predicted, in the order of the photos' ids.

    Returns:
        The ids; whether the model found the class of each, float64, (photos,); and which photos the
        split kept together, int, (photos,).
    """
    found = read_out_of_fold(folder / "out_of_fold.parquet")
    right = found.probabilities.argmax(axis=1) == found.labels
    return found.ids, right.astype(float), found.groups


def with_interval(values: np.ndarray, weights: np.ndarray) -> str:
    """Return the mean in percent and its interval.

    Args:
        values: float, (photos,).
        weights: float64, (resamples, photos): how often each photo is drawn.
    """
    low, high = np.quantile(weights @ values / weights.sum(axis=1), TAILS)
    return f"{100 * values.mean():6.1f} ({100 * low:5.1f} to {100 * high:5.1f})"


def main() -> None:
    """Read the out-of-fold predictions, print a line a model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("competition", help="its folder is below results/")
    parser.add_argument("reference", help="the model that the others are compared with")
    args = parser.parse_args()
    results = Path("results") / args.competition

    models = {path.parent.name for path in results.glob("evaluation/*/out_of_fold.parquet")}
    order = sorted(models, key=lambda name: (name != args.reference, name))
    found = {name: read_hits(results / "evaluation" / name) for name in order}
    ids, reference, groups = found[args.reference]
    weights = np.stack(list(draw_groups(groups, RESAMPLES, seed=0)))
    print(f"{len(ids)} photos of {len(np.unique(groups))} groups; percent")
    for name, (others, right, _) in found.items():
        if others != ids:
            raise SystemExit(f"{name} and {args.reference} have not predicted the same photos")
        line = f"{name:28} {with_interval(right, weights)}"
        if name != args.reference:
            line += f"   difference {with_interval(right - reference, weights)}"
        print(line)


if __name__ == "__main__":
    main()
