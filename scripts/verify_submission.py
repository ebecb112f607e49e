"""Prove that the file to hand in is what the recorded model makes of the test photos.

Reads submission/submission.csv and provenance.json, catalog/test.parquet, the weights and the
photos themselves. The files and photos must be the recorded ones; then the photos are predicted
again from their files, and what would be written is compared with what is handed in, byte by byte.
Writes submission/verification.json; ends with exit code 1 where it is not proved. Other code,
packages or settings than the recorded ones are told as warnings: the bytes say if they matter.
"""

import argparse
import json
import sys
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

from submission.recorded import read_provenance, remedy
from submission.verification import verify
from zest.errors import UserError, run
from zest.files import write_json
from zest.provenance import code_hashes, package_versions


def main() -> None:
    """Verify the submission; write and tell the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: the configuration as it is now")
    parser.add_argument("--root", required=True, type=Path, help="the competition's folder")
    parser.add_argument("--submission", required=True, type=Path, help="submission.csv")
    parser.add_argument("--provenance", required=True, type=Path, help="provenance.json")
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/test.parquet")
    parser.add_argument("--threads", required=True, type=int, help="number of processes")
    parser.add_argument("--out", required=True, type=Path, help="verification.json, written")
    args = parser.parse_args()

    args.out.unlink(missing_ok=True)  # a verdict on an earlier file must not be taken for this one
    for path in (args.submission, args.provenance, args.catalog):
        if not path.is_file():
            raise UserError(f"{path}: there is no such file. Make it first: {remedy()}")
    provenance = read_provenance(args.provenance)
    now = {
        "config": json.loads(args.cfg),
        "code": code_hashes(Path(__file__).parent, provenance["config"]["models"]),
        "packages": package_versions(),
    }
    told = verify(provenance, now, args.submission, args.catalog, args.root, args.threads)
    write_json(args.out, told)
    for warning in told["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    for failure in told["failures"]:
        print(f"error: {failure}", file=sys.stderr)
    print(f"{told['verdict']} {args.out}", flush=True)
    if not told["verified"]:
        raise SystemExit(1)


if __name__ == "__main__":
    run(main)
