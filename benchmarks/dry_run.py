"""Time a dry run of a finished workflow against Snakemake's own time on a workflow of one rule.

Run it after `snakemake -j4 all`, in the environment: python benchmarks/dry_run.py
"""

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ONE_RULE = 'rule all:\n    output: "done"\n    shell: "touch {output}"\n'
PAIRS = 15


def seconds(folder: Path) -> float:
    """Return the wall time of `snakemake -n all` in a folder."""
    started = time.perf_counter()
    done = subprocess.run(
        ["snakemake", "-n", "all"], cwd=folder, capture_output=True, text=True, check=True
    )
    took = time.perf_counter() - started
    if "Nothing to be done" not in done.stdout + done.stderr:
        raise SystemExit(f"{folder}: there is something to be done; run snakemake -j4 all first")
    return took


def main() -> None:
    """Run both in turn and print the medians and the median of the ratios."""
    project = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as name:
        alone = Path(name)
        (alone / "Snakefile").write_text(ONE_RULE)
        subprocess.run(["snakemake", "-j1", "all"], cwd=alone, capture_output=True, check=True)
        seconds(project), seconds(alone)  # bytecode caches
        pairs = [(seconds(project), seconds(alone)) for _ in range(PAIRS)]
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"dry run {ours:.2f} s, one rule {theirs:.2f} s, ratio {ratio:.2f} (n = {PAIRS} pairs)")


if __name__ == "__main__":
    main()
