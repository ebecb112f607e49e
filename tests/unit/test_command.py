"""The command in a provenance: typed again, it makes the same configuration."""

import shlex
from pathlib import Path

import pytest
from snakemake.cli import parse_config

from zest.command import VARIABLE, command_told, submission_command

HOME = Path("user/zest").absolute()


def test_configuration_files_are_told_relative_to_where_snakemake_runs():
    assert submission_command([], {}, HOME) == "snakemake submission"
    files = [HOME / "config/lemon.yaml", HOME.parent / "my own.yaml"]
    told = submission_command(files, {}, HOME)
    assert told == "snakemake submission --configfile config/lemon.yaml '../my own.yaml'"


def test_a_folder_of_new_photos_is_no_part_of_it():
    assert submission_command([], {"folder": "new"}, HOME) == "snakemake submission"
    told = submission_command([], {"folder": "new", "seed": 3}, HOME)
    assert told == "snakemake submission --config seed=3"


@pytest.mark.parametrize(
    "given",
    [
        "seed=3",
        "share=1e-05",
        "competition=two words",
        "environment=gpu",
        "name='it is $HOME'",
        "name=grün",
        "baseline=True",
        "root=",
        "split={folds: 4, train_folds: [0, 1]}",
        'models={"a b": {"weights": "x \'y\'.pdparams"}}',
    ],
)
def test_what_snakemake_reads_of_it_is_what_it_read_at_first(given):
    first = parse_config([given])
    *_, flag, again = shlex.split(submission_command([], first, HOME))
    assert flag == "--config"
    assert parse_config([again]) == first


def test_a_stage_that_is_run_by_hand_knows_of_no_command(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert command_told() is None
    monkeypatch.setenv(VARIABLE, "snakemake submission")
    assert command_told() == "snakemake submission"
