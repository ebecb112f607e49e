"""Writes files in PyTorch's two formats by hand, good ones and bad ones, without PyTorch."""

import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C


class Storage:
    """Stands for a storage in `write`; pickled as a persistent id."""

    def __init__(self, key, values, kind="FloatStorage", count=None):
        self.key, self.values, self.kind = key, values, kind
        self.count = len(values) if count is None else count


class Global:
    """Pickles as the global `module.name`, whether or not that exists here."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """Pickles as a call of a global, as an object's `__reduce__` would ask for it."""

    def __init__(self, module, name, *arguments):
        self.function, self.arguments = Global(module, name), arguments


def tensor(storage, offset, size, strides):
    return Call("torch._utils", "_rebuild_tensor_v2", storage, offset, size, strides, False, {})


class Writer(pickle._Pickler):
    """Python's own pickler, which can be taught to write names that do not exist."""

    parts_of_a_storage = 6

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Global):
            self.write(f"c{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, Call):
            self.save(obj.function)
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
        elif isinstance(obj, Storage):
            kind = Global("torch", obj.kind)
            parts = ("storage", kind, obj.key, "cpu", obj.count, None)
            self.save(parts[: self.parts_of_a_storage])
            self.write(pickle.BINPERSID)
        else:
            super().save(obj, save_persistent_id)


def write(path: Path, state, storages=(), magic=MAGIC, machine=None) -> Path:
    """Write the legacy format."""
    with open(path, "wb") as file:
        for part in (magic, 1001, machine or {"little_endian": True}, state):
            Writer(file, 2).dump(part)
        Writer(file, 2).dump([storage.key for storage in storages])
        for storage in storages:
            file.write(struct.pack("<q", len(storage.values)) + storage.values.tobytes())
    return path


def write_zip(
    path: Path, state, storages=(), byteorder=b"little", compression=zipfile.ZIP_STORED
) -> Path:
    """Write the format since PyTorch 1.6."""
    pickled = io.BytesIO()
    writer = Writer(pickled, 2)
    writer.parts_of_a_storage = 5
    writer.dump(state)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("w/data.pkl", pickled.getvalue())
        archive.writestr("w/byteorder", byteorder)
        for storage in storages:
            archive.writestr(f"w/data/{storage.key}", storage.values.tobytes())
        archive.writestr("w/version", b"3\n")
    return path


def of_arrays(arrays: dict[str, np.ndarray]):
    """Return the state and the storages of a state dict, each tensor in a storage of its own."""
    state, storages = {}, []
    for number, (name, array) in enumerate(arrays.items()):
        kind = {"f4": "FloatStorage", "f8": "DoubleStorage", "i8": "LongStorage"}
        storage = Storage(str(number), array.ravel(), kind[array.dtype.str[1:]])
        strides = tuple(step // array.itemsize for step in np.ascontiguousarray(array).strides)
        state[name] = tensor(storage, 0, array.shape, strides if array.ndim else ())
        storages.append(storage)
    return state, storages
