"""Frozen layers: models with the same ones share a file, whose name tells them apart."""

import re

from configuring import minimal, model
from zest.config import validate
from zest.trunks import EMBEDDING, frozen_layers, trunk_name, trunk_of, trunks_of

CACHED = {"frozen": 3, "cache_frozen": True}


def config(**settings) -> dict:
    return validate(minimal(models=model(**settings), baseline=False))


def test_the_name_holds_what_the_layers_are():
    assert trunk_of(config(**CACHED, image_size=96), "lite0") == "efficientnet_lite0-96-3"


def test_models_that_differ_only_in_what_follows_the_frozen_layers_share_them():
    found = config(**CACHED)
    more = config(**CACHED, epochs=9, learning_rate=0.1, dropout=0.5)
    assert trunk_of(more, "lite0") == trunk_of(found, "lite0")


def test_other_weights_have_another_name():
    names = [
        trunk_name({**EMBEDDING, "weights": weights})
        for weights in (None, "a.pdparams", "b.pdparams")
    ]
    assert len(set(names)) == 3


def test_names_of_layers_of_the_users_own_can_be_file_names_and_differ():
    names = [trunk_name({**EMBEDDING, "architecture": path}) for path in ("a.b:C", "a:b.C")]
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"[\w-]+", name) for name in names)


def test_a_linear_probe_freezes_all_but_the_classifier():
    probe = {"architecture": "resnet18", "method": "linear_probe"}
    found = validate(minimal(models={"probe": probe}, baseline=False))
    assert frozen_layers(found, "probe") == {
        "architecture": "resnet18",
        "pretrained": True,
        "weights": None,
        "image_size": 224,
        "frozen": "trunk",
    }


def test_the_frozen_layers_of_the_first_phase_are_computed_once():
    phases = [{"epochs": 2, "frozen": 5}, {"epochs": 1, "frozen": 5}]
    found = config(cache_frozen=True, phases=phases)
    assert frozen_layers(found, "lite0")["frozen"] == 5


def test_only_probes_and_models_that_ask_for_it_are_computed_once():
    probe = {"architecture": "resnet18", "method": "linear_probe"}
    models = {
        **model(**CACHED),
        "plain": {"architecture": "resnet18", "recipe": "plain", "frozen": 2},
        "probe": probe,
    }
    found = validate(minimal(models=models, baseline=False))
    assert trunks_of(found) == {
        trunk_name(EMBEDDING): EMBEDDING,
        trunk_of(found, "lite0"): frozen_layers(found, "lite0"),
        trunk_of(found, "probe"): frozen_layers(found, "probe"),
    }


def test_the_baseline_is_computed_from_the_features_that_photos_are_compared_by():
    assert trunks_of(validate(minimal())) == {trunk_name(EMBEDDING): EMBEDDING}
