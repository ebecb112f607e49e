"""The guard: which copies left their label, which operation is to blame, and what is said of it."""

import csv
import json

import numpy as np
import pytest

import augmentation_guard
from augmentation.judgement import Share, blames, judge, overall
from augmentation.probe import errors_on_new_photos, probe_logits
from augmentation_folder import OPERATIONS, invented_rows, logits_of, make_trainset
from augmenting import settings_of
from zest.engine.features import write_features
from zest.errors import UserError

FLIP = {"name": "horizontal_flip"}


def turn(degrees):
    return {"name": "rotate", "degrees": degrees}


def judged(labels, copies, predicted):
    rows = invented_rows(labels, copies)
    return rows, judge(rows, logits_of(predicted, max(labels) + 1))


def test_a_copy_left_where_it_is_judged_wrong_and_its_photo_right():
    rows, judgement = judged([0, 1], [[FLIP], [FLIP]], [0, 0, 1, 1, 1, 0])
    assert [(rows[n]["image_id"], rows[n]["copy"]) for n in judgement.worst] == [
        ("0.jpg", 2),
        ("1.jpg", 2),
    ]
    assert overall(judgement) == Share(2, 4)


def test_copies_of_a_photo_that_is_judged_wrong_itself_are_not_judged():
    _, judgement = judged([0, 1], [[FLIP], [FLIP]], [1, 1, 0, 1, 1, 0])
    assert overall(judgement) == Share(1, 2)
    assert judgement.unknown == 2


def test_mixed_copies_are_not_judged():
    rows = invented_rows([0, 1], [[FLIP], [FLIP]])
    rows[1]["soft_label"] = [0.6, 0.4]
    judgement = judge(rows, logits_of([0, 1, 1, 1, 1, 1], 2))
    assert overall(judgement) == Share(1, 3)
    assert judgement.mixed == 1
    assert judgement.worst == [2]


def test_the_copy_that_went_farthest_stands_first_however_sure_the_probe_is():
    rows = invented_rows([0], [[FLIP], [FLIP], [FLIP]])
    logits = np.array([[9, 0], [0, 200], [0, 1], [0, 300]], np.float32)
    assert judge(rows, logits).worst == [3, 1, 2]


def test_an_operation_is_blamed_where_more_copies_left_with_it_than_without_it():
    copies = [[FLIP], [turn(10), FLIP], [FLIP], [turn(10)]]
    rows, judgement = judged([0, 1] * 20, copies, [0, 0, 1, 0, 1, 1, 1, 0, 1, 0] * 20)
    found = {one.operation: one for one in blames(rows, judgement)}
    assert found["rotate"].having == Share(80, 80)
    assert found["rotate"].without == Share(0, 80)
    assert found["rotate"].stands_out
    assert found["horizontal_flip"].having == Share(40, 120)
    assert not found["horizontal_flip"].stands_out
    assert next(iter(found)) == "rotate"


def test_an_operation_that_every_copy_has_is_blamed_where_more_of_it_makes_more_leave():
    rows, judgement = judged([0, 1] * 20, [[turn(-80)], [turn(5)]], [0, 1, 0, 1, 0, 1] * 20)
    (one,) = blames(rows, judgement)
    assert one.without == Share(0, 0)
    assert (one.weaker, one.stronger) == (Share(0, 40), Share(40, 40))
    assert one.stands_out
    rows, judgement = judged([0, 1] * 20, [[turn(-80)], [turn(5)]], [0, 0, 1, 1, 1, 0] * 20)
    assert not blames(rows, judgement)[0].stands_out


def test_a_few_copies_blame_nothing():
    rows, judgement = judged([0, 1], [[turn(10)], [FLIP]], [0, 1, 0, 1, 0, 1])
    assert [one.operation for one in blames(rows, judgement)] == ["rotate", "horizontal_flip"]
    assert not any(one.stands_out for one in blames(rows, judgement))


