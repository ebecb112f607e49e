"""The report of a competition: what it says, and what it must not say."""

import dataclasses
import re

import numpy as np
import pytest
import yaml

from deployment.exports import Export, read_exports, write_exports
from found_report import GRADES, PHOTOS, decodings, found, history, predictions, summary
from report.advice import advice
from report.failures import classes, doubtful_labels, mistakes
from report.gains import gains
from report.sections import ablations, certainty, costs, leader, learning, more
from write_report import headline, render, sections_of
from zest.classes import ClassInfo

TTA = {
    "ways": {
        "flips": {
            "views": 4,
            "gain": {"value": 0.03, "low": 0.01, "high": 0.05, "n": PHOTOS},
            "sure": True,
        },
        "multi_crop": {
            "views": 5,
            "gain": {"value": -0.01, "low": -0.03, "high": 0.02, "n": PHOTOS},
            "sure": False,
        },
    }
}
ENSEMBLE = {
    "leader": "large",
    "ways": {
        "greedy": {
            "weights": {"large": 0.75, "small": 0.25, "other": 0.0},
            "gain": {"value": 0.0, "low": -0.01, "high": 0.01, "n": PHOTOS},
            "sure": False,
        }
    },
}


def told(section) -> str:
    return " ".join(section.meaning)


def ideas(one) -> list[str]:
    return [what for what, _ in advice(one).content["advice"]]


def with_cfg(one, section: str, **settings):
    changed = {**one.cfg[section], **settings}
    return dataclasses.replace(one, cfg={**one.cfg, section: changed})


def switched(one) -> list[str]:
    return [idea for idea in ideas(one) if "Switch on" in idea]


def test_every_score_on_the_page_stands_with_its_n_and_its_interval(tmp_path):
    page = render(found(tmp_path))
    score = found(tmp_path).score
    assert f"{score['low']:.3f} to {score['high']:.3f}" in page
    for section in sections_of(found(tmp_path)):
        assert re.search(r"n = \d|largest class is \d|\d fold", section.n), section.name


def test_what_exports_cost_stands_in_the_report_where_it_was_asked_for(tmp_path):
    one = found(tmp_path)
    assert "snakemake deploy" in told(costs(one))
    assert 'id="exports"' not in render(one)
    export = Export("large", "ONNX Runtime", 0.9, 0.8, 0.95, 0, 1, 13.4, 16, 18, 70, 200, 2, True)
    write_exports(tmp_path / "exports.csv", [export])
    shown = dataclasses.replace(one, exports=read_exports(tmp_path / "exports.csv"))
    assert shown.exports == [export]
    page = render(shown)
    assert 'id="exports"' in page
    assert "n = 1 export; 2 threads" in page
    assert "On the frontier: large (ONNX Runtime)." in page
    assert "snakemake deploy" not in told(costs(shown))


def test_text_of_the_data_is_escaped_and_the_page_asks_for_nothing(tmp_path):
    page = render(found(tmp_path))
    assert "lemons &lt;1&gt;" in page
    assert "<1>" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_model_that_cannot_be_told_from_the_leader_is_no_worse_in_the_headline(tmp_path):
    one = found(tmp_path)
    assert "and 1 other model cannot be told from it" in headline(one)
    sure = dataclasses.replace(one, behind=[{**one.behind[0], "is_sure": True}])
    assert "and no other model comes near" in headline(sure)


def test_the_number_of_mistakes_is_that_of_the_predictions(tmp_path):
    figures = leader(found(tmp_path)).content["figures"]
    assert ("6", "mistakes", f"of {PHOTOS} photos") in figures


def test_of_models_that_cannot_be_told_apart_the_smaller_and_the_faster_is_named(tmp_path):
    said = told(costs(found(tmp_path)))
    assert "small is the smallest, by a factor of 3.5" in said
    assert "small is the fastest, by a factor of 6.7" in said


