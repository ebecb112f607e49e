"""A network of the user's own: a Layer named by its dotted path, `package.module.Class`.

It is looked for where Python looks (PYTHONPATH) and in the project's folder, from which the
commands are run. The Snakefile imports this module at every call, so it imports nothing slow.
"""

import ast
import difflib
import hashlib
import importlib
import importlib.metadata
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from zest.errors import UserError
from zest.fingerprint import code_digest
from zest.models.table import ARCHITECTURES, DOTTED_PATH, PADDLECLAS
from zest.parsing import parse

# Folders of installed code: it changes with its version, and nobody edits it.
INSTALLED = {"site-packages", "dist-packages", Path(ast.__file__).parent.name}


def source_digest(architecture: str) -> str | None:
    """Return a fingerprint of the code of an architecture that is not part of this project.

    Of a dotted path it covers the module and what that imports beside itself, without comments and
    docstrings; nothing is run. Of PaddleClas it is the version. None is for the rows of the table.
    A module that is not there has a fingerprint too, so that it counts as changed once it is.
    """
    if architecture in ARCHITECTURES:
        return None
    if PADDLECLAS.fullmatch(architecture):
        try:
            return importlib.metadata.version("paddleclas")
        except importlib.metadata.PackageNotFoundError:
            return "absent"
    if not DOTTED_PATH.fullmatch(architecture):
        return None
    codes: dict[str, str] = {}
    waiting = [architecture.rpartition(".")[0]]
    while waiting:
        name = waiting.pop()
        if name in codes:
            continue
        path = find_module(name)
        codes[name] = "absent" if path is None else _code(path)
        if path is not None and not INSTALLED & {*path.parts}:
            waiting.extend(_own_imports(name, path))
    text = "\n".join(f"{name}={code}" for name, code in sorted(codes.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def find_module(name: str) -> Path | None:
    """Return the file of a module, without running it or the packages that it is in, or None."""
    where: Any = [*sys.path, str(Path.cwd())]
    origin = None
    for depth in range(name.count(".") + 1):
        part = ".".join(name.split(".")[: depth + 1])
        spec = PathFinder.find_spec(part, where)
        if spec is None:
            return None
        origin, where = spec.origin, spec.submodule_search_locations
        if where is None and part != name:
            return None
    return Path(origin) if origin and origin.endswith(".py") else None


def load_class(path: str) -> Any:
    """Import the module of a dotted path and return what its last name stands for.

    Raises:
        UserError: there is no such module, it fails, or it has nothing of that name.
    """
    module_name, _, class_name = path.rpartition(".")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise UserError(
                f"architecture: {path}: importing {module_name} fails: {error}. Install what it "
                "needs in this environment."
            ) from error
        raise UserError(
            f"architecture: {path}: there is no module {error.name} in {folder} or on PYTHONPATH. "
            f"Put {error.name.replace('.', '/')}.py there, or correct the path."
        ) from error
    except Exception as error:  # the user's own code can fail in any way
        raise UserError(
            f"architecture: {path}: importing {module_name} fails with "
            f"{type(error).__name__}: {error}. `python -c 'import {module_name}'` shows where."
        ) from error
    if not hasattr(module, class_name):
        names = [name for name in vars(module) if not name.startswith("_")]
        close = difflib.get_close_matches(class_name, names, n=1, cutoff=0.0)
        near = f"; did you mean {close[0]!r}?" if close else ""
        raise UserError(f"architecture: {module.__file__} has no {class_name!r}{near}")
    return getattr(module, class_name)


def _code(path: Path) -> str:
    """Return a digest of a file's code without docstrings, or of its text if that is no Python."""
    text = path.read_bytes()
    try:
        tree = parse(text)
    except (SyntaxError, ValueError):
        return hashlib.sha256(text).hexdigest()
    return code_digest(tree)


def _own_imports(name: str, path: Path) -> Iterator[str]:
    """Yield the modules that a file imports and that are no installed ones, and its packages."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = [package] if package else []
    try:
        tree = parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = parts[: len(parts) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.append(module)
            found.extend(f"{module}.{alias.name}" for alias in node.names)
    for one in found:
        file = find_module(one) if one.partition(".")[0] not in sys.stdlib_module_names else None
        if file is not None and not INSTALLED & {*file.parts}:
            yield one