def test_an_operation_that_a_copy_has_twice_counts_once_with_the_stronger():
    for twice in ([turn(5), turn(50)], [turn(50), turn(5)]):
        rows, judgement = judged([0, 1], [twice, [turn(20)]], [0, 1, 0, 1, 0, 1])
        (one,) = blames(rows, judgement)
        assert one.having == Share(2, 4)
        assert (one.weaker, one.stronger) == (Share(0, 2), Share(2, 2))


def test_where_most_copies_have_the_same_degree_the_others_are_a_half_of_their_own():
    for degrees, weaker in (([9, 9, 2], Share(0, 2)), ([9, 2, 2], Share(0, 4))):
        copies = [[turn(value)] for value in degrees]
        predicted = [
            [0, *(value == 9 for value in degrees)],
            [1, *(value != 9 for value in degrees)],
        ]
        rows, judgement = judged([0, 1], copies, [int(one) for row in predicted for one in row])
        (one,) = blames(rows, judgement)
        assert one.weaker == weaker
        assert one.stronger == Share(6 - weaker.n, 6 - weaker.n)


def features_of(rows, noise=0.1):
    rng = np.random.default_rng(0)
    labels = np.array([row["label"] for row in rows])
    return (np.eye(3)[labels] * 4 + rng.normal(size=(len(rows), 3)) * noise).astype(np.float32)


def test_the_probe_learns_from_the_photos_alone():
    rows = invented_rows([0, 1, 2] * 6, [[FLIP]])
    features = features_of(rows)
    wrong = np.array([row["copy"] for row in rows]) == 1
    features[wrong] = np.roll(features[wrong], 1, axis=1)
    predicted = probe_logits(rows, features, 3).argmax(axis=1)
    labels = np.array([row["label"] for row in rows])
    assert (predicted == labels).tolist() == (~wrong).tolist()


def test_errors_on_new_photos_are_of_a_fold_that_was_kept_back():
    rows = invented_rows([0, 0, 0, 1, 1, 1, 2, 2, 2] * 3, [[FLIP]])
    features = features_of(rows)
    assert errors_on_new_photos(rows, features, 3) == Share(0, 9)
    back = np.array([row["fold"] == 0 for row in rows])
    features[back] = np.roll(features[back], 1, axis=1)
    assert errors_on_new_photos(rows, features, 3) == Share(9, 9)


def test_without_another_fold_or_another_photo_of_a_class_there_are_no_new_photos():
    rows = invented_rows([0, 1, 2] * 3, [[FLIP]])  # each class in a fold of its own
    assert errors_on_new_photos(rows, features_of(rows), 3) is None
    for row in rows:
        row["fold"] = 1
    assert errors_on_new_photos(rows, features_of(rows), 3) is None


@pytest.mark.parametrize(
    ("unseen", "said"),
    [
        (Share(5, 100), "the recipe as a whole seems to go too far"),
        (Share(45, 100), "nothing says that the recipe as a whole goes too far"),
        (Share(1, 4), "nothing says that the recipe as a whole goes too far"),
    ],
)
def test_the_copies_are_measured_by_photos_that_the_probe_never_saw(unseen, said):
    _, judgement = judged([0, 1], [[FLIP]], [0, 1, 1, 0])
    sentences = " ".join(augmentation_guard.explain(Share(40, 100), judgement, unseen))
    assert said in sentences
    assert f"Of {unseen.n} photos that were kept from it" in sentences


def test_the_words_name_the_culprit_its_shares_and_the_key_to_change():
    copies = [[turn(10)], [FLIP]]
    rows, judgement = judged([0, 1] * 20, copies, [0, 1, 0, 1, 0, 1] * 20)
    told = augmentation_guard.accuse(blames(rows, judgement), list(OPERATIONS), "turned")
    assert told[0].replace("\N{NO-BREAK SPACE}", " ") == (
        "rotate: 100 % of the 40 copies with it left, 0 % of those without it. "
        "Lower degrees of rotate, or drop it."
    )
    assert "recipes.turned.operations" in told[1]
    none = augmentation_guard.accuse([], [settings_of("rotate")], "turned")
    assert none[0].startswith("No operation stands out")


