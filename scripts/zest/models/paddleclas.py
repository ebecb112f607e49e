"""The backbones of PaddleClas, where the user has installed it.

Its package imports a whole training system and pins old versions of numpy and OpenCV. The backbones
alone need only Paddle, requests and tqdm, so they are imported past the packages around them, and
the wheel is installed without its dependencies.
"""

import difflib
import importlib
import inspect
import logging
import sys
import types
from importlib.machinery import PathFinder
from typing import Any

from paddle import nn

from zest.errors import UserError

INSTALL = "pip install --no-deps paddleclas==2.6.0 tqdm"
BACKBONE = "paddleclas.ppcls.arch.backbone"

# Packages on the way whose own code is not run: it imports what the backbones do not need.
PASSED_BY = ("paddleclas", "paddleclas.ppcls", "paddleclas.ppcls.arch", "paddleclas.ppcls.utils")


def build_backbone(name: str, num_classes: int) -> nn.Layer:
    """Build a backbone of PaddleClas with random weights.

    Args:
        name: of its constructor, such as `PPLCNet_x1_0`.
        num_classes: number of logits.

    Raises:
        UserError: PaddleClas is not installed, or has no such classifier.
    """
    module = _backbones(name)
    if name not in constructors(module):
        known = constructors(module)
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        raise UserError(
            f"architecture: PaddleClas has no classifier {name!r}; did you mean "
            f"'paddleclas/{near[0] if near else '...'}'? It has {', '.join(known)}."
        )
    try:
        return getattr(module, name)(class_num=num_classes)
    except Exception as error:  # an old wheel on a new Paddle can fail in any way
        raise UserError(
            f"architecture: paddleclas/{name} cannot be built with this version of Paddle "
            f"({type(error).__name__}: {error}). Choose another architecture."
        ) from error


def constructors(module: Any) -> list[str]:
    """Return the names of the functions of the backbone module that build a classifier.

    Those take `class_num`, by name or among other keywords, and need nothing else; networks that
    recognise faces do not.
    """
    return [
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and _takes_only_class_num(inspect.signature(function))
    ]


def _takes_only_class_num(signature: inspect.Signature) -> bool:
    needed = {
        name
        for name, one in signature.parameters.items()
        if one.default is one.empty and one.kind is not one.VAR_KEYWORD
    }
    return needed <= {"class_num"} and bool({"class_num", "kwargs"} & signature.parameters.keys())


def _backbones(name: str) -> Any:
    """Import the module of the backbones alone."""
    if BACKBONE in sys.modules:
        return sys.modules[BACKBONE]
    spec = PathFinder.find_spec("paddleclas")
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            f"architecture: paddleclas/{name} needs PaddleClas, which is not installed. "
            f"Run `{INSTALL}`."
        )
    roots = list(spec.submodule_search_locations)
    for package in PASSED_BY:
        folder = package.replace(".", "/").removeprefix("paddleclas")
        bare = types.ModuleType(package)
        bare.__path__ = [f"{root}{folder}" for root in roots]
        sys.modules.setdefault(package, bare)
    try:
        module = importlib.import_module(BACKBONE)
        # Networks write to this logger while they are built, and its own package would set it up.
        importlib.import_module("paddleclas.ppcls.utils.logger").init_logger(
            log_level=logging.ERROR
        )
        return module
    except Exception as error:  # a missing package, or a wheel of another layout
        raise UserError(
            f"architecture: paddleclas/{name}: the backbones of PaddleClas cannot be imported "
            f"({type(error).__name__}: {error}). Run `{INSTALL}`."
        ) from error
