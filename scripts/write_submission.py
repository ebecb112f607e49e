"""Write the file that is handed in, and where it comes from.

Reads predictions/{model}/fold{fold}/test.parquet, the weights, the catalogs, the contest's sample
file, and the leaderboard where the best model is asked for; writes submission/submission.csv in the
shape of the sample file and submission/provenance.json. The folds of a model are averaged. A sample
file with one column per class is filled with probabilities.
"""

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catalog.names import nfc
from zest.classes import ClassInfo, class_title, read_classes
from zest.contracts import CATALOG, PREDICTIONS, probability_matrix, read_table
from zest.decoding import expected_grades, grade, natural_thresholds
from zest.errors import UserError, run
from zest.files import csv_text, sha256, write_text
from zest.provenance import code_hashes, data_hash, package_versions
from zest.sample_file import Sample, read_sample

_SUM_TOLERANCE = 1e-4  # of the probabilities of a photo, stored as float32


def of_model(paths: list[Path], model: str) -> list[Path]:
    """Return the paths {...}/{model}/fold{fold}/{file} of one model."""
    return [path for path in paths if path.parents[1].name == model]


def choose_model(leaderboard: Path) -> str:
    """Return the name of the leader: the first row of leaderboard.csv."""
    with open(leaderboard, encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file))["model"]


def average_folds(paths: list[Path]) -> dict[str, np.ndarray]:
    """Return the mean probabilities, float64 (K,), of every photo over the folds of a model.

    Raises:
        UserError: predictions that are not numbers, do not sum to one, or are of different photos.
    """
    tables = [read_table(path, PREDICTIONS) for path in paths]
    ids = tables[0]["image_id"].to_pylist()
    total = np.zeros(1)
    for path, table in zip(paths, tables, strict=True):
        if table["image_id"].to_pylist() != ids:
            raise UserError(
                f"{path}: its photos are not those of {paths[0]}. Delete the files {path} and "
                f"{paths[0]} and run the same command again."
            )
        probabilities = probability_matrix(table).astype(np.float64)
        wrong = np.flatnonzero(~(np.abs(probabilities.sum(axis=1) - 1) < _SUM_TOLERANCE))
        if len(wrong):
            raise UserError(
                f"{path}: the probabilities of {ids[wrong[0]]} do not sum to one "
                f"({probabilities[wrong[0]].tolist()}). Lower models.*.learning_rate if the "
                "training diverged."
            )
        total = total + probabilities
    return dict(zip(ids, total / len(paths), strict=True))


def check_size(weights: list[Path], limit: float | None) -> None:
    """Refuse weights larger than the contest allows, all folds together.

    Raises:
        UserError: names the size and the limit, in MB (1e6 bytes).
    """
    size = sum(path.stat().st_size for path in weights) / 1e6
    if limit is not None and size > limit:
        raise UserError(
            f"rules.max_model_mb: the {len(weights)} weight files take {size:.2f} MB, more than "
            f"{limit}. Choose a smaller architecture or fewer split.train_folds."
        )


