"""Pack a deployed model for a device without Zest: model, program, card, notices, examples.

Reads deploy/{model}/ (the model that leaves, parity.json, speed.json), models/{model}/fold{fold}/
model.json, evaluation/{model}/, the catalog and some validation photos; writes
deploy/{model}/bundle.zip and deploy/{model}/MODEL_CARD.md. The examples are graded by the very
program in the bundle, and what came out is put beside them for the self-test.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np

from deployment import card
from deployment.bundle import (
    REQUIREMENTS,
    choose_examples,
    example_file,
    expected_table,
    write_archive,
)
from deployment.photos import files_of, readable_files
from explanation.centre import PARTS
from zest.classes import ClassInfo, class_title, read_classes
from zest.command import command_told
from zest.contracts import CATALOG, read_table
from zest.errors import run
from zest.files import read_csv, sha256, write_text
from zest.folds import parse_fold
from zest.paired import read_out_of_fold
from zest.provenance import data_hash, package_versions

EXPORTERS = ("onnx", "onnxruntime", "paddle2onnx")
CLIENT = Path(__file__).parent / "deployment" / "client" / "predict.py"


def read_json(path: Path) -> dict:
    """Return what a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def main() -> None:
    """Choose the examples, write the texts, pack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: competition, metric, deploy")
    parser.add_argument("--name", required=True, help="of the model")
    parser.add_argument("--weights", required=True, type=Path, help="weights.pdparams of the fold")
    parser.add_argument(
        "--fold", required=True, type=parse_fold, help="the fold of the model, all or merged"
    )
    parser.add_argument("--model", required=True, type=Path, help="the ONNX model that leaves")
    parser.add_argument("--parity", required=True, type=Path, help="parity.json")
    parser.add_argument("--speed", required=True, type=Path, help="speed.json")
    parser.add_argument("--scores", required=True, type=Path, help="evaluation/{model}/scores.json")
    parser.add_argument("--per-class", required=True, type=Path, help="per_class.csv beside it")
    parser.add_argument("--out-of-fold", required=True, type=Path, help="out_of_fold.parquet")
    parser.add_argument("--shortcuts", required=True, type=Path, help="shortcuts.json")
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/train.parquet")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument(
        "--root", required=True, type=Path, help="the folder that the catalog's paths start from"
    )
    parser.add_argument("--bundle", required=True, type=Path, help="bundle.zip, written")
    parser.add_argument("--card", required=True, type=Path, help="MODEL_CARD.md, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    classes = read_classes(args.classes)
    described = read_json(args.weights.with_name("model.json"))
    catalog = read_table(args.catalog, CATALOG)
    examples = examples_of(args, cfg["deploy"]["examples"], classes)
    parity, speed = read_json(args.parity), read_json(args.speed)
    scores = read_json(args.scores)
    titles = [class_title(one) for one in classes]
    told = {
        "competition": cfg["competition"],
        "model": args.name,
        "class_titles": titles,
        "classes": classes,
    }
    text = card.write_card(
        **told,
        architecture=described["architecture"],
        image_size=described["preprocessing"]["image_size"],
        precision="8-bit integers" if cfg["deploy"]["precision"] == "int8" else "32-bit floats",
        megabytes=args.model.stat().st_size / 1e6,
        scores=scores,
        score_rows=card.score_rows(scores["scores"], cfg["metric"]),
        is_scored=parity["is_scored"],
        fold=args.fold,
        per_class=[
            {**row, "title": title}
            for row, title in zip(read_csv(args.per_class), titles, strict=True)
        ],
        training_photos=training_photos(catalog.num_rows, args.out_of_fold, args.fold),
        limits=shortcut_limits(read_json(args.shortcuts)),
        parity=parity,
        speed=speed,
        provenance={
            "model, SHA-256": sha256(args.model),
            "weights, SHA-256": sha256(args.weights),
            "photos and labels, SHA-256": data_hash(catalog),
            "command": command_told("deploy") or "snakemake deploy",
            "packages": ", ".join(
                f"{name} {version}" for name, version in package_versions(*EXPORTERS).items()
            ),
        },
    )
    notices = card.write_notices(cfg["competition"], len(examples), described["trained_with"])
    files = {
        "README.md": card.write_readme(**told),
        "predict.py": CLIENT.read_text(encoding="utf-8"),
        "requirements.txt": REQUIREMENTS,
        "model.onnx": args.model.read_bytes(),
        "classes.csv": args.classes.read_text(encoding="utf-8"),
        "MODEL_CARD.md": text,
        "NOTICES.md": notices,
        "examples/expected.csv": expected_table(args.model, examples),
        **{f"examples/{name}": content for name, content in examples.items()},
    }
    write_text(args.card, text)
    write_archive(files, args.bundle)
    print(f"{len(examples)} examples, {args.bundle.stat().st_size / 1e6:.1f} MB: {args.bundle}")


def examples_of(args: argparse.Namespace, count: int, classes: list[ClassInfo]) -> dict[str, bytes]:
    """Return some photos that the model has not seen, where there are such, by their new names."""
    photos = read_out_of_fold(args.out_of_fold)
    own = [row for row in range(len(photos.ids)) if photos.folds[row] == args.fold]
    rows = own or list(range(len(photos.ids)))
    labels = [int(photos.labels[row]) for row in rows]
    chosen = photos.of(np.array(rows)[choose_examples(labels, len(rows))])
    files = files_of(args.catalog, args.root, chosen.ids)
    label_of = dict(zip(files, chosen.labels, strict=True))
    examples = {}
    for number, file in enumerate(readable_files(label_of, count), start=1):
        suffix, content = example_file(file)
        class_num = re.sub(r"[^\w.-]+", "_", classes[label_of[file]].class_num)
        examples[f"{number:02d}_class_{class_num}{suffix}"] = content
    return examples


def training_photos(labelled: int, out_of_fold: Path, fold: int) -> int:
    """Return how many photos the model has learned from: all but its validation photos."""
    return labelled - int((read_out_of_fold(out_of_fold).folds == fold).sum())


def shortcut_limits(told: dict) -> list[str]:
    """Return what shortcuts.json has found, in sentences."""
    occlusion = told["occlusion"]
    whole, no_centre, no_border = (f"{occlusion[part]['value']:.2f}" for part in PARTS)
    which = "that it had not seen" if told["is_scored"] else "that it has learned from"
    found = (
        f"Of {told['photos']} photos {which} it has {whole} right as they are, {no_centre} with "
        f"the centre painted over (the commonest class alone: {occlusion['chance']:.2f}) and "
        f"{no_border} with all but the centre painted over. What it has right without the centre "
        "it reads from around it: a background, or a thing that fills the photo."
    )
    return [found, *told["warnings"]]


if __name__ == "__main__":
    run(main)
