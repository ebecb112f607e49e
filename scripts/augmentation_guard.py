"""Find the copies of a training set that no longer look like their label to a linear probe.

Reads trainset/{recipe}/fold{fold}/images.parquet, its features of a frozen network and
catalog/classes.csv. Writes left_label.csv (a row a copy that left, the farthest first),
left_by_operation.csv (a row an operation), and the worst copies as left_label.html (one file, no
network needed) and .png.

The probe is fitted to the photos of the training set as they are, so it knows them; where it is
right about a photo and wrong about its copy, it is the operations that made the difference. It is
not the baseline's, which has seen the photos at another size: that alone would make a difference.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # one thread: what is fitted does not depend on the number of cores


from augmentation.judgement import (
    Blame,
    Judgement,
    Share,
    blames,
    judge,
    overall,
)
from augmentation.operations import advice, percent
from augmentation.pictures import Picture, Strip, draw_sheet
from augmentation.probe import errors_on_new_photos, probe_logits
from augmentation.rows import describe_row, read_images, read_rows, rows_of_photos
from zest.classes import ClassInfo, read_classes
from zest.engine.features import read_features_of
from zest.errors import run
from zest.files import csv_text, write_text
from zest.page import render_page

TEMPLATE = Path(__file__).parent / "augmentation" / "templates" / "left_label.html.j2"
MOST_SHOWN = 36  # copies, of those that went farthest
CONFIDENCE = 0.95
COPY_COLUMNS = ["image_id", "copy", "label", "predicted", "label_probability"]
COPY_COLUMNS += ["predicted_probability", "operations"]
OPERATION_COLUMNS = ["operation", "copies", "left", "share", "share_low", "share_high"]
OPERATION_COLUMNS += ["copies_without", "share_without", "share_weaker_half", "share_stronger_half"]


def copy_rows(rows: list[dict], judgement: Judgement, classes: list[ClassInfo]) -> Iterable[list]:
    """Yield a row of left_label.csv for each copy that left, the farthest first."""
    for number in judgement.worst:
        row, predicted = rows[number], int(judgement.predicted[number])
        probabilities = judgement.probabilities[number]
        yield [
            row["image_id"],
            row["copy"],
            classes[row["label"]].class_num,
            classes[predicted].class_num,
            f"{probabilities[row['label']]:.6f}",
            f"{probabilities[predicted]:.6f}",
            json.dumps(row["operations"]),
        ]


def operation_rows(found: list[Blame], everything: Share) -> Iterable[list]:
    """Yield a row of left_by_operation.csv for all judged copies, then one for each operation."""
    low, high = everything.interval(CONFIDENCE)
    shares = [f"{value:.6f}" for value in (everything.value, low, high)]
    yield ["all copies", everything.n, everything.wrong, *shares, "", "", "", ""]
    for one in found:
        shares = [f"{value:.6f}" for value in (one.having.value, *one.having.interval(CONFIDENCE))]
        others = [f"{share.value:.6f}" if share else "" for share in (one.weaker, one.stronger)]
        without = f"{one.without.value:.6f}" if one.without.n else ""
        yield [
            one.operation,
            one.having.n,
            one.having.wrong,
            *shares,
            one.without.n,
            without,
            *others,
        ]


def explain(everything: Share, judgement: Judgement, unseen: Share | None) -> list[str]:
    """Say how many copies left and what that means.

    Args:
        everything: of all judged copies.
        judgement: of the training set.
        unseen: of photos that were kept from a probe, those that it misjudges, if known.
    """
    if not everything.n:
        return ["There is no copy to judge: the recipe makes none, or all of them are mixed."]
    sentences = [_counted(everything)]
    if unseen is not None:
        sentences.append(_measured_by(everything, unseen))
    if everything.wrong:
        sentences.append(
            "A copy on this page is a suspect and not proven guilty: the probe sees less than you "
            "do. Where you would still give the label, all is well, and the copy teaches what the "
            "probe lacks. Where you would not, the model is taught something wrong."
        )
    if judgement.mixed:
        sentences.append(
            f"{judgement.mixed:,} copies are mixed with another photo. Their label is mixed, too, "
            "so there is nothing to leave: they are not judged."
        )
    if judgement.unknown:
        sentences.append(
            f"{judgement.unknown:,} copies are not judged because the probe is wrong about the "
            "photo itself."
        )
    return sentences


def _counted(everything: Share) -> str:
    low, high = (_share(end) for end in everything.interval(CONFIDENCE))
    if not everything.wrong:
        return (
            f"None of the {everything.n:,} copies left its label (interval 0 % to {high}): the "
            "probe sees the class of the photo in each."
        )
    return (
        f"{everything.wrong:,} of {everything.n:,} copies ({_share(everything.value)}, interval "
        f"{low} to {high}) left their label: the probe sees another class in them, although it is "
        "right about the photo that they were made from."
    )


def _measured_by(everything: Share, unseen: Share) -> str:
    """Compare with photos that a probe has never seen."""
    measure = f"Of {unseen.n:,} photos that were kept from it, it misjudges {_share(unseen.value)}."
    if everything.exceeds(unseen, CONFIDENCE):
        return (
            f"{measure} So the copies are stranger to it than new photos are: the recipe as a "
            "whole seems to go too far."
        )
    return (
        f"{measure} As far as these can tell, the copies are no stranger to it than new photos "
        "are, so nothing says that the recipe as a whole goes too far. A single operation may."
    )


def accuse(found: list[Blame], operations: list[dict], recipe: str) -> list[str]:
    """Say which operations are to blame and what to do about them.

    Args:
        found: of `blames`.
        operations: of the recipe, each `{name: settings}`.
        recipe: its name.
    """
    accused = [one for one in found if one.stands_out]
    if not accused:
        return [
            "No operation stands out: with none of them, nor with more of one, do more copies "
            "leave than chance explains."
        ]
    told = [f"{_evidence(one)} {advice(one.operation, operations)}" for one in accused]
    return [
        *told,
        f"The place to change is recipes.{recipe}.operations. Then run the same command again, and "
        "compare; the leaderboard says whether the model gained by it.",
    ]


def _evidence(one: Blame) -> str:
    parts = [f"{_share(one.having.value)} of the {one.having.n:,} copies with it left"]
    if one.without.n:
        parts.append(f"{_share(one.without.value)} of those without it")
    if one.weaker and one.stronger:
        more, less = _share(one.stronger.value), _share(one.weaker.value)
        parts.append(f"{more} of the half with most of it, {less} of that with least")
    return f"{one.operation}: {', '.join(parts)}."


def _share(value: float) -> str:
    return (
        percent(value)
        if value in (0, 1) or value >= 0.1
        else f"{100 * value:.1f}\N{NO-BREAK SPACE}%"
    )


def make_strips(
    path: Path,
    rows: list[dict],
    judgement: Judgement,
    classes: list[ClassInfo],
) -> list[Strip]:
    """Return the copies that went farthest, each beside its photo."""
    shown, photos = judgement.worst[:MOST_SHOWN], rows_of_photos(rows)
    labels = {row["image_id"]: row["label"] for row in rows}
    pairs = [(photos[rows[number]["image_id"]][0], number) for number in shown]
    images = read_images(path, {number for pair in pairs for number in pair})
    strips = []
    for photo, copy in pairs:
        row = rows[copy]
        label, predicted = row["label"], int(judgement.predicted[copy])
        name = classes[label].name or classes[label].class_num
        seen = classes[predicted].name or classes[predicted].class_num
        strips.append(
            Strip(
                row["image_id"],
                [
                    Picture(images[photo], f"the photo: {name}", []),
                    Picture(
                        images[copy],
                        f"copy {row['copy']}",
                        describe_row(row, labels, classes),
                        f"looks like {seen}, {percent(judgement.probabilities[copy, predicted])}",
                    ),
                ],
            )
        )
    return strips


def main() -> None:
    """Judge the copies, write the tables, the page and the PNG."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: competition, operations of the recipe")
    parser.add_argument("--recipe", required=True, help="name of the recipe")
    parser.add_argument("--trainset", required=True, type=Path, help="images.parquet")
    parser.add_argument("--features", required=True, type=Path, help="of the same rows")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--copies", required=True, type=Path, help="left_label.csv, written")
    parser.add_argument("--by-operation", required=True, type=Path, help="a CSV, written")
    parser.add_argument("--html", required=True, type=Path, help="the page, written")
    parser.add_argument("--png", required=True, type=Path, help="the worst copies, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    classes, rows = read_classes(args.classes), read_rows(args.trainset)
    features = read_features_of(args.features, [row["image_id"] for row in rows])
    judgement = judge(rows, probe_logits(rows, features, len(classes)))
    everything, found = overall(judgement), blames(rows, judgement)
    sentences = explain(everything, judgement, errors_on_new_photos(rows, features, len(classes)))
    strips = make_strips(args.trainset, rows, judgement, classes)
    page = render_page(
        TEMPLATE,
        competition=cfg["competition"],
        recipe=args.recipe,
        everything=everything,
        blames=found,
        confidence=CONFIDENCE,
        share=_share,
        sentences=sentences,
        accusations=accuse(found, cfg["operations"], args.recipe),
        strips=strips,
    )
    copies = copy_rows(rows, judgement, classes)
    write_text(args.copies, csv_text(COPY_COLUMNS, copies))
    write_text(args.by_operation, csv_text(OPERATION_COLUMNS, operation_rows(found, everything)))
    write_text(args.html, page)
    title = f"{cfg['competition']}, recipe {args.recipe}: copies that left their label"
    draw_sheet(strips, title if strips else f"{title}: none", args.png)
    print(f"{args.copies}: {sentences[0]}", flush=True)


if __name__ == "__main__":
    run(main)
