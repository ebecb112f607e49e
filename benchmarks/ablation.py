"""Compare every model of a competition with one of them, on the photos that all predicted.

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

from zest.contracts import CATALOG, OUT_OF_FOLD, read_table

RESAMPLES, TAILS = 10_000, (0.025, 0.975)


def hits_of(folder: Path) -> dict[str, bool]:
    """Return, for each photo, whether a model found its class."""
    table = read_table(folder / "out_of_fold.parquet", OUT_OF_FOLD)
    predicted = np.array(table["probabilities"].to_pylist()).argmax(axis=1)
    right = predicted == table["label"].to_numpy()
    return dict(zip(table["image_id"].to_pylist(), right.tolist(), strict=True))


def draw_groups(groups: np.ndarray) -> np.ndarray:
    """Return how often each photo is drawn: int, (resamples, photos), whole groups at a time."""
    _, member = np.unique(groups, return_inverse=True)
    count = member.max() + 1
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    return drawn[:, member]


def with_interval(values: np.ndarray, weights: np.ndarray) -> str:
    """Return the mean in percent and its interval.

    Args:
        values: float, (photos,).
        weights: int, (resamples, photos): how often each photo is drawn.
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
    hits = {name: hits_of(results / "evaluation" / name) for name in order}
    ids = sorted(hits[args.reference])
    catalog = read_table(results / "catalog" / "train.parquet", CATALOG)
    group_of = dict(
        zip(*(catalog[name].to_pylist() for name in ("image_id", "group")), strict=True)
    )
    weights = draw_groups(np.array([group_of[one] or one for one in ids]))
    print(f"{len(ids)} photos of {len({group_of[one] or one for one in ids})} groups; percent")
    reference = np.array([hits[args.reference][one] for one in ids], float)
    for name in order:
        right = np.array([hits[name][one] for one in ids], float)
        line = f"{name:28} {with_interval(right, weights)}"
        if name != args.reference:
            line += f"   difference {with_interval(right - reference, weights)}"
        print(line)


if __name__ == "__main__":
    main()
