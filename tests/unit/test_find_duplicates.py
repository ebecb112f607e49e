"""Duplicates: what counts as one, by bytes, by the network's features and by the hash."""

import numpy as np
import pytest

import find_duplicates
from find_duplicates import Photos, find_pairs
from zest.perceptual_hash import as_numbers, differing_bits, symmetric_hashes
from zest.similarity import cosine_distances, unit_vectors

CFG = {"max_distance": 0.2, "max_bits": 8, "certain_distance": 0.02}


def photos(distances, bits, sha256=None, part=None) -> Photos:
    """Photos at these cosine distances from the first, with so many other bits in the hash."""
    angles = np.arccos(1 - np.array(distances))
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    hashes = np.stack([np.packbits(BASE ^ (np.arange(64) < count)) for count in bits])
    names = [f"{number}.jpg" for number in range(len(bits))]
    return Photos(names, part or ["train"] * len(bits), sha256 or names, hashes, features)


BASE = np.random.default_rng(3).random(64) < 0.5


def found(photos, first=0, **cfg):
    table = find_pairs(photos, first, {**CFG, **cfg}).to_pylist()
    return [(one["first"], one["second"], one["kind"]) for one in table]


@pytest.mark.parametrize(
    ("distance", "bits", "near"),
    [
        (0.19, 0, True),
        (0.21, 0, False),
        (0.099, 4, True),
        (0.101, 4, False),
        (0.024, 7, True),
        (0.05, 7, False),
        (0.019, 30, True),  # the network is certain
        (0.021, 30, False),
        (0.5, 0, False),  # a hash alone proves nothing
    ],
)
def test_distance_and_bits_together_decide_what_is_near(distance, bits, near):
    assert found(photos([0, distance], [0, bits])) == [("0.jpg", "1.jpg", "near")] * near


def test_the_same_bytes_are_a_duplicate_whatever_the_network_says():
    same = photos([0, 1.0, 0.4], [0, 20, 40], sha256=["a", "b", "a"])
    assert found(same) == [("0.jpg", "2.jpg", "exact")]


def test_a_pair_tells_its_distance_and_its_bits():
    (pair,) = find_pairs(photos([0, 0.1], [0, 3]), 0, CFG).to_pylist()
    assert pair["distance"] == pytest.approx(0.1, abs=1e-6)
    assert pair["bits"] == 3


def test_a_flipped_or_turned_copy_has_an_equal_hash():
    plain = photos([0, 0.15], [0, 30])
    for position in range(8):
        hashes = plain.hashes.copy()
        hashes[1] = symmetric_hashes(hashes[:1])[position, 0]
        turned = Photos(plain.image_id, plain.part, plain.sha256, hashes, plain.features)
        assert found(turned) == [("0.jpg", "1.jpg", "near")]


def test_with_test_photos_only_pairs_that_concern_them_are_told():
    both = photos([0, 0.001, 0.002, 0.003], [0] * 4, part=["train", "train", "test", "test"])
    pairs = [pair[:2] for pair in found(both, first=2)]
    assert pairs == [
        ("0.jpg", "2.jpg"),
        ("1.jpg", "2.jpg"),
        ("0.jpg", "3.jpg"),
        ("1.jpg", "3.jpg"),
        ("2.jpg", "3.jpg"),
    ]


def test_of_many_copies_each_is_paired_with_the_nearest_so_that_all_stay_together(monkeypatch):
    monkeypatch.setattr(find_duplicates, "MOST_PARTNERS", 2)
    many = photos([0.0001 * number for number in range(6)], [0] * 6)
    pairs = [pair[:2] for pair in found(many)]
    assert len(pairs) == 1 + 2 * 4
    assert ("3.jpg", "5.jpg") in pairs
    assert ("4.jpg", "5.jpg") in pairs


def test_a_pair_that_alone_holds_two_clusters_together_is_never_left_out(monkeypatch):
    monkeypatch.setattr(find_duplicates, "MOST_PARTNERS", 2)
    bridged = photos([0, 0.0001, 0.0002, 0.465, 0.1], [0] * 5)  # the last is near to all others
    assert ("3.jpg", "4.jpg", "near") in found(bridged)


def test_the_twin_of_a_test_photo_is_not_crowded_out_by_test_photos(monkeypatch):
    monkeypatch.setattr(find_duplicates, "MOST_PARTNERS", 2)
    part = ["train", "test", "test", "test", "test"]
    copies = photos([0.01, 0, 0.0001, 0.0002, 0.0003], [0] * 5, part=part)
    twins = [pair[1] for pair in found(copies, first=1) if pair[0] == "0.jpg"]
    assert twins == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]


def test_blocks_leave_no_pair_out(monkeypatch):
    several = photos([0, 0.5, 0.01, 1.5, 0.015], [0] * 5)
    whole = found(several)
    monkeypatch.setattr(find_duplicates, "BLOCK", 2)
    assert found(several) == whole
    assert len(whole) == 3


def test_all_pairs_are_found_that_comparing_each_with_each_finds(monkeypatch):
    monkeypatch.setattr(find_duplicates, "MOST_PARTNERS", 60)
    rng = np.random.default_rng(5)
    several = photos(rng.uniform(0, 1, 60), rng.integers(0, 6, 60))
    several.hashes[::3] = symmetric_hashes(several.hashes[::3])[5]
    early, late = np.triu_indices(60, 1)
    turned = symmetric_hashes(several.hashes)[:, late]
    bits = differing_bits(as_numbers(several.hashes[early]), as_numbers(turned)).min(axis=0)
    distance = cosine_distances(several.features, early, late)
    near = (distance / 0.2 + bits / 8 <= 1) | (distance <= 0.02)
    expected = sorted(zip(late[near], early[near], strict=True))
    assert 100 < len(expected) < len(early) - 100
    assert [pair[:2] for pair in found(several)] == [(f"{e}.jpg", f"{n}.jpg") for n, e in expected]


def test_distances_are_those_of_the_cosine():
    vectors = unit_vectors(np.random.default_rng(0).normal(size=(9, 4, 5)).astype(np.float32))
    first, second = np.array([0, 3, 7]), np.array([1, 3, 2])
    expected = 1 - (vectors[first].astype(float) * vectors[second]).sum(axis=1)
    assert cosine_distances(vectors, first, second) == pytest.approx(expected, abs=1e-6)
    assert vectors.shape == (9, 20)
