"""A training that is killed at any moment goes on from its checkpoint to the very same bytes."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from conftest import copy_of, snakemake
from edits import configured, setting

from zest.config import canonical, validate
from zest.files import sha256

RESULTS = "results/tiny"
KILLS = 20
MODEL = {
    "architecture": "small_cnn",
    "pretrained": False,
    "recipe": "plain",
    "batch_size": 8,
    "warmup_epochs": 0,
    "ema_decay": 0.9,
    "mixup": 0.2,
    "online_operations": [{"horizontal_flip": {}}],
}


def settings(project: Path, **changes) -> str:
    """The --cfg of a training in the tiny competition."""
    config = yaml.safe_load((project / "config/tiny.yaml").read_text())
    config["models"] = {"m": {**MODEL, **changes}}
    model = validate(config)["models"]["m"]
    return canonical({**model, "image_size": 32, "seed": 0, "fit": "crop"})


def start(project: Path, out: Path, cfg: str) -> subprocess.Popen:
    """Start a training that writes into `out`, in a process group of its own."""
    results = project / RESULTS
    command = [
        *(sys.executable, "scripts/train_model.py", "--cfg", cfg, "--name", "m"),
        *("--trainset", results / "trainset/plain/fold0/images.parquet"),
        *("--images", results / "images/32/train.parquet"),
        *("--folds", results / "split/folds.parquet", "--fold", "0"),
        *("--classes", results / "catalog/classes.csv"),
        *("--checkpoints", out / "checkpoints", "--checkpoint-seconds", "0"),
        *("--weights", out / "weights.pdparams", "--model", out / "model.json"),
        *("--history", out / "history.parquet", "--curves", out / "curves.png"),
        *("--visualdl", out / "visualdl"),
    ]
    return subprocess.Popen(
        list(map(str, command)),
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_epochs(process: subprocess.Popen, epochs: int) -> str:
    """Wait for the end of so many epochs, or of the training; return what it said."""
    lines = []
    while epochs and (line := process.stdout.readline()):
        lines.append(line)
        epochs -= "] epoch " in line
    return "".join(lines)


def finish(process: subprocess.Popen) -> str:
    """Wait for the end of a training; return what it said."""
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


@pytest.mark.parametrize("replicas", [1, 2])
def test_killed_at_random_moments_a_training_ends_with_the_same_bytes(project, tmp_path, replicas):
    cfg = settings(project, epochs=80, replicas=replicas)
    started = time.monotonic()
    process = start(project, tmp_path / "whole", cfg)
    read_epochs(process, 1)
    first = time.monotonic() - started
    finish(process)
    epoch = (time.monotonic() - started - first) / 79
    out = tmp_path / "killed"
    rng = random.Random(replicas)
    said = ""
    kills = 0
    while kills < KILLS // 2:
        if (out / "weights.pdparams").exists():  # it was faster than the kill: once more
            assert sha256(out / "weights.pdparams") == sha256(tmp_path / "whole/weights.pdparams")
            shutil.rmtree(out)
        shutil.rmtree(out / "visualdl", ignore_errors=True)  # as Snakemake does
        process = start(project, out, cfg)
        epochs = rng.randrange(8)
        said += read_epochs(process, epochs)
        time.sleep(rng.uniform(0, epoch if epochs else first))
        process.kill()
        said += process.communicate()[0]
        kills += process.returncode == -signal.SIGKILL
    if not (out / "weights.pdparams").exists():
        said += finish(start(project, out, cfg))
    assert said.count("goes on after epoch") >= 3
    assert sha256(out / "weights.pdparams") == sha256(tmp_path / "whole/weights.pdparams")
    assert list((out / "checkpoints").iterdir()) == []


def test_a_changed_setting_never_takes_up_the_checkpoint(project, tmp_path):
    process = start(project, tmp_path, settings(project, epochs=200, replicas=1))
    while not (tmp_path / "checkpoints/state.npz").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    process.kill()
    process.communicate()
    said = finish(start(project, tmp_path, settings(project, epochs=3, replicas=1)))
    assert "goes on after epoch" not in said
    assert "epoch 1/3" in said


def test_the_replicas_of_a_killed_training_do_not_outlive_it(project, tmp_path):
    process = start(project, tmp_path, settings(project, epochs=500, replicas=2))
    while len(children := psutil.Process(process.pid).children()) < 2:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


def start_snakemake(project: Path, *arguments: str) -> subprocess.Popen:
    """Start snakemake in a process group of its own."""
    command = [Path(sys.executable).with_name("snakemake"), "--configfile", "config/tiny.yaml"]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.Popen(
        [*map(str, command), *arguments],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def trained_once(shared_project) -> tuple[Path, str, str]:
    """A project with a long training that is still to be done: weights, and what they must be."""
    project = shared_project
    setting("models.m", {**MODEL, "epochs": 150, "replicas": 1})(project)
    weights = f"{RESULTS}/models/m/fold0/weights.pdparams"
    assert snakemake(project, "-j2", weights).returncode == 0
    configured(lambda config: config["models"].update(n=config["models"].pop("m")))(project)
    return project, weights.replace("/m/", "/n/"), sha256(project / weights)


@pytest.fixture
def trained(trained_once, tmp_path) -> tuple[Path, str, str]:
    """The same, of a copy that a test may change."""
    project, *weights = trained_once
    return copy_of(project, tmp_path), *weights


def wait_for_checkpoint(project: Path, process: subprocess.Popen) -> None:
    """Wait until the training of the model n, started by this process, has a checkpoint."""
    while not (project / RESULTS / "checkpoints/n/fold0/state.npz").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)


def test_snakemake_tries_again_from_the_checkpoint(trained):
    project, weights, expected = trained
    process = start_snakemake(project, "-j2", "--retries", "1", weights)
    wait_for_checkpoint(project, process)
    (training,) = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "scripts/train_model.py" in child.cmdline() and child.name().startswith("python")
    ]
    os.kill(training.pid, signal.SIGKILL)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert "goes on after epoch" in said
    assert sha256(project / weights) == expected
    told = json.loads((project / weights).with_name("model.json").read_text())
    assert told["trained_with"]["epochs"] == 150


def test_after_a_power_cut_the_same_command_goes_on(trained):
    project, weights, expected = trained
    process = start_snakemake(project, "-j2", weights)
    wait_for_checkpoint(project, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert list((project / ".snakemake/locks").glob("*.lock"))
    again = snakemake(project, "-j2", weights)
    assert again.returncode == 0, again.stderr
    assert "goes on after epoch" in again.stdout + again.stderr
    assert sha256(project / weights) == expected


def test_two_runs_at_once_are_still_refused(trained):
    project, weights, _ = trained
    process = start_snakemake(project, "-j2", weights)
    wait_for_checkpoint(project, process)
    second = snakemake(project, "-j2", weights)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert second.returncode != 0
    assert "lock" in (second.stdout + second.stderr).lower()
