"""Rank the models by the contest's metric.

Reads evaluation/{model}/scores.json of every model; writes leaderboard.csv, the leader first, and
leaderboard.html, the same as a page.
"""

import argparse
import json
import math
from pathlib import Path

from zest.errors import run
from zest.files import csv_text, write_text
from zest.metrics import LOWER_IS_BETTER, TITLES
from zest.page import render_page

SHOWN = ("accuracy", "macro_f1", "quadratic_weighted_kappa", "log_loss")  # in the page's table
TEMPLATE = Path(__file__).parent / "leaderboard" / "leaderboard.html.j2"


def rank(summaries: list[dict], metric: str) -> list[dict]:
    """Return the summaries, the best first; equal scores go by log loss, then by name.

    A score that is not a finite number, of a training that diverged, comes after all others.
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


def to_csv(ranked: list[dict], metric: str) -> str:
    """Return leaderboard.csv: a row a model, the contest's metric first."""
    names = [metric, *(name for name in TITLES if name != metric)]
    rows = []
    for place, summary in enumerate(ranked, 1):
        row = {"rank": place, "model": summary["model"]}
        for name in names:
            score = summary["scores"][name]
            row[name] = f"{score['value']:.6f}"
            row[f"{name}_low"] = f"{score['low']:.6f}"
            row[f"{name}_high"] = f"{score['high']:.6f}"
        rows.append({**row, "photos": summary["photos"], "folds": summary["folds"]})
    return csv_text(list(rows[0]), (list(row.values()) for row in rows))


def explain(ranked: list[dict], metric: str) -> list[str]:
    """Return what the ranking means, in sentences for people who do not know the field."""
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
    near = [other["model"] for other in ranked[1:] if _overlap(score, other["scores"][metric])]
    if near:
        sentences.append(
            f"The interval of {', '.join(near)} overlaps the leader's, so the intervals do not "
            "settle which is better. Train more folds (split.train_folds) for narrower ones."
        )
    elif len(ranked) > 1:
        sentences.append("No other model's interval reaches the leader's.")
    return sentences


def _overlap(one: dict, other: dict) -> bool:
    return one["low"] <= other["high"] and other["low"] <= one["high"]


def render(ranked: list[dict], metric: str, competition: str) -> str:
    """Return leaderboard.html, one file that needs no network."""
    return render_page(
        TEMPLATE,
        competition=competition,
        ranked=ranked,
        metric=metric,
        titles={name: TITLES[name] for name in (metric, *SHOWN)},
        sentences=explain(ranked, metric),
        axis=_axis([summary["scores"][metric] for summary in ranked]),
    )


def _axis(scores: list[dict]) -> tuple[float, float]:
    """Return the ends of the axis: whole tenths around all finite intervals, or 0 and 1."""
    ends = [score[end] for score in scores for end in ("low", "high")]
    finite = [end for end in ends if math.isfinite(end)] or [0.0, 1.0]
    low, high = math.floor(10 * min(finite)), math.ceil(10 * max(finite))
    return low / 10, max(high, low + 1) / 10


def main() -> None:
    """Read the scores, write the ranking."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: competition, metric")
    parser.add_argument("--scores", required=True, type=Path, nargs="+", help="scores.json files")
    parser.add_argument("--table", required=True, type=Path, help="leaderboard.csv, written")
    parser.add_argument("--page", required=True, type=Path, help="leaderboard.html, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    summaries = [json.loads(path.read_text(encoding="utf-8")) for path in args.scores]
    ranked = rank(summaries, cfg["metric"])
    write_text(args.table, to_csv(ranked, cfg["metric"]))
    write_text(args.page, render(ranked, cfg["metric"], cfg["competition"]))
    for sentence in explain(ranked, cfg["metric"]):
        print(sentence, flush=True)


if __name__ == "__main__":
    run(main)
