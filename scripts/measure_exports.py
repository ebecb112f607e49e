"""Measure what the exports of a model cost in use, and hold them against the budgets.

Reads the exports under deploy/{model}/ and some of the labelled photos; writes
deploy/{model}/speed.json: size, time of a photo with its spread, photos a second and peak memory of
each export. The one that leaves is refused where it breaks a budget. The times are of this machine,
as it was loaded.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from deployment.names import INT8, ONNX, PADDLE
from deployment.photos import readable_files
from deployment.speed import Speed, measure
from zest.contracts import CATALOG, read_table
from zest.errors import UserError, run
from zest.files import write_json

MOST_FILES = 16  # photos, for the time from file to grade


def budget_faults(kind: str, megabytes: float, speed: Speed, threads: int, rules: dict) -> list:
    """Return which budgets an export breaks, each in a sentence.

    Args:
        kind: name of the export.
        megabytes: of its file.
        speed: as measured.
        threads: that it was measured on.
        rules: max_model_mb and max_latency_ms, each a number or None.
    """
    faults = []
    limit = rules["max_model_mb"]
    if limit is not None and megabytes > limit:
        faults.append(f"{kind} takes {megabytes:.2f} MB, more than rules.max_model_mb ({limit:g})")
    limit = rules["max_latency_ms"]
    if limit is not None and speed.file_p95_ms is not None and speed.file_p95_ms > limit:
        faults.append(
            f"{kind} needs {speed.file_p95_ms:.1f} ms from file to grade (95 % of the photos, "
            f"{threads} threads of this machine), more than rules.max_latency_ms ({limit:g})"
        )
    return faults


def main() -> None:
    """Measure each export, write the table, refuse a broken budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: rules, deploy")
    parser.add_argument("--programs", required=True, type=Path, help="folder of Paddle's programs")
    parser.add_argument("--model", required=True, type=Path, help="model.onnx")
    parser.add_argument("--int8", type=Path, help="model_int8.onnx, where there is one")
    parser.add_argument("--size", required=True, type=int, help="of the model's images, in pixels")
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/train.parquet")
    parser.add_argument(
        "--root", required=True, type=Path, help="the folder that the catalog's paths start from"
    )
    parser.add_argument("--out", required=True, type=Path, help="speed.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)
    threads, leaving = cfg["deploy"]["threads"], cfg["deploy"]["precision"]

    paths = read_table(args.catalog, CATALOG, columns=["path"])["path"].to_pylist()
    spread = paths[:: max(1, len(paths) // MOST_FILES)]  # classes may stand one after the other
    files = readable_files((args.root / path for path in spread), MOST_FILES)
    exports = [(PADDLE, "paddle", args.programs), (ONNX, "onnx", args.model)]
    if args.int8:
        exports.append((INT8, "onnx", args.int8))
    found, faults = [], []
    for name, kind, path in exports:
        speed = measure(kind, path, args.size, threads, files)
        megabytes = size_of(path) / 1e6
        is_leaving = name == (INT8 if leaving == "int8" else ONNX)
        broken = budget_faults(name, megabytes, speed, threads, cfg["rules"])
        faults += broken if is_leaving else []
        found.append(
            {
                "export": name,
                "leaves": is_leaving,
                "within_budget": not broken,
                "megabytes": megabytes,
                **asdict(speed),
            }
        )
        print(
            f"{name}: {megabytes:.2f} MB, {speed.p50_ms:.1f} ms a photo (95 %: "
            f"{speed.p95_ms:.1f}), {speed.photos_per_second:.0f} photos/s in batches, "
            f"{speed.peak_memory_mb:.0f} MB of memory",
            flush=True,
        )
    if faults:
        could_leave = [one for one in found if one["export"] in (ONNX, INT8)]
        others = [one["export"] for one in could_leave if one["within_budget"]]
        hint = f"Within the budgets: {', '.join(others)}." if others else "No export is."
        raise UserError(
            f"{'; '.join(faults)}. {hint} Set deploy.precision, a smaller models.*.image_size or "
            "a smaller architecture, or raise the budget."
        )
    write_json(args.out, {"threads": threads, "exports": found})


def size_of(path: Path) -> int:
    """Return the bytes of an export: of a file, or of the newer program with its weights."""
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.iterdir() if one.suffix != ".pdmodel")


if __name__ == "__main__":
    run(main)
