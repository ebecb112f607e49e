"""The statistics of the report: each a published measure or a definition in one line."""

import numpy as np

BETA = 0.999  # of the effective number of samples


def effective_number(photos: np.ndarray, beta: float = BETA) -> np.ndarray:
    """Return the effective number of samples of classes with `photos` photos each.

    (1 - beta^n) / (1 - beta): a further photo adds the less, the more there are already, because it
    resembles one of them. Cui et al. 2019, arXiv:1901.05555, equation 3.
    """
    return (1 - beta ** np.asarray(photos, np.float64)) / (1 - beta)


def imbalance_ratio(photos: np.ndarray) -> float:
    """Return photos of the largest class / photos of the smallest; infinite if one has none."""
    return float(photos.max() / photos.min()) if photos.min() > 0 else float("inf")


def channel_mean_std(mean: np.ndarray, mean_square: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and standard deviation of each channel over all pixels of all photos.

    Every photo has the same weight, whatever its size, as it has in training.

    Args:
        mean: (n, 3), of each photo.
        mean_square: (n, 3), the mean of the squares, of each photo.

    Returns:
        Two arrays (3,), in the unit of `mean`.
    """
    centre = mean.mean(axis=0)
    return centre, np.sqrt(np.maximum(mean_square.mean(axis=0) - centre**2, 0))


def epsilon_squared(values: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of the variance of `values` that the class explains, 0 to 1.

    Kelley 1935 (PNAS 21, 554-559): eta squared, corrected for the share that as many classes
    explain by chance. Returns 0 where it is undefined: fewer than two classes, constant values, no
    class with two photos.

    Args:
        values: (n,).
        labels: (n,), integers.
    """
    present, index, counts = np.unique(labels, return_inverse=True, return_counts=True)
    total = ((values - values.mean()) ** 2).sum()
    if len(present) < 2 or len(values) <= len(present) or total == 0:
        return 0.0
    centres = np.bincount(index, weights=values) / counts
    within = ((values - centres[index]) ** 2).sum()
    corrected = 1 - (within / (len(values) - len(present))) / (total / (len(values) - 1))
    return float(max(0.0, corrected))


def sure_cohen_d(first: np.ndarray, second: np.ndarray) -> float:
    """Return `cohen_d`, or 0 where chance may well have made it: the 99 % interval holds 0.

    Its standard error is that of Hedges & Olkin 1985, Statistical Methods for Meta-Analysis,
    chapter 5. It is 99 % because several measures are compared at once.
    """
    d = cohen_d(first, second)
    n, m = len(first), len(second)
    if not np.isfinite(d):
        return d
    error = np.sqrt((n + m) / (n * m) + d**2 / (2 * (n + m)))
    return d if abs(d) > 2.576 * error else 0.0


def cohen_d(first: np.ndarray, second: np.ndarray) -> float:
    """Return (mean of `second` - mean of `first`) / pooled standard deviation.

    Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, page 66. Without any spread
    it is 0 for equal means and infinite for different ones.

    Args:
        first: (n,), n at least 2.
        second: (m,), m at least 2.
    """
    difference = second.mean() - first.mean()
    freedom = len(first) + len(second) - 2
    squares = ((first - first.mean()) ** 2).sum() + ((second - second.mean()) ** 2).sum()
    if np.isclose(squares, 0, atol=1e-18):
        return 0.0 if np.isclose(difference, 0) else float(np.copysign(np.inf, difference))
    return float(difference / np.sqrt(squares / freedom))
