"""The proof that a submission is what the recorded models make of the recorded photos."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from submission.averaging import average_folds, average_models
from submission.differences import (
    changed_files,
    changed_photos,
    changed_values,
    compare_rows,
    file_hash,
    read_hashes,
)
from submission.form import form_of
from submission.prediction import (
    Member,
    Photo,
    members_of,
    photos_of,
    predict_members,
)
from zest.classes import classes_of
from zest.contracts import CATALOG, read_table
from zest.engine.model_folder import read_description
from zest.leader import of_model


def verify(
    provenance: dict, now: Mapping, submission: Path, catalog: Path, root: Path, threads: int
) -> dict:
    """Compare a submission with what its provenance leads to.

    The photos are predicted again only where they, the sample file and the weights are as recorded:
    anything else says nothing about the submission.

    Args:
        provenance: provenance.json.
        now: its `config`, `code` and `packages` as they are today.
        submission: the file to hand in.
        catalog: path of the CATALOG table of the test photos.
        root: the competition's folder.
        threads: number of processes.

    Returns:
        What verification.json holds, `verified` (a truth value) and `verdict` (a sentence) first.
    """
    table = read_table(catalog, CATALOG)
    hashes = read_hashes(table, root, threads)
    sources = source_failures(provenance, root, table, hashes)
    failures = [*changed_files({str(submission): provenance["submission_sha256"]}), *sources]
    found: dict = {"predicted_sha256": None}
    if not sources:
        found = predict_and_compare(provenance, submission, photos_of(catalog, root), root, threads)
        failures += row_failures(submission, found)
    return {
        "verified": not failures,
        "verdict": verdict(provenance["model"], len(hashes), failures),
        "failures": failures,
        "warnings": warnings_of(provenance, now),
        "model": provenance["model"],
        "photos": len(hashes),
        "recorded_sha256": provenance["submission_sha256"],
        "handed_in_sha256": file_hash(submission),
        **found,
        "weights_sha256": provenance["weights_sha256"],
        "test_data_sha256": provenance["data_sha256"]["test"],
    }


def source_failures(
    provenance: dict, root: Path, catalog: pa.Table, hashes: list[str | None]
) -> list[str]:
    """Say which weights, photos or other files are not those that the submission was made from.

    Args:
        provenance: of the submission.
        root: the competition's folder.
        catalog: CATALOG table of the test photos.
        hashes: of the files of the photos as they are now.
    """
    recorded = {**provenance["weights_sha256"], **provenance["model_json_sha256"]}
    if provenance["sample_sha256"]:
        sample = root / provenance["config"]["data"]["sample_submission"]
        recorded[str(sample)] = provenance["sample_sha256"]
    photos = changed_photos(catalog, root, hashes, provenance["data_sha256"]["test"])
    return [*changed_files(recorded), *photos]


def warnings_of(provenance: dict, now: Mapping) -> list[str]:
    """Say which code, packages and settings have changed; the bytes say whether it matters."""
    told = []
    if differing := changed_values(provenance["code"], now["code"]):
        told.append(f"the code has changed of {', '.join(differing)}")
    then, today = provenance["packages"], now["packages"]
    told += [
        f"{name} is {today.get(name, 'absent')}, and was {then.get(name, 'absent')}"
        for name in changed_values(then, today)
    ]
    if differing := changed_values(provenance["config"], now["config"]):
        told.append(f"the configuration has changed: {', '.join(differing)}")
    return told


def predict_and_compare(
    provenance: dict, submission: Path, photos: list[Photo], root: Path, threads: int
) -> dict:
    """Predict the photos again, and compare what that writes with a submission.

    Returns:
        `predicted_sha256`; `rows_that_differ` and the `first_difference` (None, or `row` and both
        lines); `largest_difference_of_probabilities` to the stored ones, None without these.

    Raises:
        UserError: a photo cannot be read, or the sample file cannot be filled in.
    """
    members = members_of(provenance)
    probabilities = predict_members(members, photos, threads)
    predicted = predicted_file(provenance, members, root, probabilities)
    count, first = compare_rows(submission.read_bytes(), predicted)
    return {
        "predicted_sha256": hashlib.sha256(predicted).hexdigest(),
        "rows_that_differ": count,
        "first_difference": first and first._asdict(),
        "largest_difference_of_probabilities": largest_difference(
            provenance, members, probabilities
        ),
    }


def predicted_file(
    provenance: dict, members: list[Member], root: Path, probabilities: dict[str, np.ndarray]
) -> bytes:
    """Return the submission that probabilities, float64 (K,), make in the form of a provenance.

    Raises:
        UserError: the sample file cannot be filled in with them.
    """
    described = read_description(members[0].weights[0].parent)
    classes = classes_of(described)
    thresholds = provenance["thresholds"]
    form = form_of(
        provenance["config"], root, classes, None if thresholds is None else np.array(thresholds)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "submission.csv")
        form.write(probabilities, path)
        return path.read_bytes()


def largest_difference(
    provenance: dict, members: list[Member], probabilities: dict[str, np.ndarray]
) -> float | None:
    """Return by how much a probability differs from the stored predictions; None without these."""
    stored = [Path(path) for path in provenance["predictions_sha256"]]
    if changed_files(provenance["predictions_sha256"]):
        return None
    averaged = {one.name: average_folds(of_model(stored, one.name)) for one in members}
    mixed = average_models(averaged, {one.name: one.share for one in members})
    return max(float(np.abs(mixed[name] - row).max()) for name, row in probabilities.items())


def row_failures(submission: Path, found: dict) -> list[str]:
    """Say which row of a submission is not as predicted."""
    first = found["first_difference"]
    if not first:
        return []
    difference = found["largest_difference_of_probabilities"]
    digits = "" if difference is None else f"; probabilities differ by at most {difference:.2g}"
    return [
        f"{submission}, row {first['row']}: {first['handed_in']!r} is handed in, and predicted is "
        f"{first['predicted']!r} ({found['rows_that_differ']} row(s) differ{digits})"
    ]


def verdict(model: str, photos: int, failures: list[str]) -> str:
    """Return the result in a sentence."""
    if not failures:
        return f"Verified: {model} predicts of {photos} photos, byte by byte, what is handed in."
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return f"Not verified: {failures[0]}{more}."
