"""Hand in for the second stage of a contest: other photos, the very models of the submission.

Reads submission/provenance.json, the weights that it names, a catalog of the new photos, the photos
themselves and the second stage's sample file; writes second_stage/submission.csv in the shape of
that file, and second_stage/provenance.json, which holds the hashes of both stages. Photos are read,
predicted, averaged and decided on as for the submission; models that have changed since then are
refused, and other code, packages or settings are told as warnings.
"""

import argparse
import json
import sys
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import numpy as np

from submission.differences import changed_files
from submission.form import form_of
from submission.prediction import members_of, photos_of, predict_members
from submission.recorded import read_provenance, remedy
from submission.verification import warnings_of
from zest.classes import classes_of
from zest.command import command_told
from zest.contracts import CATALOG, read_table
from zest.engine.model_folder import read_description
from zest.errors import UserError, run
from zest.files import sha256, write_json
from zest.provenance import code_hashes, data_hash, package_versions


def check_models(provenance: dict) -> None:
    """Refuse models that are not those of the submission.

    Raises:
        UserError: names the first file that has changed or is missing.
    """
    changed = changed_files({**provenance["weights_sha256"], **provenance["model_json_sha256"]})
    if changed:
        raise UserError(
            f"{changed[0]}: these are not the models of the submission. Put its files back, or "
            "make the submission again."
        )


def main() -> None:
    """Check the first stage, predict the new photos, write what is handed in and its provenance."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cfg", required=True, help="JSON: config (of the first stage, as it is now), second_stage"
    )
    parser.add_argument(
        "--first", required=True, type=Path, help="provenance.json of the submission"
    )
    parser.add_argument("--catalog", required=True, type=Path, help="catalog of the new photos")
    parser.add_argument(
        "--root", required=True, type=Path, help="the folder that the catalog's paths start from"
    )
    parser.add_argument("--threads", type=int, default=1, help="number of processes")
    parser.add_argument("--submission", required=True, type=Path, help="the file, written")
    parser.add_argument("--provenance", required=True, type=Path, help="provenance.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    for path in (args.first, args.catalog):
        if not path.is_file():
            raise UserError(f"{path}: there is no such file. Make it first: {remedy()}")
    first = read_provenance(args.first)
    check_models(first)
    now = {
        "config": cfg["config"],
        "code": code_hashes(Path(__file__).parent, first["config"]["models"]),
        "packages": package_versions(),
    }
    for warning in warnings_of(first, now):
        print(f"warning: {warning}", file=sys.stderr, flush=True)

    stage, handed_in = cfg["second_stage"], first["config"]["submission"]
    shape = {
        "data": {**first["config"]["data"], **stage},
        "submission": {**handed_in, "values": stage["values"]},
    }
    members, photos = members_of(first), photos_of(args.catalog, args.root)
    thresholds = None if first["thresholds"] is None else np.array(first["thresholds"])
    classes = classes_of(read_description(members[0].weights[0].parent))
    try:
        form = form_of(shape, args.root, classes, thresholds)
    except UserError as error:
        raise UserError(
            f"{error} (For a second stage these keys stand under second_stage.)"
        ) from error
    form.write(predict_members(members, photos, args.threads), args.submission)
    write_json(
        args.provenance,
        {
            "command": command_told("second_stage"),
            "submission_sha256": sha256(args.submission),
            "first_stage": {
                "submission_sha256": first["submission_sha256"],
                "provenance_sha256": sha256(args.first),
            },
            **{key: first[key] for key in ("model", "model_weights", "thresholds")},
            **{key: first[key] for key in ("weights_sha256", "model_json_sha256")},
            "data_sha256": data_hash(read_table(args.catalog, CATALOG)),
            "sample_sha256": form.sample and sha256(form.sample.table.path),
            "second_stage": stage,
            **now,
            "config": first["config"],  # which the models and the form are of
        },
    )
    print(f"model {first['model']}, {len(photos)} photos: {args.submission}", flush=True)


if __name__ == "__main__":
    run(main)
