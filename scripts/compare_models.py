"""Rank the models by the contest's metric.

Reads evaluation/{model}/scores.json of every model; writes leaderboard.csv, the leader first, and
leaderboard.html, the same as a page.
"""

import argparse
import csv
import io
import json
import math
from pathlib import Path

from zest.errors import run
from zest.files import write_text
from zest.metrics import LOWER_IS_BETTER
from zest.page import render_page

TITLES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "quadratic_weighted_kappa": "quadratic weighted kappa",
    "log_loss": "log loss",
}
TEMPLATE = Path(__file__).parent / "leaderboard" / "leaderboard.html.j2"


def rank(summaries: list[dict], metric: str) -> list[dict]:
    """Return the summaries, the best first; equal scores go by log loss, then by name."""

    def key(summary: dict) -> tuple:
        value = summary["scores"][metric]["value"]
        loss = summary["scores"]["log_loss"]["value"]
        return (value if metric in LOWER_IS_BETTER else -value, loss, summary["model"])

    return sorted(summaries, key=key)


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
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def explain(ranked: list[dict], metric: str) -> list[str]:
    """Return what the ranking means, in sentences for people who do not know the field."""
    leader = ranked[0]
    score = leader["scores"][metric]
    sentences = [
        f"{leader['model']} leads with {TITLES[metric]} {score['value']:.3f} on {leader['photos']} "
        f"photos that it never saw in training. On new photos of the same kind, expect between "
        f"{score['low']:.3f} and {score['high']:.3f} ({leader['confidence']:.0%} interval)."
    ]
    near = [other["model"] for other in ranked[1:] if _overlap(score, other["scores"][metric])]
    if near:
        sentences.append(
            f"The interval of {', '.join(near)} overlaps the leader's: so few photos do not settle "
            "which is better. Train more folds (split.train_folds) for narrower intervals."
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
        titles={metric: TITLES[metric], **TITLES},
        sentences=explain(ranked, metric),
        axis=_axis([summary["scores"][metric] for summary in ranked]),
    )


def _axis(scores: list[dict]) -> tuple[float, float]:
    """Return the ends of the chart's axis: whole tenths around all intervals."""
    low = math.floor(10 * min(score["low"] for score in scores))
    high = math.ceil(10 * max(score["high"] for score in scores))
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
