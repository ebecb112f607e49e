"""The split: stratified, reproducible, and nothing that belongs together on both of its sides."""

import csv
import json

import numpy as np
import pyarrow as pa
import pytest

import split_folds
from split.assignment import check_class_sizes, check_folds
from split.fixed import read_folds
from split.sessions import Clustering, choose_distance, margins, wasserstein
from zest.contracts import CATALOG, FOLDS, PAIRS, read_table, write_table
from zest.engine.features import write_features
from zest.errors import UserError
from zest.photo_groups import join, links_of_names, links_of_pairs, names_by_pattern
from zest.similarity import unit_vectors
from zest.stratified_folds import assign_folds

LABELS = np.repeat([0, 1, 2, 3], [400, 255, 235, 212])


def test_each_fold_has_the_class_proportions_of_the_whole():
    folds = assign_folds(LABELS, 5, seed=0)
    counts = np.zeros((5, 4), int)
    np.add.at(counts, (folds, LABELS), 1)
    assert counts.sum() == 1102
    assert (np.ptp(counts, axis=0) <= 1).all()


def test_the_split_depends_on_the_seed_only():
    first = assign_folds(LABELS, 5, seed=0)
    assert (assign_folds(LABELS, 5, seed=0) == first).all()
    assert (assign_folds(LABELS, 5, seed=1) != first).any()


def test_a_group_is_never_divided():
    folds = assign_folds(LABELS, 5, seed=0, grouped=np.arange(len(LABELS)) // 3)
    assert all(len({*folds[start : start + 3]}) == 1 for start in range(0, len(LABELS), 3))
    assert set(folds) == set(range(5))


def test_a_class_smaller_than_the_number_of_folds_is_refused():
    with pytest.raises(UserError, match=r"class mouldy \(3 photos\).* lower split.folds to 3\."):
        check_class_sizes(np.repeat([0, 1], [9, 3]), ["clean", "mouldy"], 5)
    check_class_sizes(np.repeat([0, 1], [9, 3]), ["clean", "mouldy"], 3)


@pytest.mark.parametrize(("photos", "told"), [(1, "1 photo"), (0, "0 photos")])
@pytest.mark.parametrize("folds", [2, 5])
def test_fewer_folds_are_not_advised_where_they_cannot_help(photos, told, folds):
    with pytest.raises(UserError) as caught:
        check_class_sizes(np.repeat([0, 1], [9, photos]), ["clean", "mouldy"], folds)
    assert f"class mouldy ({told}): fewer photos than split.folds ({folds})" in str(caught.value)
    assert "lower" not in str(caught.value)


def test_a_class_inside_one_fold_is_refused():
    with pytest.raises(UserError, match="mouldy"):
        check_folds(np.array([0, 1, 0, 0]), np.array([0, 0, 1, 1]), ["clean", "mouldy"], 2)


def test_fewer_groups_than_folds_are_refused_with_the_way_out():
    with pytest.raises(UserError, match=r"3 groups, too few for 4 folds. Lower split.folds"):
        assign_folds(LABELS, 4, seed=0, grouped=np.arange(len(LABELS)) % 3)


@pytest.mark.parametrize("classes", [2, 3])
def test_sessions_that_would_leave_a_fold_without_a_class_are_not_chosen(classes):
    """Two sessions a class: kept together, they cannot stand in five folds."""
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(size=(classes, 32)), 2, axis=0)
    centres = centres + 0.3 * rng.normal(size=centres.shape)
    vectors = np.repeat(centres, 30, axis=0) + 0.1 * rng.normal(size=(60 * classes, 32))
    labels = np.repeat(np.arange(classes), 60)
    test = rng.normal(size=(100, 32))  # harder than any fold
    found = split_folds.divide(
        {"seed": 0, "folds": 5, "sessions": "auto"},
        labels,
        [str(number) for number in range(classes)],
        [],
        unit_vectors(vectors.astype(np.float32)),
        unit_vectors(test.astype(np.float32)),
    )
    counts = np.zeros((5, classes), int)
    np.add.at(counts, (found.folds, labels), 1)
    assert (counts > 0).all()


