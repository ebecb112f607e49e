"""Which model leads those that may be taken."""

from pathlib import Path

import pytest

from zest.errors import UserError
from zest.leader import best_of


@pytest.fixture
def leaderboard(tmp_path) -> Path:
    path = tmp_path / "leaderboard.csv"
    path.write_text("rank,model\n1,a\n2,large\n3,small\n")
    return path


def test_the_best_of_the_candidates_is_taken_and_the_leader_is_named(leaderboard, capsys):
    assert best_of(["small", "large"], leaderboard) == "large"
    assert "a leads, but is not deployed (deploy.models); large is the next" in (
        capsys.readouterr().out
    )
    assert best_of(["small", "a"], leaderboard) == "a"
    assert not capsys.readouterr().out


def test_a_single_candidate_needs_no_leaderboard():
    assert best_of(["small"], None) == "small"


def test_candidates_that_were_never_ranked_are_refused(leaderboard):
    with pytest.raises(UserError, match=r"none of other stands there\. .*deploy\.models"):
        best_of(["other"], leaderboard)
