"""`snakemake explain_leader` explains whichever model leads, and follows its own settings alone."""

import json

from conftest import snakemake
from edits import setting

from dry_run import planned_jobs

JUDGED = {f"evaluate_model {model}" for model in ("lite0", "small", "linear_probe")}
JUDGED |= {"compare_models"}


def test_the_explanation_follows_its_settings_and_nothing_else_follows_them(project):
    assert planned_jobs(project, "explain_leader") == {"explain_leader"}
    done = snakemake(project, "-j2", "explain_leader")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((project / "results/tiny/explanation/shortcuts.json").read_text())
    leaderboard = (project / "results/tiny/leaderboard.csv").read_text().splitlines()
    assert leaderboard[1].startswith(f"1,{told['model']},")
    assert planned_jobs(project, "explain_leader") == set()

    setting("evaluation.top_k", 3)(project)
    assert planned_jobs(project, "explain_leader") == JUDGED | {"explain_leader"}
    setting("evaluation", {"resamples": 200, "gallery": 3})(project)
    assert planned_jobs(project, "explain_leader") == {"explain_leader"}
    assert planned_jobs(project) == set()
