"""How a process that uses Paddle is started: settings that Paddle and glibc read only once."""

import os
import sys
import warnings

SETTINGS = {
    # Paddle's older program format: only there single operators can be sent to oneDNN.
    "FLAGS_enable_pir_api": "0",
    # On a GPU only algorithms that give the same bytes each time.
    "FLAGS_cudnn_deterministic": "1",
    # Paddle's C++ log: errors only.
    "GLOG_minloglevel": "2",
    # One thread a process: sums of floats are then added in one order on every machine, so a re-run
    # gives the same bytes. More cores are used by more processes.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}

# Paddle says these at every import and at every batch normalisation; neither concerns the user.
WARNINGS = ("No ccache found", "When training, we now always track global mean and variance")

# Keep freed memory, in huge pages, instead of giving it back to the kernel and faulting it in again
# at every training step.
# https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html
MALLOC = (
    "glibc.malloc.hugetlb=1"
    ":glibc.malloc.mmap_threshold=1000000000000"
    ":glibc.malloc.trim_threshold=1000000000000"
)


def tune_process() -> None:
    """Give this process the settings of this module; call it before paddle or numpy is imported.

    glibc reads `GLIBC_TUNABLES` when a process starts, so where the values are missing the process
    replaces itself by the same command with them set. The variable is its own mark that this was
    done, and child processes inherit it. It has no effect outside Linux with glibc.

    Raises:
        RuntimeError: paddle is already imported, so that the settings would come too late.
    """
    if "paddle" in sys.modules:
        raise RuntimeError("tune_process() must be called before paddle is imported")
    os.environ.update(SETTINGS)
    for message in WARNINGS:
        warnings.filterwarnings("ignore", message=message)
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    if sys.platform == "linux" and MALLOC not in tunables:
        os.environ["GLIBC_TUNABLES"] = f"{tunables}:{MALLOC}" if tunables else MALLOC
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
