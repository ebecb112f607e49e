"""The photos by which an exported model is judged."""

import numpy as np

from zest.paired import OutOfFold
from zest.randomness import seed_from


def photos_of_model(
    out_of_fold: OutOfFold, fold: int, seed: int, most: int
) -> tuple[OutOfFold, bool]:
    """Return photos to judge a model by, and whether it was scored on them, and not trained.

    A model of one fold has its validation photos. One of all photos, or merged of the folds, has
    none that it does not know; it gets those of all folds, and no score.

    Args:
        out_of_fold: what was scored.
        fold: of the model.
        seed: of the order, which is drawn, so that the first photos stand for all.
        most: that are returned.
    """
    own = np.flatnonzero(out_of_fold.folds == fold)
    rows = own if len(own) else np.arange(len(out_of_fold.ids))
    drawn = np.random.default_rng(seed_from(seed, "photos of the gate")).permutation(rows)
    return out_of_fold.of(drawn[:most]), bool(len(own))
