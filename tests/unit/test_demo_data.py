"""The demo data: what is in the folder, that it is exact, and that it is worth competing on."""

import csv
from collections import Counter

import cv2
import numpy as np
import pytest
from PIL import Image

import make_demo_data
from demo.noise import stream
from demo.photo import render_photo
from demo.plan import GRADES, grade_counts, plan_photos
from demo.shape import draw_shape, see
from make_demo_data import make_demo_data as make
from zest.errors import UserError
from zest.images import load_rgb

CFG = {
    "seed": 0,
    "train_photos": 16,
    "test_photos": 5,
    "size": 64,
    "background_shortcut": False,
    "label_noise": 0.25,
    "near_duplicates": 2,
}


TINY = CFG | {"train_photos": 2, "test_photos": 1, "near_duplicates": 0}


def config(**changes):
    return CFG | changes


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("data") / "demo"
    make(CFG, 1, out)
    return out


@pytest.fixture(scope="module")
def photos():
    """120 photos of 64 pixels with their true grades."""
    cfg = config(train_photos=120, test_photos=0, near_duplicates=0)
    plan = plan_photos(cfg)
    grades = np.array([photo.grade for photo in plan])
    return np.stack([render_photo(photo, cfg) for photo in plan]), grades


def test_folder_has_the_layout_of_the_contest(folder):
    train = [f"train_{i:04d}.jpg" for i in range(16)]
    test = [f"test_{i:04d}.jpg" for i in range(5)]
    tables = ["classes.csv", "rendered.json", "sample_submit.csv", "train_images.csv"]
    expected = [f"train_images/{n}" for n in train] + [f"test_images/{n}" for n in test] + tables
    assert sorted(contents(folder)) == sorted(expected)

    labels = rows(folder / "train_images.csv")
    assert labels[0] == ["id", "class_num"]
    assert [row[0] for row in labels[1:]] == train
    assert {row[1] for row in labels[1:]} <= {"0", "1", "2", "3"}
    assert rows(folder / "sample_submit.csv") == [["id", "class_num"], *([n, "0"] for n in test)]
    classes = [[str(i), name] for i, name in enumerate(GRADES)]
    assert rows(folder / "classes.csv") == [["class_num", "name"], *classes]
    assert b"\r" not in (folder / "train_images.csv").read_bytes()


def test_photos_are_square_jpegs_of_the_asked_size(folder):
    for path in folder.glob("*_images/*.jpg"):
        with Image.open(path) as image:
            assert (image.format, image.size) == ("JPEG", (64, 64))


def test_bytes_do_not_depend_on_the_number_of_processes(folder, tmp_path):
    make(CFG, 2, tmp_path / "demo")
    assert contents(tmp_path / "demo") == contents(folder)


def test_another_seed_gives_another_photo():
    photo = plan_photos(CFG)[0]
    ours, theirs = (render_photo(photo, config(seed=seed)) for seed in (0, 1))
    assert np.abs(ours.astype(float) - theirs).mean() > 8


def test_a_scene_is_the_same_at_every_size():
    photo = plan_photos(CFG)[0]
    small, large = (render_photo(photo, config(size=n)) for n in (64, 256))
    shrunk = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(float) - small).mean() < 4


def test_grades_come_in_the_proportions_of_the_contest():
    assert grade_counts(1102) == [400, 255, 235, 212]
    assert grade_counts(220) == [80, 51, 47, 42]
    assert grade_counts(2) == [1, 1, 0, 0]


def test_label_noise_moves_its_share_to_neighbouring_grades():
    plan = plan_photos(config(train_photos=200, label_noise=0.1))[:200]
    steps = Counter(abs(photo.label - photo.grade) for photo in plan)
    assert steps == {0: 180, 1: 20}
    assert {photo.label for photo in plan} == {0, 1, 2, 3}


def test_near_duplicates_show_the_same_lemon_again():
    plan = plan_photos(CFG)
    by_name = {photo.name: photo for photo in plan}
    copies = [photo for photo in plan if photo.scene != photo.name]
    assert len(copies) == 2
    for copy in copies:
        first = by_name[copy.scene]
        other = next(p for p in plan if p.scene not in (copy.scene, copy.name))
        assert first.grade == copy.grade
        assert copy.split == first.split == "train"
        # thumbnails: a turn of a few degrees moves little in them
        thumbs = [
            cv2.resize(render_photo(p, CFG), (16, 16), interpolation=cv2.INTER_AREA).astype(float)
            for p in (first, copy, other)
        ]
        alike, unlike = (np.abs(thumbs[0] - thumb).mean() for thumb in thumbs[1:])
        assert 0 < alike < unlike / 2


