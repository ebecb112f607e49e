"""Build the catalog of one part: every usable photo of a competition, with its facts.

Reads the competition folder (photos; for `train` the label source, for `test` the sample
submission; all as the `data` section of the config names them) and decodes every photo once. Writes
- train.parquet or test.parquet: zest.contracts.CATALOG, train in the order of the label file (class
  folders: of the paths), test in the order of the sample submission (without one: of the names);
- their measures: zest.contracts.MEASURES, in the same order;
- for `train` also classes.csv: label,class_num,name,photos;
- problems: file,row,image_id,problem, the photos that are left out and why.
If photos cannot be used and data.on_problem is "stop", or photos of the test part, which a
submission always needs, nothing of this is written, and the full list is in
<problems>-stopped.csv.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from catalog.class_list import assign_labels, check_no_empty_class, classes_csv, declared_classes
from catalog.label_sources import check_id, read_labels
from catalog.photo_facts import PhotoFacts, ReadPhoto, read_photos
from catalog.photo_folder import NoPhoto, PhotoFolder, scan_photos
from catalog.problems import Problem, stop_or_continue, write_problems
from zest.contracts import CATALOG, MEASURES, in_row_groups, write_table
from zest.errors import UserError, run
from zest.files import write_text
from zest.sample_file import Sample, read_sample


@dataclass(frozen=True)
class Photo:
    """A photo that the labels or the sample file ask for, before it is read.

    `file` and `row` say who asks for it, for messages; `path` is relative to the root.
    """

    file: str
    row: int | None
    image_id: str
    path: str
    label: int | None = None
    group: str | None = None


def main() -> None:
    """Parse the arguments and build the catalog; after an error no output exists."""
    args = _arguments()
    cfg = json.loads(args.cfg)["data"]
    outputs = [args.catalog, args.measures, args.problems]
    try:
        if args.part == "train":
            outputs.append(args.classes)
            build_training_part(cfg, args.root, args.threads, *outputs)
        else:
            build_test_part(cfg, args.root, args.threads, *outputs)
    except BaseException:
        for path in outputs:
            path.unlink(missing_ok=True)
        raise


def build_training_part(
    cfg: dict,
    root: Path,
    threads: int,
    catalog: Path,
    measures: Path,
    problems: Path,
    classes: Path,
) -> None:
    """Write the catalog of the labelled photos, their measures, the classes and the problems.

    Raises:
        UserError: the labels or the classes cannot be used as they are, or single photos cannot be
            used and `cfg["on_problem"]` is "stop".
    """
    labels = read_labels(cfg, root)
    class_list, label_of_row = assign_labels(labels.rows, declared_classes(cfg["classes"], root))
    photos = [
        Photo(row.file, row.row, row.image_id, row.path, label, row.group)
        for row, label in zip(labels.rows, label_of_row, strict=True)
        if row.path is not None
    ]
    read, found = read_part(photos, labels.problems, cfg, root, threads, measures, problems)
    used = [photo.label for photo, _ in read]
    check_no_empty_class(class_list, used, "has no photo that can be read")
    write_text(classes, classes_csv(class_list, used))
    _write(read, found, catalog, problems)


def build_test_part(
    cfg: dict, root: Path, threads: int, catalog: Path, measures: Path, problems: Path
) -> None:
    """Write the catalog of the photos to predict, their measures and the problems.

    Raises:
        UserError: the sample file cannot be used as it is, or single photos cannot be used,
            whatever `cfg["on_problem"]` says: a submission needs them all.
    """
    photos, found = find_test_photos(cfg, root)
    read, found = read_part(photos, found, cfg, root, threads, measures, problems, all_needed=True)
    _write(read, found, catalog, problems)


def read_part(
    photos: list[Photo],
    found: list[Problem],
    cfg: dict,
    root: Path,
    threads: int,
    measures: Path,
    problems: Path,
    all_needed: bool = False,
) -> tuple[list[tuple[Photo, PhotoFacts]], list[Problem]]:
    """Read every photo; return the usable ones with the facts of their files, and all problems.

    Their measures, which hold a thumbnail each, are written as they come: of many photos they would
    fill the memory.

    Raises:
        UserError: there are problems that stop, and `cfg["on_problem"]` says so or all photos
            of the part are needed; the measures are then not written.
    """
    read = []
    found = list(found)

    def rows() -> Iterator[dict]:
        results = read_photos([root / photo.path for photo in photos], cfg["max_pixels"], threads)
        for photo, result in zip(photos, results, strict=True):
            if isinstance(result, ReadPhoto):
                read.append((photo, result.facts))
                yield measure_row(photo, result)
            else:
                found.append(Problem(photo.file, photo.row, photo.image_id, result))
        stop_or_continue(found, cfg["on_problem"], problems, all_needed)

    write_table(in_row_groups(rows(), MEASURES), measures, MEASURES)
    return read, found


def _write(
    read: list[tuple[Photo, PhotoFacts]], found: list[Problem], catalog: Path, problems: Path
) -> None:
    write_problems(found, problems)
    write_table(catalog_table(read), catalog, CATALOG)
    left_out = sum(one.stops for one in found)
    print(f"{len(read)} photos; {len(found)} problems, {left_out} photos left out: {problems}")


def find_test_photos(cfg: dict, root: Path) -> tuple[list[Photo], list[Problem]]:
    """Return the test photos in the order of the sample file, or by name if there is none.

    Raises:
        UserError: see zest.sample_file.read_sample; an unsafe id, two ids of one photo, or no id
            that has a photo.
    """
    folder = scan_photos(root, cfg["test_images"], "test_images")
    if cfg["sample_submission"] is None:
        return [Photo(path, None, name, path) for name, path in folder.paths()], []
    name = cfg["sample_submission"]
    sample = read_sample(root / name, cfg["dummy_ids"])
    _check_header(sample, folder)
    photos: dict[str, Photo] = {}
    problems = []
    for line, (field, *_) in sample.rows:
        image_id = field.strip()
        if image_id in sample.dummy:
            continue
        check_id(root / name, line, image_id)
        try:
            path = folder.path(folder.find(image_id))
        except NoPhoto as error:
            problems.append(Problem(name, line, image_id, str(error)))
            continue
        if path in photos:
            raise UserError(
                f"{root / name}, rows {photos[path].row} and {line}: the ids "
                f"{photos[path].image_id!r} and {image_id!r} mean the same photo. Delete one row."
            )
        photos[path] = Photo(name, line, image_id, path)
    if not photos:
        raise UserError(
            f"{root / name}: none of its {len(sample.ids)} ids has a photo in {folder.name} (first "
            f"id {(sample.ids or ['-'])[0]!r}, first file {next(iter(folder.files))!r}). Check "
            "test_images, sample_submission and dummy_ids under data (of new photos of a second "
            "stage: under second_stage)."
        )
    problems += [
        Problem(path, None, one, "not used: the sample file does not ask for it", stops=False)
        for one, path in folder.paths()
        if path not in photos
    ]
    return list(photos.values()), problems


def _check_header(sample: Sample, folder: PhotoFolder) -> None:
    """Raise a UserError if the row taken for the header has the name of a test photo."""
    if sample.columns is None:
        return
    first = sample.columns[0].strip()
    try:
        folder.find(first)
    except NoPhoto:
        return
    raise UserError(
        f"{sample.table.path}, row {sample.table.rows[0].line}: {first!r} looks like the name of a "
        "column, but a test photo has that name too. Add a header, such as id,class, or rename the "
        "photo."
    )


def catalog_table(read: Sequence[tuple[Photo, PhotoFacts]]) -> pa.Table:
    """Return photos as rows of zest.contracts.CATALOG."""
    rows = [
        {
            "image_id": photo.image_id,
            "path": photo.path,
            "label": photo.label,
            "group": photo.group,
            **vars(facts),
        }
        for photo, facts in read
    ]
    return pa.Table.from_pylist(rows, schema=CATALOG)


def measure_row(photo: Photo, read: ReadPhoto) -> dict:
    """Return a photo as a row of zest.contracts.MEASURES."""
    picture = {"bytes": read.measures.thumbnail, "path": f"{photo.image_id}.jpg"}
    return {
        "image_id": photo.image_id,
        "frames": read.frames,
        **vars(read.measures),
        "thumbnail": picture,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["train", "test"], help="which photos")
    parser.add_argument("--cfg", required=True, help="JSON: data, the keys of this part")
    parser.add_argument("--root", required=True, type=Path, help="the competition folder")
    parser.add_argument("--threads", type=int, default=1, help="processes that decode photos")
    parser.add_argument("--catalog", required=True, type=Path, help="{part}.parquet, written")
    parser.add_argument("--measures", required=True, type=Path, help="their measures, written")
    parser.add_argument("--problems", required=True, type=Path, help="CSV of problems, written")
    parser.add_argument("--classes", type=Path, help="classes.csv, written, for train")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
