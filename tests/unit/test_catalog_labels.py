import unicodedata

import pytest

from catalog.label_sources import read_labels
from catalog_folder import CFG, competition, photo
from zest.errors import UserError


def labels_of(root, **settings):
    return read_labels({**CFG, **settings}, root)


def with_csv(tmp_path, text, encoding="utf-8"):
    competition(tmp_path)
    (tmp_path / "train_images.csv").write_bytes(text.encode(encoding))
    return tmp_path


def pairs(labels):
    return [(row.path, row.class_num) for row in labels.rows]


def test_rows_come_in_the_order_of_the_label_file_with_its_lines(tmp_path):
    root = with_csv(tmp_path, "id,class_num\ntrain_2.jpg,1\ntrain_0.jpg,0\n")
    rows = labels_of(root).rows
    assert [(row.row, row.image_id, row.path) for row in rows] == [
        (2, "train_2.jpg", "train_images/train_2.jpg"),
        (3, "train_0.jpg", "train_images/train_0.jpg"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_delimiter_byte_order_mark_and_line_end_reads_the_same(tmp_path, delimiter, start, end):
    lines = [["photo", "note", "grade"], ["train_1.jpg", "x", "good"], ["train_0", "y", "bad"]]
    root = with_csv(tmp_path, start + "".join(delimiter.join(line) + end for line in lines))
    labels = labels_of(root, id_column="photo", label_column="grade")
    assert pairs(labels) == [
        ("train_images/train_1.jpg", "good"),
        ("train_images/train_0.jpg", "bad"),
    ]


def test_an_id_with_a_subfolder_names_the_photo_there(tmp_path):
    root = with_csv(tmp_path, "id,class_num\na/b.jpg,0\ntrain_0.jpg,1\n")
    photo(root / "train_images" / "a" / "b.jpg")
    assert labels_of(root).rows[0].path == "train_images/a/b.jpg"


def test_an_id_that_is_the_stem_of_two_photos_is_a_problem(tmp_path):
    root = with_csv(tmp_path, "id,class_num\ntrain_0,0\ntrain_1,1\n")
    photo(root / "train_images" / "train_0.png")
    (problem,) = [one for one in labels_of(root).problems if one.stops]
    assert (problem.row, problem.image_id) == (2, "train_0")
    assert "train_0.jpg, train_0.png" in problem.reason


@pytest.mark.parametrize(("in_csv", "on_disk"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_unicode_forms_of_one_name_match(tmp_path, in_csv, on_disk):
    name = "が_é.jpg"
    written = unicodedata.normalize(in_csv, name)
    root = with_csv(tmp_path, f"id,class_num\n{written},0\ntrain_0.jpg,1\n")
    photo(root / "train_images" / unicodedata.normalize(on_disk, name))
    row = labels_of(root).rows[0]
    assert row.image_id == written
    assert (root / row.path).is_file()


def test_a_photo_that_is_not_there_is_a_problem_with_its_row(tmp_path):
    root = with_csv(tmp_path, "id,class_num\ntrain_0.jpg,0\ngone.jpg,1\nTRAIN_1.jpg,1\n")
    gone, other_case = [one for one in labels_of(root).problems if one.stops]
    assert (gone.file, gone.row, gone.image_id) == ("train_images.csv", 3, "gone.jpg")
    assert gone.reason == "there is no such photo in train_images"
    assert "there is train_1.jpg: upper and lower case differ" in other_case.reason


def test_a_photo_without_a_label_is_a_remark_that_never_stops(tmp_path):
    root = competition(tmp_path)
    photo(root / "train_images" / "extra.jpg")
    (problem,) = labels_of(root).problems
    assert (problem.file, problem.row, problem.stops) == ("train_images/extra.jpg", None, False)


def test_hidden_and_system_files_are_no_photos(tmp_path):
    root = competition(tmp_path)
    for name in (".DS_Store", "._train_0.jpg", "Thumbs.db", "__MACOSX/a.jpg", ".cache/a.jpg"):
        photo(root / "train_images" / "x.jpg").rename(root / "train_images" / "x")
        (root / "train_images" / name).parent.mkdir(exist_ok=True)
        (root / "train_images" / "x").rename(root / "train_images" / name)
    assert labels_of(root).problems == []


def test_the_group_column_is_read(tmp_path):
    root = with_csv(tmp_path, "id,class_num,fruit\ntrain_0.jpg,0,A\ntrain_1.jpg,1,B\n")
    assert [row.group for row in labels_of(root, group_column="fruit").rows] == ["A", "B"]
    assert [row.group for row in labels_of(root).rows] == [None, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("id,class_num\n", "a header, but no rows"),
        ("name,class\na,0\n", r"row 1: no column 'id' \(data.id_column\). Found: name, class"),
        ("id,clas_num\na,0\n", "Did you mean 'clas_num'"),
        ("id,class_num,class_num\na,0,0\n", "row 1: 2 columns are called 'class_num'"),
        ("id,class_num\ntrain_0.jpg,0\ntrain_1.jpg, \n", "row 3: 'class_num' is empty"),
        ("id,class_num\n,0\n", "row 2: the id '' is empty"),
        ("id,class_num\ntrain_0.jpg,0,1\n", "row 2: 3 fields, but row 1 has 2"),
        ("id,class_num\ntrain_0.jpg,0\ntrain_0.jpg,1\n", "rows 2 and 3: the ids"),
        ("id,class_num\ntrain_0.jpg,0\ntrain_0,1\n", "rows 2 and 3: the ids"),
        ("id,class_num\ngone.jpg,0\n\ngone.jpg,1\ntrain_0.jpg,0\n", "rows 2 and 4: the ids"),
        ("id,class_num\na.jpg,0\nb.jpg,1\n", "none of its 2 ids has a photo in train_images"),
    ],
)
def test_a_bad_label_file_is_refused_with_its_row(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        labels_of(with_csv(tmp_path, text))


@pytest.mark.parametrize(
    ("image_id", "message"),
    [
        ("../train_0.jpg", "leads out of the folder"),
        ("a/../../train_0.jpg", "leads out of the folder"),
        ("/etc/passwd", "is an absolute path"),
        ("a\\train_0.jpg", "holds a backslash"),
        ("C:train_0.jpg", "starts with a drive letter"),
        ("train\0_0.jpg", "holds a control character"),
        ("train_images/", "names a folder"),
    ],
)
def test_an_id_that_could_lead_out_of_the_folder_is_refused(tmp_path, image_id, message):
    root = with_csv(tmp_path, f"id,class_num\ntrain_1.jpg,0\n{image_id},0\n")
    with pytest.raises(UserError, match=f"row 3: the id .* {message}"):
        labels_of(root)


def test_an_empty_group_is_refused_with_its_row(tmp_path):
    root = with_csv(tmp_path, "id,class_num,fruit\ntrain_0.jpg,0,A\ntrain_1.jpg,1,\n")
    with pytest.raises(UserError, match="row 3: 'fruit' is empty"):
        labels_of(root, group_column="fruit")


def test_text_that_is_not_utf8_is_refused(tmp_path):
    root = with_csv(tmp_path, "id,class_num\ntrain_0.jpg,良\n", "cp932")
    with pytest.raises(UserError, match="row 2: the text is not UTF-8"):
        labels_of(root)


def test_missing_and_empty_folders_are_refused(tmp_path):
    root = competition(tmp_path)
    with pytest.raises(
        UserError, match=r"photos: there is no such folder. Check data.train_images"
    ):
        labels_of(root, train_images="photos")
    (root / "photos").mkdir()
    with pytest.raises(UserError, match="photos: the folder is empty"):
        labels_of(root, train_images="photos")
    with pytest.raises(UserError, match=r"data.train_images: '\.\./x' leads out of the folder"):
        labels_of(root, train_images="../x")


def test_a_folder_may_be_named_by_its_archive(tmp_path):
    root = competition(tmp_path)
    assert pairs(labels_of(root, train_images="train_images.zip")) == pairs(labels_of(root))


def test_names_that_differ_in_their_unicode_form_only_are_refused(tmp_path):
    root = competition(tmp_path)
    for form in ("NFC", "NFD"):
        photo(root / "train_images" / unicodedata.normalize(form, "é.jpg"))
    with pytest.raises(UserError, match="differ in the Unicode form"):
        labels_of(root)


def test_a_link_in_a_circle_is_refused_and_another_link_is_followed(tmp_path):
    root = competition(tmp_path / "contest")
    photo(tmp_path / "elsewhere" / "a.jpg")
    (root / "train_images" / "more").symlink_to(tmp_path / "elsewhere")
    assert [one.file for one in labels_of(root).problems] == ["train_images/more/a.jpg"]
    (root / "train_images" / "loop").symlink_to(root / "train_images")
    with pytest.raises(UserError, match="leads back to a folder above"):
        labels_of(root)


def test_class_folders_give_the_class_and_paths_in_order(tmp_path):
    for name in ("good/b.jpg", "bad/a.jpg", "good/deep/c.jpg", "bad/z.jpg"):
        photo(tmp_path / "train_images" / name)
    rows = labels_of(tmp_path, kind="folders").rows
    assert [(row.image_id, row.class_num) for row in rows] == [
        ("bad/a.jpg", "bad"),
        ("bad/z.jpg", "bad"),
        ("good/b.jpg", "good"),
        ("good/deep/c.jpg", "good"),
    ]


def test_a_photo_beside_the_class_folders_is_a_remark(tmp_path):
    for name in ("0/a.jpg", "1/b.jpg", "c.jpg"):
        photo(tmp_path / "train_images" / name)
    (problem,) = labels_of(tmp_path, kind="folders").problems
    assert (problem.file, problem.stops) == ("train_images/c.jpg", False)


def test_class_folders_that_are_missing_or_empty_are_refused(tmp_path):
    photo(tmp_path / "train_images" / "a.jpg")
    with pytest.raises(UserError, match="no class folders"):
        labels_of(tmp_path, kind="folders")
    photo(tmp_path / "train_images" / "0" / "a.jpg")
    (tmp_path / "train_images" / "1").mkdir()
    with pytest.raises(UserError, match="train_images/1: a class folder without any photo"):
        labels_of(tmp_path, kind="folders")


def test_a_group_column_without_a_label_csv_is_refused(tmp_path):
    photo(tmp_path / "train_images" / "0" / "a.jpg")
    with pytest.raises(UserError, match=r"data.group_column"):
        labels_of(tmp_path, kind="folders", group_column="fruit")


def with_list(tmp_path, text):
    competition(tmp_path)
    (tmp_path / "train_list.txt").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_list_is_split_at_the_last_blank_and_paths_start_at_root_or_folder(tmp_path):
    root = with_list(
        tmp_path,
        "train_images/train_0.jpg 0\ntrain_1.jpg\t1\n\n./train_images/my photo.jpg 1\n",
    )
    photo(root / "train_images" / "my photo.jpg")
    rows = labels_of(root, kind="lists", labels="train_list.txt").rows
    assert [(row.row, row.image_id, row.path, row.class_num) for row in rows] == [
        (1, "train_images/train_0.jpg", "train_images/train_0.jpg", "0"),
        (2, "train_1.jpg", "train_images/train_1.jpg", "1"),
        (4, "./train_images/my photo.jpg", "train_images/my photo.jpg", "1"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train_0.jpg 0\ntrain_1.jpg good\n", "row 2: .* is not `path label`"),
        ("train_0.jpg\n", "row 1: .* is not `path label`"),
        ("train_0.jpg 0\n../x.jpg 1\n", "row 2: the id '../x.jpg' leads out"),
        ("train_0.jpg 0\ntrain_images/train_0.jpg 1\n", "rows 1 and 2: the ids"),
        ("\n\n", "the file is empty"),
    ],
)
def test_a_bad_list_is_refused_with_its_row(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        labels_of(with_list(tmp_path, text), kind="lists", labels="train_list.txt")


def test_a_listed_photo_that_is_not_there_is_a_problem(tmp_path):
    root = with_list(tmp_path, "train_0.jpg 0\ntrain_1.jpg 1\ngone.jpg 1\n")
    labels = labels_of(root, kind="lists", labels="train_list.txt")
    assert [one.row for one in labels.problems if one.stops] == [3]


def with_lists(tmp_path, **texts):
    competition(tmp_path)
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text)
    return tmp_path, {"kind": "lists", "labels": [f"{name}.txt" for name in texts]}


def test_several_lists_are_read_as_one(tmp_path):
    root, cfg = with_lists(tmp_path, train="train_2.jpg 0\ntrain_0.jpg 1\n", val="train_1.jpg 0\n")
    rows = labels_of(root, **cfg).rows
    assert [(row.file, row.row, row.image_id) for row in rows] == [
        ("train.txt", 1, "train_2.jpg"),
        ("train.txt", 2, "train_0.jpg"),
        ("val.txt", 1, "train_1.jpg"),
    ]


def test_a_photo_in_two_lists_is_refused_with_both_places(tmp_path):
    root, cfg = with_lists(
        tmp_path, train="train_2.jpg 0\ntrain_0.jpg 1\n", val="train_images/train_0.jpg 1\n"
    )
    with pytest.raises(UserError, match=r"train\.txt, row 2, and val\.txt, row 1: the ids"):
        labels_of(root, **cfg)


def test_a_fault_in_a_second_list_is_told_with_its_name(tmp_path):
    root, cfg = with_lists(tmp_path, train="train_2.jpg 0\n", val="train_0.jpg good\n")
    with pytest.raises(UserError, match=r"val\.txt, row 1: .* is not `path label`"):
        labels_of(root, **cfg)
