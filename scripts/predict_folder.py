"""Grade a folder of new photos with an exported model.

Reads deploy/{model}/model.onnx, leaderboard.csv where the best model is asked for, and every file
in the folder and its subfolders; writes graded/{name of the folder}/: predictions.parquet,
predictions.csv, problems.csv (each file that cannot be graded, with the reason) and
contact_sheets.html. Killed at any moment, the same command goes on from the chunks that are done.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from deployment.running import open_exported
from grading import tables
from grading.chunks import folder_of_run, grade_in_chunks, read_chunks
from grading.sheets import make_sheets, render
from zest.errors import UserError, run
from zest.files import write_text
from zest.graded_folder import names_in
from zest.leader import best_of
from zest.parallel import settle_process


def main() -> None:
    """Grade what is not graded yet, write the tables and the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: competition, data.max_pixels")
    parser.add_argument("--code", required=True, help="fingerprint of the code")
    parser.add_argument("--source", required=True, help="fingerprint of the photos")
    parser.add_argument("--folder", required=True, type=Path, help="of the photos, absolute")
    parser.add_argument("--models", required=True, type=Path, nargs="+", help="model.onnx")
    parser.add_argument("--leaderboard", type=Path, help="leaderboard.csv, to choose among them")
    parser.add_argument("--threads", type=int, default=1, help="that work at once")
    parser.add_argument("--chunks", required=True, type=Path, help="folder of what is done")
    parser.add_argument("--table", required=True, type=Path, help="predictions.parquet, written")
    parser.add_argument("--csv", required=True, type=Path, help="predictions.csv, written")
    parser.add_argument("--problems", required=True, type=Path, help="problems.csv, written")
    parser.add_argument("--page", required=True, type=Path, help="the contact sheets, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    settle_process()
    path_of = {path.parent.name: path for path in args.models}
    path = path_of[best_of(list(path_of), args.leaderboard)]
    model = open_exported(path)
    print(f"{path} ({model.sha256[:12]}) grades {args.folder}", flush=True)
    names = names_in(args.folder)
    if not names:
        raise UserError(f"{args.folder}: the folder is empty. Put the photos there.")
    kept = folder_of_run(args.chunks, args.code, args.source, model.sha256, args.cfg)
    max_pixels = cfg["data"]["max_pixels"]
    chunks = grade_in_chunks(args.folder, names, model, max_pixels, kept, args.threads)
    rows = read_chunks(chunks)
    graded, problems = tables.graded_rows(rows, model), tables.problem_rows(rows)
    if not graded:
        raise UserError(
            f"{args.folder}: none of its {len(names)} files can be graded; the first is "
            f"{problems[0][0]}: {problems[0][1]}. Name a folder of photos."
        )
    tables.write_parquet(graded, args.table)
    tables.write_csv(graded, model, args.csv)
    tables.write_problems(problems, args.problems)
    sheets = make_sheets(rows, graded, chunks, model)
    told = f"graded by {path} (SHA-256 {model.sha256})"
    write_text(args.page, render(cfg["competition"], args.folder.name, told, sheets, problems))
    shutil.rmtree(args.chunks)
    for sheet in sheets:
        print(f"{sheet.title}: {sheet.photos} photos, {sheet.unsure} of them unsure", flush=True)
    if problems:
        print(
            f"warning: {len(problems)} of {len(names)} files cannot be graded, the first is "
            f"{problems[0][0]}: {problems[0][1]}. All are in {args.problems}.",
            file=sys.stderr,
            flush=True,
        )
    print(f"{len(graded)} photos: {args.csv}", flush=True)


if __name__ == "__main__":
    run(main)
