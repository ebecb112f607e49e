"""Reading weights in PyTorch's two formats, without PyTorch and without trusting the file.

The legacy format (`torch.save` before 1.6), from https://github.com/pytorch/pytorch/blob/v1.5.0/
torch/serialization.py: five pickles - a magic number, the protocol version, facts about the
machine, the state dict, the keys of the storages - and then, storage by storage in the order of
those keys, an int64 count and the raw little-endian values. In the state dict a tensor is a call
that rebuilds it from a storage, an offset, a size and strides; the storage is a persistent id.

The format since then, from https://github.com/pytorch/pytorch/blob/v2.4.0/torch/serialization.py: a
zip archive without compression whose one folder holds `data.pkl`, the pickled state dict,
`byteorder` and, for each storage, `data/KEY` with its raw values.

A pickle can call any function of any module. This reader admits the few names below and refuses
every other before anything is called, so that opening a file cannot run code.
"""

import io
import math
import os
import pickle
import zipfile
from collections import OrderedDict
from typing import IO, Any, BinaryIO, NamedTuple

import numpy as np

from zest.models.safe_reading import Refused, told_to_the_user

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001

STORAGES: dict[str, np.dtype] = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


# Plain tuples, because a pickle can change the attributes of an object that has any (opcode BUILD).
class _Storage(NamedTuple):
    """A run of values in the file that tensors point into."""

    key: str
    dtype: np.dtype
    length: int


class _Tensor(NamedTuple):
    """A view into a storage that was checked to lie inside it; all numbers count values."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    strides: tuple[int, ...]


def read_state_dict(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read a file that `torch.save(net.state_dict(), path)` wrote: name -> array, in its order.

    Raises:
        UserError: none of the two formats, truncated, or a pickle that asks for more than tensors.
    """
    with open(path, "rb") as file, told_to_the_user(path, "PyTorch's"):
        return _read_zip(file) if zipfile.is_zipfile(file) else _read_legacy(file)


def _read_zip(file: BinaryIO) -> dict[str, np.ndarray]:
    archive = zipfile.ZipFile(file)
    (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
    folder = pickled.removesuffix("data.pkl")
    # What is not compressed cannot be larger in memory than the file is.
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
        raise Refused("compressed values, which PyTorch does not write")
    order = f"{folder}byteorder"  # missing in the first versions
    if order in archive.namelist() and archive.read(order) != b"little":
        raise Refused("values of a big-endian machine")
    unpickler = _Unpickler(io.BytesIO(archive.read(pickled)))
    state = _table_of_tensors(unpickler.load())
    values = {
        key: _read_storage(archive.open(f"{folder}data/{key}"), storage, storage.length)
        for key, storage in unpickler.storages.items()
    }
    return {name: _view(tensor, values[tensor.storage.key]) for name, tensor in state.items()}


def _read_legacy(file: BinaryIO) -> dict[str, np.ndarray]:
    file.seek(0)
    if _Unpickler(file).load() != MAGIC:
        raise Refused("another format than PyTorch's legacy one (wrong magic number)")
    if _Unpickler(file).load() != PROTOCOL:
        raise Refused("another version of the format than 1001")
    machine = _Unpickler(file).load()
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise Refused("values of a big-endian machine")
    unpickler = _Unpickler(file)
    state = _table_of_tensors(unpickler.load())
    keys = _Unpickler(file).load()
    values = {}
    for key in keys:
        count = int.from_bytes(_read_exactly(file, 8), "little")
        values[key] = _read_storage(file, unpickler.storages[key], count)
    return {name: _view(tensor, values[tensor.storage.key]) for name, tensor in state.items()}


def _table_of_tensors(state: Any) -> dict[str, _Tensor]:
    if not isinstance(state, dict) or not all(isinstance(v, _Tensor) for v in state.values()):
        raise Refused("something else than a table of tensors, as net.state_dict() is one")
    return {str(name): tensor for name, tensor in state.items()}


def _read_storage(file: IO[bytes], storage: _Storage, count: int) -> np.ndarray:
    if count != storage.length:
        raise Refused(f"{count} values in storage {storage.key} where {storage.length} were said")
    return np.frombuffer(_read_exactly(file, count * storage.dtype.itemsize), storage.dtype)


def _read_exactly(file: IO[bytes], count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise EOFError("it ends before its last value")
    return data


def _view(tensor: _Tensor, values: np.ndarray) -> np.ndarray:
    """Return a copy of the tensor, in C order, from its storage's values."""
    steps = [stride * values.itemsize for stride in tensor.strides]
    start = values[tensor.offset :]
    return np.array(np.lib.stride_tricks.as_strided(start, tensor.size, steps), order="C")


class _Unpickler(pickle.Unpickler):
    """Admits an ordered dict and the tensors of a state dict, and no other name."""

    def __init__(self, file: BinaryIO):
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._rebuild_tensor
        if module == "torch" and name in STORAGES:
            return name
        raise Refused(f"a call of {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        match pid:
            # The legacy format has a sixth part, for views of storages, that is None.
            case ("storage", str(kind), str(key), str(), int(length), *rest) if (
                kind in STORAGES and rest in ([], [None])
            ):
                return self.storages.setdefault(key, _Storage(key, STORAGES[kind], length))
        raise Refused("a storage that is described in an unknown way")

    @staticmethod
    def _rebuild_tensor(storage: Any, offset: Any, size: Any, strides: Any, *_: Any) -> _Tensor:
        """Stand in for PyTorch's `_rebuild_tensor_v2`: check what it is called with."""
        if not isinstance(storage, _Storage):
            raise Refused("a tensor without a storage")
        if not (_are_sizes((offset,)) and _are_sizes(size) and _are_sizes(strides)):
            raise Refused("a tensor with an offset, size or stride that is no whole number >= 0")
        if len(size) != len(strides):
            raise Refused("a tensor with not as many strides as dimensions")
        last = offset + sum((n - 1) * stride for n, stride in zip(size, strides, strict=True))
        # More values than the storage has means strides of 0: a small file that fills the memory.
        if 0 in size or last >= storage.length or math.prod(size) > storage.length:
            raise Refused(f"a tensor that is empty or larger than its storage ({storage.length})")
        return _Tensor(storage, offset, size, strides)


def _are_sizes(numbers: Any) -> bool:
    return isinstance(numbers, tuple) and all(type(n) is int and n >= 0 for n in numbers)
