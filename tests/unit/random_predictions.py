"""Labels and probabilities that mean nothing, for what must hold of all."""

import numpy as np


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, 0..K-1, of every class, and probabilities, (photos, K)."""
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 9))
    labels = rng.integers(0, classes, int(rng.integers(classes * 3, 200)))
    labels[:classes] = np.arange(classes)
    probabilities = rng.dirichlet(np.ones(classes), len(labels))
    return labels, probabilities
