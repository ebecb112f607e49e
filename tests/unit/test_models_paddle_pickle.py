"""The reader of Paddle's weights: exact on good files, harmless on bad ones."""

import pickle
from collections import OrderedDict

import numpy as np
import paddle
import pytest

from torch_file import Call, Global, Writer
from zest.errors import UserError
from zest.models.paddle_pickle import read_pdparams

NDARRAY, DTYPE = Global("numpy", "ndarray"), Global("numpy", "dtype")


def dump(path, content, protocol=2):
    with open(path, "wb") as file:
        Writer(file, protocol).dump(content)
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_what_paddle_saves_comes_back(tmp_path, protocol):
    net = paddle.nn.Sequential(paddle.nn.Conv2D(3, 4, 3), paddle.nn.BatchNorm2D(4))
    paddle.save(net.state_dict(), str(tmp_path / "w.pdparams"), protocol=protocol)
    read = read_pdparams(tmp_path / "w.pdparams")
    expected = {name: value.numpy() for name, value in net.state_dict().items()}
    assert list(read) == list(expected)
    for name, value in expected.items():
        assert read[name].dtype == value.dtype
        np.testing.assert_array_equal(read[name], value)
        assert read[name].flags.writeable


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", "<i8", "|u1", "|b1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_every_type_and_order_come_back(tmp_path, dtype, order):
    values = np.asarray(np.arange(12).reshape(3, 4).astype(dtype), order=order)
    (tmp_path / "w.pdparams").write_bytes(pickle.dumps({"t": values}, protocol=2))
    read = read_pdparams(tmp_path / "w.pdparams")["t"]
    assert read.dtype == values.dtype
    np.testing.assert_array_equal(read, values)


def test_pairs_of_name_and_array_and_the_table_of_other_names_are_understood(tmp_path):
    values = np.ones(3, "f4")
    state = OrderedDict(a=("linear_0.w_0", values), b=values)
    state["StructuredToParameterName@@"] = {"a": "linear_0.w_0"}
    (tmp_path / "w.pdparams").write_bytes(pickle.dumps(state, protocol=4))
    assert {name: value.tolist() for name, value in read_pdparams(tmp_path / "w.pdparams").items()}
    assert list(read_pdparams(tmp_path / "w.pdparams")) == ["a", "b"]


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("builtins", "eval"), ("numpy", "load"), ("paddle", "load")],
)
def test_a_call_of_any_other_function_is_refused_and_not_made(tmp_path, module, name):
    touched = tmp_path / "touched"
    path = dump(tmp_path / "evil.pdparams", {"t": Call(module, name, f"touch {touched}")})
    with pytest.raises(UserError, match=rf"evil\.pdparams.*a call of {module}\.{name}"):
        read_pdparams(path)
    assert not touched.exists()


class State:
    """Pickles as an object of a call, and its state (opcode BUILD)."""

    def __init__(self, call, state):
        self.call, self.state = call, state


@pytest.fixture(autouse=True)
def states(monkeypatch):
    original = Writer.save

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, State):
            self.save(obj.call)
            self.save(obj.state)
            self.write(pickle.BUILD)
        else:
            original(self, obj, save_persistent_id)

    monkeypatch.setattr(Writer, "save", save)


def array(shape=(3,), kind="f4", order="<", fortran=False, data=bytes(12)):
    dtype = State(
        Call("numpy", "dtype", kind, False, True), (3, order, None, None, None, -1, -1, 0)
    )
    blank = Call("numpy.core.multiarray", "_reconstruct", NDARRAY, (0,), b"b")
    return State(blank, (1, shape, dtype, fortran, data))


def test_an_array_written_by_hand_comes_back(tmp_path):
    read = read_pdparams(dump(tmp_path / "w.pdparams", {"t": array()}, protocol=4))
    assert read["t"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "O"},
        {"kind": "O8"},
        {"kind": "V8"},
        {"order": ">"},
        {"shape": (4,)},
        {"shape": (-1, 2)},
        {"shape": (10**12,)},
        {"shape": [3]},
        {"data": bytes(11)},
        {"data": ["a", "b", "c"]},
        {"fortran": 7},
    ],
)
def test_an_array_that_is_not_what_it_says_is_refused(tmp_path, wrong):
    path = dump(tmp_path / "w.pdparams", {"t": array(**wrong)}, protocol=4)
    with pytest.raises(UserError, match=r"w\.pdparams"):
        read_pdparams(path)


@pytest.mark.parametrize("content", [[1], {"epoch": 3}, {"a": {"b": 1}}, "text", None])
def test_something_else_than_a_table_of_arrays_is_refused(tmp_path, content):
    with pytest.raises(UserError, match="table of arrays"):
        read_pdparams(dump(tmp_path / "w.pdparams", content))


def test_a_file_cut_short_anywhere_is_refused(tmp_path):
    whole = pickle.dumps({"t": np.ones(3, "f4")}, protocol=4)
    for length in range(len(whole)):
        (tmp_path / "cut.pdparams").write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"cut\.pdparams"):
            read_pdparams(tmp_path / "cut.pdparams")
