"""Where a competition's files are: in a plain folder, or in archives that must be extracted first.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import json
from pathlib import Path

from zest.errors import UserError
from zest.files import sha256
from zest.inventory import inventory
from zest.stat_cache import facts_of_files

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

# The demo: a record of what its parts were like when they were rendered, and the files of each.
RENDERED = "rendered.json"
DEMO_PARTS = {
    "train": ["train_images.csv", "classes.csv", "train_images"],
    "test": ["sample_submit.csv", "test_images"],
}


def find_archives(data: dict) -> list[str]:
    """Return the archives that the source consists of; an empty list for a plain folder.

    Args:
        data: the `data` section of the configuration.

    Raises:
        UserError: there is nothing at `root`.
    """
    root = Path(data["root"])
    if data["kind"] == "demo":
        check_demo_folder(root)
        return []
    if root.is_file():
        return [str(root)]
    if not root.is_dir():
        raise UserError(
            f"data.root: there is no folder or archive {root}. Put the competition's files there, "
            "or change the key."
        )
    names = [data["train_images"], data["test_images"]]
    found = [_archive_of(root / name) for name in names if name and not (root / name).is_dir()]
    return [str(path) for path in found if path]


def check_demo_folder(root: Path) -> None:
    """Refuse to render over files that are not a former rendering.

    Raises:
        UserError: the folder holds something and has no record of a rendering.
    """
    if root.is_file() or (
        root.is_dir() and any(root.iterdir()) and not (root / RENDERED).is_file()
    ):
        raise UserError(
            f"data.kind: demo would render its photos over the files in {root}, which are not a "
            "former rendering. For photos of your own remove data.kind (or set it to csv, folders "
            "or lists); for the demo name another data.root."
        )


def _archive_of(path: Path) -> Path | None:
    if path.name.lower().endswith(ARCHIVE_SUFFIXES):
        return path if path.is_file() else None
    beside = (path.with_name(path.name + suffix) for suffix in ARCHIVE_SUFFIXES)
    return next((candidate for candidate in beside if candidate.is_file()), None)


def without_archive_suffix(name: str) -> str:
    """Return the folder that an archive unpacks to: `train_images.zip` is for `train_images`."""
    for suffix in sorted(ARCHIVE_SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def label_files(data: dict) -> list[str]:
    """Return the names of the label files; of class folders there are none.

    Args:
        data: the `data` section of the configuration.
    """
    if data["kind"] == "folders":
        return []
    return [data["labels"]] if isinstance(data["labels"], str) else data["labels"]


def part_files(data: dict, part: str) -> list[str]:
    """Return what the catalog of a part is made from: names below the competition's folder.

    Args:
        data: the `data` section of the configuration.
        part: `train` or `test`.
    """
    if data["kind"] == "demo":
        return DEMO_PARTS[part]
    test = [data["sample_submission"], data["test_images"]]
    if part == "test":
        names = test
    elif data["kind"] == "lists":  # their photos may lie anywhere below the root
        names = sorted({path.name for path in Path(data["root"]).iterdir()} - {*test})
    else:
        classes = data["classes"] if isinstance(data["classes"], str) else None
        names = [*label_files(data), classes, data["train_images"]]
    return [name for name in names if name]


def extraction_fingerprint(data: dict, cache: Path) -> str:
    """Return a fingerprint of what stands beside the archives of a source and is copied with them.

    Args:
        data: the `data` section of the configuration.
        cache: see `zest.inventory.inventory`.
    """
    root = Path(data["root"])
    if root.is_file():
        return "one archive"
    archives = {Path(path).name for path in find_archives(data)}
    names = [name for part in ("train", "test") for name in part_files(data, part)]
    plain = [name for name in names if name not in archives and (root / name).exists()]
    return inventory(root, plain, cache)


def file_fingerprints(paths: list[str], cache: Path) -> dict[str, str]:
    """Return the SHA-256 of each of these files that is there.

    Args:
        paths: of files of the user's own.
        cache: see `zest.stat_cache.facts_of_files`.
    """
    there = [path for path in paths if Path(path).is_file()]
    return facts_of_files(Path(), there, sha256, cache)


def source_fingerprint(data: dict, part: str, cache: Path) -> str:
    """Return a fingerprint of the files of a part, from their names and contents.

    A demo that is as it was rendered, or is still to be rendered, has one fixed fingerprint,
    because its files are made by a rule; one that somebody changed has that of its files.

    Args:
        data: the `data` section of the configuration; its root is a folder.
        part: `train` or `test`.
        cache: see `zest.inventory.inventory`.
    """
    root = Path(data["root"])
    found = inventory(root, part_files(data, part), cache)
    if data["kind"] != "demo":
        return found
    record = root / RENDERED
    if not record.is_file() or json.loads(record.read_text())[part] == found:
        return "as rendered"
    return found
