"""Which photos are explained."""

from collections.abc import Sequence

import numpy as np


def confident_mistakes(
    ids: Sequence[str], labels: np.ndarray, probabilities: np.ndarray, count: int
) -> np.ndarray:
    """Return the rows of the most confident mistakes, the most confident first.

    Equal ones go by their image_id. Probabilities that are no numbers come last.

    Args:
        ids: image_id of each photo.
        labels: int, (photos,), 0..K-1.
        probabilities: float, (photos, K).
        count: how many at the most.

    Returns:
        int, (mistakes,).
    """
    predicted = probabilities.argmax(axis=1)
    surest = np.nan_to_num(probabilities.max(axis=1))
    wrong = np.flatnonzero(predicted != labels).tolist()
    return np.array(sorted(wrong, key=lambda row: (-surest[row], ids[row]))[:count], np.int64)


def stratified_sample(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Draw photos at random so that each class has its share of them.

    Args:
        labels: int, (photos,).
        count: how many; all where there are fewer.
        seed: of the draw.

    Returns:
        int, (count,): rows, rising.
    """
    photos = len(labels)
    count = min(count, photos)
    shuffled = np.random.default_rng(seed).permutation(photos)
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    # Every (photos / count)-th of the photos, class after class: the middle of each such part.
    places = (2 * np.arange(count) + 1) * photos // (2 * max(1, count))
    return np.sort(by_class[places])