def test_a_fold_that_lacks_a_class_is_told(capsys):
    split_folds.tell_folds(np.array([[4, 0], [3, 5]]), ["clean", "mouldy"])
    told = capsys.readouterr()
    assert told.err == "warning: fold 0 has no photo of mouldy: its score says nothing of them\n"
    assert "fold 1: 8 photos (clean 3, mouldy 5)" in told.out


def test_a_fold_without_photos_is_refused():
    with pytest.raises(UserError, match="fold 1 of 2 is empty"):
        check_folds(np.array([0, 0]), np.array([0, 1]), ["clean", "mouldy"], 2)


def test_photos_are_joined_directly_and_by_way_of_others():
    assert join(6, [(0, 3)], [(3, 5), (1, 2)]).tolist() == [0, 1, 1, 0, 2, 0]
    assert join(3, []).tolist() == [0, 1, 2]


def test_photos_of_one_name_are_linked_and_those_without_a_name_are_not():
    assert join(5, links_of_names(["a", None, "b", "a", None])).tolist() == [0, 1, 2, 0, 3]
    assert join(3, links_of_pairs(["x", "y", "z"], [("x", "z")])).tolist() == [0, 1, 0]


def test_a_pattern_takes_the_group_from_the_id():
    ids = ["lemon12_top.jpg", "lemon12_side.jpg", "lemon3_top.jpg"]
    assert names_by_pattern(ids, r"^(lemon\d+)_") == ["lemon12", "lemon12", "lemon3"]
    assert names_by_pattern(ids, r"\d+") == ["12", "12", "3"]
    advised = r"^.*?(lemon\d+)_|^.*"
    folders = [f"box/{one}" for one in ids]
    assert names_by_pattern([*folders, "x.jpg"], advised) == [
        *("lemon12", "lemon12", "lemon3", "x.jpg")
    ]
    with pytest.raises(UserError, match=r"finds nothing in 'x\.jpg'"):
        names_by_pattern([*ids, "x.jpg"], r"(lemon\d+)?")
    with pytest.raises(UserError, match=r"not found in 1 of 4 ids, the first of them 'x\.jpg'"):
        names_by_pattern([*ids, "x.jpg"], r"^(lemon\d+)_")


def sessions_of_photos(sessions: int, photos: int, seed: int = 0, spread: float = 0.1):
    """Features of two classes photographed in sessions: vectors, labels, sessions."""
    rng = np.random.default_rng(seed)
    classes = rng.normal(size=(2, 1, 1, 32))
    centres = classes + 0.7 * rng.normal(size=(2, sessions, 1, 32))
    vectors = centres + spread * rng.normal(size=(2, sessions, photos, 32))
    labels, numbers = np.indices((2, sessions))
    return (
        unit_vectors(vectors.reshape(-1, 32).astype(np.float32)),
        np.repeat(labels, photos),
        np.repeat(numbers + 100 * labels, photos),
    )


def test_sessions_are_found_within_each_class():
    vectors, labels, true = sessions_of_photos(12, 5)
    found = Clustering(vectors, labels, seed=0).sessions(0.1)
    assert len(np.unique(found)) == 24
    assert (join(120, links_of_names(found)) == join(120, links_of_names(true))).all()


def test_a_class_is_never_one_session_alone():
    vectors, labels, _ = sessions_of_photos(3, 4)
    found = Clustering(vectors, labels, seed=0).sessions(2.0)
    assert [len(np.unique(found[labels == label])) for label in (0, 1)] == [2, 2]


def test_in_a_large_class_photos_go_with_the_nearest_that_is_clustered(monkeypatch):
    monkeypatch.setattr("split.sessions.MOST_LEAVES", 40)
    vectors, labels, true = sessions_of_photos(6, 20)
    found = Clustering(vectors, labels, seed=0).sessions(0.1)
    assert (join(240, links_of_names(found)) == join(240, links_of_names(true))).all()


