"""What hiding a part of the photos, and the place of the heat, say about shortcuts."""

from dataclasses import dataclass

import numpy as np

from zest.intervals import Score, draw_groups, moved_percentiles, share_score
from zest.weighted_scores import weighted_sum

# A model that keeps so much of its lead over chance with the centre hidden is near its plain
# accuracy. A judgement: what is left of a thing that reaches beyond the centre tells something too,
# but hardly four fifths.
NEAR = 0.8


@dataclass(frozen=True)
class Occlusion:
    """How often the class is right when a part of the photo is painted over.

    A model that does as well without the centre does not need it: what tells it the class lies
    around, as a background does that differs between the classes (or a thing that fills the photo,
    or stands aside). The opposite does not hold: the paint itself, which no training photo had, may
    mislead it, so a low accuracy does not prove that it looks at the thing.

    Attributes:
        chance: share of the commonest class among the photos.
        plain: nothing is painted over.
        centre_hidden: the centre is.
        border_hidden: all but the centre is.
    """

    chance: float
    plain: Score
    centre_hidden: Score
    border_hidden: Score


def judge_occlusion(
    labels: np.ndarray, hits: dict[str, np.ndarray], groups: np.ndarray, confidence: float
) -> Occlusion:
    """Score what is right of the same photos, painted over or not.

    Args:
        labels: int, (photos,), 0..K-1.
        hits: bool, (photos,), for each of plain, centre_hidden and border_hidden.
        groups: int, (photos,), 0 and up.
        confidence: level of the intervals.
    """
    scores = {name: share_score(right, groups, confidence) for name, right in hits.items()}
    return Occlusion(chance=float(np.bincount(labels).max() / len(labels)), **scores)


def mean_outside(
    shares: np.ndarray, groups: np.ndarray, confidence: float, resamples: int, seed: int
) -> Score | None:
    """Return the mean share of the heat outside of the centre; None where no photo has heat.

    The interval is that of the bootstrap over groups.

    Args:
        shares: float, (photos,), 0 to 1; NaN where there is no heat.
        groups: int, (photos,), 0 and up.
        confidence: level of the interval.
        resamples: number of bootstrap resamples.
        seed: of the resampling.
    """
    known = np.isfinite(shares)
    shares, groups = shares[known], groups[known]
    if not len(shares):
        return None
    drawn = [
        weighted_sum(times, shares) / times.sum() for times in draw_groups(groups, resamples, seed)
    ]
    value, count = float(shares.mean()), len(np.unique(groups))
    low, high = moved_percentiles(value, np.array(drawn), confidence, count, (0.0, 1.0))
    return Score(value, low, high, len(shares))


def warnings_of(model: str, occlusion: Occlusion, outside: Score | None) -> list[str]:
    """Return what speaks for a shortcut, in sentences for people who do not know the field."""
    found = []
    plain, hidden = occlusion.plain, occlusion.centre_hidden
    kept = hidden.value - occlusion.chance
    if hidden.low > occlusion.chance and kept >= NEAR * (plain.value - occlusion.chance):
        found.append(
            f"With the centre of the photos painted over, {model} is still right on "
            f"{hidden.value:.0%} of {hidden.n} ({hidden.low:.0%} to {hidden.high:.0%}); with "
            f"nothing painted over on {plain.value:.0%}, and the commonest class is that of "
            f"{occlusion.chance:.0%}. So what it goes by lies largely around the centre. Does the "
            "background tell the class? Then it will fail where the background is another."
        )
    if outside and outside.low > 0.5:
        found.append(
            f"Where {model} is right, {outside.value:.0%} of what it goes by lies outside of the "
            f"central half of the photos ({outside.low:.0%} to {outside.high:.0%}, {outside.n} "
            "photos; 50% would be no preference for a place). Look at the heat maps: is it the "
            "thing that speaks for the class?"
        )
    return found
