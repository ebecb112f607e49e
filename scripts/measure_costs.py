"""Tell what each trained model has cost and what it costs to use: time, size, photos a second.

Reads models/{model}/fold{fold}/: weights.pdparams, model.json and history.parquet; writes
costs.csv, a row a model. The times are of this machine, as it was loaded; no score depends on them.
"""

import argparse
from collections import defaultdict
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import paddle

from zest.contracts import HISTORY, read_table
from zest.engine.model_folder import TrainedModel, read_description
from zest.engine.speed import predictions_per_second
from zest.errors import run
from zest.files import csv_text, write_text


def training_seconds(history: Path) -> float:
    """Return how long a training has learned, validation and reading left out.

    It is summed over the epochs from the speed of each, so it holds for one that was interrupted.
    """
    rows = read_table(history, HISTORY, columns=["photos", "photos_per_second"]).to_pylist()
    return sum(row["photos"] / row["photos_per_second"] for row in rows)


def costs(folders: list[Path], speeds: dict[tuple, float]) -> dict[str, object]:
    """Return the row of a model.

    Args:
        folders: models/{model}/fold{fold} of its folds.
        speeds: photos a second of what was timed already, by architecture and sizes; added to.
    """
    trained = TrainedModel(folders[0])
    size = trained.preprocessing["image_size"]
    architecture = read_description(folders[0])["architecture"]
    kind = (architecture, size, len(trained.classes))
    if kind not in speeds:
        speeds[kind] = predictions_per_second(trained.net, size)
    learnable = [one for one in trained.net.parameters() if not one.stop_gradient]
    seconds = [training_seconds(folder / "history.parquet") for folder in folders]
    return {
        "model": folders[0].parent.name,
        "architecture": architecture,
        "image_size": size,
        "parameters": sum(one.size for one in learnable),
        "megabytes": f"{(folders[0] / 'weights.pdparams').stat().st_size / 1e6:.3f}",
        "training_seconds_per_fold": f"{sum(seconds) / len(seconds):.1f}",
        "photos_per_second": f"{speeds[kind]:.1f}",
        "device": paddle.device.get_device().partition(":")[0],
    }


def main() -> None:
    """Measure all models, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--weights", required=True, type=Path, nargs="+", help="weights.pdparams of all folds"
    )
    parser.add_argument("--table", required=True, type=Path, help="costs.csv, written")
    args = parser.parse_args()

    folders = defaultdict(list)
    for path in args.weights:
        folders[path.parents[1].name].append(path.parent)
    speeds: dict[tuple, float] = {}
    rows = [costs(of_model, speeds) for of_model in folders.values()]
    for row in rows:
        print(
            f"{row['model']}: {row['training_seconds_per_fold']} s of training a fold, "
            f"{row['megabytes']} MB, {row['photos_per_second']} photos/s",
            flush=True,
        )
    write_text(args.table, csv_text(list(rows[0]), (list(row.values()) for row in rows)))


if __name__ == "__main__":
    run(main)
