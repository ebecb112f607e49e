"""Tell of each model how large it is, what it costs and how long it will train.

Reads catalog/classes.csv and trainset/{recipe}/fold{fold}/manifest.parquet of the first trained
fold; writes models/summary.csv, a row a model, and models/{model}/summary.txt, a row a group of
layers. The minutes are an estimate: images of noise are timed on this machine, as it is loaded now.
"""

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import pyarrow.parquet as pq

from zest.classes import read_classes
from zest.engine.group import size_of_group
from zest.engine.speed import images_per_second
from zest.errors import run
from zest.files import csv_text, write_text
from zest.models.complexity import GroupCost, count_costs
from zest.models.groups import LayerGroup, frozen_groups, head_parameters, layer_groups
from zest.models.registry import build
from zest.phases import phases_of

COUNTED = "multiplications of Conv2D and Linear layers for one image, each with an addition"
SECONDS = "seconds"  # what a linear probe takes


@dataclass(frozen=True)
class Summary:
    """What is told of a model.

    Attributes:
        name: of the model.
        architecture: its architecture.
        image_size: width and height of its input, in pixels.
        costs: of its groups of layers, from input to output.
        learnable: values that learn in at least one phase.
        minutes: expected of the training of one fold; None for a linear probe.
        timed: how the minutes were measured, in words.
    """

    name: str
    architecture: str
    image_size: int
    costs: list[GroupCost]
    learnable: int
    minutes: float | None
    timed: str

    @property
    def parameters(self) -> int:
        """Number of values that can learn."""
        return sum(cost.parameters for cost in self.costs)

    @property
    def megabytes(self) -> float:
        """Size of the float32 weights, batch statistics included, in 10^6 bytes."""
        return 4 * sum(cost.parameters + cost.buffers for cost in self.costs) / 1e6

    @property
    def macs(self) -> int:
        """Multiplications for one image."""
        return sum(cost.macs for cost in self.costs)


def summarise(name: str, settings: dict, num_classes: int, rows: int) -> Summary:
    """Build a model, count it and time a few steps of its training.

    Args:
        name: of the model.
        settings: of the model, with `image_size` in pixels.
        num_classes: of the competition.
        rows: of its training set; not used for a linear probe.

    Raises:
        UserError: it cannot be built.
    """
    fresh = {**settings, "pretrained": False, "weights": None}
    net = build(fresh, num_classes, seed=0)
    architecture = settings["architecture"]
    groups = layer_groups(net, head_parameters(net, architecture, num_classes))
    costs = count_costs(net, groups, settings["image_size"])
    if settings["method"] == "linear_probe":
        learnable, minutes, timed = costs[-1].parameters, None, ""
    else:
        phases = phases_of(settings)
        least = min(len(frozen_groups(groups, phase.frozen)) for phase in phases)
        learnable = sum(cost.parameters for cost in costs[least:])
        minutes, timed = expected_minutes(net, groups, settings, rows)
    size = settings["image_size"]
    return Summary(name, architecture, size, costs, learnable, minutes, timed)


