"""Replicas hold the same means to the bit, and none of them is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import paddle
import pytest

from tiny_training import PlainNet, trainer_of
from zest.engine.group import size_of_group

SCRIPTS = Path(__file__).parents[2] / "scripts"

LAUNCH = """
import os, sys
from zest.engine.replicas import join, launch, launched_as
place = launched_as()
if place is None:
    sys.exit(launch([sys.executable, *sys.orig_argv[1:]], 3))
rank, world, endpoint = place
"""

# Two exchanges, the second one larger: of gradients, one of them missing, one without dimensions
# and one not contiguous; and of what is not a gradient.
EXCHANGE = """
import numpy as np
import paddle
from zest.engine.replicas import average, average_gradients, total
join(*place)
random = np.random.default_rng(rank)
shapes = [(3, 5), (), (7,), (2, 2)]
parameters = [paddle.create_parameter(list(shape), "float32") for shape in shapes]
found = {}
for scale in (1, 1000):
    own = [random.normal(size=shape).astype("float32") * scale for shape in shapes[:3]]
    own.append(random.normal(size=(2, 2)).astype("float32"))
    for parameter, gradient in zip(parameters[:3], own):
        parameter.grad = paddle.to_tensor(gradient)
    if scale > 1:
        parameters[3].grad = paddle.to_tensor(own[3].T.copy()).t()
    average_gradients(parameters)
    for i, parameter in enumerate(parameters):
        if parameter.grad is not None:
            found[f"own {scale} {i}"] = own[i]
            found[f"mean {scale} {i}"] = parameter.grad.numpy()
counted = paddle.full([40], float(10**rank))
total([counted])
found["total"] = counted.numpy()
np.savez(f"{sys.argv[1]}/{rank}.npz", **found)
"""


# The same training in three replicas, of a network without chance and of one with batch statistics.
TRAINING = """
import numpy as np
from tiny_training import PlainNet, TinyNet, trainer_of
from zest.engine.group import Group
from zest.engine.replicas import join
join(*place)
found = {}
for kind in (PlainNet, TinyNet):
    trainer = trainer_of(group=Group(rank, world), kind=kind, batch_size=9, replicas=3, epochs=2)
    seen, batch_of = [], trainer.training.source.batch
    trainer.training.source.batch = lambda rows, epoch: seen.append(rows) or batch_of(rows, epoch)
    losses = [row["train_loss"] for row in trainer.run()]
    for name, value in trainer.net.state_dict().items():
        found[f"{kind.__name__} {name}"] = value.numpy()
    found[f"{kind.__name__} losses"], found[f"{kind.__name__} rows"] = losses, np.stack(seen)
np.savez(f"{sys.argv[1]}/{rank}.npz", **found)
"""


def program(folder, text):
    (folder / "program.py").write_text(LAUNCH + text)
    return [sys.executable, "-W", "ignore", str(folder / "program.py"), str(folder)]


def environment():
    return {**os.environ, "PYTHONPATH": f"{SCRIPTS}{os.pathsep}{Path(__file__).parent}"}


def run(folder, text):
    started = time.monotonic()
    done = subprocess.run(
        program(folder, text), env=environment(), capture_output=True, text=True, timeout=60
    )
    return done, time.monotonic() - started


def found_by_each(folder, text):
    """Run a program that writes what it found as {rank}.npz; return that of each replica."""
    done, _ = run(folder, text)
    assert done.returncode == 0, done.stderr
    return [dict(np.load(folder / f"{rank}.npz")) for rank in range(3)]


@pytest.fixture(scope="module")
def exchanged(tmp_path_factory):
    return found_by_each(tmp_path_factory.mktemp("exchange"), EXCHANGE)


def test_gradients_become_their_mean(exchanged):
    means = [name for name in exchanged[0] if name.startswith("mean")]
    assert len(means) == 7
    for name in means:
        expected = np.mean([one[name.replace("mean", "own")] for one in exchanged], axis=0)
        np.testing.assert_allclose(exchanged[0][name], expected, rtol=1e-5, atol=1e-4)


def test_all_have_the_same_bits(exchanged):
    for other in exchanged[1:]:
        for name in exchanged[0]:
            if not name.startswith("own"):
                assert other[name].tobytes() == exchanged[0][name].tobytes(), name


def test_a_total_is_exact_where_the_sum_is(exchanged):
    assert (exchanged[0]["total"] == 111).all()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return found_by_each(tmp_path_factory.mktemp("training"), TRAINING)


def test_where_paddle_cannot_lend_its_memory_there_is_one_process(monkeypatch):
    assert size_of_group(3) == 3
    monkeypatch.delattr(paddle.Tensor, "__dlpack__")
    assert size_of_group(3) == 1


def test_each_row_of_a_batch_is_learned_by_one_replica(trained):
    shares = np.stack([one["TinyNet rows"] for one in trained])  # (replica, step, share)
    assert shares.shape == (3, 14, 3)
    for batch in shares.swapaxes(0, 1):
        assert len(np.unique(batch)) == 9


def test_replicas_learn_what_one_process_learns(trained):
    trainer = trainer_of(kind=PlainNet, batch_size=9, epochs=2)
    losses = [row["train_loss"] for row in trainer.run()]
    np.testing.assert_allclose(trained[0]["PlainNet losses"], losses, rtol=1e-4)
    for name, value in trainer.net.state_dict().items():
        np.testing.assert_allclose(trained[0][f"PlainNet {name}"], value.numpy(), atol=1e-4)


def test_replicas_end_with_the_same_weights_and_statistics(trained):
    for name in trained[0]:
        if not name.endswith("rows"):
            for other in trained[1:]:
                assert other[name].tobytes() == trained[0][name].tobytes(), name


@pytest.mark.parametrize(
    ("failure", "code"),
    [("sys.exit(2)", 2), ("raise ValueError", 1), ("os.kill(os.getpid(), 11)", 139)],
)
def test_a_failing_replica_ends_the_others_and_gives_its_exit_code(tmp_path, failure, code):
    done, seconds = run(tmp_path, f"import time\nif rank == 1: {failure}\ntime.sleep(50)")
    assert done.returncode == code
    assert seconds < 20


def test_a_replica_that_has_ended_is_missed_at_the_next_exchange(tmp_path):
    exchange = "from zest.engine.replicas import _SharedMemory\nimport numpy\n"
    exchange += "if rank != 2: _SharedMemory(rank, world).sum([numpy.zeros(3, 'float32')], 1)"
    done, _ = run(tmp_path, exchange)
    assert done.returncode == 1
    assert "another replica has ended" in done.stderr


def test_output_passes_through_and_each_has_one_thread(tmp_path):
    line = "b'%d %d %s\\n' % (rank, world, os.environb[b'OMP_NUM_THREADS'])"
    done, _ = run(tmp_path, f"os.write(1, {line})")
    assert done.returncode == 0
    assert sorted(done.stdout.splitlines()) == ["0 3 1", "1 3 1", "2 3 1"]


def alive(pid):
    """Tell whether a process runs; one that has ended and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing ends them")
def test_replicas_die_with_the_process_that_started_them(tmp_path):
    text = "import time\nos.write(1, b'%d\\n' % os.getpid())\ntime.sleep(50)"
    parent = subprocess.Popen(
        program(tmp_path, text), env=environment(), stdout=subprocess.PIPE, text=True
    )
    replicas = [int(parent.stdout.readline()) for _ in range(3)]
    assert all(map(alive, replicas))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 10
    while any(map(alive, replicas)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, replicas))
    parent.stdout.close()
