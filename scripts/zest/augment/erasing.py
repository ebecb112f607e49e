"""What hides parts of the image, after everything else that is done to a copy.

What is put in their place is recorded under `fill`: `mean` (the mean colour of the image), `noise`
(every value at random) or a colour [r, g, b].
"""

from collections.abc import Iterable

import cv2
import numpy as np

from zest.augment.operation import Change, draw_seed, generator, uniform

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom are outside


def _draw_fill(rng: np.random.Generator, settings: dict) -> dict:
    drawn = {"fill": settings["fill"]}
    return {**drawn, "seed": draw_seed(rng)} if settings["fill"] == "noise" else drawn


def _erase(image: np.ndarray, step: dict, holes: Iterable[Rectangle]) -> np.ndarray:
    """Return a copy of the image with the holes filled; what is outside of it is passed over."""
    fill, erased = step["fill"], image.copy()
    rng = generator(step["seed"]) if fill == "noise" else None
    colour = np.rint(cv2.mean(image)[:3]).tolist() if fill == "mean" else fill
    for left, top, right, bottom in holes:
        left, top = max(0, left), max(0, top)
        hole = erased[top : max(0, bottom), left : max(0, right)]
        if rng is not None:
            hole[:] = np.frombuffer(rng.bytes(hole.size), np.uint8).reshape(hole.shape)
        elif hole.size:
            cv2.rectangle(erased, (left, top), (right - 1, bottom - 1), colour, cv2.FILLED)
    return erased


def _draw_cutout(rng: np.random.Generator, settings: dict) -> dict:
    """Centres anywhere in the image, so that a hole may reach over its border.

    DeVries & Taylor 2017, arXiv:1708.04552.
    """
    centres = [[uniform(rng, 0, 1), uniform(rng, 0, 1)] for _ in range(settings["holes"])]
    return {"size": settings["size"], "centres": centres, **_draw_fill(rng, settings)}


def _apply_cutout(image: np.ndarray, step: dict) -> np.ndarray:
    pixels = image.shape[0]
    side = round(step["size"] * pixels)
    corners = [
        (int(x * pixels) - side // 2, int(y * pixels) - side // 2) for x, y in step["centres"]
    ]
    return _erase(image, step, [(x, y, x + side, y + side) for x, y in corners])


def _draw_random_erasing(rng: np.random.Generator, settings: dict) -> dict:
    """A rectangle of random area, ratio of the sides (height to width) and place.

    Zhong et al. 2020, arXiv:1708.04896. They draw again until the rectangle lies in the image; here
    the ratio and the place are drawn from those with which it does.
    """
    area = rng.uniform(settings["min_area"], settings["max_area"])
    limit = settings["max_aspect"]
    aspect = rng.uniform(max(area, 1 / limit), min(1 / area, limit))
    width, height = min(1.0, (area / aspect) ** 0.5), min(1.0, (area * aspect) ** 0.5)
    return {
        "left": uniform(rng, 0, 1 - width),
        "top": uniform(rng, 0, 1 - height),
        "width": round(width, 6),
        "height": round(height, 6),
        **_draw_fill(rng, settings),
    }


def _apply_random_erasing(image: np.ndarray, step: dict) -> np.ndarray:
    pixels = image.shape[0]
    left, top = round(step["left"] * pixels), round(step["top"] * pixels)
    width, height = round(step["width"] * pixels), round(step["height"] * pixels)
    return _erase(image, step, [(left, top, left + width, top + height)])


def _draw_hide_and_seek(rng: np.random.Generator, settings: dict) -> dict:
    """Each patch of a grid is hidden by itself (Kumar Singh & Lee 2017, arXiv:1811.02545)."""
    hidden = np.flatnonzero(rng.random(settings["grid"] ** 2) < settings["hidden"])
    return {"grid": settings["grid"], "hidden": hidden.tolist(), **_draw_fill(rng, settings)}


def _apply_hide_and_seek(image: np.ndarray, step: dict) -> np.ndarray:
    """`hidden` has the numbers of the patches, row by row from the upper left."""
    grid = step["grid"]
    edges = [round(line * image.shape[0] / grid) for line in range(grid + 1)]
    places = [divmod(patch, grid) for patch in step["hidden"]]
    holes = [(edges[x], edges[y], edges[x + 1], edges[y + 1]) for y, x in places]
    return _erase(image, step, holes)


def _draw_grid_mask(rng: np.random.Generator, settings: dict) -> dict:
    """A lattice of squares of random period and place (Chen et al. 2020, arXiv:2001.04086).

    With the ratio r a share of 1 - (1 - r)^2 of the image is kept.
    """
    return {
        "period": uniform(rng, settings["min_period"], settings["max_period"]),
        "ratio": settings["ratio"],
        "right": uniform(rng, 0, 1),
        "down": uniform(rng, 0, 1),
        **_draw_fill(rng, settings),
    }


def _apply_grid_mask(image: np.ndarray, step: dict) -> np.ndarray:
    """`right` and `down` move the lattice by that share of its period."""
    pixels = image.shape[0]
    period = max(2, round(step["period"] * pixels))
    side = round((1 - step["ratio"]) * period)
    lefts, tops = (
        range(int(step[way] * period) - period, pixels, period) for way in ("right", "down")
    )
    return _erase(image, step, [(x, y, x + side, y + side) for y in tops for x in lefts])


ERASING = {
    "cutout": Change(_draw_cutout, _apply_cutout),
    "random_erasing": Change(_draw_random_erasing, _apply_random_erasing),
    "hide_and_seek": Change(_draw_hide_and_seek, _apply_hide_and_seek),
    "grid_mask": Change(_draw_grid_mask, _apply_grid_mask),
}