def expected_minutes(net, groups: list[LayerGroup], settings: dict, rows: int) -> tuple[float, str]:
    """Return the minutes that the training of one fold takes, and how they were measured.

    One process is timed with its share of a batch; the replicas are taken to run beside each other
    without slowing each other down, as far as there are cores or GPUs.
    """
    replicas = min(size_of_group(settings["replicas"]), os.cpu_count() or 1)
    batch_size = max(1, min(settings["batch_size"], rows) // settings["replicas"])
    seconds, speeds = 0.0, {}
    for phase in phases_of(settings):
        kind = (phase.image_size, phase.frozen)
        if kind not in speeds:
            one = images_per_second(
                net,
                settings["architecture"],
                groups,
                phase,
                batch_size,
                settings["cache_frozen"],
            )
            speeds[kind] = one * replicas
        seconds += rows * phase.epochs / speeds[kind]
    measured = ", ".join(
        f"{speed:.0f} images/s at {size} x {size}" + (f", frozen: {frozen}" if frozen else "")
        for (size, frozen), speed in speeds.items()
    )
    beside = f", {replicas} replicas" if replicas > 1 else ""
    return seconds / 60, f"{rows} rows, {measured}{beside}"


def to_csv(summaries: list[Summary], limit: float | None, models: int) -> str:
    """Return summary.csv.

    Args:
        summaries: of the models.
        limit: rules.max_model_mb, or None.
        models: how many models of one kind are handed in together.
    """
    rows = []
    for one in summaries:
        row = {
            "model": one.name,
            "architecture": one.architecture,
            "image_size": one.image_size,
            "layers": sum(cost.layers for cost in one.costs),
            "groups": len(one.costs),
            "parameters": one.parameters,
            "learnable_parameters": one.learnable,
            "macs": one.macs,
            "megabytes": f"{one.megabytes:.3f}",
            "share_of_limit": "" if limit is None else f"{models * one.megabytes / limit:.3f}",
            "minutes_per_fold": SECONDS if one.minutes is None else f"{one.minutes:.2f}",
        }
        rows.append(row)
    return csv_text(list(rows[0]), (list(row.values()) for row in rows))


def to_text(one: Summary, limit: float | None, models: int) -> str:
    """Return summary.txt: a table of the groups, numbered as `frozen` counts them."""
    lines = [
        f"{one.name}: {one.architecture}, input {one.image_size} x {one.image_size}",
        "",
        f"{'group':>5}  {'name':<24}{'output':>16}{'parameters':>14}{'MACs':>12}",
    ]
    for number, cost in enumerate(one.costs, start=1):
        output = " x ".join(map(str, cost.output))
        lines.append(
            f"{number:>5}  {cost.name:<24}{output:>16}{cost.parameters:>14,}{_short(cost.macs):>12}"
        )
    lines += ["", f"{one.parameters:,} parameters, of which {one.learnable:,} learn"]
    lines.append(f"{_short(one.macs)} MACs ({COUNTED})")
    size = f"{one.megabytes:.2f} MB of float32 weights"
    if limit is not None:
        each = f"{models} models: " if models > 1 else ""
        share = models * one.megabytes / limit
        size += f"; {each}{share:.0%} of the contest's limit of {limit:g} MB"
    lines.append(size)
    if one.minutes is None:
        lines.append("a linear probe: its training takes seconds")
    else:
        lines.append(f"about {one.minutes:.1f} minutes of training per fold ({one.timed})")
    lines.append("`frozen: N` keeps the groups 1 to N as they are")
    return "\n".join(lines) + "\n"


def _short(macs: int) -> str:
    """Write 389_000_000 as 389.0 M."""
    for factor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if macs >= factor:
            return f"{macs / factor:.{2 if unit == 'G' else 1}f} {unit}"
    return str(macs)


def main() -> None:
    """Summarise all models, on the terminal and in files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cfg", required=True, help="JSON: models (settings by name), limit, handed_in"
    )
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument(
        "--manifests",
        nargs="*",
        type=Path,
        default=[],
        help="trainset/{recipe}/fold{fold}/manifest.parquet of each recipe",
    )
    parser.add_argument("--table", required=True, type=Path, help="summary.csv, written")
    parser.add_argument(
        "--texts", required=True, nargs="+", type=Path, help="summary.txt of each model, written"
    )
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    num_classes = len(read_classes(args.classes))
    rows = {path.parts[-3]: pq.read_metadata(path).num_rows for path in args.manifests}
    summaries = []
    for path, (name, settings) in zip(args.texts, cfg["models"].items(), strict=True):
        summaries.append(summarise(name, settings, num_classes, rows.get(settings["recipe"], 0)))
        text = to_text(summaries[-1], cfg["limit"], cfg["handed_in"])
        write_text(path, text)
        print(text, flush=True)
    write_text(args.table, to_csv(summaries, cfg["limit"], cfg["handed_in"]))
    print(f"all models: {args.table}", flush=True)


if __name__ == "__main__":
    run(main)
