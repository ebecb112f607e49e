"""A process is started once more with the settings that glibc and Paddle read only at start."""

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"

PROGRAM = """
import json, os, sys
print("start", os.getpid(), flush=True)
from zest.runtime import tune_process
tune_process()
print(json.dumps([os.environ.copy(), sys.argv, sys.flags.dont_write_bytecode]))
"""


def start(tmp_path, **environment):
    """Return the process ids that started, and what the last of them saw."""
    (tmp_path / "program.py").write_text(PROGRAM)
    clean = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    done = subprocess.run(
        [sys.executable, "-B", str(tmp_path / "program.py"), "--cfg", '{"a": "b c"}'],
        env=clean | {"PYTHONPATH": str(SCRIPTS)} | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    *starts, last = done.stdout.splitlines()
    assert done.stderr == ""
    return [line.split()[1] for line in starts], *json.loads(last)


def test_the_process_restarts_once_in_place_with_its_arguments(tmp_path):
    pids, environment, arguments, dont_write_bytecode = start(tmp_path)
    assert len(pids) == 2
    assert pids[0] == pids[1]
    assert arguments[1:] == ["--cfg", '{"a": "b c"}']
    assert dont_write_bytecode
    assert "glibc.malloc.hugetlb=1" in environment["GLIBC_TUNABLES"]
    assert environment["FLAGS_enable_pir_api"] == "0"
    assert environment["GLOG_minloglevel"] == "2"


def test_a_process_that_has_the_settings_is_not_restarted(tmp_path):
    _, environment, *_ = start(tmp_path)
    pids, *_ = start(tmp_path, GLIBC_TUNABLES=environment["GLIBC_TUNABLES"])
    assert len(pids) == 1


def test_tunables_of_the_user_are_kept(tmp_path):
    _, environment, *_ = start(tmp_path, GLIBC_TUNABLES="glibc.malloc.check=0")
    assert environment["GLIBC_TUNABLES"].startswith("glibc.malloc.check=0:glibc.malloc.hugetlb=1")


def test_the_number_of_threads_does_not_depend_on_the_caller(tmp_path):
    _, environment, *_ = start(tmp_path, OMP_NUM_THREADS="8")
    assert environment["OMP_NUM_THREADS"] == "1"


def test_paddle_says_nothing_on_stderr_and_too_late_is_an_error(tmp_path):
    code = (
        "from zest.runtime import tune_process; tune_process(); import paddle;"
        "net = paddle.nn.BatchNorm2D(2); net(paddle.rand([2, 2, 3, 3]));"
        "paddle.jit.to_static(paddle.nn.Linear(2, 2), full_graph=True)(paddle.rand([1, 2]));"
        "print('done'); tune_process()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "done\n"
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("tune_process() must be called before paddle is imported\n")
