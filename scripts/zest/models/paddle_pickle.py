"""Reading weights in Paddle's format (.pdparams) without trusting the file.

`paddle.save(net.state_dict(), path)` pickles a dict of name -> numpy array, or -> (name, array) in
some versions, and a table of other names, which is not needed. A pickle can call any function of
any module; this reader puts harmless stand-ins in the place of the few that arrays need and refuses
every other name before anything is called.
"""

import os
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np

from zest.models.safe_reading import Refused, told_to_the_user

OTHER_NAMES = "StructuredToParameterName@@"
KINDS = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1"}


def read_pdparams(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read a file of `paddle.save(net.state_dict(), path)`: name -> array, in its order.

    Raises:
        UserError: not this format, truncated, or a pickle that asks for anything but arrays.
    """
    with open(path, "rb") as file, told_to_the_user(path, "Paddle's weights"):
        state = _Unpickler(file, encoding="latin1").load()
        if not isinstance(state, dict):
            raise Refused("something else than a table of arrays, as net.state_dict() is one")
        return {str(name): _array(value) for name, value in state.items() if name != OTHER_NAMES}


def _array(value: Any) -> np.ndarray:
    match value:
        case _Array(values=np.ndarray() as values):
            return values
        case (str(), _Array(values=np.ndarray() as values)):
            return values
    raise Refused("something else than a table of arrays, as net.state_dict() is one")


class _Kind:
    """Stands for `numpy.dtype` in the file."""

    __slots__ = ("dtype",)

    def __init__(self, name: Any, *_: Any):
        if name not in KINDS:
            raise Refused(f"values of the type {name!r}")
        self.dtype = np.dtype(name)

    def __setstate__(self, state: Any) -> None:
        match state:
            case (int(), "<" | "|", None, None, None, *_):
                return
        raise Refused("values of a big-endian machine, or structured ones")


class _Array:
    """Stands for a numpy array in the file; its state is checked and becomes one."""

    __slots__ = ("values",)

    def __init__(self, *_: Any):
        self.values: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        match state:
            case (int(), tuple(shape), _Kind() as kind, bool(fortran), bytes() | str() as data):
                raw = data.encode("latin1") if isinstance(data, str) else data
                flat = np.frombuffer(raw, kind.dtype)
                self.values = flat.reshape(shape, order="F" if fortran else "C").copy(order="C")
                return
        raise Refused("an array that is described in an unknown way")


def _encode(text: Any, encoding: Any) -> bytes:
    """Stand in for `_codecs.encode`, which older pickles write bytes with."""
    if not isinstance(text, str) or encoding != "latin1":
        raise Refused("bytes that are described in an unknown way")
    return text.encode("latin1")


STAND_INS: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("builtins", "tuple"): tuple,
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): _Kind,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in STAND_INS:
            raise Refused(f"a call of {module}.{name}")
        return STAND_INS[module, name]
