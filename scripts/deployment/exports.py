"""Every export of every model: what it scores, weighs and takes; which are worth having."""

import math
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from deployment.names import INT8, ONNX, PADDLE
from zest.files import csv_text, read_csv, write_text

SCORE_DECIMALS, SIZE_DECIMALS, TIME_DECIMALS = 3, 2, 1  # that people are shown, of score, MB, ms


@dataclass(frozen=True)
class Export:
    """One export of one model, measured.

    Attributes:
        model: its name.
        export: name of the path, of `deployment.names`.
        value: score in the contest's metric on the photos of the gate; NaN where there is none.
        low: lower end of its interval.
        high: upper end.
        max_difference: of a probability, from the training model.
        agreement: share of the photos with the class of the training model, 0 to 1.
        megabytes: of its file.
        p50_ms: median time of a photo through the network.
        p95_ms: of 95 % of them.
        photos_per_second: in batches.
        peak_memory_mb: of its process.
        threads: that it was given.
        leaves: whether it is the one in the bundle of its model.
    """

    model: str
    export: str
    value: float
    low: float
    high: float
    max_difference: float
    agreement: float
    megabytes: float
    p50_ms: float
    p95_ms: float
    photos_per_second: float
    peak_memory_mb: float
    threads: int
    leaves: bool


def exports_of(model: str, parity: dict, speed: dict) -> list[Export]:
    """Join parity.json and speed.json of a model."""
    paths = {path["path"]: path for path in parity["paths"]}
    found = []
    for cost in speed["exports"]:
        path = paths[cost["export"]]
        score = path["score"] if parity["is_scored"] else dict.fromkeys(("value", "low", "high"))
        ends = {
            key: math.nan if score[key] is None else score[key] for key in ("value", "low", "high")
        }
        shared = ("megabytes", "p50_ms", "p95_ms", "photos_per_second", "peak_memory_mb", "leaves")
        found.append(
            Export(
                model=model,
                export=cost["export"],
                **ends,
                max_difference=path["max_difference"],
                agreement=path["agreement"],
                threads=speed["threads"],
                **{key: cost[key] for key in shared},
            )
        )
    return found


def write_exports(path: Path, exports: list[Export]) -> None:
    """Write deploy/exports.csv: a row of each export, a column of each attribute."""
    columns = [field.name for field in fields(Export)]
    write_text(path, csv_text(columns, (astuple(one) for one in exports)))


def read_exports(path: Path) -> list[Export]:
    """Read what `write_exports` wrote."""

    def value(kind: type, text: str) -> object:
        return text == str(True) if kind is bool else kind(text)

    return [
        Export(**{field.name: value(field.type, row[field.name]) for field in fields(Export)})
        for row in read_csv(path)
    ]


def frontier(exports: list[Export], lower_is_better: bool) -> list[Export]:
    """Return the exports that no other one beats or equals in score, size and time at once.

    What is shown alike is alike: a few bytes make no choice. Of exports without a score, size and
    time count alone.
    """

    def costs(one: Export) -> tuple[float, float, float]:
        score = 0.0 if math.isnan(one.value) else round(one.value, SCORE_DECIMALS)
        megabytes, ms = round(one.megabytes, SIZE_DECIMALS), round(one.p50_ms, TIME_DECIMALS)
        return (score if lower_is_better else -score, megabytes, ms)

    def beaten(one: Export, other: Export) -> bool:
        pairs = list(zip(costs(other), costs(one), strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    return [one for one in exports if not any(beaten(one, other) for other in exports)]


def short_name(one: Export) -> str:
    """Return how an export is named in a chart."""
    kinds = {PADDLE: "Paddle", ONNX: "float", INT8: "INT8"}
    return f"{one.model} {kinds[one.export]}"