def chosen_distance(vectors, labels, test_vectors):
    def folds_of(sessions):
        return assign_folds(labels, 4, 0, sessions)

    clustering = Clustering(vectors, labels, seed=0)
    tried = choose_distance(vectors, labels, test_vectors, folds_of, clustering, seed=0)
    (chosen,) = [one.distance for one in tried if one.chosen]
    return chosen, tried


def test_test_photos_of_other_sessions_bring_sessions_together():
    vectors, labels, sessions = sessions_of_photos(24, 5)
    known = np.isin(sessions % 100, range(18))
    distance, tried = chosen_distance(vectors[known], labels[known], vectors[~known])
    clustering = Clustering(vectors[known], labels[known], seed=0)
    assert len(np.unique(clustering.sessions(distance))) == 36
    gaps = {one.distance: one.gap for one in tried}
    assert gaps[distance] < gaps[0] / 3


def test_test_photos_of_the_same_sessions_leave_the_folds_alone():
    vectors, labels, _ = sessions_of_photos(18, 6)
    known = np.arange(len(labels)) % 6 < 4
    distance, tried = chosen_distance(vectors[known], labels[known], vectors[~known])
    assert distance == 0
    assert len(tried) == 1


def test_a_margin_leaves_out_the_photos_of_the_own_fold():
    vectors = unit_vectors(np.array([[1, 0], [1, 0.1], [0, 1], [0.5, 1]], np.float32))
    labels, folds = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    alone = margins(vectors[:1], vectors, labels)
    assert alone[0] == pytest.approx(1 - vectors[0] @ vectors[3])
    found = margins(vectors[3:], vectors, labels, folds[3:], np.array([1, 0, 1, 0]))
    assert found[0] == pytest.approx(vectors[3] @ vectors[2] - vectors[3] @ vectors[0])


def test_the_gap_of_two_samples_is_how_far_they_must_be_moved():
    sample = np.random.default_rng(0).normal(size=500)
    assert wasserstein(sample, sample + 0.3) == pytest.approx(0.3)
    assert wasserstein(sample, sample[::-1]) == pytest.approx(0)


def fold_file(tmp_path, text):
    path = tmp_path / "split.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_split_is_read_from_a_file_in_any_order(tmp_path):
    path = fold_file(tmp_path, "fold,id,more\n1,b,x\n0,a,x\n0,gone,x\n")
    assert read_folds(path, ["a", "b"], "id", 2).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,part\na,0\nb,1\n", "needs one column 'fold'"),
        ("id,fold\na,0\nb,2\n", "row 3, column fold: '2' is no fold"),
        ("id,fold\na,0\nb,-1\n", "'-1' is no fold"),
        ("id,fold\na,0\na,1\nb,1\n", "row 3: 'a' is there twice"),
        ("id,fold\na,0\n", "1 of 2 training photos have no row, the first of them 'b'"),
    ],
)
def test_a_split_that_cannot_be_used_is_refused_with_its_place(tmp_path, text, told):
    with pytest.raises(UserError, match=told):
        read_folds(fold_file(tmp_path, text), ["a", "b"], "id", 2)


def run_stage(folder, monkeypatch, pairs=(), groups=None, **settings):
    """Split 40 photos of two classes; return the folds by id, the leaks and the groups by id."""
    ids = [f"{number}.jpg" for number in range(40)]
    rows = [
        {"image_id": image_id, "label": number % 2, "group": groups and groups(number)}
        for number, image_id in enumerate(ids)
    ]
    write_table(pa.Table.from_pylist(rows, schema=CATALOG), folder / "train.parquet", CATALOG)
    keys = ("first", "second", "kind")
    found = [dict(zip(keys, (*pair, "near"), strict=True)) for pair in pairs]
    write_table(pa.Table.from_pylist(found, schema=PAIRS), folder / "pairs.parquet", PAIRS)
    (folder / "classes.csv").write_text("label,class_num,name,photos\n0,0,a,20\n1,1,b,20\n")
    cfg = {"seed": 0, "folds": 4, "sessions": "none", "group_pattern": None}
    cfg |= {"group_duplicates": True, "id_column": "id", **settings}
    outputs = ("out", "balance", "leaks", "sessions")
    arguments = [f"--{name}={folder / name}" for name in outputs]
    arguments += [f"--cfg={json.dumps(cfg)}", f"--catalog={folder / 'train.parquet'}"]
    arguments += [f"--classes={folder / 'classes.csv'}", f"--pairs={folder / 'pairs.parquet'}"]
    for name in ("features", "file"):
        if (folder / name).exists():
            arguments.append(f"--{name}={folder / name}")
    monkeypatch.setattr("sys.argv", ["split_folds.py", *arguments])
    split_folds.main()
    table = read_table(folder / "out", FOLDS)
    folds = dict(zip(ids, table["fold"].to_pylist(), strict=True))
    with open(folder / "leaks", encoding="utf-8") as file:
        leaks = list(csv.DictReader(file))
    return folds, leaks, dict(zip(ids, table["group"].to_pylist(), strict=True))


