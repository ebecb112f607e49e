"""Mixed precision: off on a CPU; its state goes through a checkpoint. No GPU is needed here."""

import json

import numpy as np
import paddle

from zest.engine.precision import Precision


class Scaler:
    """Keeps what Paddle's GradScaler keeps, in the same types."""

    def __init__(self, scale: float):
        self.state = {"scale": np.array([scale], np.float32), "incr_count": 7, "use_dynamic": True}

    def state_dict(self):
        return self.state

    def load_state_dict(self, state):
        self.state = state


def test_on_a_cpu_it_changes_nothing():
    precision = Precision(True)
    assert precision.dtype is None
    loss = paddle.ones([1])
    assert precision.scale(loss) is loss
    with precision.autocast():
        assert paddle.matmul(paddle.ones([2, 2]), paddle.ones([2, 2])).dtype == paddle.float32
    assert precision.state() == {}


def test_the_loss_scale_goes_through_a_checkpoint():
    before, after = Precision(False), Precision(False)
    before._scaler, after._scaler = Scaler(4096.0), Scaler(65536.0)
    after.restore(json.loads(json.dumps(before.state())))
    assert after._scaler.state["scale"].tolist() == [4096.0]
    assert after._scaler.state["incr_count"] == 7
    assert after._scaler.state["use_dynamic"] is True
