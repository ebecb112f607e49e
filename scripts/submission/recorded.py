"""What provenance.json records of a submission."""

import json
from pathlib import Path

from zest.command import command_told
from zest.errors import UserError

KEYS = {
    "submission_sha256",
    "model",
    "model_weights",
    "weights_sha256",
    "model_json_sha256",
    "predictions_sha256",
    "thresholds",
    "data_sha256",
    "sample_sha256",
    "config",
    "code",
    "packages",
}


def read_provenance(path: Path) -> dict:
    """Read a provenance.json.

    Raises:
        UserError: it is not JSON, or lacks what a verification needs.
    """
    try:
        provenance = json.loads(path.read_text(encoding="utf-8"))
        missing = KEYS - provenance.keys()
    except (ValueError, AttributeError) as error:
        raise UserError(
            f"{path}: it is not the JSON that Zest wrote ({error}). Delete it and run: {remedy()}"
        ) from error
    if missing:
        raise UserError(
            f"{path}: it has no {', '.join(sorted(missing))}: another version of Zest wrote it. "
            f"Run: {remedy()}"
        )
    return provenance


def remedy() -> str:
    """Return the command that makes the submission."""
    return command_told("submission") or "snakemake submission"
