"""Which model leads, and what that means in words."""

import json
import math
from pathlib import Path

from zest.metrics import LOWER_IS_BETTER, TITLES
from zest.paired import Difference
from zest.words import listed


def read_summary(path: Path) -> dict:
    """Read scores.json; a score that is no number is NaN."""
    summary = json.loads(path.read_text(encoding="utf-8"))
    scores = {name: numbers(score) for name, score in summary["scores"].items()}
    return {**summary, "scores": scores}


def numbers(score: dict) -> dict:
    """Return a score of a JSON file with NaN in the place of null."""
    return {key: math.nan if value is None else value for key, value in score.items()}


def rank(summaries: list[dict], metric: str) -> list[dict]:
    """Return the summaries, the best first; equal scores go by log loss, then by name.

    A score that is not a finite number (of a training that diverged, or ROC-AUC of one class alone)
    comes after all others.
    """

    def key(summary: dict) -> tuple:
        value = summary["scores"][metric]["value"]
        loss = summary["scores"]["log_loss"]["value"]
        return (
            _or_last(value if metric in LOWER_IS_BETTER else -value),
            _or_last(loss),
            summary["model"],
        )

    return sorted(summaries, key=key)


def _or_last(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def explain(ranked: list[dict], behind: list[Difference], metric: str, folds: int) -> list[str]:
    """Return what the ranking means, in sentences for people who do not know the field.

    Args:
        ranked: of `rank`.
        behind: how far each but the first lies behind it.
        metric: of the contest.
        folds: of the split; where fewer are trained, the others would narrow the intervals.
    """
    leader = ranked[0]
    score = leader["scores"][metric]
    groups = ""
    if leader["groups"] < leader["photos"]:
        groups = f" ({leader['groups']} groups that belong together or stand alone)"
    sentences = [
        f"{leader['model']} leads with {TITLES[metric]} {score['value']:.3f} on {leader['photos']} "
        f"photos{groups} that it never saw in training. Its true score on such photos probably "
        f"lies between {score['low']:.3f} and {score['high']:.3f} "
        f"({leader['confidence']:.0%} interval)."
    ]
    if len(ranked) > 1:
        sentences.append(
            f"As the best of {len(ranked)} models on these photos, it is a little flattered: some "
            "of its lead may be luck."
        )
    others = [one["model"] for one in ranked[1:]]
    near = [
        name for name, gap in zip(others, behind, strict=True) if gap.is_known and not gap.is_sure
    ]
    unknown = [name for name, gap in zip(others, behind, strict=True) if not gap.is_known]
    worse = [
        f"{name} (by {gap.value:.3f}, {gap.low:.3f} to {gap.high:.3f})"
        for name, gap in zip(others, behind, strict=True)
        if gap.is_sure
    ]
    if near:
        more = ", or train more folds (split.train_folds) for narrower intervals"
        sentences.append(
            f"Not distinguishable from {leader['model']} on these photos: {listed(near)}. Chance "
            "may have made the difference. Choose by other things (size, speed)"
            f"{more if leader['folds'] < folds else ''}."
        )
    if worse:
        sentences.append(f"Worse than {leader['model']} beyond chance: {listed(worse)}.")
    if unknown:
        sentences.append(
            f"No number for {listed(unknown)}: the training diverged, or the photos are all of "
            "one class."
        )
    return sentences


def axis_of(scores: list[dict]) -> tuple[float, float]:
    """Return the ends of the axis: whole tenths around all finite intervals, or 0 and 1."""
    ends = [score[end] for score in scores for end in ("low", "high")]
    finite = [end for end in ends if math.isfinite(end)] or [0.0, 1.0]
    low, high = math.floor(10 * min(finite)), math.ceil(10 * max(finite))
    return low / 10, max(high, low + 1) / 10
