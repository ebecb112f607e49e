"""How alike photos are to a pretrained network: cosine distances of its features."""

from pathlib import Path

import numpy as np

from zest.engine.features import read_features, read_features_of

_PAIRS_AT_ONCE = 4096


def read_unit_vectors(path: Path, ids: list[str] | None = None) -> np.ndarray:
    """Read a FEATURES table and scale each photo's to length 1: float32, (photos, values).

    Raises:
        UserError: the file is missing, is no such table, or is not of the photos `ids`.
    """
    features = read_features(path)[1] if ids is None else read_features_of(path, ids)
    return unit_vectors(features, out=features.reshape(len(features), -1))  # held once


def unit_vectors(features: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Scale features to length 1.

    Args:
        features: float32, (photos, ...).
        out: where the result goes, float32 (photos, values); a new array where it is None.

    Returns:
        float32, (photos, values).
    """
    flat = features.reshape(len(features), -1)
    lengths = np.sqrt(np.einsum("ij,ij->i", flat, flat))[:, None]
    return np.divide(flat, np.maximum(lengths, np.finfo(np.float32).tiny), out=out)


def cosine_distances(vectors: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return one minus the cosine, 0 to 2, of pairs of vectors of length 1.

    The same on every number of threads, which a product of matrices is not.

    Args:
        vectors: float32, (photos, values).
        first: int, (pairs,): rows.
        second: int, (pairs,): rows.

    Returns:
        float64, (pairs,).
    """
    distances = np.empty(len(first))
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        gap = vectors[first[part]].astype(np.float64) - vectors[second[part]]
        distances[part] = np.einsum("ij,ij->i", gap, gap) / 2
    return distances
