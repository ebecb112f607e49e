"""One seed for all generators that a network may draw from."""

import random

import numpy as np
import paddle


def seed_everything(seed: int) -> None:
    """Seed the global generators of Paddle, NumPy and Python, for layers that draw from them.

    Args:
        seed: 0..2^32-1.
    """
    paddle.seed(seed)
    np.random.seed(seed)
    random.seed(seed)
