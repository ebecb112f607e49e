"""Test-time augmentation by name: which views of a photo a model sees, and how large it is stored.

The Snakefile imports this module at every call, so it imports nothing slow; zest.engine.views makes
the views themselves.
"""

# Each way, and how many views of a photo it has: so many times the time of one prediction.
WAYS = {
    "horizontal_flip": 2,
    "flips": 4,
    "quarter_turns": 4,
    "flips_and_turns": 8,
    "multi_crop": 5,
}


def stored_size(way: str | None, image_size: int) -> int:
    """Return how large the photo is that the views are made of: width and height in pixels.

    Crops are cut from a photo of 8/7 of the model's size (256 for 224), as by Krizhevsky et al.
    2012, "ImageNet classification with deep convolutional neural networks", section 4.1.

    Args:
        way: one of `WAYS`; None for the photo as it is.
        image_size: width and height of the model's input.
    """
    return round(image_size * 8 / 7) if way == "multi_crop" else image_size


def handed_in_way(config: dict) -> str | None:
    """Return the way by which the submission is predicted, or None."""
    way = config["submission"]["tta"]
    return None if way == "none" else way


def ways_to_measure(config: dict) -> list[str]:
    """Return the ways whose gain is measured: those asked for, and the one that is handed in."""
    asked = {*config["evaluation"]["tta"], handed_in_way(config)}
    return [way for way in WAYS if way in asked]
