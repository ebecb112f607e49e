"""Write the file that is handed in, and where it comes from.

Reads predictions/{model}/fold{fold}/test.parquet, the weights, the catalogs, the contest's sample
file, the leaderboard where the best model is asked for, and ensemble.json where several are; writes
submission/submission.csv in the shape of the sample file and submission/provenance.json. The folds
of a model are averaged, and the models of an ensemble by their weights. A sample file with one
column per class is filled with probabilities.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from submission.averaging import average_folds, average_models
from submission.form import Form, form_of, thresholds_of
from zest.classes import ClassInfo, class_title, read_classes
from zest.command import command_told
from zest.contracts import CATALOG, read_table
from zest.errors import UserError, run
from zest.files import sha256, write_json
from zest.leader import choose_model, of_model
from zest.provenance import code_hashes, data_hash, package_versions


def choose_weights(ensemble: Path, way: str) -> dict[str, float]:
    """Return the weights above 0 of the models of ensemble.json, of sum 1, by one of its ways."""
    weights = json.loads(ensemble.read_text(encoding="utf-8"))["ways"][way]["weights"]
    return {name: weight for name, weight in weights.items() if weight > 0}


def check_size(weights: list[Path], limit: float | None) -> None:
    """Refuse weights larger than the contest allows, all folds together.

    Args:
        weights: models/{model}/fold{fold}/weights.pdparams of all that is handed in.
        limit: in MB; None for none.

    Raises:
        UserError: names the size and the limit, in MB (1e6 bytes).
    """
    size = sum(path.stat().st_size for path in weights) / 1e6
    if limit is not None and size > limit:
        several = len({path.parent.name for path in weights}) > 1
        one_model = "submission.train_on: merged or all, " if several else ""
        raise UserError(
            f"rules.max_model_mb: the {len(weights)} weight files take {size:.2f} MB, more than "
            f"{limit}. Choose {one_model}a smaller architecture, fewer split.train_folds, or fewer "
            "models of an ensemble (submission.ensemble.models)."
        )


def main() -> None:
    """Choose the models, average their folds, write the submission and its provenance."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: the configuration it depends on")
    parser.add_argument("--root", required=True, type=Path, help="the competition's folder")
    parser.add_argument("--leaderboard", type=Path, help="leaderboard.csv, to find the best model")
    parser.add_argument("--ensemble", type=Path, help="ensemble.json, to weigh several models")
    parser.add_argument("--predictions", required=True, type=Path, nargs="+", help="test.parquet")
    parser.add_argument("--weights", required=True, type=Path, nargs="+", help="weights.pdparams")
    parser.add_argument("--catalogs", required=True, type=Path, nargs=2, help="train, test.parquet")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument(
        "--decodings", type=Path, nargs="*", default=[], help="decodings.json, for thresholds"
    )
    parser.add_argument(
        "--merged", type=Path, nargs="*", default=[], help="merged.json, of merged models"
    )
    parser.add_argument("--submission", required=True, type=Path, help="the file, written")
    parser.add_argument("--provenance", required=True, type=Path, help="provenance.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    wanted = cfg["submission"]["model"]
    model = choose_model(args.leaderboard) if wanted == "best" else wanted
    model_weights = {model: 1.0}
    if wanted == "ensemble":
        model_weights = choose_weights(args.ensemble, cfg["submission"]["ensemble"]["weights"])
    weights = [path for name in model_weights for path in of_model(args.weights, name)]
    predictions = {name: of_model(args.predictions, name) for name in model_weights}
    check_size(weights, cfg["rules"]["max_model_mb"])
    classes = read_classes(args.classes)
    averaged = {name: average_folds(paths) for name, paths in predictions.items()}
    probabilities = average_models(averaged, model_weights)

    catalogs = [read_table(path, CATALOG) for path in args.catalogs]
    thresholds = thresholds_of(cfg["submission"]["decode"], args.decodings, model, len(classes))
    form = form_of(cfg, args.root, classes, thresholds)
    form.write(probabilities, args.submission)
    tell_classes_never_predicted(form, probabilities, classes)
    tell_of_merged(args.merged, list(model_weights))
    sample = form.sample and form.sample.table.path
    provenance = {
        "command": command_told("submission"),
        "submission_sha256": sha256(args.submission),
        "model": model,
        "model_weights": model_weights,
        "weights_sha256": {str(path): sha256(path) for path in weights},
        "model_json_sha256": {
            str(path): sha256(path) for path in (one.with_name("model.json") for one in weights)
        },
        "predictions_sha256": {
            str(path): sha256(path) for paths in predictions.values() for path in paths
        },
        "thresholds": None if thresholds is None else thresholds.tolist(),
        "data_sha256": dict(zip(("train", "test"), map(data_hash, catalogs), strict=True)),
        "sample_sha256": sample and sha256(sample),
        "config": cfg,
        "code": code_hashes(Path(__file__).parent, cfg["models"]),
        "packages": package_versions(),
    }
    write_json(args.provenance, provenance)
    print(f"model {model}, {len(probabilities)} photos: {args.submission}", flush=True)


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


def tell_of_merged(judgements: list[Path], models: list[str]) -> None:
    """Warn where the merged weights of these models are not to be trusted, by their merged.json."""
    for path in judgements:
        if path.parent.name in models:
            warning = json.loads(path.read_text(encoding="utf-8"))["warning"]
            if warning:
                print(f"warning: {path}: {warning}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main)
