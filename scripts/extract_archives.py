"""Unpack a competition that comes in archives into a folder of plain files.

Reads an archive of the whole competition, or a folder in which the photos are archives
(train_images.zip, as contests hand them out), or an archive that holds such archives. Writes a
competition folder as the `data` section of the config describes it, with the folders of photos
under the names of the config without the suffix of an archive.

A single folder at the top of an archive is taken for its wrapping and dropped. The result is
written beside its place and moved there when it is complete.
"""

import argparse
import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from catalog.archives import Extraction
from catalog.names import listing, path_fault
from zest.errors import UserError, run
from zest.inventory import is_junk
from zest.sources import ARCHIVE_SUFFIXES, label_files, without_archive_suffix


def main() -> None:
    """Parse the arguments and unpack the competition."""
    args = _arguments()
    with atomic_folder(args.out) as part:
        unpack_competition(json.loads(args.cfg)["data"], args.root, part, Extraction())


def unpack_competition(cfg: dict, root: Path, out: Path, extraction: Extraction) -> None:
    """Fill the empty folder `out` with the plain files of the competition at `root`.

    Raises:
        UserError: there is nothing at `root`, a file or folder that the config names is missing, or
            an archive cannot be unpacked (see `Extraction.extract`).
    """
    if root.is_dir():
        for setting in text_files(cfg):
            _copy_file(root, setting, out)
    elif root.is_file():
        if without_archive_suffix(root.name) == root.name:
            raise UserError(
                f"{root}: neither a folder nor an archive ({', '.join(ARCHIVE_SUFFIXES)}). Name "
                "one of these in data.root."
            )
        extraction.extract(root, out, str(root))
        named = [*image_folders(cfg), *image_folders(cfg).values(), *text_files(cfg)]
        _unwrap(out, keep={one.split("/")[0] for one in named})
    else:
        raise UserError(f"{root}: there is no such folder or archive. Check data.root.")
    for setting, folder in image_folders(cfg).items():
        _place_photos(root, setting, folder, out, extraction)


def image_folders(cfg: dict) -> dict[str, str]:
    """Return the settings that name folders of photos, each with the folder it means."""
    settings = [cfg["train_images"], cfg["test_images"]]
    return {one: without_archive_suffix(one.rstrip("/")) for one in settings if one is not None}


def text_files(cfg: dict) -> list[str]:
    """Return the label, sample and class files that the config names."""
    settings = [
        *label_files(cfg),
        cfg["sample_submission"] if cfg["test_images"] is not None else None,
        cfg["classes"] if isinstance(cfg["classes"], str) else None,
    ]
    return [one for one in settings if one is not None]


def _copy_file(root: Path, setting: str, out: Path) -> None:
    if not (root / setting).is_file():
        raise UserError(f"{root / setting}: there is no such file. {root} holds: {listing(root)}.")
    _checked(out, setting).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root / setting, out / setting)


def _place_photos(root: Path, setting: str, folder: str, out: Path, extraction: Extraction) -> None:
    """Bring one folder of photos to `out`, from a folder or an archive below `root` or `out`."""
    target = _checked(out, folder)
    if target.is_dir():
        return  # it came with the archive of the whole
    base = root if root.is_dir() else out
    if (base / folder).is_dir():
        shutil.copytree(base / folder, target, ignore=_junk)
        return
    names = [setting, *(folder + suffix for suffix in ARCHIVE_SUFFIXES)]
    archive = next((base / name for name in names if (base / name).is_file()), None)
    if archive is None:
        raise UserError(
            f"{root}/{folder}: there is neither such a folder nor such an archive "
            f"({', '.join(ARCHIVE_SUFFIXES)}). {root} holds: {listing(base)}. Check data.root, "
            "data.train_images and data.test_images."
        )
    target.mkdir(parents=True)
    extraction.extract(archive, target, f"{root}/{archive.relative_to(base)}")
    _unwrap(target, keep=set())
    if base == out:
        archive.unlink()


def _unwrap(folder: Path, keep: set[str]) -> None:
    """Drop a single folder at the top, unless the config names it."""
    inside = list(folder.iterdir())
    if len(inside) != 1 or not inside[0].is_dir() or inside[0].name in keep:
        return
    wrapping = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent)) / "wrapping"
    inside[0].rename(wrapping)
    for one in wrapping.iterdir():
        one.rename(folder / one.name)
    shutil.rmtree(wrapping.parent)


def _checked(out: Path, setting: str) -> Path:
    fault = path_fault(setting)
    if fault:
        raise UserError(f"data: {setting!r} {fault}. Name a file or folder below data.root.")
    return out / setting


def _junk(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if is_junk(name)}


@contextlib.contextmanager
def atomic_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside `out` that takes its place when the block ends without an error.

    After an error or a full disk, `out` is what it was before, and nothing else is left.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".part-", dir=out.parent))
    try:
        part = work / "new"
        part.mkdir()
        yield part
        if out.exists():
            out.rename(work / "old")
        part.rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cfg", required=True, help="the data section of the config, as JSON")
    parser.add_argument("--root", required=True, type=Path, help="the folder or archive to read")
    parser.add_argument("--out", required=True, type=Path, help="the competition folder to write")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
