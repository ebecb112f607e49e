"""The fingerprint of a stage's code, which decides whether it must run again.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import ast
import functools
import hashlib
import importlib.metadata
import os
import sys
from collections.abc import Iterator
from pathlib import Path

# Imports whose package is named otherwise, in the order of preference.
_DISTRIBUTIONS = {
    "PIL": ("pillow",),
    "cv2": ("opencv-python-headless",),
    "paddle": ("paddlepaddle", "paddlepaddle-gpu"),
    "sklearn": ("scikit-learn",),
    "yaml": ("pyyaml",),
}


def code_fingerprint(script: str | os.PathLike) -> str:
    """Return a fingerprint of all the code that a script can run.

    It covers the script, the modules of this project that it imports, theirs in turn, and the
    versions of the packages that these import. Comments, docstrings and layout do not enter it.

    Args:
        script: a Python file; the folder it lies in is the root of the project's modules.
    """
    root = Path(script).resolve().parent
    files = sorted(_reachable(Path(script).resolve(), root))
    parts = [f"{path.relative_to(root)}={_read(path, _stamp(path))[0]}" for path in files]
    packages = sorted({name for path in files for name in _read(path, _stamp(path))[1]})
    parts += [version for name in packages if (version := _version(name, root))]
    return _digest("\n".join(parts))


def _reachable(script: Path, root: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for name in _read(path, _stamp(path))[1]:
            waiting.extend(_project_files(name, root))
    return found


def _project_files(name: str, root: Path) -> Iterator[Path]:
    """Yield the project's files that `import name` runs: packages on the way, and the module."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        base = root.joinpath(*parts[:end])
        for path in (base / "__init__.py", base.with_suffix(".py")):
            if path.is_file():
                yield path


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@functools.cache
def _read(path: Path, stamp: tuple[int, int]) -> tuple[str, frozenset[str]]:
    """Return the digest of a file's code and the dotted names that it imports, wherever it does."""
    tree = ast.parse(path.read_bytes())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _drop_docstring(node)
    return _digest(ast.dump(tree)), frozenset(names)


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        node.body = node.body[1:]


@functools.cache
def _version(name: str, root: Path) -> str | None:
    """Return `package==version` for an import from outside the project and the standard library."""
    top = name.partition(".")[0]
    local = (root / top).is_dir() or (root / f"{top}.py").is_file()
    if local or top in sys.stdlib_module_names:
        return None
    for package in _DISTRIBUTIONS.get(top, (top,)):
        try:
            return f"{package}=={importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"{top} absent"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
