"""A map of the photos: features in two dimensions, so that what looks alike stands together."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

COMPONENTS = 50
PERPLEXITY = 30
FEWEST = 4  # photos that can be laid out


def draw_map(features: np.ndarray, seed: int) -> np.ndarray:
    """Lay photos out by t-SNE (van der Maaten and Hinton 2008, JMLR 9, 2579-2605).

    Distances between far groups say nothing; that photos stand together does.

    Args:
        features: float32, (photos, values), of length 1.
        seed: of the layout.

    Returns:
        float, (photos, 2), each on [0, 1].
    """
    if len(features) < FEWEST:
        return np.full((len(features), 2), 0.5)
    components = min(COMPONENTS, *features.shape)
    reduced = PCA(components, svd_solver="randomized", random_state=0).fit_transform(features)
    layout = TSNE(
        init="pca",
        perplexity=min(PERPLEXITY, (len(features) - 1) / 3),
        random_state=seed % 2**32,
        n_jobs=1,  # sums in one order
    ).fit_transform(reduced)
    low, high = layout.min(axis=0), layout.max(axis=0)
    return (layout - low) / np.maximum(high - low, 1e-9)
