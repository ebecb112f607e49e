"""A tiny competition folder for the tests of the catalog stage, and the command that reads it."""

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from PIL import Image

SCRIPTS = Path(__file__).parents[2] / "scripts"
OUTPUTS = {
    "train": ("train.parquet", "train_measures.parquet", "train_problems.csv", "classes.csv"),
    "test": ("test.parquet", "test_measures.parquet", "test_problems.csv"),
}
CFG = {
    "kind": "csv",
    "root": "unused",
    "train_images": "train_images",
    "test_images": "test_images",
    "labels": "train_images.csv",
    "id_column": "id",
    "label_column": "class_num",
    "group_column": None,
    "sample_submission": "sample_submit.csv",
    "classes": None,
    "dummy_ids": [],
    "on_problem": "stop",
    "max_pixels": 100_000_000,
}

PACK = {
    "zip": None,
    "tar": lambda data: data,
    "tar.gz": gzip.compress,
    "tgz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
}


def photo(path: Path, size: tuple[int, int] = (6, 4), **save) -> Path:
    """Write a photo of `size` (width, height) whose colour depends on its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = (sum(path.name.encode()) % 256, 90, 30)
    Image.new("RGB", size, colour).save(path, **save)
    return path


def competition(root: Path, train: int = 4, test: int = 2) -> Path:
    """Write a competition of `train` photos in two classes and `test` photos to predict."""
    labels, sample = ["id,class_num"], ["id,class_num"]
    for number in range(train):
        photo(root / "train_images" / f"train_{number}.jpg")
        labels.append(f"train_{number}.jpg,{number % 2}")
    for number in range(test):
        photo(root / "test_images" / f"test_{number}.jpg")
        sample.append(f"test_{number}.jpg,0")
    (root / "train_images.csv").write_text("\n".join(labels) + "\n", encoding="utf-8")
    (root / "sample_submit.csv").write_text("\n".join(sample) + "\n", encoding="utf-8")
    return root


def command(script: str, *arguments: object) -> subprocess.CompletedProcess:
    """Run a script of the project as a rule does."""
    return subprocess.run(
        [sys.executable, SCRIPTS / script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def catalog_arguments(part: str, cfg: dict, root: Path, out: Path) -> list[str]:
    """Return the arguments of build_catalog.py, its name first, with the outputs in `out`."""
    flags = zip(("--catalog", "--measures", "--problems", "--classes"), OUTPUTS[part], strict=False)
    outputs = [f"{flag}={out / name}" for flag, name in flags]
    data = json.dumps({"data": cfg})
    return ["build_catalog.py", part, "--cfg", data, "--root", str(root), *outputs]


def build_command(
    cfg: dict, root: Path, out: Path, threads: int = 1
) -> subprocess.CompletedProcess:
    """Run build_catalog.py for the training photos, with its outputs in `out`."""
    return command(*catalog_arguments("train", cfg, root, out), "--threads", threads)


def make_zip(path, members, compression=zipfile.ZIP_DEFLATED):
    """Write a zip of (name or ZipInfo, bytes) pairs."""
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


def make_tar(path, members, pack=lambda data: data):
    """Write a tar of (name or TarInfo, bytes) pairs, packed by a function of bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for name, data in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    path.write_bytes(pack(buffer.getvalue()))
    return path


def make_archive(path, members):
    """Write an archive of the format that the suffix of `path` names."""
    suffix = path.name.partition(".")[2]
    return make_zip(path, members) if suffix == "zip" else make_tar(path, members, PACK[suffix])