def main() -> None:
    """Choose the model, average its folds, write the submission and its provenance."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: the configuration it depends on")
    parser.add_argument("--root", required=True, type=Path, help="the competition's folder")
    parser.add_argument("--leaderboard", type=Path, help="leaderboard.csv, to find the best model")
    parser.add_argument("--predictions", required=True, type=Path, nargs="+", help="test.parquet")
    parser.add_argument("--weights", required=True, type=Path, nargs="+", help="weights.pdparams")
    parser.add_argument("--catalogs", required=True, type=Path, nargs=2, help="train, test.parquet")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument(
        "--decodings", type=Path, nargs="*", default=[], help="decodings.json, for thresholds"
    )
    parser.add_argument("--submission", required=True, type=Path, help="the file, written")
    parser.add_argument("--provenance", required=True, type=Path, help="provenance.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    wanted = cfg["submission"]["model"]
    model = choose_model(args.leaderboard) if wanted == "best" else wanted
    weights = of_model(args.weights, model)
    check_size(weights, cfg["rules"]["max_model_mb"])
    classes = read_classes(args.classes)
    probabilities = average_folds(of_model(args.predictions, model))

    catalogs = [read_table(path, CATALOG) for path in args.catalogs]
    thresholds = thresholds_of(cfg["submission"]["decode"], args.decodings, model, len(classes))
    form = form_of(cfg, args.root, classes, thresholds)
    write_submission(form, probabilities, args.submission)
    tell_classes_never_predicted(form, probabilities, classes)
    provenance = {
        "submission_sha256": sha256(args.submission),
        "model": model,
        "weights_sha256": {str(path): sha256(path) for path in weights},
        "data_sha256": dict(zip(("train", "test"), map(data_hash, catalogs), strict=True)),
        "config": cfg,
        "code": code_hashes(Path(__file__).parent),
        "packages": package_versions(),
    }
    write_text(args.provenance, json.dumps(provenance, indent=2, ensure_ascii=False) + "\n")
    print(f"model {model}, {len(probabilities)} photos: {args.submission}", flush=True)


@dataclass(frozen=True)
class Form:
    """What a submission looks like.

    Attributes:
        sample: the file to fill in, or None.
        columns: the header where there is no sample file.
        order: of the probabilities: the label of each column; None where one class is handed in.
        names: what each class is called in the file, in the order of the labels.
        thresholds: of the expected grade, (K-1,); None where the likeliest class is taken.
    """

    sample: Sample | None
    columns: list[str]
    order: list[int] | None
    names: list[str]
    thresholds: np.ndarray | None = None

    def label(self, probabilities: np.ndarray) -> int:
        """Return the class of a photo, 0..K-1, of its probabilities, float64 (K,)."""
        if self.thresholds is None:
            return int(probabilities.argmax())
        return int(grade(expected_grades(probabilities[None]), self.thresholds)[0])

    def fields(self, probabilities: np.ndarray) -> list[str]:
        """Return what is written for a photo, of its probabilities, float64 (K,)."""
        if self.order is None:
            return [self.names[self.label(probabilities)]]
        return [f"{probabilities[label]:.9g}" for label in self.order]


def thresholds_of(
    decode: str, decodings: list[Path], model: str, classes: int
) -> np.ndarray | None:
    """Return the thresholds of the expected grade, float64 (K-1,); None for the likeliest class.

    Args:
        decode: `submission.decode`.
        decodings: evaluation/{model}/decodings.json of the models.
        model: whose predictions are handed in.
        classes: K.

    Raises:
        UserError: there are none of this model.
    """
    if decode == "argmax":
        return None
    if decode == "expected_cost":
        return natural_thresholds(classes)
    path = next(path for path in decodings if path.parent.name == model)
    found = json.loads(path.read_text(encoding="utf-8"))
    if found is None:
        raise UserError(
            f"{path}: there were too few photos, or no numbers, to fit thresholds to. Set "
            "submission.decode: expected_cost."
        )
    return np.array(found["thresholds"])


def form_of(
    cfg: dict, root: Path, classes: list[ClassInfo], thresholds: np.ndarray | None = None
) -> Form:
    """Find out what is to be written, by `submission.values` and the sample file.

    Raises:
        UserError: the columns of the sample file are not those of the classes, or not as many as
            `submission.values` asks for.
    """
    data, wanted = cfg["data"], cfg["submission"]["values"]
    numbers, names = [one.class_num for one in classes], [one.name for one in classes]
    if data["sample_submission"] is None:
        several, sample = wanted == "probabilities", None
        columns = [data["id_column"], *(numbers if several else [data["label_column"]])]
    else:
        path = root / data["sample_submission"]
        sample, columns = read_sample(path, data["dummy_ids"]), []
        several = sample.value_columns > 1
        if wanted != "auto" and several != (wanted == "probabilities"):
            raise UserError(
                f"{path}: {sample.value_columns} column(s) beside the id, and submission.values is "
                f"{wanted}. Set submission.values to auto, or name another sample file."
            )
        if wanted == "auto" and not several:
            wanted = _coding(sample, numbers, names)
    order = None
    if several and thresholds is not None:
        raise UserError(
            "submission.decode chooses a class, and the sample file asks for probabilities. Set "
            "submission.decode: argmax."
        )
    if several:
        order = column_order(sample, numbers, names) if sample else list(range(len(classes)))
    return Form(sample, columns, order, names if wanted == "name" else numbers, thresholds)


def _coding(sample: Sample, numbers: list[str], names: list[str]) -> str:
    """Return whether the sample file holds names of classes, or else numbers."""
    rows = [fields for _, fields in sample.rows if fields[0].strip() not in sample.dummy]
    values = {nfc(value.strip()) for _, value in rows} - {""}
    if not values <= set(numbers) and values <= set(names):
        return "name"
    if strange := sorted(values - set(numbers)):
        print(
            f"warning: {sample.table.path} holds {strange[0]!r}, which is no class "
            f"({', '.join(numbers)}); numbers are written. For names set submission.values: name.",
            file=sys.stderr,
            flush=True,
        )
    return "class_num"


def column_order(sample: Sample, numbers: list[str], names: list[str]) -> list[int]:
    """Return the label, 0..K-1, of each column of probabilities, by the header of the sample file.

    Without a header they are in the order of the classes.

    Raises:
        UserError: the columns are not one for each class.
    """
    path = sample.table.path
    if sample.value_columns != len(numbers):
        raise UserError(
            f"{path}: {sample.value_columns} columns beside the id, and there are {len(numbers)} "
            f"classes ({', '.join(numbers)}). Check data.classes and data.sample_submission."
        )
    if sample.columns is None:
        return list(range(len(numbers)))
    header = [nfc(one.strip()) for one in sample.columns[1:]]
    for known in (numbers, names):
        if sorted(header) == sorted(known):
            return [known.index(one) for one in header]
    raise UserError(
        f"{path}, row {sample.table.rows[0].line}: the columns ({', '.join(header)}) are neither "
        f"the numbers ({', '.join(numbers)}) nor the names ({', '.join(names)}) of the classes. "
        "Rename the columns, or correct data.classes."
    )


def write_submission(form: Form, probabilities: dict[str, np.ndarray], out: Path) -> None:
    """Write the submission of all photos: id to probabilities, float64 (K,).

    Raises:
        UserError: the sample file asks for a photo that has no prediction.
    """
    values = {image_id: form.fields(row) for image_id, row in probabilities.items()}
    if form.sample:
        form.sample.write(out, values)
        return
    write_text(out, csv_text(form.columns, ([name, *row] for name, row in values.items())))


def tell_classes_never_predicted(
    form: Form, probabilities: dict[str, np.ndarray], classes: list[ClassInfo]
) -> None:
    """Warn of classes that no photo is given to: a model that ignores one, or a wrong sample."""
    found = {form.label(row) for row in probabilities.values()}
    never = [class_title(one) for one in classes if one.label not in found]
    if never:
        print(
            f"warning: no test photo is predicted to be of {', '.join(never)}. Where such photos "
            "are to be expected, look at the confusion matrix of the model.",
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    run(main)
