"""The sheet of photos and copies: rows of the training set itself, told in words, in one file."""

import base64
import json
import re

import cv2
import numpy as np
import pytest
from PIL import Image

import augmentation_sheet
from augmentation.operations import describe
from augmentation.rows import read_rows
from augmentation_folder import make_trainset
from eda_folder import NAMES
from zest.classes import read_classes
from zest.images import decode_png

FIGURE = re.compile(
    r'<img src="data:image/jpeg;base64,([^"]+)" alt="([^"]+), (the photo|copy \d+)"[^>]*>\s*'
    r"<figcaption>(.*?)</figcaption>",
    re.DOTALL,
)


def run_stage(made, out, monkeypatch, **augmentation):
    settings = {"photos_per_class": 2, **augmentation}
    cfg = {"competition": "lemons <&> co", "seed": 0, "augmentation": settings}
    arguments = {
        "--cfg": json.dumps(cfg),
        "--recipe": "turned",
        "--trainset": made.images,
        "--classes": made.classes,
        "--html": out / "sheet.html",
        "--png": out / "sheet.png",
    }
    words = [str(word) for pair in arguments.items() for word in pair]
    monkeypatch.setattr("sys.argv", ["augmentation_sheet.py", *words])
    augmentation_sheet.main()
    return (out / "sheet.html").read_text(encoding="utf-8")


def figures(page):
    """Yield image_id, number of the copy, image and caption of each picture."""
    for data, image_id, name, caption in FIGURE.findall(page):
        pixels = np.frombuffer(base64.b64decode(data), np.uint8)
        image = cv2.imdecode(pixels, cv2.IMREAD_COLOR_RGB)
        copy = 0 if name == "the photo" else int(name.removeprefix("copy "))
        yield image_id, copy, image.astype(int), caption


def test_every_picture_is_the_row_of_the_training_set_with_its_operations(tmp_path, monkeypatch):
    made = make_trainset(tmp_path, ["good", "bad"])
    rows = {(row["image_id"], row["copy"]): row for row in made.rows}
    shown = list(
        figures(run_stage(made, tmp_path, monkeypatch).replace("&lt;", "<").replace("&gt;", ">"))
    )
    assert len(shown) == 2 * 2 * 3
    for image_id, copy, image, caption in shown:
        row = rows[image_id, copy]
        stored = decode_png(row["image"]["bytes"]).astype(int)
        assert np.abs(image - stored).mean() < 12, (image_id, copy)
        told = re.findall(r"<li>(.*?)</li>", caption)
        assert told == [describe(step) for step in json.loads(row["operations"])]


def test_the_photos_hang_on_the_seed_and_each_stands_before_its_copies(tmp_path, monkeypatch):
    made = make_trainset(tmp_path, ["good", "bad"])
    page = run_stage(made, tmp_path, monkeypatch)
    copies = [copy for _, copy, _, _ in figures(page)]
    assert copies == [0, 1, 2] * 4
    assert run_stage(made, tmp_path / "again", monkeypatch) == page
    assert (tmp_path / "again/sheet.png").read_bytes() == (tmp_path / "sheet.png").read_bytes()
    rows, classes = read_rows(made.images), read_classes(made.classes)
    choices = [
        augmentation_sheet.choose_photos(
            rows, classes, {"seed": seed, "augmentation": {"photos_per_class": 2}}
        )
        for seed in range(4)
    ]
    assert len({str(choice) for choice in choices}) > 1


def test_photos_that_have_copies_are_chosen_before_those_that_have_none():
    classes = [augmentation_sheet.ClassInfo(0, "0", "good", 30)]
    rows = [{"image_id": f"{n}.jpg", "copy": 0, "label": 0} for n in range(30)]
    rows.append({"image_id": "7.jpg", "copy": 1, "label": 0})
    cfg = {"seed": 0, "augmentation": {"photos_per_class": 1}}
    assert augmentation_sheet.choose_photos(rows, classes, cfg) == {0: ["7.jpg"]}
    assert len(augmentation_sheet.choose_photos(rows[:30], classes, cfg)[0]) == 1


