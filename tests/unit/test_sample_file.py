import pytest

from zest.errors import UserError
from zest.sample_file import read_delimited, read_lines, read_sample


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "sample_submit.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_submission_differs_from_the_sample_in_its_values_only(tmp_path):
    path = write(tmp_path, "id,class_num\na.jpg,0\nb.jpg,0\n")
    read_sample(path).write(tmp_path / "out.csv", {"b.jpg": ["3"], "a.jpg": ["1"]})
    assert (tmp_path / "out.csv").read_bytes() == b"id,class_num\na.jpg,1\nb.jpg,3\n"


@pytest.mark.parametrize(
    "text",
    [
        "id,class\na.jpg,0\nb.jpg,0\n",
        "a.jpg,0\nb.jpg,0\n",
        "id;class\r\na.jpg;0\r\nb.jpg;0\r\n",
        "a.jpg\t0\nb.jpg\t0",
        "\ufeffid,class\r\na.jpg,0\r\nb.jpg,0",
        'the id,"class, as text"\na.jpg,"x, y"\nb.jpg,"say ""hello"""\n',
        "id,class\ra.jpg,0\rb.jpg,0\r",
    ],
    ids=["header", "no header", "semicolon CRLF", "tab no end", "BOM", "quotes", "old Mac"],
)
def test_writing_the_own_values_of_a_sample_gives_its_bytes(tmp_path, text):
    path = write(tmp_path, text)
    sample = read_sample(path)
    assert sample.ids == ["a.jpg", "b.jpg"]
    sample.write(tmp_path / "out.csv", {name: values for _, (name, *values) in sample.rows})
    assert (tmp_path / "out.csv").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "0001.JPG,0\n0002.jpg,0\n",
        "test_9,0\ntest_10,0\n",
        "a/7,0\na/8,0\n",
        "3fa9e1,0\nb01cde,0\n",
        "17,2\n",
    ],
    ids=["image suffix", "same but for digits", "subfolder", "same length", "single row"],
)
def test_a_first_row_that_is_built_like_an_id_is_data(tmp_path, text):
    sample = read_sample(write(tmp_path, text))
    assert sample.columns is None
    assert len(sample.ids) == text.count("\n")


@pytest.mark.parametrize(
    "text",
    ["id,class\n0001,0\n", "image_12,class\n0001.jpg,0\n", "column1,class\ntest_00010,0\n"],
)
def test_any_other_first_row_is_a_header(tmp_path, text):
    sample = read_sample(write(tmp_path, text))
    assert sample.columns == text.split("\n")[0].split(",")
    assert len(sample.ids) == 1


def test_dummy_rows_keep_their_values_and_want_no_prediction(tmp_path):
    path = write(tmp_path, "id,class\ndummy_1,9\na.jpg,0\ndummy_2,8\n")
    sample = read_sample(path, ["dummy_*"])
    assert sample.ids == ["a.jpg"]
    assert sample.dummy == {"dummy_1", "dummy_2"}
    sample.write(tmp_path / "out.csv", {"a.jpg": ["2"]})
    assert (tmp_path / "out.csv").read_text() == "id,class\ndummy_1,9\na.jpg,2\ndummy_2,8\n"


def test_blanks_around_an_id_do_not_count_but_are_written_as_they_were(tmp_path):
    sample = read_sample(write(tmp_path, "id,class\n a.jpg ,0\n"))
    sample.write(tmp_path / "out.csv", {"a.jpg": ["1"]})
    assert (tmp_path / "out.csv").read_text() == "id,class\n a.jpg ,1\n"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a.jpg": "1"}, "no prediction for 1 of the ids, first 'b.jpg'"),
        (
            {"a.jpg": "1", "b.jpg": "1", "c.jpg": "1"},
            "does not ask for 1 of the ids, first 'c.jpg'",
        ),
        (
            {"a.jpg": "1", "b.jpg": "1", "dummy": "1"},
            "does not ask for 1 of the ids, first 'dummy'",
        ),
    ],
    ids=["missing", "extra", "dummy"],
)
def test_missing_and_extra_predictions_are_refused_and_nothing_is_written(
    tmp_path, values, message
):
    sample = read_sample(write(tmp_path, "id,class\na.jpg,0\nb.jpg,0\ndummy,0\n"), ["dummy"])
    with pytest.raises(UserError, match=message):
        sample.write(tmp_path / "out.csv", values)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ("id,class\n", "a header, but no rows"),
        ("id,class\na.jpg,0\nb.jpg,0\na.jpg,1\n", "rows 2 and 4: the same id 'a.jpg' twice"),
        ("id,class\na.jpg,0\n,1\n", "row 3: the id is empty"),
        ("id,class\na.jpg,0\nb.jpg\n", "row 3: 1 fields, but row 1 has 2"),
        ('id,class\n"a.jpg,0\n', "row 2: broken quotes"),
        ("id\na.jpg\n", r"row 1: one column \(id\)"),
    ],
)
def test_a_bad_sample_is_refused_with_its_row(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read_sample(write(tmp_path, text))


def test_text_that_is_not_utf8_is_refused_with_its_row(tmp_path):
    path = write(tmp_path, "id,class\na.jpg,0\nレモン.jpg,0\n", "cp932")
    with pytest.raises(UserError, match=r"row 3: the text is not UTF-8 \(byte 0x83\)"):
        read_sample(path)


def test_a_missing_file_is_told_with_the_nearest_name(tmp_path):
    write(tmp_path, "id,class\na.jpg,0\n")
    with pytest.raises(UserError, match=r"no such file \(did you mean sample_submit.csv\?\)"):
        read_sample(tmp_path / "sample_sumbit.csv")


def test_the_row_of_a_message_is_the_line_of_the_file(tmp_path):
    path = write(tmp_path, 'id,text\n\n"a","two\nlines"\n\nb,one\n')
    assert [row.line for row in read_delimited(path).rows] == [1, 3, 6]


def test_a_row_of_delimiters_only_is_a_row(tmp_path):
    assert [row.line for row in read_delimited(write(tmp_path, "a,b\n,\n")).rows] == [1, 2]


def test_the_delimiter_is_sought_outside_quotes(tmp_path):
    path = write(tmp_path, '"a,b,c";d\n1;2\n')
    assert read_delimited(path).rows[0].fields == ["a,b,c", "d"]


def test_lines_end_where_a_text_editor_ends_them(tmp_path):
    assert read_lines(write(tmp_path, "\ufeffa\u2028b\r\nc\rd\n")) == ["a\u2028b", "c", "d", ""]
