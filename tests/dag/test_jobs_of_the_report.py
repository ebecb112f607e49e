"""The report follows all that it tells of, and nothing follows the report."""

from conftest import snakemake
from edits import appended, setting

from dry_run import planned_jobs

ASKED = ("measure_costs", "explain_leader", "fit_ensemble", "write_report")
BALANCING = {"model": "small", "key": "copies", "values": [1, 2]}


def test_without_a_target_the_report_is_made_too(project):
    assert planned_jobs(project, "all") == {*ASKED}


def test_with_the_exports_in_it_what_is_not_deployed_yet_is_deployed_for_it(project):
    setting("deploy", {"models": ["small"], "int8": False, "in_report": True})(project)
    planned = planned_jobs(project, "report_html")
    assert {"write_report", "write_deployment_page", "check_parity small"} <= planned
    assert not any(job.endswith((" lite0", " linear_probe")) for job in planned)


def test_the_report_is_made_anew_only_for_what_it_tells_of(project):
    done = snakemake(project, "-j2", "report_html")
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned_jobs(project, "all") == set()

    appended("scripts/report/templates/report.css", "\n")(project)
    assert planned_jobs(project, "report_html") == {"write_report"}
    setting("eda.samples_per_class", 3)(project)
    assert planned_jobs(project, "report_html") == {"write_report", "eda_report"}
    setting("evaluation", {"resamples": 200, "gallery": 3})(project)
    assert "explain_leader" in planned_jobs(project, "report_html")
    assert planned_jobs(project, "submission") == set()


def test_without_ablations_their_target_says_what_to_write(project):
    done = snakemake(project, "-n", "ablations")
    assert done.returncode == 2
    assert "error: there are no ablations in the configuration" in done.stderr


def test_an_ablation_trains_what_is_new_and_is_judged(project):
    setting("recipes.plain.operations", [{"rotate": {}}])(project)
    setting("ablations.copies", BALANCING)(project)
    done = snakemake(project, "-j2", "results/tiny/trainset/plain/fold0/images.parquet")
    assert done.returncode == 0, done.stdout + done.stderr
    planned = planned_jobs(project, "ablations")
    assert "judge_ablation" in {job.split()[0] for job in planned}
    assert "train_model copies-copies=2-seed=0 0" in planned
    assert "balance_fold copies-copies=2 0" in planned
    assert "train_model copies-copies=1-seed=0 0" not in planned  # as the model has it anyway
