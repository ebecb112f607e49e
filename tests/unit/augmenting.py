"""A photo to change, and operations with the defaults of the schema."""

import numpy as np

from zest.augment import apply_operations
from zest.config import load_schema, resolve

_SCHEMA = load_schema()


def settings_of(name: str, **changes) -> dict:
    """Complete settings of an operation that is always applied, as an entry of a recipe."""
    operation = resolve(_SCHEMA["$defs"]["operation"]["properties"][name], _SCHEMA)
    defaults = {
        key: resolve(part, _SCHEMA)["default"] for key, part in operation["properties"].items()
    }
    return {name: {**defaults, "probability": 1, **changes}}


def smooth_photo() -> np.ndarray:
    """A smooth photo without symmetry: red grows to the right, green downwards, blue is a spot."""
    y, x = np.mgrid[0:200, 0:200] / 199
    spot = np.exp(-((x - 0.3) ** 2 + (y - 0.2) ** 2) * 40)
    return (np.stack([x, y, spot], axis=2) * 200 + 20).astype(np.uint8)


def applied(photo: np.ndarray, *steps: dict) -> np.ndarray:
    """Apply drawn operations: int (100, 100, 3)."""
    return apply_operations(photo, list(steps), 100, "crop").astype(int)


def close(one: np.ndarray, other: np.ndarray, tolerance: float = 3) -> bool:
    """Compare away from the border, where resampling differs."""
    return bool(np.abs(one[5:-5, 5:-5] - other[5:-5, 5:-5]).max() <= tolerance)
