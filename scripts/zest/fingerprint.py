"""The fingerprint of a stage's code, which decides whether it must run again.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import ast
import hashlib
import importlib.metadata
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from zest.models.table import WEIGHT_PACKAGES
from zest.parsing import parse
from zest.stat_cache import facts_of_files

# Imports whose package is named otherwise, in the order of preference.
_DISTRIBUTIONS = {
    "PIL": ("pillow",),
    "cv2": ("opencv-python-headless",),
    "paddle": ("paddlepaddle", "paddlepaddle-gpu"),
    "python_multipart": ("python-multipart",),
    "sklearn": ("scikit-learn",),
    "yaml": ("pyyaml",),
}

# Packages that a module finds at run time, so that no import names them.
_FOUND_AT_RUN_TIME = {"zest/models/pretrained.py": WEIGHT_PACKAGES}


class CodeBase:
    """The Python files of a project, each with the digest of its code and what it imports."""

    def __init__(self, root: str | os.PathLike, cache: Path | None = None):
        """Read all Python files below `root`; for the cache see `facts_of_files`."""
        root = Path(root)
        names = [path.relative_to(root).as_posix() for path in root.rglob("*.py")]
        self._modules = facts_of_files(root, sorted(names), _read, cache)
        self._versions: dict[str, tuple[str, str]] = {}

    def fingerprint(self, script: str) -> str:
        """Return a fingerprint of all the code that a script can run.

        It covers the script, the modules of this project that it imports, theirs in turn, and the
        versions of the packages that these use. Comments, docstrings and layout do not enter it.

        Args:
            script: a Python file, relative to the root.

        Raises:
            KeyError: there is no such file.
        """
        codes = [
            f"{file}={self._modules[file]['code']}" for file in sorted(self._reachable(script))
        ]
        versions = [f"{package}=={version}" for package, version in self.packages(script).items()]
        return _digest("\n".join([*codes, *versions]))

    def packages(self, script: str | None = None) -> dict[str, str]:
        """Return the version of each package that a script uses, by the name it is installed under.

        A package that is not installed has the version `absent`.

        Args:
            script: a Python file, relative to the root; None for all files of the project.

        Raises:
            KeyError: there is no such file.
        """
        files = self._modules.keys() if script is None else self._reachable(script)
        imports = {name for file in files for name in self._modules[file]["imports"]}
        outside = {name.partition(".")[0] for name in imports} - self._own_names()
        used = outside - sys.stdlib_module_names
        for file in files:
            used.update(_FOUND_AT_RUN_TIME.get(file, ()))
        return dict(sorted(self._installed(name) for name in used))

    def _reachable(self, script: str) -> set[str]:
        found: set[str] = set()
        waiting = [script]
        while waiting:
            file = waiting.pop()
            if file not in found:
                found.add(file)
                for name in self._modules[file]["imports"]:
                    waiting.extend(self._files_of(name))
        return found

    def _files_of(self, name: str) -> Iterator[str]:
        """Yield the files that `import name` runs: packages on the way, and the module."""
        path = ""
        for part in name.split("."):
            path += part
            for file in (f"{path}/__init__.py", f"{path}.py"):
                if file in self._modules:
                    yield file
            path += "/"

    def _own_names(self) -> set[str]:
        return {file.partition("/")[0].removesuffix(".py") for file in self._modules}

    def _installed(self, name: str) -> tuple[str, str]:
        """Return the name and the version of a package; looked up once, because it is slow."""
        if name not in self._versions:
            self._versions[name] = _installed(name)
        return self._versions[name]


def _read(path: Path) -> dict:
    """Return the digest of a file's code and the dotted names that it imports, wherever it does."""
    tree = parse(path.read_bytes())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {"code": code_digest(tree), "imports": sorted(names)}


def code_digest(tree: ast.Module) -> str:
    """Return a digest of a module's code without docstrings, which are taken off the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _drop_docstring(node)
    return _digest(ast.dump(tree))


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        node.body = node.body[1:]


def _installed(name: str) -> tuple[str, str]:
    """Return the name and the version of the package that an import comes from."""
    packages = _DISTRIBUTIONS.get(name, (name,))
    for package in packages:
        try:
            return package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return packages[0], "absent"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
