"""Policies: what they draw is what their papers say, recorded as plain operations."""

import json

import numpy as np
import pytest

from augmenting import settings_of, smooth_photo
from zest.augment import OPERATIONS, augment_image, draw_operations
from zest.augment.policies import IMAGENET, POLICIES

FOURTEEN = {
    *("identity", "autocontrast", "equalize", "rotate", "solarize", "posterize", "saturation"),
    *("contrast", "brightness", "sharpness"),
    *("shear horizontal", "shear vertical", "shift right", "shift down"),
}


def drawn_by(policy: str, draws: int = 2000, **changes) -> list[list[dict]]:
    """What a policy draws, what has no effect included."""
    settings = settings_of(policy, **changes)[policy]
    return [POLICIES[policy](np.random.default_rng(seed), settings) for seed in range(draws)]


def kind_of(step: dict) -> str:
    ways = [way for way in ("horizontal", "vertical", "right", "down") if step.get(way)]
    return " ".join([step["name"], *ways])


def values_of(draws: list[list[dict]], name: str, key: str) -> list[float]:
    return [step[key] for steps in draws for step in steps if step["name"] == name and step[key]]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_records_operations_of_the_other_rooms(policy):
    for seed in range(200):
        steps = draw_operations([settings_of(policy)], seed)
        names = {step["name"] for step in steps}
        assert names <= {*OPERATIONS, "identity"} - {*POLICIES, "aug_mix"}
        assert json.loads(json.dumps(steps)) == steps


@pytest.mark.parametrize("policy", POLICIES)
def test_a_copy_to_which_a_policy_does_nothing_is_drawn_again(policy):
    for seed in range(500):
        steps = draw_operations([settings_of(policy)], seed)
        assert {step["name"] for step in steps} - {"identity"}


# RandAugment


@pytest.mark.parametrize("num_ops", [1, 2, 5])
def test_rand_augment_draws_exactly_so_many_of_its_fourteen_operations(num_ops):
    draws = drawn_by("rand_augment", num_ops=num_ops)
    assert {len(steps) for steps in draws} == {num_ops}
    kinds = [kind_of(step) for steps in draws for step in steps]
    assert set(kinds) == FOURTEEN
    shares = [kinds.count(kind) / len(kinds) for kind in FOURTEEN]
    assert max(abs(share - 1 / 14) for share in shares) < 0.025


def test_the_operations_of_rand_augment_are_all_of_its_magnitude_in_either_direction():
    draws = drawn_by("rand_augment", magnitude=5)
    for name, key, size in (
        *(("rotate", "degrees", 15), ("shear", "horizontal", 0.15), ("shear", "vertical", 0.15)),
        *(("shift", "right", 75 / 331), ("shift", "down", 75 / 331)),
    ):
        found = values_of(draws, name, key)
        np.testing.assert_allclose(np.abs(found), size, atol=1e-6)
        assert np.mean(np.sign(found)) == pytest.approx(0, abs=0.25)
    for name in ("brightness", "contrast", "saturation", "sharpness"):
        assert set(values_of(draws, name, "factor")) == {0.55, 1.45}
    assert set(values_of(draws, "posterize", "bits")) == {6}
    assert set(values_of(draws, "solarize", "threshold")) == {128}


def test_magnitude_10_is_the_largest_and_0_leaves_what_has_no_strength():
    strongest = drawn_by("rand_augment", magnitude=10)
    assert set(map(abs, values_of(strongest, "rotate", "degrees"))) == {30}
    assert set(values_of(strongest, "posterize", "bits")) == {4}
    weakest = drawn_by("rand_augment", magnitude=0)
    names = {step["name"] for steps in weakest for step in steps}
    assert names == {"identity", "autocontrast", "equalize"}


# TrivialAugment


def test_trivial_augment_draws_one_operation_of_31_strengths_over_the_wide_ranges():
    draws = drawn_by("trivial_augment", draws=8000)
    assert {len(steps) for steps in draws} == {1}
    assert {kind_of(steps[0]) for steps in draws} == FOURTEEN
    angles = values_of(draws, "rotate", "degrees")
    assert {round(abs(angle) / 4.5, 6) for angle in angles} == set(range(1, 31))
    assert (min(angles), max(angles)) == (-135, 135)
    assert max(values_of(draws, "shear", "vertical")) == 0.99
    assert min(values_of(draws, "shift", "right")) == round(-32 / 224, 6)
    factors = values_of(draws, "brightness", "factor")
    assert (min(factors), max(factors)) == (0.01, 1.99)
    assert set(values_of(draws, "posterize", "bits")) == {2, 3, 4, 5, 6, 7}
    thresholds = [s[0]["threshold"] for s in draws if s[0]["name"] == "solarize"]
    assert (min(thresholds), max(thresholds)) == (0, 247)


# AutoAugment


def test_the_policy_of_imagenet_has_25_pairs_with_their_probabilities_and_magnitudes():
    assert len(IMAGENET) == 25
    assert all(len(pair) == 2 for pair in IMAGENET)
    counted = {
        name: sum(one == name for pair in IMAGENET for one, *_ in pair)
        for name in ("equalize", "posterize", "rotate", "solarize", "saturation", "invert")
    }
    assert counted == {
        **{"equalize": 17, "posterize": 5, "rotate": 6, "solarize": 7},
        **{"saturation": 6, "invert": 3},
    }
    assert sum(chance for pair in IMAGENET for _, chance, _ in pair) == pytest.approx(31)


