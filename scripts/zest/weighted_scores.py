"""Scores of predictions of which each photo counts a number of times, as in a resample of them."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from zest import metrics

# Means over the photos.
_OF_PHOTOS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "log_loss": metrics.photo_log_losses,
    "brier": metrics.photo_brier_scores,
}
EVERY_METRIC = (*metrics.FROM_COUNTS, "roc_auc", *_OF_PHOTOS, "calibration_error")


def weighted_sum(weights: np.ndarray, values: np.ndarray) -> float:
    """Return the sum of weights * values, both (photos,), added in one order on every machine.

    `@` would share it out to as many threads as there are cores, and where these are busy wait for
    them: hundreds of times as long.
    """
    return float(np.einsum("i,i", weights, values))


class WeightedScores:
    """A model's predictions, made ready to be scored with other and other weights of the photos.

    Args:
        labels: int, (photos,), 0..K-1.
        probabilities: float, (photos, K).
        names: the metrics that are asked for, of `EVERY_METRIC`; others take no time.

    Attributes:
        values: by metric: the score where each photo counts once.
        of_photos: of ROC-AUC, log loss and Brier score, which are means: what each photo has,
            float64, (photos,). Of ROC-AUC it is the linear part.
    """

    def __init__(
        self, labels: np.ndarray, probabilities: np.ndarray, names: Iterable[str] = EVERY_METRIC
    ):
        wanted = set(names)
        self._classes = probabilities.shape[1]
        self._cells = labels * self._classes + probabilities.argmax(axis=1)
        self._counted = {k: one for k, one in metrics.FROM_COUNTS.items() if k in wanted}
        counts = np.bincount(self._cells, minlength=self._classes**2)
        counts = counts.reshape(self._classes, self._classes)
        self.values = {name: float(metric(counts)) for name, metric in self._counted.items()}
        self.of_photos = {}
        if "roc_auc" in wanted:
            area, added = metrics.roc_auc_with_parts(labels, probabilities)
            self.values["roc_auc"], self.of_photos["roc_auc"] = area, area + added
        for name, parts in _OF_PHOTOS.items():
            if name not in wanted:
                continue
            self.of_photos[name] = parts(labels, probabilities)
            self.values[name] = float(self.of_photos[name].mean())
        self._gaps: tuple[np.ndarray, np.ndarray] | None = None
        if "calibration_error" in wanted:
            self._gaps = metrics.calibration_gaps(labels, probabilities)
            self.values["calibration_error"] = metrics.calibration_error(labels, probabilities)

    def at(self, weights: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Score the photos with several sets of weights.

        Args:
            weights: sets of them, each float64, (photos,): how often each photo counts.

        Returns:
            By metric: float64, (sets,).
        """
        totals = np.array([times.sum() for times in weights])
        scores: dict[str, np.ndarray] = {}
        if self._counted:
            cells = self._classes**2
            counts = np.stack([np.bincount(self._cells, times, cells) for times in weights])
            counts = counts.reshape(-1, self._classes, self._classes)
            scores |= {name: metric(counts) for name, metric in self._counted.items()}
        for name, values in self.of_photos.items():
            scores[name] = np.array([weighted_sum(times, values) for times in weights]) / totals
        if self._gaps:
            bins, gaps = self._gaps
            errors = [np.abs(np.bincount(bins, times * gaps)).sum() for times in weights]
            scores["calibration_error"] = np.array(errors) / totals
        return scores
