"""Which photos the demo competition has: names, grades, labels, near-duplicates and odd files."""

from dataclasses import dataclass, replace

import numpy as np

from demo.noise import stream
from zest.errors import UserError

GRADES = ("excellent", "good", "processing", "reject")
PROPORTIONS = (400, 255, 235, 212)  # photos of each grade in the real contest's training set


@dataclass(frozen=True)
class Photo:
    """One photo of the competition, before it is rendered."""

    split: str  # train or test
    name: str  # the file's name, which is also its id
    grade: int  # the true grade, row of GRADES
    label: int  # the grade that train_images.csv tells; differs where there is label noise
    scene: str  # name of the photo that first showed this lemon; itself, but for near-duplicates
    turn: float = 0.0  # degrees that the turntable has turned since `scene`
    greyscale: bool = False
    orientation: int = 1  # EXIF: 1 upright; 6 stored so that a viewer turns it 90 degrees clockwise


def plan_photos(cfg: dict) -> list[Photo]:
    """Return all photos, train before test, in the order of their names.

    Raises:
        UserError: more near-duplicates than pairs of train photos with the same grade.
    """
    train = _graded("train", cfg["train_photos"], stream(cfg["seed"], "train grades"))
    train = _with_label_noise(train, cfg["label_noise"], stream(cfg["seed"], "label noise"))
    train = _with_near_duplicates(train, cfg["near_duplicates"], stream(cfg["seed"], "pairs"))
    train = _with_odd_files(train, stream(cfg["seed"], "odd files"))
    return train + _graded("test", cfg["test_photos"], stream(cfg["seed"], "test grades"))


def grade_counts(total: int) -> list[int]:
    """Share `total` photos among the grades by PROPORTIONS, by the largest remainder method."""
    shares = [total * part / sum(PROPORTIONS) for part in PROPORTIONS]
    counts = [int(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: counts[i] - shares[i])
    for grade in by_remainder[: total - sum(counts)]:
        counts[grade] += 1
    return counts


def _graded(split: str, total: int, rng: np.random.Generator) -> list[Photo]:
    grades = rng.permutation(np.repeat(np.arange(len(GRADES)), grade_counts(total))).tolist()
    names = [f"{split}_{number:04d}.jpg" for number in range(total)]
    return [Photo(split, name, g, g, name) for name, g in zip(names, grades, strict=True)]


def _with_label_noise(photos: list[Photo], share: float, rng: np.random.Generator) -> list[Photo]:
    """Move the labels of `share` of the photos to a neighbouring grade."""
    photos = list(photos)
    for i in rng.permutation(len(photos))[: round(share * len(photos))]:
        grade = photos[i].grade
        step = {0: 1, len(GRADES) - 1: -1}.get(grade, int(rng.choice([-1, 1])))
        photos[i] = replace(photos[i], label=grade + step)
    return photos


def _with_near_duplicates(photos: list[Photo], pairs: int, rng: np.random.Generator) -> list[Photo]:
    """Let `pairs` photos show the lemon of another photo of the same grade, a little turned."""
    photos = list(photos)
    possible = []
    for grade in range(len(GRADES)):
        same = rng.permutation([i for i, photo in enumerate(photos) if photo.grade == grade])
        possible += list(zip(same[::2], same[1::2], strict=False))
    if pairs > len(possible):
        raise UserError(
            f"demo.near_duplicates: {pairs} pairs of the same grade do not fit into "
            f"{len(photos)} train photos (at most {len(possible)}). "
            "Lower it, or raise demo.train_photos."
        )
    for chosen in rng.permutation(len(possible))[:pairs]:
        first, second = sorted(possible[chosen])
        turn = float(rng.choice([-1, 1]) * rng.uniform(3, 9))
        photos[second] = replace(photos[second], scene=photos[first].name, turn=turn)
    return photos


def _with_odd_files(photos: list[Photo], rng: np.random.Generator) -> list[Photo]:
    """Store one photo rotated with an EXIF tag and another in greyscale, as real folders do."""
    photos = list(photos)
    rotated, grey, *_ = rng.permutation(len(photos))
    photos[rotated] = replace(photos[rotated], orientation=6)
    photos[grey] = replace(photos[grey], greyscale=True)
    return photos