def test_more_near_duplicates_than_pairs_are_refused():
    with pytest.raises(UserError, match=r"near_duplicates: 9 pairs"):
        plan_photos(config(near_duplicates=9))


def test_one_photo_is_stored_rotated_and_one_in_greyscale(folder):
    modes, orientations = Counter(), {}
    for path in sorted(folder.glob("train_images/*.jpg")):
        with Image.open(path) as image:
            modes[image.mode] += 1
            orientations[path.name] = image.getexif().get(0x0112, 1)
    assert modes == {"RGB": 15, "L": 1}
    assert sorted(orientations.values()) == [1] * 15 + [6]

    rotated = next(name for name, tag in orientations.items() if tag == 6)
    photo = next(p for p in plan_photos(CFG) if p.name == rotated)
    shown = load_rgb((folder / "train_images" / rotated).read_bytes()).astype(float)
    upright = render_photo(photo, CFG).astype(float)
    assert np.abs(shown - upright).mean() < 6 < np.abs(np.rot90(shown) - upright).mean()


def test_mean_colour_does_not_tell_the_grade(photos):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    images, grades = photos
    for part in (images, images[:, 16:48, 16:48]):
        model = make_pipeline(StandardScaler(), LogisticRegression())
        assert cross_val_score(model, part.mean(axis=(1, 2)), grades, cv=5).mean() < 0.55


def test_blemishes_grow_with_the_grade(photos):
    """Dark spots on the lemon, by the black-hat transform of its green channel."""
    images, grades = photos
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    spots = [cv2.morphologyEx(image[..., 1], cv2.MORPH_BLACKHAT, kernel) for image in images]
    dark = np.array([spot[20:44, 20:44].mean() for spot in spots])
    medians = [np.median(dark[grades == grade]) for grade in range(4)]
    assert medians == sorted(medians)
    assert medians[3] > 1.5 * medians[0]


@pytest.mark.parametrize(("shortcut", "gap"), [(True, (0.4, 1.0)), (False, (-0.3, 0.3))])
def test_only_the_shortcut_ties_the_table_to_the_grade(shortcut, gap):
    cfg = config(train_photos=56, test_photos=0, background_shortcut=shortcut, near_duplicates=0)
    plan = plan_photos(cfg)
    excellent = np.array([photo.grade == 0 for photo in plan])
    images = np.stack([render_photo(photo, cfg) for photo in plan]).astype(float)
    border = np.concatenate([images[:, :4, :8], images[:, -4:, -8:]], axis=1)
    redness = np.median(border[..., 0] - border[..., 2], axis=(1, 2))
    white = redness < 25
    assert gap[0] < white[excellent].mean() - white[~excellent].mean() < gap[1]


def test_a_former_rendering_is_replaced(tmp_path):
    out = tmp_path / "demo"
    make(TINY, 1, out)
    make(TINY | {"train_photos": 3}, 1, out)
    assert len(list(out.glob("train_images/*"))) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_an_empty_folder_is_filled(tmp_path):
    make(TINY, 1, tmp_path)
    assert (tmp_path / "rendered.json").exists()


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "train_images.csv").write_text("mine")
    with pytest.raises(UserError, match="not a former rendering"):
        make(TINY, 1, tmp_path)
    assert contents(tmp_path) == {"train_images.csv": b"mine"}


def test_an_interrupted_rendering_leaves_no_folder(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(make_demo_data, "write_tables", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(TINY, 1, tmp_path / "demo")
    assert not list(tmp_path.iterdir())


def test_the_surface_solves_the_equation_of_the_body():
    along = np.linspace(-1.4, 1.4, 120, dtype=np.float32)
    x, y = np.meshgrid(along, along)
    for name in "abcdefgh":
        shape = draw_shape(stream(0, name))
        surface = see(shape, x, y, pixel=2.8 / 120)
        inside = surface.alpha > 0.99
        assert inside.mean() > 0.15
        table = shape.profile[0, :, 0]
        squared = np.interp(surface.along, np.linspace(-1.6, 1.6, len(table)), table)
        assert np.abs(squared - surface.off_axis**2)[inside].max() < 0.01
        assert np.allclose(sum(part**2 for part in surface.normal), 1, atol=1e-4)