def test_of_many_classes_fewer_photos_are_shown_and_of_very_many_not_all_classes():
    def shown(count):
        classes = [augmentation_sheet.ClassInfo(n, str(n), f"kind {n}", 9) for n in range(count)]
        rows = [
            {"image_id": f"{n}-{k}.jpg", "copy": 0, "label": n}
            for n in range(count)
            for k in (0, 1)
        ]
        cfg = {"seed": 0, "augmentation": {"photos_per_class": 2}}
        chosen = augmentation_sheet.choose_photos(rows, classes, cfg)
        return len(chosen), sum(len(ids) for ids in chosen.values())

    assert shown(3) == (3, 6)
    assert shown(81) == (81, 81)
    assert shown(300) == (100, 100)


def test_of_many_copies_some_are_shown(tmp_path, monkeypatch):
    made = make_trainset(tmp_path, ["good", "bad"], photos=8, copies=12)
    page = run_stage(made, tmp_path, monkeypatch, photos_per_class=1)
    assert [copy for _, copy, _, _ in figures(page)] == [*range(7)] * 2
    assert "12 of 66 copies" in page


def test_a_mixed_copy_tells_its_partner_and_the_shares_of_its_label(tmp_path, monkeypatch):
    mix = {"mixup": 1.0, "cutmix": 1.0, "probability": 1.0}
    made = make_trainset(tmp_path, ["good", "bad"], mix=mix)
    rows = {(row["image_id"], row["copy"]): row for row in made.rows}
    page = run_stage(made, tmp_path, monkeypatch)
    assert "28 of the 28 copies are mixed with another photo" in page
    for image_id, copy, _, caption in figures(page.replace("&lt;", "<").replace("&gt;", ">")):
        if not copy:
            assert "verdict" not in caption
            continue
        row = rows[image_id, copy]
        mixed, shares = json.loads(row["mix"]), row["soft_label"]
        kind = {"mixup": "MixUp", "cutmix": "CutMix"}[mixed["kind"]]
        caption = caption.replace("\N{NO-BREAK SPACE}", " ")
        assert f"{kind} with {100 - 100 * mixed['lambda']:.0f} % of {mixed['partner']}" in caption
        for name, share in zip(("good", "bad"), shares, strict=True):
            assert (f"{100 * share:.0f} % {name}" in caption.split("</span>")[0]) == (share > 0)


def test_a_recipe_without_copies_says_that_there_are_none(tmp_path, monkeypatch):
    made = make_trainset(tmp_path, ["good", "bad"], copies=1, operations=[])
    page = run_stage(made, tmp_path, monkeypatch)
    assert "The recipe turned makes no copies" in page
    assert len(list(figures(page))) == 4


def test_the_page_needs_no_other_file_and_escapes_what_comes_from_the_data(tmp_path, monkeypatch):
    page = run_stage(make_trainset(tmp_path, NAMES), tmp_path, monkeypatch)
    references = re.findall(r"""\s(?:src|srcset|href|xlink:href|action|poster)="([^"]*)""", page)
    assert references
    assert all(found.startswith(("data:image/jpeg;base64,", "#")) for found in references)
    assert not re.search(r"https?:|url\(|@import|<script|<link|<iframe|<object|<embed", page)
    assert "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"" in page
    assert "lemons &lt;&amp;&gt; co" in page
    assert "&lt;b&gt;good&lt;/b&gt; &amp; &#34;fine&#34;" in page
    assert "<b>good" not in page


def test_the_png_is_a_picture_without_date_or_version(tmp_path, monkeypatch):
    run_stage(make_trainset(tmp_path, NAMES), tmp_path, monkeypatch)
    with Image.open(tmp_path / "sheet.png") as image:
        image.load()
        assert set(image.info) <= {"dpi"}
        assert min(image.size) > 300


@pytest.mark.filterwarnings("error")
def test_letters_that_the_font_lacks_give_no_warning(tmp_path, monkeypatch):
    run_stage(make_trainset(tmp_path, ["レモン 優", "bad"]), tmp_path, monkeypatch)
