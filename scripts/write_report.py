"""Write the report of a competition: the leader, why, where it fails, what to try next.

Reads what the stages evaluate, ablations, ensemble, costs and explain have written, and deploy
where it is asked for; writes report.html, one file that needs no network.
"""

import argparse
import json
from pathlib import Path

from deployment.section import exports_section
from report import failures, sections
from report.advice import advice
from report.found import Found, Sources, read_found
from zest.errors import run
from zest.files import write_text
from zest.page import render_page
from zest.page.section import Section

TEMPLATE = Path(__file__).parent / "report" / "templates" / "report.html.j2"


def sections_of(found: Found) -> list[Section]:
    """Return the sections that have something to say, in the order of the page."""
    made = [sections.leader(found), sections.costs(found)]
    if found.exports:
        made.append(exports_section(found.exports, found.metric))
    if found.ablations:
        made.append(sections.ablations(found))
    made.append(failures.classes(found))
    if any(row["kind"] == "mistake" for row in found.heat_maps):
        made.append(failures.mistakes(found))
    made += [failures.shortcuts(found), failures.doubtful_labels(found)]
    made += [sections.certainty(found), sections.learning(found)]
    if found.tta or found.ensemble or found.decodings:
        made.append(sections.more(found))
    return [*made, advice(found)]


def render(found: Found) -> str:
    """Return the page."""
    return render_page(
        TEMPLATE,
        competition=found.cfg["competition"],
        sections=sections_of(found),
        headline=headline(found),
    )


def headline(found: Found) -> str:
    """Return the result in one sentence."""
    score = found.score
    near = len(found.near)
    beside = "no other model comes near"
    if near:
        beside = f"{near} other {'model' if near == 1 else 'models'} cannot be told from it"
    others = f", and {beside}" if found.behind else ""
    return (
        f"{found.leader} reaches {found.title} {score['value']:.3f} "
        f"({score['low']:.3f} to {score['high']:.3f}) on photos it never saw{others}."
    )


def main() -> None:
    """Read all that was found, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cfg", required=True, help="JSON: competition, rules, models, folds, train_folds ..."
    )
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--comparisons", required=True, type=Path, help="leaderboard.json")
    parser.add_argument("--costs", required=True, type=Path, help="costs.csv")
    parser.add_argument("--measures", required=True, type=Path, help="train_measures.parquet")
    parser.add_argument("--heat-maps", required=True, type=Path, help="heat_maps.parquet")
    parser.add_argument("--shortcuts", required=True, type=Path, help="shortcuts.json")
    every = {"required": True, "type": Path, "nargs": "+"}
    parser.add_argument("--scores", **every, help="scores.json of each model")
    parser.add_argument("--out-of-fold", **every, help="out_of_fold.parquet of each model")
    parser.add_argument("--per-class", **every, help="per_class.csv of each model")
    parser.add_argument("--histories", **every, help="history.parquet of each fold of each model")
    parser.add_argument("--calibrations", **every, help="calibration.json of each model")
    parser.add_argument("--decodings", **every, help="decodings.json of each model")
    parser.add_argument("--tta", type=Path, nargs="*", default=[], help="tta.json of each model")
    parser.add_argument("--ablations", type=Path, nargs="*", default=[], help="their verdicts")
    parser.add_argument("--ensemble", type=Path, nargs="?", help="ensemble.json")
    parser.add_argument("--exports", type=Path, nargs="?", help="deploy/exports.csv")
    parser.add_argument("--html", required=True, type=Path, help="the report, written")
    args = vars(parser.parse_args())
    cfg, html = json.loads(args.pop("cfg")), args.pop("html")

    write_text(html, render(read_found(cfg, Sources(**args))))
    print(f"{html}: {html.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    run(main)
