"""The reader of PyTorch's weights: exact on good files, harmless on bad ones."""

import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from torch_file import Call, Storage, Writer, of_arrays, tensor, write, write_zip
from zest.errors import UserError
from zest.models.torch_pickle import read_state_dict


@pytest.fixture(params=[write, write_zip], ids=["legacy", "zip"])
def written(request):
    """The writer of each of the two formats."""
    return request.param


def floats(count, key="a"):
    return Storage(key, np.arange(count, dtype="<f4"))


def test_tensors_come_back_with_offset_size_and_strides(tmp_path, written):
    a = floats(12)
    state = OrderedDict(
        whole=tensor(a, 0, (3, 4), (4, 1)),
        transposed=tensor(a, 0, (4, 3), (1, 4)),
        part=tensor(a, 5, (2, 2), (4, 1)),
        scalar=tensor(a, 11, (), ()),
    )
    read = read_state_dict(written(tmp_path / "w.pth", state, [a]))
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert list(read) == list(state)
    np.testing.assert_array_equal(read["whole"], values)
    np.testing.assert_array_equal(read["transposed"], values.T)
    np.testing.assert_array_equal(read["part"], values[1:, 1:3])
    assert read["scalar"] == 11.0
    assert all(array.flags.c_contiguous and array.flags.writeable for array in read.values())


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("DoubleStorage", "<f8"),
        ("HalfStorage", "<f2"),
        ("LongStorage", "<i8"),
        ("IntStorage", "<i4"),
        ("ShortStorage", "<i2"),
        ("CharStorage", "i1"),
        ("ByteStorage", "u1"),
        ("BoolStorage", "?"),
    ],
)
def test_every_storage_type_keeps_its_type(tmp_path, written, kind, dtype):
    storage = Storage("k", np.array([0, 1, 1], dtype), kind)
    path = written(tmp_path / "w.pth", {"t": tensor(storage, 0, (3,), (1,))}, [storage])
    read = read_state_dict(path)["t"]
    assert read.dtype == np.dtype(dtype)
    assert read.tolist() == [0, 1, 1]


def test_storages_are_found_by_key_whatever_their_order_in_the_file(tmp_path, written):
    a, b = floats(2, "a"), Storage("b", np.array([7.0, 8.0, 9.0], "<f4"))
    state = {"a": tensor(a, 0, (2,), (1,)), "b": tensor(b, 0, (3,), (1,))}
    read = read_state_dict(written(tmp_path / "w.pth", state, [b, a]))
    assert read["a"].tolist() == [0.0, 1.0]
    assert read["b"].tolist() == [7.0, 8.0, 9.0]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("subprocess", "Popen"),
        ("torch.storage", "_load_from_bytes"),
        ("torch", "load"),
        ("collections", "Counter"),
        ("numpy", "dtype"),
    ],
)
@pytest.mark.parametrize("position", ["magic", "machine", "state"])
def test_a_call_of_any_other_function_is_refused_and_not_made(tmp_path, module, name, position):
    touched = tmp_path / "touched"
    path = tmp_path / "evil.pth"
    call = Call(module, name, f"touch {touched}")
    write(path, **{"state": OrderedDict(), position: call})
    with pytest.raises(UserError, match=rf"evil\.pth.*a call of {module}\.{name}"):
        read_state_dict(path)
    assert not touched.exists()


def test_the_test_above_would_see_a_call(tmp_path):
    touched = tmp_path / "touched"
    write(tmp_path / "evil.pth", {}, magic=Call("os", "system", f"touch {touched}"))
    with open(tmp_path / "evil.pth", "rb") as file:
        pickle.load(file)
    assert touched.exists()


@pytest.mark.parametrize(
    ("offset", "size", "strides"),
    [
        (0, (13,), (1,)),
        (0, (3, 4), (5, 1)),
        (0, (2,), (10**12,)),
        (9, (4,), (1,)),
        (12, (1,), (1,)),
        (12, (), ()),
        (-1, (2,), (1,)),
        (0, (-2,), (1,)),
        (5, (3,), (-1,)),
        (0, (10**10,), (0,)),
        (0, (2, 2), (2,)),
        (0, (2.0,), (1,)),
        (True, (2,), (1,)),
        (0, [2], (1,)),
    ],
)
def test_a_tensor_that_reaches_outside_its_storage_is_refused(
    tmp_path, written, offset, size, strides
):
    a = floats(12)
    path = written(tmp_path / "w.pth", {"t": tensor(a, offset, size, strides)}, [a])
    with pytest.raises(UserError, match=r"w\.pth.*a tensor"):
        read_state_dict(path)


