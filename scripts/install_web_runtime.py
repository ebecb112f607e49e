"""Install what computes in the browser: the WebAssembly build of ONNX Runtime, by npm.

Reads envs/web/package.json and package-lock.json, which holds the hash of every package; writes
web_runtime/: the script, the loader and the module of WebAssembly. The scripts are called .js
there: nginx as it comes does not send .mjs as a script, and browsers refuse such modules.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from zest.errors import UserError, run

PACKAGE = "onnxruntime-web"
# Of the package, and what each is called on the page.
FILES = {
    "ort.wasm.min.mjs": "ort.wasm.min.js",
    "ort-wasm-simd-threaded.mjs": "ort-wasm-simd-threaded.js",
    "ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm",
}
# No script of a package is run.
COMMAND = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def find_npm() -> str:
    """Return the path of npm.

    Raises:
        UserError: there is none.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(
            "npm is not installed, and the page needs it once, for what computes in the browser. "
            "On Debian: apt install npm. Elsewhere install Node.js 18 or newer, which "
            "brings it, or run snakemake with --sdm conda."
        )
    return npm


def install(package: Path, lock: Path, out: Path) -> None:
    """Install the locked packages in a scratch folder, and copy what the page needs to `out`.

    Raises:
        UserError: npm fails; its own words are in the message.
    """
    npm = find_npm()
    with tempfile.TemporaryDirectory() as folder:
        for file in (package, lock):
            shutil.copy(file, folder)
        done = subprocess.run(
            [npm, *COMMAND], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise UserError(
                f"npm ci failed: {(done.stderr or done.stdout).strip()} Check the network and the "
                "registry that npm is configured for, and run the same command again."
            )
        out.mkdir(parents=True, exist_ok=True)
        for name, ours in FILES.items():
            shutil.copy(Path(folder, "node_modules", PACKAGE, "dist", name), out / ours)


def main() -> None:
    """Install, and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", required=True, type=Path, help="package.json")
    parser.add_argument("--lock", required=True, type=Path, help="package-lock.json")
    parser.add_argument("--out", required=True, type=Path, help="the folder, written")
    args = parser.parse_args()

    install(args.package, args.lock, args.out)
    size = sum(path.stat().st_size for path in args.out.iterdir()) / 1e6
    print(f"{PACKAGE}: {size:.1f} MB in {args.out}", flush=True)


if __name__ == "__main__":
    run(main)