def test_each_pair_of_auto_augment_is_drawn_as_often_as_the_others(monkeypatch):
    """Pairs that tell their number: the angle of a sure rotation is that number of degrees."""
    pairs = tuple((("rotate", 1.0, 9 * n / 30), ("equalize", 0.3, 0)) for n in range(1, 26))
    monkeypatch.setattr("zest.augment.policies.IMAGENET", pairs)
    draws = drawn_by("auto_augment", draws=5000)
    numbers = [round(abs(steps[0]["degrees"])) for steps in draws]
    counts = np.bincount(numbers, minlength=26)[1:]
    assert counts.min() > 140
    assert counts.max() < 265
    assert np.mean([len(steps) - 1 for steps in draws]) == pytest.approx(0.3, abs=0.02)


def test_the_magnitudes_of_auto_augment_are_ten_steps_of_the_ranges_of_its_paper():
    draws = drawn_by("auto_augment", draws=5000)
    angles = {round(abs(angle), 3) for angle in values_of(draws, "rotate", "degrees")}
    assert angles == {10, 26.667, 30}
    assert set(values_of(draws, "posterize", "bits")) == {4, 5, 6}
    inverted = 0
    thresholds = {s["threshold"] for steps in draws for s in steps if s["name"] == "solarize"}
    assert thresholds == {inverted, *(round(256 * (1 - m / 9)) for m in (3, 4, 5, 7, 8))}
    assert set(values_of(draws, "contrast", "factor")) == {0.2, 1.8}
    assert set(values_of(draws, "saturation", "factor")) == {0.8, 1.2, 0.6, 1.4, 0.2, 1.8}
    assert set(map(abs, values_of(draws, "shear", "horizontal"))) == {round(0.3 * 5 / 9, 6)}


# AugMix


def mixes(**changes) -> list[dict]:
    return [draw_operations([settings_of("aug_mix", **changes)], seed)[0] for seed in range(800)]


def test_aug_mix_records_its_chains_and_their_weights():
    drawn = mixes(width=4)
    assert {len(mix["chains"]) for mix in drawn} == {4}
    for mix in drawn:
        assert 0 <= mix["photo"] <= 1
        assert sum(chain["weight"] for chain in mix["chains"]) == pytest.approx(1, abs=1e-5)
    steps = [s for mix in drawn for chain in mix["chains"] for s in chain["steps"]]
    assert {kind_of(step) for step in steps} == FOURTEEN - {
        *("identity", "saturation", "contrast", "brightness", "sharpness")
    }


def test_a_chain_has_one_to_three_operations_or_as_many_as_depth_says():
    lengths = [len(chain["steps"]) for mix in mixes() for chain in mix["chains"]]
    shares = np.bincount(lengths) / len(lengths)
    np.testing.assert_allclose(shares, [0, 1 / 3, 1 / 3, 1 / 3], atol=0.04)
    assert {len(chain["steps"]) for mix in mixes(depth=2) for chain in mix["chains"]} == {2}


def test_severity_bounds_the_strength_of_each_operation_of_a_chain():
    chains = [chain["steps"] for mix in mixes(severity=3) for chain in mix["chains"]]
    angles = np.abs(values_of(chains, "rotate", "degrees"))
    assert angles.max() == pytest.approx(9, abs=0.1)
    assert angles.min() == pytest.approx(0.3, abs=0.1)
    assert max(values_of(chains, "shift", "down")) == pytest.approx(0.1, abs=0.002)
    assert set(values_of(chains, "posterize", "bits")) == {3, 4}


def test_alpha_gathers_the_weights_or_evens_them_out():
    def largest(alpha: float) -> float:
        weights = [max(c["weight"] for c in mix["chains"]) for mix in mixes(alpha=alpha)]
        return float(np.mean(weights))

    assert largest(0.05) > 0.9
    assert largest(1) == pytest.approx(11 / 18, abs=0.02)  # of three uniform parts of a stick
    assert largest(100) < 0.4


def test_aug_mix_is_the_weighted_mean_of_the_photo_and_what_the_chains_make_of_it():
    photo = smooth_photo()
    chains = [
        [{"name": "rotate", "degrees": 20.0}, {"name": "posterize", "bits": 3}],
        [{"name": "equalize"}],
        [{"name": "shear", "horizontal": 0.2, "vertical": 0.0, "fill": "edge"}],
    ]
    weights = [0.5, 0.3, 0.2]
    mixed = augment_image(
        photo,
        [
            {
                "name": "aug_mix",
                "photo": 0.4,
                "chains": [
                    {"weight": weight, "steps": steps}
                    for weight, steps in zip(weights, chains, strict=True)
                ],
            }
        ],
        200,
    )
    blended = sum(
        weight * augment_image(photo, steps, 200)
        for weight, steps in zip(weights, chains, strict=True)
    )
    assert np.abs(mixed - (0.4 * photo + 0.6 * blended)).max() <= 0.51


def test_the_order_within_a_chain_is_kept():
    photo = smooth_photo()
    steps = [{"name": "solarize", "threshold": 128}, {"name": "equalize"}]

    def mixed(steps: list[dict]) -> np.ndarray:
        chains = [{"weight": 1.0, "steps": steps}]
        return augment_image(photo, [{"name": "aug_mix", "photo": 0.0, "chains": chains}], 200)

    assert (mixed(steps) == augment_image(photo, steps, 200)).all()
    assert (mixed(steps) != mixed(steps[::-1])).any()
