"""What an ensemble is said to gain is measured on photos that its weights have not seen."""

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import softmax

import fit_ensemble
from ensemble.judgement import judge_ways, nested_mix
from ensemble.weights import WAYS, fit_weights, mix
from fit_ensemble import explain
from zest.contracts import OUT_OF_FOLD, write_table
from zest.errors import UserError
from zest.intervals import score_all
from zest.paired import OutOfFold

PHOTOS = 300
LABELS = np.random.default_rng(0).integers(0, 3, PHOTOS)
PARTS = np.arange(PHOTOS) % 5
IDS = [f"{n:03}" for n in range(PHOTOS)]


def predictions(seed: int, skill: float) -> OutOfFold:
    own = np.random.default_rng(seed).normal(size=(PHOTOS, 3))
    probabilities = softmax(skill * np.eye(3)[LABELS] + own, axis=1)
    return OutOfFold(IDS, LABELS, probabilities, np.arange(PHOTOS), np.zeros(PHOTOS, int))


def judged(models: list[OutOfFold], leader: int = 0, metric: str = "accuracy", parts=PARTS):
    return judge_ways(models, leader, parts, metric, 0.95, 300, 0)


def test_a_part_is_averaged_by_weights_that_were_fitted_to_the_others():
    models = np.stack([predictions(seed, 1.0).probabilities for seed in range(4)])
    mixed = nested_mix("convex", LABELS, models, PARTS, "accuracy")
    for part in range(5):
        held = part == PARTS
        weights = fit_weights("convex", LABELS[~held], models[:, ~held], "accuracy")
        np.testing.assert_array_equal(mixed[held], mix(weights, models[:, held]))


def test_weights_that_are_kept_are_those_of_all_photos():
    models = [predictions(seed, 1.0) for seed in range(3)]
    stacked = np.stack([one.probabilities for one in models])
    for way, one in judged(models).items():
        expected = fit_weights(way, LABELS, stacked, "accuracy")
        np.testing.assert_array_equal(one.weights, expected)


@pytest.mark.parametrize("start", [0, 100, 200])
def test_models_that_know_nothing_gain_nothing(start):
    models = [predictions(start + seed, 0.0) for seed in range(20)]
    accuracies = [(one.probabilities.argmax(1) == LABELS).mean() for one in models]
    found = judged(models, int(np.argmax(accuracies)))
    stacked = np.stack([one.probabilities for one in models])
    seen = mix(fit_weights("greedy", LABELS, stacked, "accuracy"), stacked)
    # Where it is measured on the photos it was fitted to, noise looks like a gain.
    assert (seen.argmax(1) == LABELS).mean() > max(accuracies) + 0.02
    for one in found.values():
        assert not (one.sure and one.gain.value > 0)
    assert found["greedy"].gain.value < 0.02


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_models_that_err_on_different_photos_gain_beyond_chance(metric):
    models = [predictions(seed, 1.5) for seed in range(8)]
    for one in judged(models, metric=metric).values():
        assert one.sure
        assert 0 < one.gain.low < one.gain.value < one.gain.high
        assert one.log_loss_gain.low > 0


def test_the_gain_is_the_difference_of_the_scores():
    models = [predictions(seed, 1.0) for seed in range(3)]
    alone = score_all(LABELS, models[0].probabilities, 0.95, 300, 0)
    for one in judged(models, metric="macro_f1").values():
        assert one.score.n == one.gain.n == PHOTOS
        assert one.gain.value == pytest.approx(one.score.value - alone["macro_f1"].value)


def test_of_too_few_photos_there_are_weights_and_no_measure():
    models = [predictions(seed, 1.0) for seed in range(3)]
    found = judged(models, parts=None)
    assert all(one.score is None and one.gain is None and not one.sure for one in found.values())
    told = list(explain(found, ["a", "b", "c"], "a", "accuracy"))
    assert "equal of 3 models (a 0.33, b 0.33, c 0.33): the photos are too few" in told[0]


