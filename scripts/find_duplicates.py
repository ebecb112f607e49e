"""Find photos that are the same: files that agree byte for byte, and near-duplicates.

Reads the catalog of the training photos, their measures and their features; for the test photos
theirs as well. Writes a table of pairs (zest.contracts.PAIRS): of training photos, or, where test
photos are given, all pairs of which one at least is a test photo.

A pair is near if the network and the hash together find it alike, the hash in the best of the eight
flipped and turned positions: distance / max_distance + bits / max_bits is at most 1. Neither is
enough alone: the hashes of different objects agree where most of the photo is one background, and
the network sees little between two lemons of one sort. A pair is near as well if the network takes
the two photos for the same, whatever the hash says: it notices a crop that the hash does not.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from zest.contracts import CATALOG, MEASURES, PAIRS, read_table, write_table
from zest.errors import run
from zest.parallel import Progress
from zest.perceptual_hash import as_numbers, differing_bits, symmetric_hashes
from zest.similarity import cosine_distances, read_unit_vectors

MOST_PARTNERS = 20  # of a photo among those before it in either part, the nearest
BLOCK = 256  # photos that are compared with all others at once
ROUNDING = 1e-4  # of a distance in single precision


@dataclass(frozen=True)
class Photos:
    """Photos to compare, n of them."""

    image_id: list[str]
    part: list[str]  # train or test
    sha256: list[str]
    hashes: np.ndarray  # uint8, (n, 8)
    features: np.ndarray  # float32, (n, values), of length 1

    @staticmethod
    def read(part: str, catalog: Path, measures: Path, features: Path) -> "Photos":
        """Read the photos of one part.

        Raises:
            UserError: a file is missing or is no such table.
        """
        table = read_table(catalog, CATALOG, columns=["image_id", "sha256"])
        hashes = read_table(measures, MEASURES, columns=["hash"])["hash"].to_pylist()
        return Photos(
            image_id=table["image_id"].to_pylist(),
            part=[part] * len(table),
            sha256=table["sha256"].to_pylist(),
            hashes=np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 8),
            features=read_unit_vectors(features, table["image_id"].to_pylist()),
        )

    def __add__(self, other: "Photos") -> "Photos":
        return Photos(
            self.image_id + other.image_id,
            self.part + other.part,
            self.sha256 + other.sha256,
            np.concatenate([self.hashes, other.hashes]),
            np.concatenate([self.features, other.features]),
        )


def find_pairs(photos: Photos, first: int, cfg: dict) -> pa.Table:
    """Return the PAIRS of photos of which the later one is at least row `first`.

    Each photo is paired with at most the 20 nearest of either part before it, with others where
    nothing else would hold two clusters together, and with the one before it of the same bytes.

    Args:
        photos: the photos, in an order that decides which of a pair is `first`.
        first: 0 for all pairs.
        cfg: max_distance, max_bits, certain_distance.
    """
    pairs = {}
    for early, late in near_pairs(photos, first, cfg):
        pairs[late, early] = "near"
    for early, late in exact_pairs(photos.sha256, first):
        pairs[late, early] = "exact"
    late, early = np.array(sorted(pairs), np.int64).reshape(-1, 2).T
    bits = least_bits(photos.hashes, symmetric_hashes(photos.hashes), early, late)
    return pa.table(
        [
            pa.array([photos.part[row] for row in early], pa.string()),
            pa.array([photos.image_id[row] for row in early], pa.string()),
            pa.array([photos.part[row] for row in late], pa.string()),
            pa.array([photos.image_id[row] for row in late], pa.string()),
            pa.array([pairs[pair] for pair in sorted(pairs)], pa.string()),
            pa.array(cosine_distances(photos.features, early, late), pa.float64()),
            pa.array(bits, pa.int32()),
        ],
        schema=PAIRS,
    )


def exact_pairs(sha256: list[str], first: int) -> Iterator[tuple[int, int]]:
    """Yield (early, late) of files with the same bytes: each with the one of them before it."""
    rows: dict[str, list[int]] = {}
    for row, digest in enumerate(sha256):
        rows.setdefault(digest, []).append(row)
    for same in rows.values():
        yield from ((early, late) for early, late in pairwise(same) if late >= first)


def near_pairs(photos: Photos, first: int, cfg: dict) -> Iterator[tuple[int, int]]:
    """Yield (early, late) of near-duplicates."""
    positions = symmetric_hashes(photos.hashes)
    clusters = Clusters(len(photos.hashes))
    for early, late, rough in candidates(photos.features, first, widest_distance(cfg)):
        bits = least_bits(photos.hashes, positions, early, late)
        maybe = is_near(rough - ROUNDING, bits, cfg)
        early, late, bits = early[maybe], late[maybe], bits[maybe]
        distance = cosine_distances(photos.features, early, late)
        near = np.flatnonzero(is_near(distance, bits, cfg))
        kind = 2 * late[near] + (
            early[near] >= first
        )  # the later photo, and the earlier one's part
        order = near[np.lexsort((early[near], distance[near], kind))]
        kind = np.sort(kind)
        place = np.arange(len(order)) - np.searchsorted(kind, kind)
        for one, partners in zip(order.tolist(), place.tolist(), strict=True):
            joined = clusters.join(early[one], late[one])
            if joined or partners < MOST_PARTNERS:
                yield int(early[one]), int(late[one])


class Clusters:
    """What hangs together, directly or by way of others: a union-find."""

    def __init__(self, photos: int):
        self._parent = list(range(photos))

    def join(self, first: int, second: int) -> bool:
        """Join the clusters of two photos; return whether they were two."""
        first, second = self._root(first), self._root(second)
        self._parent[second] = first
        return first != second

    def _root(self, photo: int) -> int:
        while self._parent[photo] != photo:
            self._parent[photo] = self._parent[self._parent[photo]]
            photo = self._parent[photo]
        return photo


def is_near(distance: np.ndarray, bits: np.ndarray, cfg: dict) -> np.ndarray:
    """Return whether photos at these distances, with so many differing bits, are near."""
    alike = distance / cfg["max_distance"] + bits / cfg["max_bits"] <= 1
    return alike | (distance <= cfg["certain_distance"])


def widest_distance(cfg: dict) -> float:
    """Return the distance beyond which no photos are near."""
    return max(cfg["max_distance"], cfg["certain_distance"])


def candidates(
    features: np.ndarray, first: int, distance: float
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield rows (early, late) that may be as near as `distance`, block by block of the late ones.

    With them comes their distance, in single precision: it may differ by ROUNDING from the exact
    one, which takes too long for all of them.
    """
    progress = Progress("compared", len(features) - first)
    for start in range(first, len(features), BLOCK):
        stop = min(start + BLOCK, len(features))
        similarity = features[start:stop] @ features[:stop].T
        late, early = np.nonzero(similarity >= 1 - distance - ROUNDING)
        rough = 1 - similarity[late, early]
        late += start
        before = early < late
        yield early[before], late[before], rough[before]
        progress.show(stop - first)


