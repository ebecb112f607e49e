"""Sessions: photos of one class that were taken in one go and hence are much alike.

Where the test photos are of other sessions, folds that divide sessions flatter: a validation photo
then has near relatives among the training photos, which a test photo does not have. Sessions are
clusters of the features of a pretrained network. How far apart two sessions are is not guessed: the
folds shall be to their training photos as the test photos are to all training photos, the idea of
nearest-neighbour-distance matching (Linnenbrink et al. 2024, Geoscientific Model Development 17,
5897-5912, kNNDM).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

DISTANCES = tuple(round(0.02 * step, 2) for step in range(1, 21))  # those that are tried
MOST_LEAVES = 4000  # photos of a class that are clustered; the others go with the nearest of them
MOST_QUERIES = 1000  # photos of either kind of which the margins are compared
BLOCK = 250  # photos that are compared with all training photos at once
TOLERANCE = 0.1  # share of what sessions can gain that a smaller distance may leave
PERMUTATIONS = 200
SIGNIFICANCE = 0.05


class Clustering:
    """The training photos of each class, clustered by average linkage of cosine distances."""

    def __init__(self, vectors: np.ndarray, labels: np.ndarray, seed: int):
        """Cluster photos.

        Args:
            vectors: float32, (photos, values), features of length 1.
            labels: int, (photos,), 0..K-1.
            seed: of the choice of photos in a class that is too large to cluster whole.
        """
        self.photos = len(labels)
        self._classes = []
        rng = np.random.default_rng(seed)
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            leaves = np.sort(rng.permutation(len(rows))[:MOST_LEAVES])
            nearest = _nearest(vectors[rows], vectors[rows[leaves]])
            self._classes.append((rows, nearest, _average_linkage(vectors[rows[leaves]])))

    def sessions(self, distance: float) -> np.ndarray:
        """Return the number of each photo's session: clusters joined up to this distance.

        A class is never one session alone, because then it could not be learned and judged: there
        the last two clusters stay apart.

        Args:
            distance: mean cosine distance of the photos of two clusters, 0 to 2.

        Returns:
            int, (photos,).
        """
        sessions = np.empty(self.photos, np.int64)
        count = 0
        for rows, nearest, tree in self._classes:
            found = np.zeros(len(rows), np.int64)
            if len(tree):
                below_last = np.nextafter(tree[-1, 2], -1)
                found = fcluster(tree, min(distance, below_last), "distance")[nearest] - 1
            sessions[rows] = found + count
            count += found.max() + 1
        return sessions


@dataclass(frozen=True)
class Tried:
    """How folds that keep sessions together compare with the test photos."""

    distance: float  # of the sessions; 0 without
    groups: int
    gap: float  # between the margins of validation photos and of test photos, at least 0
    chosen: bool = False


def choose_distance(
    vectors: np.ndarray,
    labels: np.ndarray,
    test_vectors: np.ndarray,
    folds_of: Callable[[np.ndarray | None], np.ndarray | None],
    clustering: Clustering,
    seed: int,
) -> list[Tried]:
    """Choose the distance of sessions for which validation is as hard as the test seems to be.

    What is compared is the distribution of margins, which needs no label of a test photo: how much
    more like the nearest class a photo is than like the second, by the most similar photo of each.
    The gap of two distributions is the mean distance of their quantiles (Wasserstein-1). The least
    distance is chosen that closes nine tenths of what the best one closes; and no sessions, if the
    margins of the test photos cannot be told from those of plain folds (a permutation test).

    Args:
        vectors: float32, (photos, values), features of the training photos, of length 1.
        labels: int, (photos,), 0..K-1.
        test_vectors: float32, (test photos, values).
        folds_of: gives the folds, int (photos,), for sessions, int (photos,), or for None; itself
            None where sessions are too large for folds that hold the classes.
        clustering: of the training photos.
        seed: of the choice of photos, where there are many.

    Returns:
        All that were tried, 0 first, one of them chosen; 0 where there is nothing to gain.
    """
    rng = np.random.default_rng(seed)
    queries = np.sort(rng.permutation(len(vectors))[:MOST_QUERIES])
    test_queries = np.sort(rng.permutation(len(test_vectors))[:MOST_QUERIES])
    test = margins(test_vectors[test_queries], vectors, labels)
    tried: list[Tried] = []
    for distance in (0.0, *DISTANCES):
        sessions = clustering.sessions(distance) if distance else None
        folds = folds_of(sessions)
        if folds is None:
            continue
        found = margins(vectors[queries], vectors, labels, folds[queries], folds)
        gap = round(wasserstein(found, test), 6)
        groups = len(vectors) if sessions is None else len(np.unique(sessions))
        tried.append(Tried(distance, groups, gap))
        if sessions is None and gap <= chance_gap(found, test, rng):
            break
    best = min(one.gap for one in tried)
    limit = best + TOLERANCE * (tried[0].gap - best)
    chosen = next(one for one in tried if one.gap <= limit)
    return [replace(one, chosen=one is chosen) for one in tried]


def margins(
    queries: np.ndarray,
    vectors: np.ndarray,
    labels: np.ndarray,
    query_folds: np.ndarray | None = None,
    folds: np.ndarray | None = None,
) -> np.ndarray:
    """Return how much more alike a photo is to its nearest class than to the second.

    Args:
        queries: float32, (queries, values), features of length 1.
        vectors: float32, (photos, values), those of the training photos.
        labels: int, (photos,), 0..K-1, K at least 2.
        query_folds: int, (queries,); the training photos of the same fold are left out.
        folds: int, (photos,).

    Returns:
        float, (queries,): the difference of two cosines, 0 to 2.
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    found = np.empty(len(queries))
    for start in range(0, len(queries), BLOCK):
        part = slice(start, start + BLOCK)
        similarity = (queries[part] @ vectors.T)[:, order]
        if query_folds is not None and folds is not None:
            similarity[query_folds[part, None] == folds[order][None]] = -1
        nearest = np.sort(np.maximum.reduceat(similarity, starts, axis=1), axis=1)
        found[part] = nearest[:, -1] - nearest[:, -2]
    return found


def wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean distance of the quantiles of two samples of any sizes."""
    places = (np.arange(200) + 0.5) / 200
    return float(np.abs(np.quantile(first, places) - np.quantile(second, places)).mean())


def chance_gap(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> float:
    """Return the gap that two samples of one distribution exceed in 5 % of the cases."""
    both = np.concatenate([first, second])
    gaps = []
    for _ in range(PERMUTATIONS):
        mixed = rng.permutation(both)
        gaps.append(wasserstein(mixed[: len(first)], mixed[len(first) :]))
    return float(np.quantile(gaps, 1 - SIGNIFICANCE))


def _nearest(vectors: np.ndarray, leaves: np.ndarray) -> np.ndarray:
    """Return for each photo which leaf is nearest; a leaf is nearest to itself."""
    if len(vectors) == len(leaves):
        return np.arange(len(vectors))
    blocks = range(0, len(vectors), BLOCK)
    return np.concatenate(
        [(vectors[start : start + BLOCK] @ leaves.T).argmax(axis=1) for start in blocks]
    )


def _average_linkage(vectors: np.ndarray) -> np.ndarray:
    """Return the tree of scipy's `linkage`; of one photo an empty one."""
    if len(vectors) == 1:
        return np.empty((0, 4))
    distances = 1 - vectors @ vectors.T
    np.fill_diagonal(distances, 0)
    distances = (distances + distances.T) / 2
    return linkage(squareform(distances.clip(0), checks=False), "average")
