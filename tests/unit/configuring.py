"""A small configuration for tests, and what is said when one is refused."""

import pytest

from zest.config import validate
from zest.errors import UserError


def minimal(**changes) -> dict:
    config = {
        "competition": "test",
        "data": {"root": "photos"},
        "recipes": {"plain": {"balance": "none", "copies": 1, "operations": []}},
        "models": {"lite0": {"architecture": "efficientnet_lite0", "recipe": "plain"}},
    }
    return {**config, **changes}


def model(**settings) -> dict:
    return {"lite0": {"architecture": "efficientnet_lite0", "recipe": "plain", **settings}}


def message(config: dict) -> str:
    with pytest.raises(UserError) as caught:
        validate(config)
    return str(caught.value)