def test_a_model_that_is_surely_worse_is_not_recommended_for_its_size(tmp_path):
    one = found(tmp_path)
    said = told(costs(dataclasses.replace(one, behind=[{**one.behind[0], "is_sure": True}])))
    assert "small" not in said.replace("smallest", "")


def test_mistakes_of_ordered_grades_are_told_by_their_distance(tmp_path):
    said = told(classes(found(tmp_path)))
    # Of the six, 0, 1, 2, 4 and 5 are off by one grade; photo 3, of the last, seems the first.
    assert "5 of the 6 mistakes are off by one grade" in said
    assert f"0 {GRADES[0]} taken for 1 {GRADES[1]}, 2 of 6 mistakes" in said


def test_the_confusion_matrix_counts_every_photo_once(tmp_path):
    matrix = classes(found(tmp_path)).content["matrix"]
    assert sum(count for row in matrix for count, _ in row) == PHOTOS


def test_without_mistakes_there_is_no_gallery_and_no_worst_class(tmp_path):
    one = found(
        tmp_path,
        predictions=predictions(0),
        heat_maps=[],
        ranked=[summary("large", 0), summary("small", 8)],
    )
    assert "mistakes" not in [section.name for section in sections_of(one)]
    assert "Every one of these photos is right" in told(classes(one))
    assert "No label is in doubt" in told(doubtful_labels(one))


def test_a_mistake_is_shown_with_and_without_its_heat(tmp_path):
    tile = mistakes(found(tmp_path)).content["tiles"][0]
    assert tile["photo"] != tile["heated"]
    assert (tile["label"], tile["predicted"], tile["sure"]) == ("0 excellent", "1 good", "85 %")


def test_a_network_without_heat_maps_still_shows_its_mistakes(tmp_path):
    rows = [{**row, "heat": None, "heat_shape": None} for row in found(tmp_path).heat_maps]
    one = found(tmp_path, heat_maps=rows)
    one = dataclasses.replace(one, shortcuts={**one.shortcuts, "outside": None})
    assert mistakes(one).content["tiles"][0]["heated"] is None
    assert "of its heat" not in render(one)


def test_doubtful_labels_are_the_photos_that_seem_another_class(tmp_path):
    section = doubtful_labels(found(tmp_path))
    assert {tile["image_id"] for tile in section.content["tiles"]} == {
        f"photo_{row:02}" for row in range(6)
    }


@pytest.mark.parametrize(
    ("temperature", "low", "said"),
    [
        (1.6, 0.05, "It is too sure of itself: a temperature of 1.60 sets that right"),
        (0.5, 0.05, "It is less sure than it could be"),
        (0.87, -0.08, "No temperature makes a sure difference: by the best one, 0.87"),
    ],
)
def test_the_temperature_is_put_into_words(tmp_path, temperature, low, said):
    gain = {"value": 0.1, "low": low, "high": 0.15, "n": PHOTOS}
    calibration = {"temperature": temperature, "gain": gain}
    assert said in told(certainty(found(tmp_path, calibration=calibration)))


def test_a_gain_is_advised_only_if_it_is_sure_and_allowed(tmp_path):
    one = found(tmp_path, tta=TTA, ensemble=ENSEMBLE)
    verdicts = [gain.verdict for gain in gains(one)]
    assert verdicts == ["better", *["not distinguishable"] * 4]
    (told_so,) = switched(one)
    assert "four mirror images" in told_so
    assert "accuracy +0.030 (+0.010 to +0.050)" in told_so
    forbidden = with_cfg(one, "rules", tta="forbidden")
    assert switched(forbidden) == []
    assert "None of these is a sure gain" in told(more(forbidden))
    assert "rules.tta: forbidden" in render(forbidden)


def test_what_is_switched_on_already_is_not_advised_again(tmp_path):
    one = with_cfg(found(tmp_path, tta=TTA), "submission", tta="flips")
    assert switched(one) == []
    assert "(switched on)" in render(one)


