"""Augmentation: operations drawn from a seed, recorded, and applied to uint8 images.

An operation is drawn first and applied second. What was drawn is plain data (`{"name": ...,
parameter: value}`), is stored with the copy, and is all that it takes to make the same copy again.

    recipe.py     draws the operations of a copy and applies them, in this order:
    geometry.py   what moves pixels, all of a copy in one resampling
    pixels.py     what changes their values, in the order of the recipe
    erasing.py    what hides parts of the image, after everything else
    policies.py   entries of a recipe that draw operations of the other rooms
    aug_mix.py    the one that blends several chains of them

To add an operation: one entry in the table at the end of its room, and its parameters in
config/schema.yaml.
"""

from zest.augment.recipe import (
    OPERATIONS,
    REFLECT,
    apply_operations,
    augment_image,
    draw_operations,
    magnification,
    side_needed,
)

__all__ = [
    "OPERATIONS",
    "REFLECT",
    "apply_operations",
    "augment_image",
    "draw_operations",
    "magnification",
    "side_needed",
]
