"""Mixing the images of a batch, and their labels with them: MixUp and CutMix."""

from collections.abc import Callable

import numpy as np

from zest.cutmix import draw_rectangle


def mix_batch(
    images: np.ndarray,
    targets: np.ndarray,
    teacher: np.ndarray | None,
    settings: dict,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Mix each image of a batch with another one of it, in one proportion for the batch.

    The proportion, lambda, is drawn from Beta(alpha, alpha); the partners are a random permutation.

    - `mixup` (Zhang et al. 2018, arXiv:1710.09412): lambda * image + (1 - lambda) * partner.
    - `cutmix` (Yun et al. 2019, arXiv:1905.04899, section 3): a rectangle of the image's
      proportions, of area 1 - lambda and with its centre anywhere, is taken from the partner. What
      lies beyond the border is lost, so lambda becomes the share of the image that really is left.

    Labels and teacher are mixed as lambda : 1 - lambda. Where both kinds are on, each has one half
    of the mixed batches. Each replica mixes its own part of a batch.

    Args:
        images: float32, (batch, channels, height, width), normalised.
        targets: float32, (batch, K).
        teacher: float32, (batch, K), or None.
        settings: of the model: mixup and cutmix (each an alpha, 0 is off), mix_probability.
        rng: for this batch alone.

    Returns:
        Images, targets and teacher: the same objects where nothing was mixed, else new arrays.
    """
    kinds: list[tuple[Callable, float]] = [
        (mix, settings[name])
        for name, mix in (("mixup", _blend), ("cutmix", _paste))
        if settings[name] > 0
    ]
    if not kinds or rng.random() >= settings["mix_probability"]:
        return images, targets, teacher
    mix, alpha = kinds[rng.integers(len(kinds))]
    partner = rng.permutation(len(images))
    images, share = mix(images, partner, rng.beta(alpha, alpha), rng)
    return (
        images,
        _blend_rows(targets, partner, share),
        None if teacher is None else _blend_rows(teacher, partner, share),
    )


def _blend(images, partner, share: float, rng) -> tuple[np.ndarray, float]:
    return _blend_rows(images, partner, share), share


def _paste(images, partner, share: float, rng) -> tuple[np.ndarray, float]:
    height, width = images.shape[2:]
    (top, bottom, left, right), left_over = draw_rectangle(height, width, share, rng)
    mixed = images.copy()
    mixed[:, :, top:bottom, left:right] = images[partner, :, top:bottom, left:right]
    return mixed, left_over


def _blend_rows(values: np.ndarray, partner: np.ndarray, share: float) -> np.ndarray:
    mixed = values[partner]
    mixed *= 1 - share
    mixed += share * values
    return mixed
