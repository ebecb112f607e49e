"""Rank the models by the contest's metric, and say which of them can be told from the leader.

Reads evaluation/{model}/scores.json and out_of_fold.parquet of every model; writes leaderboard.csv,
the leader first, leaderboard.html, the same as a page, and leaderboard.json, the comparisons with
the leader for the report.
"""

import argparse
import json
from pathlib import Path

from leaderboard.ranking import axis_of, explain, rank, read_summary
from zest.errors import run
from zest.files import csv_text, write_json, write_text
from zest.metrics import LOWER_IS_BETTER, TITLES
from zest.page import render_page
from zest.paired import Difference, differences, read_out_of_fold
from zest.randomness import seed_from

SHOWN = ("accuracy", "macro_f1", "quadratic_weighted_kappa", "log_loss")  # in the page's table
TEMPLATE = Path(__file__).parent / "leaderboard" / "leaderboard.html.j2"


def to_csv(ranked: list[dict], behind: list[Difference], metric: str) -> str:
    """Return leaderboard.csv: a row a model, the contest's metric first.

    Args:
        ranked: the best first.
        behind: how far all but the first lie behind it.
        metric: the contest's.
    """
    names = [metric, *(name for name in TITLES if name != metric)]
    rows = []
    for place, summary in enumerate(ranked, 1):
        row = {"rank": place, "model": summary["model"]}
        for name in names:
            score = summary["scores"][name]
            row[name] = f"{score['value']:.6f}"
            row[f"{name}_low"] = f"{score['low']:.6f}"
            row[f"{name}_high"] = f"{score['high']:.6f}"
        gap = behind[place - 2] if place > 1 else None
        row["behind"] = f"{gap.value:.6f}" if gap else ""
        row["behind_low"] = f"{gap.low:.6f}" if gap else ""
        row["behind_high"] = f"{gap.high:.6f}" if gap else ""
        row["mcnemar_p"] = f"{gap.mcnemar_p:.6f}" if gap else ""
        rows.append({**row, "photos": summary["photos"], "folds": summary["folds"]})
    return csv_text(list(rows[0]), (list(row.values()) for row in rows))


def render(
    ranked: list[dict],
    behind: list[Difference],
    sentences: list[str],
    metric: str,
    competition: str,
) -> str:
    """Return leaderboard.html, one file that needs no network; `sentences` are of `explain`."""
    return render_page(
        TEMPLATE,
        competition=competition,
        ranked=ranked,
        behind=behind,
        metric=metric,
        titles={name: TITLES[name] for name in (metric, *SHOWN)},
        sentences=sentences,
        axis=axis_of([summary["scores"][metric] for summary in ranked]),
    )


def main() -> None:
    """Read the scores and the predictions, write the ranking."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: competition, folds, metric ...")
    parser.add_argument("--scores", required=True, type=Path, nargs="+", help="scores.json files")
    parser.add_argument(
        "--out-of-fold", required=True, type=Path, nargs="+", help="out_of_fold.parquet files"
    )
    parser.add_argument("--table", required=True, type=Path, help="leaderboard.csv, written")
    parser.add_argument("--page", required=True, type=Path, help="leaderboard.html, written")
    parser.add_argument("--comparisons", required=True, type=Path, help="leaderboard.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    summaries = [read_summary(path) for path in args.scores]
    ranked = rank(summaries, cfg["metric"])
    predictions = {path.parent.name: path for path in args.out_of_fold}
    first, *others = (read_out_of_fold(predictions[one["model"]]) for one in ranked)
    behind = differences(
        first,
        others,
        cfg["metric"],
        cfg["metric"] in LOWER_IS_BETTER,
        cfg["evaluation"]["confidence"],
        cfg["evaluation"]["resamples"],
        seed_from(cfg["seed"], "bootstrap"),
    )
    sentences = explain(ranked, behind, cfg["metric"], cfg["folds"])
    write_text(args.table, to_csv(ranked, behind, cfg["metric"]))
    comparisons = {
        "metric": cfg["metric"],
        "models": [one["model"] for one in ranked],
        "behind": behind,
        "sentences": sentences,
    }
    write_json(args.comparisons, comparisons)
    page = render(ranked, behind, sentences, cfg["metric"], cfg["competition"])
    write_text(args.page, page)
    for sentence in sentences:
        print(sentence, flush=True)


if __name__ == "__main__":
    run(main)
