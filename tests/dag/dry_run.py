"""Which jobs a dry run would execute, found in this process."""

from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)

CHECKSUM_BYTES = 500_000_000  # as profiles/default, which snakemake reads and this does not


FINISHED = (
    "submission",
    "leaderboard",
    "eda_report",
)  # what the finished project has been asked for


def planned_jobs(project: Path, *targets: str, configfile: str = "config/tiny.yaml") -> set[str]:
    """Return the jobs that `snakemake -n TARGETS` would run; without targets, of what is finished.

    A rule with wildcards is named with their values, as in `train_model lite0 0`; rules that only
    collect targets are left out.
    """
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[project / configfile]),
            snakefile=project / "Snakefile",
            workdir=project,
        )
        wanted = set(targets or FINISHED)
        dag = workflow.dag(DAGSettings(targets=wanted, max_checksum_file_size=CHECKSUM_BYTES))
        dag.execute_workflow(executor="dryrun")
        jobs = list(workflow._workflow.dag.needrun_jobs(exclude_finished=False))
        return {_name(job) for job in jobs if job.output}


def _name(job) -> str:
    order = ("model", "trunk", "recipe", "size", "part", "fold", "views")
    values = [job.wildcards_dict[key] for key in order if key in job.wildcards_dict]
    return " ".join([job.rule.name, *values])
