"""What the photos of the gate can prove of INT8, and what they cannot."""

import math


def doubt(
    what: str, high: float, lost: int, photos: int, most: float, confidence: float
) -> str | None:
    """Return what the photos cannot prove of a path that was not refused, in a sentence, or None.

    Where no photo is lost, resampling sees no loss, however few they are. But if more than a share
    p of such photos were, n would show none with a probability below (1 - p)^n: the exact bound of
    Clopper and Pearson (1934), Biometrika 26, and the rule of three of Hanley and Lippman-Hand
    (1983), JAMA 249.

    Args:
        what: the path.
        high: upper end of the interval of its loss; NaN where it is not known.
        lost: photos that are right in float alone.
        photos: how many.
        most: that it may lose.
        confidence: of the bound, 0 to 1.
    """
    few = (
        f"{photos} photos are too few to prove that {what} loses at most {most:g} "
        "(deploy.int8_max_loss)"
    )
    if not math.isfinite(high):
        return f"{few}: what it may lose is not known."
    if high > most:
        return f"{few}: it may lose up to {high:.3f}."
    share = 1 - (1 - confidence) ** (1 / photos)
    if not lost and share > most:
        return f"{few}: none of them is lost by it, but up to {share:.1%} of such photos may be."
    return None
