"""What a weighted mean of models gains over the best of them, on photos it was not fitted to."""

import dataclasses

import numpy as np

from ensemble.weights import WAYS, fit_weights, mix
from zest.intervals import Score, score_all
from zest.metrics import LOWER_IS_BETTER
from zest.paired import OutOfFold, differences


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What one way to weigh the models is worth.

    Attributes:
        weights: fitted to all photos, float64, (models,).
        score: in the contest's metric, on photos that the weights were not fitted to.
        gain: over the leader on the same photos; positive where the ensemble is better.
        sure: whether chance alone would hardly make the gain, or the loss.
        log_loss_gain: the same of log loss.
    """

    weights: np.ndarray
    score: Score | None
    gain: Score | None
    sure: bool
    log_loss_gain: Score | None


def judge_ways(
    models: list[OutOfFold],
    leader: int,
    parts: np.ndarray | None,
    metric: str,
    confidence: float,
    resamples: int,
    seed: int,
) -> dict[str, Judgement]:
    """Weigh models in each of the WAYS, and measure it on photos that the weights have not seen.

    The leader was chosen with all photos and the weights were not, so the gain errs to the low
    side. Its intervals are those of the leaderboard: so wide that those of all ways, against the
    leader and against each other, would hold at once.

    Args:
        models: their predictions of the same photos, all finite.
        leader: which of them is the best alone.
        parts: int, (photos,): what is judged on one of them was fitted to the others; None where
            the photos are too few to be divided: then nothing is measured.
        metric: of the contest.
        confidence: level of the intervals.
        resamples: behind them.
        seed: of the resampling.
    """
    labels = models[0].labels
    probabilities = np.stack([model.probabilities for model in models])
    weights = {way: fit_weights(way, labels, probabilities, metric) for way in WAYS}
    if parts is None:
        return {way: Judgement(weights[way], None, None, False, None) for way in WAYS}
    held_out = [
        dataclasses.replace(
            models[0], probabilities=nested_mix(way, labels, probabilities, parts, metric)
        )
        for way in WAYS
    ]
    sampling = (confidence, resamples, seed)
    behind = {
        name: differences(models[leader], held_out, name, name in LOWER_IS_BETTER, *sampling)
        for name in {metric, "log_loss"}
    }
    found = {}
    for row, way in enumerate(WAYS):
        mixed = held_out[row]
        scores = score_all(labels, mixed.probabilities, *sampling, groups=mixed.groups)
        found[way] = Judgement(
            weights[way],
            scores[metric],
            behind[metric][row].gain(len(labels)),
            behind[metric][row].is_sure,
            behind["log_loss"][row].gain(len(labels)),
        )
    return found


def nested_mix(
    way: str, labels: np.ndarray, probabilities: np.ndarray, parts: np.ndarray, metric: str
) -> np.ndarray:
    """Average each part by weights that were fitted to the others: float64, (photos, K).

    Args:
        way: one of the WAYS.
        labels: int, (photos,), 0..K-1.
        probabilities: float64, (models, photos, K).
        parts: int, (photos,).
        metric: of the contest.
    """
    mixed = np.empty(probabilities.shape[1:])
    for part in np.unique(parts):
        held = parts == part
        weights = fit_weights(way, labels[~held], probabilities[:, ~held], metric)
        mixed[held] = mix(weights, probabilities[:, held])
    return mixed
