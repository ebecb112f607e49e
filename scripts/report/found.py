"""What the stages before have found, as the report needs it; all of it of the leading model."""

import json
from dataclasses import dataclass
from pathlib import Path

from deployment.exports import Export, read_exports
from leaderboard.ranking import read_summary
from zest.classes import ClassInfo, read_classes
from zest.contracts import HEAT_MAPS, HISTORY, MEASURES, read_table
from zest.files import read_csv
from zest.metrics import TITLES
from zest.paired import OutOfFold, read_out_of_fold


@dataclass(frozen=True)
class Found:
    """What the sections are made of; what a stage could not say is None or empty.

    Attributes:
        cfg: competition, rules, submission, folds, train_folds, models, and as `written` what
            differs of these from the defaults.
        classes: in the order of their labels.
        ranked: scores.json of all models, the leader first.
        behind: how far each other lies behind the leader, as of zest.paired.Difference.
        sentences: what the ranking means.
        predictions: out-of-fold predictions of the leader.
        per_class: rows of per_class.csv of the leader, in the order of the labels.
        costs: rows of costs.csv by model.
        histories: rows of HISTORY of each fold of the leader.
        calibration: calibration.json of the leader.
        decodings: decodings.json of the leader.
        heat_maps: rows of HEAT_MAPS, its mistakes first.
        shortcuts: shortcuts.json.
        ablations: the verdicts, each a ablations/{ablation}.json.
        ensemble: ensemble.json.
        tta: tta.json of the leader.
        exports: of the deployed models, where `deploy.in_report` asks for them.
        measures: catalog/train_measures.parquet, for small pictures.
    """

    cfg: dict
    classes: list[ClassInfo]
    ranked: list[dict]
    behind: list[dict]
    sentences: list[str]
    predictions: OutOfFold
    per_class: list[dict[str, str]]
    costs: dict[str, dict[str, str]]
    histories: list[list[dict]]
    calibration: dict | None
    decodings: dict | None
    heat_maps: list[dict]
    shortcuts: dict
    ablations: list[dict]
    ensemble: dict | None
    tta: dict | None
    exports: list[Export]
    measures: Path

    @property
    def leader(self) -> str:
        """Name of the leading model."""
        return self.ranked[0]["model"]

    @property
    def metric(self) -> str:
        """The contest's metric."""
        return self.cfg["rules"]["metric"]

    @property
    def title(self) -> str:
        """What people call the contest's metric."""
        return TITLES[self.metric]

    @property
    def near(self) -> list[str]:
        """Names of the models that cannot be told from the leader."""
        others = zip(self.ranked[1:], self.behind, strict=True)
        return [
            one["model"] for one, gap in others if gap["value"] is not None and not gap["is_sure"]
        ]

    @property
    def score(self) -> dict:
        """The leader's score by the contest's metric: value, low, high, n."""
        return self.ranked[0]["scores"][self.metric]


@dataclass(frozen=True)
class Sources:
    """The files that the report reads; lists have one of each model, or of each fold of each."""

    classes: Path
    comparisons: Path
    costs: Path
    measures: Path
    heat_maps: Path
    shortcuts: Path
    scores: list[Path]
    out_of_fold: list[Path]
    per_class: list[Path]
    histories: list[Path]
    calibrations: list[Path]
    decodings: list[Path]
    tta: list[Path]
    ablations: list[Path]
    ensemble: Path | None
    exports: Path | None


def read_found(cfg: dict, files: Sources) -> Found:
    """Read what the sections need.

    Raises:
        UserError: a table is missing or has other columns.
    """
    compared = _json(files.comparisons)
    leader = compared["models"][0]

    def of_leader(paths: list[Path]) -> Path:
        return next(path for path in paths if path.parent.name == leader)

    summaries = {path.parent.name: path for path in files.scores}
    histories = [path for path in files.histories if path.parents[1].name == leader]
    return Found(
        cfg=cfg,
        classes=read_classes(files.classes),
        ranked=[read_summary(summaries[name]) for name in compared["models"]],
        behind=compared["behind"],
        sentences=compared["sentences"],
        predictions=read_out_of_fold(of_leader(files.out_of_fold)),
        per_class=read_csv(of_leader(files.per_class)),
        costs={row["model"]: row for row in read_csv(files.costs)},
        histories=[read_table(path, HISTORY).to_pylist() for path in histories],
        calibration=_json(of_leader(files.calibrations)),
        decodings=_json(of_leader(files.decodings)),
        heat_maps=read_table(files.heat_maps, HEAT_MAPS).to_pylist(),
        shortcuts=_json(files.shortcuts),
        ablations=[_json(path) for path in files.ablations],
        ensemble=_json(files.ensemble) if files.ensemble else None,
        tta=_json(of_leader(files.tta)) if files.tta else None,
        exports=read_exports(files.exports) if files.exports else [],
        measures=files.measures,
    )


def rows_of_photos(measures: Path) -> dict[str, int]:
    """Return the row of each photo in catalog/train_measures.parquet."""
    ids = read_table(measures, MEASURES, columns=["image_id"])["image_id"].to_pylist()
    return {image_id: row for row, image_id in enumerate(ids)}


def _json(path: Path):
    return json.loads(path.read_text(encoding="utf-8"))
