"""A small competition that was run once to its submission; tests work on copies of it."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas  # noqa: F401 - before a dry run in this process hides it, see rules/common.smk
import pytest
import yaml

from zest.runtime import SETTINGS

os.environ.update(SETTINGS)  # before a test imports paddle: as in the stages that use it

PROJECT = Path(__file__).parents[1]
TARGETS = ("submission", "leaderboard", "eda_report")
PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "envs")

# Two models on two recipes of tiny images: enough for every rule to run.
TINY = {
    "competition": "tiny",
    "data": {"root": "photos", "classes": "classes.csv"},
    "split": {"folds": 4, "train_folds": [0]},
    "recipes": {
        "plain": {"image_size": 32, "balance": "none", "copies": 1, "operations": []},
        "turned": {"image_size": 48, "copies": 2, "operations": [{"rotate": {}}]},
    },
    "models": {
        "lite0": {
            "architecture": "efficientnet_lite0",
            "recipe": "turned",
            "epochs": 1,
            "batch_size": 16,
            "warmup_epochs": 0,
        },
        "small": {
            "architecture": "mobilenet_v3_small",
            "pretrained": False,
            "recipe": "plain",
            "epochs": 2,
            "batch_size": 16,
            "replicas": 1,
            "warmup_epochs": 0,
        },
    },
    "evaluation": {"resamples": 200},
}
DEMO = (
    '{"seed":0,"train_photos":48,"test_photos":10,"size":64,"background_shortcut":false,'
    '"label_noise":0.03,"near_duplicates":1}'
)


def copy_project(folder: Path) -> Path:
    """Copy what a user has cloned, without results."""
    folder.mkdir(parents=True)
    for part in PARTS:
        source = PROJECT / part
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / part, ignore=ignore)
        else:
            shutil.copy2(source, folder / part)
    return folder


def run(project: Path, *command: str) -> subprocess.CompletedProcess:
    """Run a command in a project, with the Python of the tests first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def snakemake(project: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run snakemake as a user types it, on the tiny competition."""
    return run(project, "snakemake", "--configfile", "config/tiny.yaml", *arguments)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A project whose tiny competition was run to its submission; copy it before you change it."""
    project = copy_project(tmp_path_factory.mktemp("finished") / "zest")
    (project / "config/tiny.yaml").write_text(yaml.safe_dump(TINY, sort_keys=False))
    made = run(
        project,
        *("python", "scripts/make_demo_data.py", "--cfg", DEMO),
        *("--threads", "2", "--out", "photos"),
    )
    assert made.returncode == 0, made.stderr
    done = snakemake(project, "-j4", *TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of the finished project, with the times of all files, that a test may change."""
    return copy_of(finished, tmp_path)


@pytest.fixture(scope="module")
def shared_project(finished, tmp_path_factory) -> Path:
    """A copy of the finished project that the tests of a file share."""
    return copy_of(finished, tmp_path_factory.mktemp("shared"))


def copy_of(finished: Path, folder: Path) -> Path:
    """Copy the finished project into a folder, with the times of all files."""
    return Path(shutil.copytree(finished, folder / "zest", symlinks=True))


@pytest.fixture(scope="session")
def submitted(tmp_path_factory) -> Path:
    """A tiny competition of two trained folds, run in this process to its submission."""
    from submitted_folder import submit  # imports paddle

    folder = tmp_path_factory.mktemp("submitted")
    with contextlib.chdir(folder):
        submit()
    return folder


@pytest.fixture
def in_submitted(submitted, tmp_path, monkeypatch) -> None:
    """Make a copy of that competition the present folder."""
    monkeypatch.chdir(shutil.copytree(submitted, tmp_path / "copy"))


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Path:
    """A small network in a trained model's folder, exported to deploy/small/, with photos."""
    from exported_folder import export, score  # imports paddle

    folder = tmp_path_factory.mktemp("exported")
    with contextlib.chdir(folder):
        export()
        score()
    return folder


@pytest.fixture
def in_exported(exported, tmp_path, monkeypatch) -> None:
    """Make a copy of that folder the present one."""
    monkeypatch.chdir(shutil.copytree(exported, tmp_path / "copy"))


@pytest.fixture(scope="session")
def exported_model(tmp_path_factory) -> Path:
    """The path of model.onnx of a tiny network, exported as the workflow exports one."""
    from exported_tiny import export_tiny  # imports paddle

    return export_tiny(tmp_path_factory.mktemp("exported_model"))
