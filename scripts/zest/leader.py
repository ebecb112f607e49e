"""The model that leads, and its files among those of all models."""

from pathlib import Path

from zest.errors import UserError
from zest.files import read_csv


def choose_model(leaderboard: Path) -> str:
    """Return the name of the leader: the first row of leaderboard.csv."""
    return read_csv(leaderboard)[0]["model"]


def best_of(candidates: list[str], leaderboard: Path | None) -> str:
    """Return the only candidate, or the one that leads the others.

    Args:
        candidates: names of models.
        leaderboard: leaderboard.csv, the best model first; None where there is one candidate.

    Raises:
        UserError: none of several candidates stands in the leaderboard.
    """
    if leaderboard is None:
        return candidates[0]
    ranked = [row["model"] for row in read_csv(leaderboard)]
    found = next((name for name in ranked if name in candidates), None)
    if found is None:
        raise UserError(
            f"{leaderboard}: none of {', '.join(candidates)} stands there. Name models of the "
            "leaderboard under deploy.models."
        )
    if found != ranked[0]:
        print(f"{ranked[0]} leads, but is not deployed (deploy.models); {found} is the next")
    return found


def of_model(paths: list[Path], model: str) -> list[Path]:
    """Return the paths {...}/{model}/fold{fold}/{file} of one model; views lie a folder deeper."""

    def folder(path: Path) -> Path:
        return next(parent for parent in path.parents if parent.name.startswith("fold")).parent

    return [path for path in paths if folder(path).name == model]
