"""Which photos the pages show: some of each class, chosen by chance, the same on every page."""

from collections.abc import Sequence

from zest.randomness import seed_from


def samples_of_each(wanted: int, classes: int, most: int) -> int:
    """Return how many photos of each class a page shows: of many classes fewer, one at least.

    Args:
        wanted: photos of each class.
        classes: number of classes.
        most: photos that the whole page has room for.
    """
    return max(1, min(wanted, most // classes))


def choose_samples(image_ids: Sequence[str], count: int, seed: int) -> list[int]:
    """Choose up to `count` photos by chance; return their positions in `image_ids`.

    The choice depends on the seed and the ids, not on the order of the ids.
    """

    def lot(position: int) -> int:
        return seed_from(seed, "eda", image_ids[position])

    return sorted(range(len(image_ids)), key=lot)[:count]