class Altered:
    """Pickles as a tensor whose attributes the pickle then tries to set (opcode BUILD)."""

    def __init__(self, tensor, state):
        self.tensor, self.state = tensor, state


@pytest.mark.parametrize("state", [{"offset": -100}, (None, {"offset": -100})])
def test_a_checked_tensor_cannot_be_altered_by_the_pickle(tmp_path, written, state, monkeypatch):
    original = Writer.save

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Altered):
            self.save(obj.tensor)
            self.save(obj.state)
            self.write(pickle.BUILD)
        else:
            original(self, obj, save_persistent_id)

    monkeypatch.setattr(Writer, "save", save)
    a = floats(12)
    path = written(tmp_path / "w.pth", {"t": Altered(tensor(a, 0, (2,), (1,)), state)}, [a])
    with pytest.raises(UserError, match=r"w\.pth"):
        read_state_dict(path)


def test_an_unknown_storage_is_refused(tmp_path, written):
    storage = Storage("k", np.zeros(3, "<f4"), kind="QUInt8Storage")
    path = written(tmp_path / "w.pth", {"t": tensor(storage, 0, (3,), (1,))}, [storage])
    with pytest.raises(UserError, match=r"a call of torch\.QUInt8Storage"):
        read_state_dict(path)


def test_a_storage_of_another_length_than_it_says_is_refused(tmp_path):
    storage = Storage("k", np.zeros(3, "<f4"), count=4)
    path = write(tmp_path / "w.pth", {"t": tensor(storage, 0, (4,), (1,))}, [storage])
    with pytest.raises(UserError, match="3 values in storage k where 4 were said"):
        read_state_dict(path)


@pytest.mark.parametrize("state", [[1, 2], {"epoch": 3}, "text", None])
def test_a_pickle_that_is_not_a_table_of_tensors_is_refused(tmp_path, written, state):
    with pytest.raises(UserError, match="table of tensors"):
        read_state_dict(written(tmp_path / "w.pth", state))


def test_another_format_is_refused(tmp_path):
    with pytest.raises(UserError, match="magic number"):
        read_state_dict(write(tmp_path / "w.pth", {}, magic=1))


def test_values_of_a_big_endian_machine_are_refused(tmp_path):
    with pytest.raises(UserError, match="big-endian"):
        read_state_dict(write(tmp_path / "w.pth", {}, machine={"little_endian": False}))


def test_a_file_cut_short_anywhere_is_refused(tmp_path, written):
    a = floats(6)
    whole = written(tmp_path / "w.pth", {"t": tensor(a, 0, (6,), (1,))}, [a]).read_bytes()
    for length in range(len(whole)):
        (tmp_path / "cut.pth").write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"cut\.pth"):
            read_state_dict(tmp_path / "cut.pth")


def test_a_file_of_noise_is_refused(tmp_path):
    (tmp_path / "noise.pth").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(UserError, match=r"noise\.pth"):
        read_state_dict(tmp_path / "noise.pth")


@pytest.mark.parametrize(("module", "name"), [("os", "system"), ("torch", "load")])
def test_a_call_of_any_other_function_in_a_zip_is_refused_and_not_made(tmp_path, module, name):
    touched = tmp_path / "touched"
    path = write_zip(tmp_path / "evil.pth", {"t": Call(module, name, f"touch {touched}")})
    with pytest.raises(UserError, match=rf"evil\.pth.*a call of {module}\.{name}"):
        read_state_dict(path)
    assert not touched.exists()


def test_a_zip_with_values_of_a_big_endian_machine_is_refused(tmp_path):
    with pytest.raises(UserError, match="big-endian"):
        read_state_dict(write_zip(tmp_path / "w.pth", {}, byteorder=b"big"))


def test_a_zip_with_compressed_values_is_refused_because_it_may_fill_the_memory(tmp_path):
    state, storages = of_arrays({"t": np.zeros(10**6, "<f4")})
    path = write_zip(tmp_path / "w.pth", state, storages, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(UserError, match="compressed values"):
        read_state_dict(path)


def test_a_zip_with_a_storage_that_is_shorter_than_it_says_or_missing_is_refused(tmp_path):
    short = Storage("k", np.zeros(3, "<f4"), count=4)
    state = {"t": tensor(short, 0, (4,), (1,))}
    for storages in ([short], []):
        with pytest.raises(UserError, match=r"w\.pth"):
            read_state_dict(write_zip(tmp_path / "w.pth", state, storages))


def test_another_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(UserError, match=r"photos\.zip: not a complete file of PyTorch's"):
        read_state_dict(tmp_path / "photos.zip")
