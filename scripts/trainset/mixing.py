"""Mixing augmented copies with other photos, and their labels with them: MixUp and CutMix, offline.

How a copy is mixed is drawn first and done second. What was drawn is plain data, is stored with the
row, and is with the two photos all that it takes to make the same image again.
"""

import numpy as np
import pyarrow as pa

from zest.augment import draw_operations
from zest.cutmix import Rectangle, draw_rectangle
from zest.randomness import seed_from

KINDS = ("mixup", "cutmix")


def draw_mixes(manifest: pa.Table, cfg: dict) -> list[dict | None]:
    """Draw for each row of a training set whether it is mixed, how, and with which photo.

    Copy 0 of a photo is never mixed. The others are with the recipe's probability, each by what is
    drawn from its own seed.

    Args:
        manifest: a MANIFEST table with at least two photos.
        cfg: mix (None is off), operations and image_size of the recipe.

    Returns:
        For each row `draw_mix`'s result, or None.
    """
    if cfg["mix"] is None:
        return [None] * manifest.num_rows
    ids = sorted(manifest["image_id"].to_pylist())  # whatever the order of the rows
    return [draw_mix(row, ids, cfg) if row["copy"] else None for row in manifest.to_pylist()]


def draw_mix(row: dict, ids: list[str], cfg: dict) -> dict | None:
    """Draw how one copy is mixed, as `zest.engine.mixing` draws it for a batch.

    Lambda is drawn from Beta(alpha, alpha). The partner is drawn from the rows of the training set
    that are of other photos, so a class has its part among them as the recipe balances it; it is
    altered by operations of its own.

    Args:
        row: of the manifest.
        ids: image_id of every row of the manifest, sorted; two different ones at least.
        cfg: mix, operations and image_size of the recipe.

    Returns:
        None where it is not mixed, else `kind`, `partner` (an image_id), `operations` (of the
        partner), `lambda` (the share of the row's own photo in image and label) and for `cutmix`
        the `rectangle` that is the partner's: [top, bottom, left, right], in pixels.
    """
    settings, size = cfg["mix"], cfg["image_size"]
    rng = np.random.default_rng(seed_from(row["seed"], "mix"))
    if rng.random() >= settings["probability"]:
        return None
    kinds = [kind for kind in KINDS if settings[kind] > 0]
    kind = kinds[rng.integers(len(kinds))]
    partner = row["image_id"]
    while partner == row["image_id"]:
        partner = ids[rng.integers(len(ids))]
    share = float(rng.beta(settings[kind], settings[kind]))
    drawn = {
        "kind": kind,
        "partner": partner,
        "operations": draw_operations(
            cfg["operations"], seed_from(row["seed"], "partner"), cfg["fill"]
        ),
    }
    if kind == "mixup":
        return {**drawn, "lambda": round(share, 6)}  # in the record exactly what is applied
    rectangle, left_over = draw_rectangle(size, size, share, rng)
    return {**drawn, "lambda": left_over, "rectangle": list(rectangle)}


def mix_images(image: np.ndarray, partner: np.ndarray, mix: dict) -> np.ndarray:
    """Mix two images: uint8 RGB (size, size, 3) each, and so is the result.

    Args:
        image: the copy.
        partner: what it is mixed with.
        mix: the result of `draw_mix`.
    """
    if mix["kind"] == "mixup":
        share = mix["lambda"]
        return np.rint(share * image + (1 - share) * partner.astype(np.float64)).astype(np.uint8)
    top, bottom, left, right = Rectangle(*mix["rectangle"])
    mixed = image.copy()
    mixed[top:bottom, left:right] = partner[top:bottom, left:right]
    return mixed


def soft_label(label: int, partner: int, mix: dict, num_classes: int) -> list[float]:
    """Return lambda of the own class and the rest of the partner's: K values that sum to one.

    Args:
        label: of the row's own photo, 0..K-1.
        partner: label of the partner.
        mix: the result of `draw_mix`.
        num_classes: K.
    """
    soft = np.zeros(num_classes)
    soft[label] += mix["lambda"]
    soft[partner] += 1 - mix["lambda"]
    return soft.tolist()
