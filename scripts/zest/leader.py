"""The model that leads, and its files among those of all models."""

from pathlib import Path

from zest.files import read_csv


def choose_model(leaderboard: Path) -> str:
    """Return the name of the leader: the first row of leaderboard.csv."""
    return read_csv(leaderboard)[0]["model"]


def of_model(paths: list[Path], model: str) -> list[Path]:
    """Return the paths {...}/{model}/fold{fold}/{file} of one model; views lie a folder deeper."""

    def folder(path: Path) -> Path:
        return next(parent for parent in path.parents if parent.name.startswith("fold")).parent

    return [path for path in paths if folder(path).name == model]