def test_what_does_not_go_with_the_configuration_is_not_advised(tmp_path):
    one = with_cfg(found(tmp_path, tta=TTA, decodings=decodings(0.05)), "rules", tta="forbidden")
    assert "Switch on thresholds" in switched(one)[0]
    assert switched(with_cfg(one, "submission", values="probabilities")) == []
    assert switched(with_cfg(one, "submission", model="ensemble")) == []
    views = with_cfg(found(tmp_path, tta=TTA), "submission", decode="thresholds")
    assert switched(views) == []


def test_a_gain_in_kappa_is_no_gain_where_the_contest_does_not_see_classes(tmp_path):
    one = with_cfg(found(tmp_path, decodings=decodings(0.05)), "rules", metric="log_loss")
    by_thresholds = gains(one)[-1]
    assert (by_thresholds.metric, by_thresholds.verdict) == ("quadratic weighted kappa", "better")
    assert switched(one) == []


def test_an_ensemble_that_is_better_than_another_model_is_not_advised(tmp_path):
    gain = {"value": 0.03, "low": 0.01, "high": 0.05, "n": PHOTOS}
    ways = {"equal": {"weights": {"small": 0.5, "x": 0.5}, "gain": gain, "sure": True}}
    one = found(tmp_path, ensemble={"leader": "large", "ways": ways})
    assert switched(one) != []
    assert switched(found(tmp_path, ensemble={"leader": "small", "ways": ways})) == []


def test_a_model_without_a_number_is_not_one_that_cannot_be_told_apart(tmp_path):
    gap = {"value": None, "low": None, "high": None, "is_sure": False, "mcnemar_p": 1.0}
    one = found(tmp_path, behind=[gap])
    assert "no other model comes near" in headline(one)
    assert [row["verdict"] for row in costs(one).content["rows"]] == ["leads", "no number"]
    assert not any("small could not be told" in idea for idea in ideas(one))


def test_one_model_alone_is_compared_with_nothing(tmp_path):
    one = found(tmp_path, ranked=[summary("large", 6)], behind=[])
    assert headline(one).endswith("on photos it never saw.")
    assert told(costs(one)).startswith(
        "It is the only model: add another, and its costs can be set beside these."
    )
    render(one)


def test_a_class_is_called_weak_only_beyond_chance(tmp_path):
    few = predictions(6)
    labels = np.where(np.arange(PHOTOS) == 3, 3, few.labels % 3)  # one photo of the last, wrong
    one = found(tmp_path, predictions=dataclasses.replace(few, labels=labels))
    assert not any("Take more photos of 3" in idea for idea in ideas(one))
    missed = np.where(few.labels[:, None] == 2, [0.85, 0.05, 0.05, 0.05], few.probabilities)
    weak = found(tmp_path, predictions=dataclasses.replace(few, probabilities=missed))
    assert any("Take more photos of 2 processing: " in idea for idea in ideas(weak))


def test_of_many_classes_the_worst_and_the_most_frequent_mistakes_are_listed(tmp_path):
    many = 40
    labels = np.arange(PHOTOS) % many
    seems = np.where(labels == 7, 8, labels)
    probabilities = np.where(np.arange(many) == seems[:, None], 0.9, 0.1 / (many - 1))
    named = [ClassInfo(row, str(row), f"kind {row}", 2) for row in range(many)]
    told_of = dataclasses.replace(predictions(), labels=labels, probabilities=probabilities)
    one = found(tmp_path, predictions=told_of, classes=named, heat_maps=[], decodings=None)
    content = classes(one).content
    assert content["matrix"] == []
    assert content["rows"][0]["name"] == "7 kind 7"
    assert content["confusions"] == [("7 kind 7", "8 kind 8", 2)]
    assert content["more"] == 4
    render(one)


