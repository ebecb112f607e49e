"""The command in a provenance: typed again, it makes the same configuration."""

import shlex
from pathlib import Path

import pytest
from snakemake.cli import parse_config

from zest.command import VARIABLE, command_told, options_of

HOME = Path("user/zest").absolute()


def test_configuration_files_are_told_relative_to_where_snakemake_runs():
    assert options_of([], {}, HOME) == ""
    files = [HOME / "config/lemon.yaml", HOME.parent / "my own.yaml"]
    told = options_of(files, {}, HOME)
    assert told == "--configfile config/lemon.yaml '../my own.yaml'"


def test_a_folder_of_new_photos_is_no_part_of_it():
    assert options_of([], {"folder": "new"}, HOME) == ""
    told = options_of([], {"folder": "new", "seed": 3}, HOME)
    assert told == "--config seed=3"


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
    flag, again = shlex.split(options_of([], first, HOME))
    assert flag == "--config"
    assert parse_config([again]) == first


def test_a_stage_that_is_run_by_hand_knows_of_no_command(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert command_told("deploy") is None
    monkeypatch.setenv(VARIABLE, "")
    assert command_told("deploy") == "snakemake deploy"
    monkeypatch.setenv(VARIABLE, "--config seed=3")
    assert command_told("deploy") == "snakemake deploy --config seed=3"
