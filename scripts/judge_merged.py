"""Say how far a merged model can be trusted, by its predictions of the test photos.

Reads predictions/{model}/foldmerged/test.parquet and those of the folds, or {views}/test.parquet
beside them where views are handed in; writes evaluation/{model}/merged.json. No photo with a label
is left to score a merged model: each was in the training of all its folds but one. What can be
known is how often it chooses another class than the mean of the folds, and so how far the
accuracies of the two can lie apart on these photos.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from zest.contracts import PREDICTIONS, probability_matrix, read_table
from zest.errors import UserError, run
from zest.files import write_json
from zest.intervals import wilson_interval

LEAST_AGREEMENT = 0.9  # below it the weights may lie in different basins of the loss
KNOWN = (
    "A merged model has no score of its own: each photo with a label was in the training of all "
    "its folds but one. On these test photos its accuracy differs from that of the mean of the "
    "folds by at most largest_accuracy_difference: the share for which they choose another class."
)


def read_probabilities(path: Path, ids: list[str] | None) -> tuple[list[str], np.ndarray]:
    """Return the photos of a PREDICTIONS table and their probabilities, float64 (photos, K).

    Args:
        path: of the table.
        ids: the photos that it must be of, in this order; None for any.

    Raises:
        UserError: it is of other photos.
    """
    table = read_table(path, PREDICTIONS)
    found = table["image_id"].to_pylist()
    if ids is not None and found != ids:
        raise UserError(
            f"{path}: its photos are not those of the merged model. Delete it and run the same "
            "command again."
        )
    return found, probability_matrix(table).astype(np.float64)


def judge(merged: np.ndarray, mean: np.ndarray, confidence: float) -> dict:
    """Compare the probabilities of a merged model with the mean of those of its folds.

    Args:
        merged: float64, (photos, K).
        mean: float64, (photos, K).
        confidence: level of the interval.

    Returns:
        `agreement`: share of the photos of which both choose the same class, with its Wilson
        interval; `largest_accuracy_difference`: how far the accuracies of the two can lie apart on
        these photos, as only a photo of which they disagree can be right in one alone; mean and
        largest absolute difference of the probabilities. `without_numbers`: of how many photos one
        of them has probabilities that are no numbers; they choose no class of these.
    """
    photos = len(merged)
    finite = np.isfinite(merged + mean).all(axis=1)
    same = int((finite & (merged.argmax(axis=1) == mean.argmax(axis=1))).sum())
    low, high = wilson_interval(same, photos, confidence)
    differences = np.abs(merged - mean)
    return {
        "photos": photos,
        "without_numbers": int((~finite).sum()),
        "agreement": {"value": same / photos, "low": low, "high": high, "n": photos},
        "largest_accuracy_difference": (photos - same) / photos,
        "mean_difference": float(differences.mean()),
        "max_difference": float(differences.max()),
    }


def warning_of(judgement: dict, name: str) -> str | None:
    """Return what is to be said of a merged model that is not to be trusted, or None."""
    broken, share = judgement["without_numbers"], judgement["agreement"]["value"]
    if broken:
        return (
            f"the merged model of {name} or one of its folds has predictions that are no numbers, "
            f"for {broken} of {judgement['photos']} test photos. Lower models.{name}.learning_rate "
            "if a training diverged, or set submission.train_on: all."
        )
    if share >= LEAST_AGREEMENT:
        return None
    return (
        f"the merged model of {name} and the mean of its folds choose the same class for only "
        f"{share:.3f} of {judgement['photos']} test photos: the folds may have come to lie too far "
        "apart for a mean of their weights, and no photo with a label is left to score it. Set "
        "submission.train_on: all, or lower the learning_rate or freeze more layers."
    )


def main() -> None:
    """Read the predictions, write what is known of the merged model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: confidence")
    parser.add_argument("--name", required=True, help="of the model")
    parser.add_argument("--merged", required=True, type=Path, help="foldmerged/test.parquet")
    parser.add_argument(
        "--folds", required=True, type=Path, nargs="+", help="fold{fold}/test.parquet"
    )
    parser.add_argument("--out", required=True, type=Path, help="merged.json, written")
    args = parser.parse_args()

    confidence = json.loads(args.cfg)["confidence"]
    ids, merged = read_probabilities(args.merged, None)
    mean = np.mean([read_probabilities(path, ids)[1] for path in args.folds], axis=0)
    judgement = judge(merged, mean, confidence)
    told = {"model": args.name, "folds": len(args.folds), **judgement, "known": KNOWN}
    told["warning"] = warning_of(judgement, args.name)
    write_json(args.out, told)
    share = judgement["agreement"]
    print(
        f"{args.name}: merged and mean of {len(args.folds)} folds choose the same class for "
        f"{share['value']:.3f} of {len(ids)} test photos ({confidence:.0%} interval "
        f"{share['low']:.3f} to {share['high']:.3f}), so on these their accuracies differ by at "
        f"most {judgement['largest_accuracy_difference']:.3f}",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
