"""The EDA report as a whole: what it shows, and that it is one file, always the same."""

import csv
import dataclasses
import html
import re
import subprocess
from html.parser import HTMLParser

import pytest
import yaml
from PIL import Image

import eda_report
from eda.advice import merged
from eda.sections import SECTIONS
from eda_folder import NAMES, OUTPUTS, make_competition
from zest.config import validate

PROBLEMS = (
    ("train_images.csv", "7", "<script>alert(1)</script>", "no such photo & more"),
    ("test_images", "", "extra.jpg", "the sample file does not ask for it"),
)


def run_stage(competition, out):
    return subprocess.run(competition.command(out), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("eda")
    competition = make_competition(folder, NAMES, problems=PROBLEMS)
    done = run_stage(competition, folder / "one")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no warning either, such as one of a letter without a glyph
    return competition, folder / "one"


@pytest.fixture(scope="module")
def page(made):
    return (made[1] / "report.html").read_text(encoding="utf-8")


def page_of(competition, out, monkeypatch):
    """Run the stage in this process, which spares the start of another, and return the page."""
    monkeypatch.setattr("sys.argv", competition.command(out)[1:])
    eda_report.main()
    return (out / "report.html").read_text(encoding="utf-8")


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_is_the_same_each_time(made, tmp_path):
    competition, one = made
    done = run_stage(competition, tmp_path)
    assert done.returncode == 0, done.stderr
    for name in OUTPUTS:
        assert (tmp_path / name).read_bytes() == (one / name).read_bytes(), name


def test_every_section_is_in_the_page_with_its_n_and_its_meaning(page):
    titles = re.findall(r'<section id="(\w+)"', page)
    assert titles == [section.__name__ for section in SECTIONS]
    assert page.count("What this means") == len(SECTIONS)
    assert len(re.findall(r'<p class="n">n = \d', page)) == len(SECTIONS)


def test_the_page_needs_no_other_file_and_no_network(page):
    references = re.findall(r"""\s(?:src|srcset|href|xlink:href|action|poster)="([^"]*)""", page)
    assert references
    assert all(found.startswith(("data:image/jpeg;base64,", "#")) for found in references)
    assert not re.search(r"https?:|url\(|@import|<script|<link|<iframe|<object|<embed", page)


def test_names_and_ids_are_escaped(page):
    assert "<b>good</b>" not in page
    assert "&lt;b&gt;good&lt;/b&gt; &amp; &#34;fine&#34;" in page
    assert 'alt="train&lt;' in page
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "lemons &lt;&amp;&gt; co" in page


def test_tags_are_closed_in_order(page):
    class Nesting(HTMLParser):
        void = ("meta", "img", "rect", "line", "path", "br")
        opened: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag, attrs):
            if tag not in self.void:
                self.opened.append(tag)

        def handle_endtag(self, tag):
            assert tag in self.void or self.opened.pop() == tag, self.getpos()

    parser = Nesting()
    parser.feed(page)
    assert parser.opened == []


def test_a_class_without_a_name_goes_by_its_number_and_others_keep_their_letters(made, page):
    assert [row["name"] for row in read_csv(made[1] / "classes.csv")] == [
        NAMES[0],
        NAMES[1],
        "2",
        NAMES[3].strip(),
    ]
    assert '<span class="name"><b>1</b> レモン 優</span>' in page
    assert '<span class="name">2</span>' in page


def test_photos_csv_has_a_row_a_photo_with_values_in_range(made):
    rows = read_csv(made[1] / "photos.csv")
    assert [row["split"] for row in rows] == ["train"] * 20 + ["test"] * 6
    assert [row["label"] for row in rows[:5]] == ["0", "1", "2", "3", "0"]
    assert {row["label"] for row in rows[20:]} == {""}
    assert all(0 < float(row["brightness"]) < 1 for row in rows)
    assert (rows[2]["width"], rows[2]["height"]) == ("30", "40")  # the one that is turned
    grey = rows[1]
    assert grey["mean_r"] == grey["mean_g"] == grey["mean_b"] == grey["brightness"]


def test_classes_csv_sums_up_to_one(made):
    rows = read_csv(made[1] / "classes.csv")
    assert [row["photos"] for row in rows] == ["5"] * 4
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1)
    assert float(rows[0]["effective_number"]) == pytest.approx(4.99, abs=0.001)


def test_grey_turned_and_missing_photos_are_told_in_words(page):
    assert "5 of 20 have no colour" in page
    assert "6 photos were taken with the camera turned" in page
    assert "no such photo &amp; more" in page
    assert "the sample file does not ask for it" in page
    assert "4 classes have fewer than 20 photos" in page


def test_the_most_frequent_kind_stands_first_in_each_table(page):
    assert page.index(">upright</th>") < page.index(">turned by 90°</th>")
    assert page.index(">wide</th>") < page.index(">tall</th>")


def test_the_charts_are_png_without_date_or_version(made):
    for name in OUTPUTS[3:]:
        with Image.open(made[1] / name) as image:
            image.load()
            assert set(image.info) <= {"dpi"}, name


def test_without_test_photos_the_report_says_so(tmp_path, monkeypatch):
    competition = make_competition(tmp_path, ["good", "bad"], test_photos=0)
    page = page_of(competition, tmp_path / "out", monkeypatch)
    assert "There are no test photos to compare with." in page
    assert ">test</th>" not in page


def test_a_class_without_photos_is_named_and_not_drawn(tmp_path, monkeypatch):
    competition = make_competition(tmp_path, ["good", "bad"])
    with open(competition.catalog / "classes.csv", "a", encoding="utf-8") as file:
        file.write("2,2,mouldy,0\n")
    page = page_of(competition, tmp_path / "out", monkeypatch)
    assert "Without any training photo: 2 mouldy." in page
    assert read_csv(tmp_path / "out" / "classes.csv")[2]["mean_r"] == ""


