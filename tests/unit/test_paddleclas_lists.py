"""The lists for PaddleClas: what it reads in them, and that Zest reads the same back."""

import csv

import pyarrow as pa
import pytest

from build_catalog import build_training_part
from catalog_folder import CFG, command, photo
from export_paddleclas_lists import choose_delimiter, label_text
from zest.classes import ClassInfo, read_classes
from zest.contracts import CATALOG, FOLDS, read_table, write_table
from zest.errors import UserError
from zest.stratified_folds import assign_folds

NAMES = ["excellent", "not so good", "良"]
LISTS = {"kind": "lists", "labels": ["train_list.txt", "val_list.txt"], "classes": "label_list.txt"}


def competition(root, names: list[str]) -> None:
    """Photos of three classes, called 10, 2 and 3 in the label file, in an order of their own."""
    rows = [[name, ("2", "10", "3")[number % 3]] for number, name in enumerate(names)]
    for name in names:
        photo(root / "train_images" / name)
    with open(root / "train_images.csv", "w", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "class_num"], *rows])
    classes = zip(("10", "2", "3"), NAMES, strict=True)
    text = "".join(f"{class_num},{name}\n" for class_num, name in classes)
    (root / "classes.csv").write_text("class_num,name\n" + text, encoding="utf-8")


def build(root, out, **settings) -> tuple[pa.Table, list[ClassInfo]]:
    files = [
        out / name for name in ("train.parquet", "measures.parquet", "problems.csv", "classes.csv")
    ]
    out.mkdir(exist_ok=True)
    build_training_part({**CFG, **settings}, root, 1, *files)
    return read_table(files[0], CATALOG), read_classes(files[3])


def split(catalog: pa.Table, path) -> None:
    folds = assign_folds(catalog["label"].to_numpy(), 3, 0)
    table = pa.table(
        [catalog["image_id"], catalog["label"], pa.array(folds, pa.int32()), catalog["group"]],
        schema=FOLDS,
    )
    write_table(table, path, FOLDS)


def export(out, to, fold: int = 1):
    names = {"train": "train_list", "validation": "val_list", "labels": "label_list"}
    return command(
        "export_paddleclas_lists.py",
        *(f"--catalog={out / 'train.parquet'}", f"--classes={out / 'classes.csv'}"),
        *(f"--folds={out / 'folds.parquet'}", f"--fold={fold}"),
        *(f"--{flag}={to / name}.txt" for flag, name in names.items()),
    )


def exported(tmp_path, names: list[str]) -> tuple[pa.Table, list[ClassInfo], str]:
    """Write the lists of a competition beside its photos; return its catalog, what was printed."""
    competition(tmp_path, names)
    catalog, classes = build(tmp_path, tmp_path / "one", classes="classes.csv")
    split(catalog, tmp_path / "one" / "folds.parquet")
    done = export(tmp_path / "one", tmp_path)
    assert done.returncode == 0, done.stderr
    return catalog, classes, done.stdout


def as_paddleclas(path, delimiter: str) -> list[tuple[str, int]]:
    """What PaddleClas reads: ImageNetDataset._load_anno."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    parts = [line.strip().split(delimiter) for line in lines]
    return [(part[0], int(part[1])) for part in parts]


PLAIN = [f"train_{number}.jpg" for number in range(17, 0, -1)] + ["deep/er/写真.jpg"]
WITH_BLANKS = [*PLAIN, "my photo.jpg"]


@pytest.mark.parametrize(
    ("names", "delimiter"), [(PLAIN, " "), (WITH_BLANKS, "\t")], ids=["plain", "with blanks"]
)
def test_paddleclas_reads_every_photo_once_in_the_split_of_the_fold(tmp_path, names, delimiter):
    catalog, _, printed = exported(tmp_path, names)
    folds = read_table(tmp_path / "one/folds.parquet", FOLDS)["fold"].to_pylist()
    for name, held_out in (("train_list.txt", False), ("val_list.txt", True)):
        expected = [
            (row["path"], row["label"])
            for row, fold in zip(catalog.to_pylist(), folds, strict=True)
            if (fold == 1) is held_out
        ]
        found = as_paddleclas(tmp_path / name, delimiter)
        assert found == expected
        assert all((tmp_path / path).is_file() for path, _ in found)
    assert (r'delimiter: "\t"' in printed) is (delimiter == "\t")
    labels = (tmp_path / "label_list.txt").read_text(encoding="utf-8")
    assert labels == "0 excellent\n1 not so good\n2 良\n"


@pytest.mark.parametrize("names", [PLAIN, WITH_BLANKS], ids=["plain", "with blanks"])
def test_zest_reads_the_lists_back_as_the_same_catalog_and_writes_the_same_lists(tmp_path, names):
    first, first_classes, _ = exported(tmp_path, names)
    again, classes = build(tmp_path, tmp_path / "two", **LISTS)
    # In a list the path is the id, and its class is the number of its line in the label list.
    assert again["image_id"].to_pylist() == again["path"].to_pylist()
    rest = [name for name in CATALOG.names if name != "image_id"]
    by_path = [("path", "ascending")]
    assert again.select(rest).sort_by(by_path).equals(first.select(rest).sort_by(by_path))
    assert [one.class_num for one in classes] == ["0", "1", "2"]
    kept = [(one.label, one.name, one.photos) for one in first_classes]
    assert [(one.label, one.name, one.photos) for one in classes] == kept

    # The lists of what was read from lists: the ids are the same too, and so is the order.
    fold_of = dict(
        zip(
            first["path"].to_pylist(),
            read_table(tmp_path / "one/folds.parquet", FOLDS)["fold"].to_pylist(),
            strict=True,
        )
    )
    folds = pa.array([fold_of[path] for path in again["path"].to_pylist()], pa.int32())
    table = pa.table([again["image_id"], again["label"], folds, again["group"]], schema=FOLDS)
    write_table(table, tmp_path / "two" / "folds.parquet", FOLDS)
    assert export(tmp_path / "two", tmp_path / "lists").returncode == 0
    for name in ("train_list.txt", "val_list.txt", "label_list.txt"):
        assert (tmp_path / "lists" / name).read_bytes() == (tmp_path / name).read_bytes()
    for path in (tmp_path / "lists").iterdir():
        path.replace(tmp_path / path.name)
    third, third_classes = build(tmp_path, tmp_path / "three", **LISTS)
    assert third.equals(again)
    assert third_classes == classes


def test_a_fold_that_does_not_exist_is_refused_and_nothing_is_written(tmp_path):
    exported(tmp_path, PLAIN)
    done = export(tmp_path / "one", tmp_path / "lists", fold=3)
    assert done.returncode == 2
    assert "there is no fold 3" in done.stderr
    assert not (tmp_path / "lists").exists()


@pytest.mark.parametrize("path", [" a.jpg", "a.jpg\u3000"])
def test_a_path_that_paddleclas_would_cut_is_refused(path):
    with pytest.raises(UserError, match="begins or ends in white space"):
        choose_delimiter(["b.jpg", path])


def test_a_name_of_two_lines_is_refused():
    with pytest.raises(UserError, match="has a line break"):
        label_text([ClassInfo(0, "0", "good\nenough", 3)])