def test_a_fall_of_the_log_loss_is_told_as_a_fall():
    models = [predictions(seed, 1.5) for seed in range(8)]
    found = judged(models, metric="log_loss")
    greedy = found["greedy"]
    told = list(explain({"greedy": greedy}, list("abcdefgh"), "a", "log_loss"))
    expected = f"{-greedy.gain.value:+.3f} ({-greedy.gain.high:+.3f} to {-greedy.gain.low:+.3f})"
    assert f"would change log loss by {expected}: better than a alone beyond chance" in told[0]
    assert expected.startswith("-")
    unsure = dataclasses.replace(greedy, sure=False)
    (told,) = explain({"greedy": unsure}, list("abcdefgh"), "a", "log_loss")
    assert told.endswith("not distinguishable from a alone")


def store(folder, models: dict[str, np.ndarray], ids=IDS) -> list:
    """Write evaluation/{model}/out_of_fold.parquet of each model and return the paths."""
    paths = []
    for name, probabilities in models.items():
        table = {"image_id": ids, "fold": PARTS, "label": LABELS, "group": [None] * PHOTOS}
        table["probabilities"] = probabilities.tolist()
        paths.append(folder / name / "out_of_fold.parquet")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        columns = [table[name] for name in OUT_OF_FOLD.names]
        arrays = [pa.array(one, of.type) for one, of in zip(columns, OUT_OF_FOLD, strict=True)]
        write_table(pa.table(arrays, schema=OUT_OF_FOLD), paths[-1], OUT_OF_FOLD)
    return paths


def fitted(monkeypatch, folder, paths: list) -> bytes:
    """Run the stage and return ensemble.json."""
    cfg = {"metric": "accuracy", "seed": 0, "evaluation": {"confidence": 0.95, "resamples": 200}}
    words = ["--cfg", json.dumps(cfg), "--out-of-fold", *map(str, paths)]
    monkeypatch.setattr("sys.argv", ["fit_ensemble.py", *words, "--out", str(folder / "out.json")])
    fit_ensemble.main()
    return (folder / "out.json").read_bytes()


SKILLS = {"small": 1.0, "large": 2.0, "middle": 1.5}
STORED = {
    name: predictions(seed, skill).probabilities
    for seed, (name, skill) in enumerate(SKILLS.items())
}


def test_the_file_names_the_leader_and_the_weights_of_each_way(monkeypatch, tmp_path, capsys):
    found = json.loads(fitted(monkeypatch, tmp_path, store(tmp_path, STORED)))
    assert found["leader"] == "large"
    assert found["models"] == ["large", "middle", "small"]
    assert (found["metric"], found["confidence"], found["photos"]) == ("accuracy", 0.95, PHOTOS)
    assert set(found["ways"]) == set(WAYS)
    for way in found["ways"].values():
        assert sum(way["weights"].values()) == pytest.approx(1)
        assert way["gain"].keys() == way["log_loss_gain"].keys() == {"value", "low", "high", "n"}
    told = capsys.readouterr().out
    assert "greedy of " in told
    assert "large was chosen with all 300, so the gains err to the low side" in told


def test_the_same_models_in_another_order_give_the_same_bytes(monkeypatch, tmp_path):
    paths = store(tmp_path, STORED)
    first = fitted(monkeypatch, tmp_path, paths)
    assert fitted(monkeypatch, tmp_path, paths[::-1]) == first


def test_a_model_that_diverged_has_no_weight_and_is_told(monkeypatch, tmp_path, capsys):
    broken = np.full((PHOTOS, 3), np.nan)
    found = json.loads(fitted(monkeypatch, tmp_path, store(tmp_path, {**STORED, "bad": broken})))
    assert [way["weights"]["bad"] for way in found["ways"].values()] == [0, 0, 0]
    assert found["ways"]["equal"]["weights"]["large"] == pytest.approx(1 / 3)
    assert "bad is left out: its predictions are no numbers" in capsys.readouterr().out
    with pytest.raises(UserError, match="no model's predictions are numbers"):
        fitted(monkeypatch, tmp_path, store(tmp_path, {"bad": broken}))


def test_models_of_other_photos_are_refused(monkeypatch, tmp_path):
    paths = store(tmp_path, {"large": STORED["large"]})
    paths += store(tmp_path, {"small": STORED["small"]}, ids=[f"x{name}" for name in IDS])
    with pytest.raises(UserError, match="small and large have not predicted the same photos"):
        fitted(monkeypatch, tmp_path, paths)