PAIRS_ACROSS = [(f"{number}.jpg", f"{number + 1}.jpg") for number in range(0, 12, 2)]


def test_duplicates_stay_together_whatever_their_labels_and_none_leaks(tmp_path, monkeypatch):
    folds, leaks, groups = run_stage(tmp_path, monkeypatch, PAIRS_ACROSS)
    assert all(folds[first] == folds[second] for first, second in PAIRS_ACROSS)
    assert leaks == []
    assert groups["0.jpg"] == groups["1.jpg"] == "0.jpg"
    assert groups["39.jpg"] is None


def test_without_the_guard_the_leak_is_listed(tmp_path, monkeypatch, capsys):
    folds, leaks, _ = run_stage(tmp_path, monkeypatch, PAIRS_ACROSS, group_duplicates=False)
    divided = [pair for pair in PAIRS_ACROSS if folds[pair[0]] != folds[pair[1]]]
    assert [(leak["first"], leak["second"]) for leak in leaks] == divided
    assert divided
    assert f"{len(divided)} of 6 pairs of duplicates stand in two folds" in capsys.readouterr().out


def test_columns_patterns_and_duplicates_join_into_one_group(tmp_path, monkeypatch):
    folds, _, groups = run_stage(
        tmp_path,
        monkeypatch,
        [("0.jpg", "30.jpg")],
        groups=lambda number: "box" if number in (30, 31) else None,
        group_pattern="^3(1|2).jpg|.*",
    )
    assert len({folds[f"{number}.jpg"] for number in (0, 30, 31)}) == 1
    assert groups["31.jpg"] == "0.jpg"


def test_sessions_of_a_given_distance_stay_together(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    sessions = np.arange(40) // 2 % 10  # photos 0, 1, 20, 21 and so on; both classes in each
    vectors = rng.normal(size=(10, 16))[sessions] + 0.01 * rng.normal(size=(40, 16))
    ids = [f"{number}.jpg" for number in range(40)]
    write_features(ids, vectors.astype(np.float32), tmp_path / "features")
    folds, _, _ = run_stage(tmp_path, monkeypatch, sessions=0.1)
    assert all(folds[f"{number}.jpg"] == folds[f"{number + 20}.jpg"] for number in range(20))


def test_the_balance_of_each_fold_is_written(tmp_path, monkeypatch):
    run_stage(tmp_path, monkeypatch)
    with open(tmp_path / "balance", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["photos"]) for row in rows] == [5] * 8
    assert {row["share"] for row in rows} == {"0.5000"}


def test_a_file_takes_the_place_of_the_split(tmp_path, monkeypatch, capsys):
    lines = [f"{number}.jpg,{number // 10}" for number in range(40)]
    (tmp_path / "file").write_text("\n".join(["id,fold", *lines]) + "\n")
    folds, leaks, _ = run_stage(tmp_path, monkeypatch, [("0.jpg", "30.jpg")])
    assert [folds[f"{number}.jpg"] for number in range(40)] == [n // 10 for n in range(40)]
    told = capsys.readouterr()
    assert "groups of several photos: 1, the largest of 2, 2 photos in all" in told.out
    assert "warning: split.file divides 1 of them over several folds" in told.err
    assert [(leak["first_fold"], leak["second_fold"]) for leak in leaks] == [("0", "3")]
