"""Where a result comes from: data, code, weights and packages, each by a hash or a version."""

import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from zest.fingerprint import CodeBase
from zest.models.custom import source_digest
from zest.models.table import WEIGHT_PACKAGES

_PACKAGES = (
    "matplotlib",
    "numpy",
    "opencv-python-headless",
    "paddlepaddle",
    "paddlepaddle-gpu",
    "pandas",
    "pillow",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "snakemake",
    "visualdl",
    *WEIGHT_PACKAGES,
)


def data_hash(catalog: pa.Table) -> str:
    """Return the SHA-256 over id, label and content hash of every photo of a CATALOG table."""
    digest = hashlib.sha256()
    columns = (catalog[name].to_pylist() for name in ("image_id", "label", "sha256"))
    for row in zip(*columns, strict=True):
        digest.update(("\x1f".join(map(str, row)) + "\n").encode())
    return digest.hexdigest()


def code_hashes(scripts: str | os.PathLike, models: Mapping[str, Mapping]) -> dict[str, str]:
    """Return the code fingerprint of every stage, and of networks that are not of this project.

    Args:
        scripts: the folder of the stages: each script is one.
        models: their settings by name; an `architecture` outside of the table is named by its path.
    """
    code = CodeBase(scripts)
    found = {path.name: code.fingerprint(path.name) for path in sorted(Path(scripts).glob("*.py"))}
    architectures = sorted({model["architecture"] for model in models.values()})
    own = {architecture: source_digest(architecture) for architecture in architectures}
    return found | {architecture: digest for architecture, digest in own.items() if digest}


def package_versions(*others: str) -> dict[str, str]:
    """Return the versions of Python and of the packages that a result can depend on.

    Args:
        others: packages that this result depends on besides those that any may.
    """
    versions = {"python": platform.python_version(), "platform": platform.machine()}
    for name in (*_PACKAGES, *others):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
