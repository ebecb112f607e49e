"""Predict other photos with the models of a submission, as for the second stage of a contest.

Reads submission/provenance.json, the weights that it names, a catalog of photos and the photos
themselves; writes a CSV file of probabilities: a row for each photo, a column for each class, named
by its class_num. Photos are read, predicted and averaged as for the submission; weights that have
changed since then are refused.
"""

import argparse
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

from submission.differences import changed_files
from submission.prediction import members_of, photos_of, predict_members
from submission.recorded import read_provenance
from zest.engine.model_folder import read_description
from zest.errors import UserError, run
from zest.files import csv_text, write_text


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
    """Read the provenance, predict the photos, write their probabilities."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--provenance", required=True, type=Path, help="provenance.json of the submission"
    )
    parser.add_argument("--catalog", required=True, type=Path, help="test.parquet of the photos")
    parser.add_argument(
        "--root", required=True, type=Path, help="the folder that the catalog's paths start from"
    )
    parser.add_argument("--threads", type=int, default=1, help="number of processes")
    parser.add_argument("--out", required=True, type=Path, help="CSV of probabilities, written")
    args = parser.parse_args()

    for path in (args.provenance, args.catalog):
        if not path.is_file():
            raise UserError(f"{path}: there is no such file. Correct the path.")
    provenance = read_provenance(args.provenance)
    check_models(provenance)
    members, photos = members_of(provenance), photos_of(args.catalog, args.root)
    classes = read_description(members[0].weights[0].parent)["classes"]
    header = ["id", *(one["class_num"] for one in classes)]
    found = predict_members(members, photos, args.threads)
    rows = ([image_id, *row.tolist()] for image_id, row in found.items())
    write_text(args.out, csv_text(header, rows))
    print(f"model {provenance['model']}, {len(found)} photos: {args.out}", flush=True)


if __name__ == "__main__":
    run(main)
