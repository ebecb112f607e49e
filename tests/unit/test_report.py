"""The report of a competition: what it says, and what it must not say."""

import dataclasses
import re

import pytest

from found_report import GRADES, PHOTOS, found, history, predictions, summary
from report.advice import advice
from report.failures import classes, doubtful_labels, mistakes
from report.gains import gains
from report.sections import certainty, costs, leader, learning, more
from write_report import headline, render, sections_of

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
    "ways": {
        "greedy": {
            "weights": {"large": 0.75, "small": 0.25, "other": 0.0},
            "gain": {"value": 0.0, "low": -0.01, "high": 0.01, "n": PHOTOS},
            "sure": False,
        }
    }
}


def told(section) -> str:
    return " ".join(section.meaning)


def ideas(one) -> list[str]:
    return [what for what, _ in advice(one).content["advice"]]


def with_rules(one, **rules):
    return dataclasses.replace(one, cfg={**one.cfg, "rules": {**one.cfg["rules"], **rules}})


def test_every_score_on_the_page_stands_with_its_n_and_its_interval(tmp_path):
    page = render(found(tmp_path))
    score = found(tmp_path).score
    assert f"{score['low']:.3f} to {score['high']:.3f}" in page
    for section in sections_of(found(tmp_path)):
        assert re.search(r"n = |fold|largest class", section.n), section.name


def test_text_of_the_data_is_escaped_and_the_page_asks_for_nothing(tmp_path):
    page = render(found(tmp_path))
    assert "lemons &lt;1&gt;" in page
    assert "<1>" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_model_that_cannot_be_told_from_the_leader_is_no_worse_in_the_headline(tmp_path):
    one = found(tmp_path)
    assert "and 1 cannot be told from it" in headline(one)
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
    ("temperature", "said"),
    [(1.6, "too sure of itself"), (1.05, "about as sure"), (0.5, "less sure than it could be")],
)
def test_the_temperature_is_put_into_words(tmp_path, temperature, said):
    calibration = {**found(tmp_path).calibration, "temperature": temperature}
    assert said in told(certainty(found(tmp_path, calibration=calibration)))


def test_a_gain_is_advised_only_if_it_is_sure_and_allowed(tmp_path):
    one = found(tmp_path, tta=TTA, ensemble=ENSEMBLE)
    assert [gain.verdict for gain in gains(one)] == [
        "better",
        "not distinguishable",
        "not distinguishable",
    ]
    (switched,) = (idea for idea in ideas(one) if "Switch on" in idea)
    assert "four mirror images" in switched
    assert "accuracy +0.030 (+0.010 to +0.050)" in switched
    forbidden = with_rules(one, tta="forbidden")
    assert not any("Switch on" in idea for idea in ideas(forbidden))
    assert "None of these is a sure gain" in told(more(forbidden))
    assert "rules.tta: forbidden" in render(forbidden)


def test_an_ensemble_that_could_not_be_judged_is_no_gain_and_no_loss(tmp_path):
    unjudged = {"weights": {"large": 1.0}, "gain": None, "sure": False}
    assert gains(found(tmp_path, ensemble={"ways": {"equal": unjudged}})) == []


def test_an_ensemble_names_only_the_models_that_count(tmp_path):
    (gain,) = gains(found(tmp_path, ensemble=ENSEMBLE))
    assert gain.what == "ensemble with greedy weights: large and small"


def test_a_score_that_still_rose_asks_for_more_epochs(tmp_path):
    rising = found(tmp_path)
    assert "In 1 of 1 fold the last epoch had the best" in told(learning(rising))
    lines = dict(advice(rising).content["advice"])
    assert "epochs: 6" in lines["Train longer: its score was still rising in the last epoch."]
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
    one = dataclasses.replace(one, cfg={**one.cfg, "models": {"large": probe, "small": probe}})
    assert "fitted in one go" in told(learning(one))
    assert any("The baseline leads" in idea for idea in ideas(one))


def test_an_ablation_is_shown_with_its_verdict(tmp_path):
    score = {"value": 0.9, "low": 0.8, "high": 0.97, "n": PHOTOS}
    ablation = {
        "ablation": "balancing",
        "key": "balance",
        "model": "large",
        "verdict": "balance: none has the best accuracy, 0.900.",
        "arms": [
            {"value": "none", "models": ["large"], "score": score, "behind": None},
            {"value": "label_shuffling", "models": ["x"], "score": score, "behind": {}},
        ],
    }
    page = render(found(tmp_path, ablations=[ablation]))
    assert "balance of large" in page
    assert page.count("label_shuffling") >= 1
    assert "balance: none has the best accuracy" in page