def test_an_ensemble_that_could_not_be_judged_is_no_gain_and_no_loss(tmp_path):
    unjudged = {"weights": {"large": 1.0}, "gain": None, "sure": False}
    one = found(tmp_path, ensemble={"leader": "large", "ways": {"equal": unjudged}})
    assert not any("ensemble" in gain.what for gain in gains(one))


def test_an_ensemble_names_only_the_models_that_count(tmp_path):
    gain = gains(found(tmp_path, ensemble=ENSEMBLE))[0]
    assert gain.what == "ensemble with greedy weights: large and small"


def test_a_score_that_still_rose_asks_for_more_epochs(tmp_path):
    rising = found(tmp_path)
    assert "In 1 of 1 fold the last epoch had the best" in told(learning(rising))
    lines = dict(advice(rising).content["advice"])
    longer = lines["Train longer: its score was still rising in the last epoch."]
    # With what is written of the model, which the lines take the place of.
    expected = {"recipe": "standard", "frozen": 9, "epochs": 6}
    assert yaml.safe_load(longer)["models"]["large"].items() <= expected.items()
    assert yaml.safe_load(longer)["models"]["large"].keys() >= {"frozen", "epochs"}
    settled = [dict(row, val_accuracy=0.9) for row in history()]
    assert not any("Train longer" in idea for idea in ideas(found(tmp_path, histories=[settled])))


def test_a_validation_loss_that_rises_again_asks_for_more_variety(tmp_path):
    rows = [dict(row, val_loss=loss) for row, loss in zip(history(), (0.5, 0.4, 0.6), strict=True)]
    assert any("rises again" in idea for idea in ideas(found(tmp_path, histories=[rows])))
    assert not any("rises again" in idea for idea in ideas(found(tmp_path)))


def test_few_photos_of_one_fold_ask_for_all_folds(tmp_path):
    idea = next(idea for idea in ideas(found(tmp_path)) if "Score all photos" in idea)
    assert "small could not be told from it" in idea
    five = found(tmp_path, histories=[history()] * 5)
    five = dataclasses.replace(five, cfg={**five.cfg, "train_folds": [0, 1, 2, 3, 4]})
    assert not any("Score all photos" in idea for idea in ideas(five))


def test_a_warning_of_shortcuts_is_the_reader_s_to_test(tmp_path):
    one = found(tmp_path)
    warned = dataclasses.replace(one, shortcuts={**one.shortcuts, "warnings": ["It looks aside."]})
    assert any("another background" in idea for idea in ideas(warned))
    assert "It looks aside." in render(warned)


def test_a_baseline_that_leads_is_told_so(tmp_path):
    one = found(tmp_path, histories=[history(1)])
    probe = {**one.cfg["models"]["large"], "method": "linear_probe"}
    led = with_cfg(one, "models", large=probe)
    assert "fitted in one go" in told(learning(led))
    assert any("The baseline leads" in idea for idea in ideas(led))
    alone = with_cfg(led, "models", small=probe)
    assert not any("The baseline leads" in idea for idea in ideas(alone))
    assert any("Fine-tune a network" in idea for idea in ideas(alone))


def test_an_ablation_is_shown_with_its_verdict(tmp_path):
    score = {"value": 0.9, "low": 0.8, "high": 0.97, "n": PHOTOS}
    gap = found(tmp_path).behind[0]
    ablation = {
        "ablation": "balancing",
        "key": "balance",
        "model": "large",
        "verdict": "balance: none has the best accuracy, 0.900.",
        "arms": [
            {"value": "none", "models": ["large"], "score": score, "behind": None},
            {"value": "label_shuffling", "models": ["x"], "score": score, "behind": gap},
        ],
    }
    one = found(tmp_path, ablations=[ablation])
    (shown,) = ablations(one).content["shown"]
    assert [row["model"] for row in shown["rows"]] == ["none", "label_shuffling"]
    page = render(one)
    assert "balance of large" in page
    assert "balance: none has the best accuracy" in page