def test_with_many_classes_bars_go_by_size_and_each_class_shows_a_photo(tmp_path, monkeypatch):
    competition = make_competition(
        tmp_path, [f"kind {n}" for n in range(81)], photos=82, test_photos=0
    )
    page = page_of(competition, tmp_path / "out", monkeypatch)
    assert '<ul class="classes long">' in page
    assert re.findall(r'class="name"><b>(\d+)', page)[:3] == ["0", "1", "2"]  # class 0 has two
    assert section(page, "samples").count("<img ") == 82


def test_without_a_table_of_the_catalog_there_is_no_report_and_exit_code_2(tmp_path):
    competition = make_competition(tmp_path, ["good", "bad"])
    (competition.catalog / "train_measures.parquet").unlink()
    done = run_stage(competition, tmp_path / "out")
    assert done.returncode == 2
    assert "train_measures.parquet: there is no such file" in done.stderr
    assert not (tmp_path / "out").exists()


def section(page, name):
    return page.split(f'<section id="{name}"')[1].split("</section>")[0]


def test_pairs_are_shown_by_their_kind_those_that_disagree_first(page):
    shown = section(page, "duplicates")
    kinds = re.findall(r"<figcaption>([^<]+) <span>n = (\d)", shown)
    assert kinds == [
        ("Same photo, different labels", "2"),
        ("A training photo among the test photos", "1"),
    ]
    assert shown.count("<img ") == 6
    assert shown.index("the same bytes") < shown.index("distance 0.050, 2 bits")
    assert "2 pairs show the same thing under two labels" in shown


def test_every_photo_of_the_map_has_its_picture_and_its_name(page):
    shown = section(page, "photo_map")
    assert shown.count("<i class=") == shown.count("<img ") == 26
    assert shown.count('<i class="test') == 6
    assert 'style="left:25.0%;top:50.0%"' in shown
    assert "train&lt;0&gt;.jpg: 0 &lt;b&gt;good" in shown


def test_a_doubtful_label_names_both_classes(page):
    shown = section(page, "doubtful_labels")
    assert shown.count("<img ") == 1
    assert "レモン 優 → &lt;b&gt;good&lt;/b&gt; &amp; &#34;fine&#34; 80 %" in shown


def test_a_shortcut_is_told_where_it_beats_the_largest_class(page):
    shown = section(page, "shortcuts")
    verdicts = re.findall("tells (?:nothing|hardly anything|something|much)", shown)
    assert verdicts == ["tells much", "tells nothing"]
    assert "Warning: border pixels alone tells the class" in shown


def test_the_photos_most_and_least_like_the_test_photos_are_shown(page):
    shown = section(page, "shift")
    assert "AUC 0.80 (95 % interval 0.70 to 0.90)" in shown
    most, least = shown.split("Least like them")
    assert most.index('alt="train&lt;19&gt;.png"') < most.index('alt="train&lt;18&gt;.jpg"')
    assert 'alt="train&lt;0&gt;.jpg"' in least


def test_the_split_tells_what_to_expect_and_what_leaks(page):
    shown = section(page, "split")
    assert (
        "1 group of photos belongs together: 2 photos, up to 2 in one; the split divides" in shown
    )
    assert "the split divides 1 of them, so its scores flatter" in shown
    assert "Leak: 1 of 2 pairs of duplicates stand in two folds." in shown
    assert "would claim 0.900 in plain folds. Expect about 0.550 on the test photos" in shown


def test_the_advice_follows_from_the_findings_with_the_lines_that_do_it(page):
    shown = section(page, "advice")
    assert "Correct the labels of 2 pairs of photos" in shown
    assert "sessions: 0.02" in shown
    assert "random_erasing" in shown
    assert "- jpeg" not in shown  # the file size tells nothing here


def test_the_lines_of_the_advice_are_a_configuration_that_does_it(page):
    lines = html.unescape(section(page, "advice").rpartition("<pre>")[2].split("</pre>")[0])
    own = {"competition": "a", "data": {"root": "x"}}
    config = validate({**own, **yaml.safe_load(lines)})
    assert config["split"]["sessions"] == 0.02
    assert config["split"]["train_folds"] == [0, 1]
    (recipe,) = {model["recipe"] for model in config["models"].values()}
    operations = config["recipes"][recipe]["operations"]
    assert [next(iter(one)) for one in operations] == ["horizontal_flip", "crop", "random_erasing"]


@pytest.mark.parametrize(("trained", "advised"), [((0,), True), ((1, 0), False)])
def test_more_folds_are_advised_where_not_all_are_trained(tmp_path, monkeypatch, trained, advised):
    competition = make_competition(tmp_path, ["good", "bad"])
    (competition.catalog / "sessions.csv").write_text("distance,groups,gap,chosen\n0,20,0.01,1\n")
    competition = dataclasses.replace(competition, train_folds=trained)
    shown = section(page_of(competition, tmp_path / "out", monkeypatch), "advice")
    assert ("one fold is a rough judge" in shown) == advised


def test_parts_of_the_advice_are_merged_without_repeating():
    flip, crop = {"horizontal_flip": {}}, {"crop": {}}
    parts = [{"a": {"b": [flip]}, "c": 1}, {"a": {"b": [flip, crop], "d": 2}}]
    assert merged(parts) == {"a": {"b": [flip, crop], "d": 2}, "c": 1}


def test_odd_photos_are_shown_by_what_is_odd(page):
    assert "Tiny (short side under 96 pixels) <span>n = 26, 16 shown" in section(page, "quality")