def least_bits(
    hashes: np.ndarray, positions: np.ndarray, early: np.ndarray, late: np.ndarray
) -> np.ndarray:
    """Return the least number of differing bits over the eight positions of the late photo.

    Args:
        hashes: uint8, (photos, 8).
        positions: uint8, (8, photos, 8): the hashes flipped and turned.
        early: int, (pairs,): rows that stay as they are.
        late: int, (pairs,): rows that are flipped and turned.

    Returns:
        int, (pairs,).
    """
    wanted = as_numbers(hashes)[early]
    least = np.full(len(early), hashes.shape[1] * 8, np.uint8)
    for position in as_numbers(positions):
        np.minimum(least, differing_bits(wanted, position[late]), out=least)
    return least.astype(np.int64)


def main() -> None:
    """Read the photos, write the pairs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: duplicates")
    parser.add_argument(
        "--train", required=True, type=Path, nargs=3, help="catalog, measures, features"
    )
    parser.add_argument("--test", type=Path, nargs=3, help="the same, of the test photos")
    parser.add_argument("--out", required=True, type=Path, help="pairs, written")
    args = parser.parse_args()

    photos = Photos.read("train", *args.train)
    first = 0
    if args.test:
        first = len(photos.image_id)
        photos += Photos.read("test", *args.test)
    pairs = find_pairs(photos, first, json.loads(args.cfg)["duplicates"])
    write_table(pairs, args.out, PAIRS)
    exact = pairs["kind"].to_pylist().count("exact")
    print(f"{exact} exact duplicates, {len(pairs) - exact} near-duplicates: {args.out}", flush=True)


if __name__ == "__main__":
    run(main)