def run_stage(made, features, out, monkeypatch):
    cfg = {"competition": "lemons", "operations": list(OPERATIONS)}
    outputs = {"--copies": "left_label.csv", "--by-operation": "left_by_operation.csv"}
    outputs |= {"--html": "left_label.html", "--png": "left_label.png"}
    arguments = {
        "--cfg": json.dumps(cfg),
        "--recipe": "turned",
        "--trainset": made.images,
        "--features": features,
        "--classes": made.classes,
        **{option: out / name for option, name in outputs.items()},
    }
    words = [str(word) for pair in arguments.items() for word in pair]
    monkeypatch.setattr("sys.argv", ["augmentation_guard.py", *words])
    augmentation_guard.main()


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_stage_writes_who_left_by_which_operation_and_shows_them(tmp_path, monkeypatch):
    made = make_trainset(tmp_path, ["good", "bad"])
    rows = made.rows
    labels = np.array([row["label"] for row in rows])
    cropped = np.array(["crop" in row["operations"] for row in rows])
    seen = np.where(cropped, 1 - labels, labels)
    write_features(
        [row["image_id"] for row in rows],
        (np.eye(2)[seen] * 4).astype(np.float32),
        tmp_path / "features.parquet",
    )
    run_stage(made, tmp_path / "features.parquet", tmp_path / "out", monkeypatch)
    left = read_csv(tmp_path / "out/left_label.csv")
    assert {(row["image_id"], int(row["copy"])) for row in left} == {
        (row["image_id"], row["copy"]) for row, crop in zip(rows, cropped, strict=True) if crop
    }
    for row in left:
        assert {row["label"], row["predicted"]} == {"0", "1"}
        assert float(row["label_probability"]) < 0.5 < float(row["predicted_probability"])
        assert "crop" in [step["name"] for step in json.loads(row["operations"])]
    by_operation = {
        row["operation"]: row for row in read_csv(tmp_path / "out/left_by_operation.csv")
    }
    assert int(by_operation["all copies"]["left"]) == cropped.sum()
    assert float(by_operation["crop"]["share"]) == 1
    assert float(by_operation["crop"]["share_without"]) == 0
    page = (tmp_path / "out/left_label.html").read_text(encoding="utf-8")
    assert page.count("looks like ") == min(cropped.sum(), augmentation_guard.MOST_SHOWN)
    assert "Raise min_area of crop, or drop it." in page
    assert '<tr class="blamed"><th scope="row">crop</th>' in page
    assert "<script" not in page


def test_where_no_copy_left_and_where_there_is_none_the_page_says_so(tmp_path, monkeypatch):
    for copies, said in (
        (2, "None of the 14 copies left its label"),
        (1, "There is no copy to judge"),
    ):
        folder = tmp_path / str(copies)
        made = make_trainset(folder, ["good", "bad"], copies=copies)
        rows = made.rows
        known = np.eye(2)[[row["label"] for row in rows]].astype(np.float32)
        write_features([row["image_id"] for row in rows], known, folder / "features.parquet")
        run_stage(made, folder / "features.parquet", folder, monkeypatch)
        page = (folder / "left_label.html").read_text(encoding="utf-8")
        assert said in page
        assert "<img" not in page
        assert read_csv(folder / "left_label.csv") == []


def test_features_of_another_training_set_are_refused(tmp_path, monkeypatch):
    made = make_trainset(tmp_path, ["good", "bad"])
    features = np.ones((len(made.rows), 2), np.float32)
    write_features(["other.jpg"] * len(features), features, tmp_path / "features.parquet")
    with pytest.raises(UserError, match="features of other images"):
        run_stage(made, tmp_path / "features.parquet", tmp_path, monkeypatch)
