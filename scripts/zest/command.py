"""The command that makes a result, as its provenance tells it.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

# How a stage learns of it: not by a parameter, or another command line would run the stage again.
VARIABLE = "ZEST_OPTIONS"


def options_of(configfiles: Sequence[Path], overrides: Mapping[str, object], folder: Path) -> str:
    """Return the options that make a configuration, for a shell, behind `snakemake` and a target.

    Nothing that does not matter to the result is in it: not the number of jobs, nor a folder of new
    photos.

    Args:
        configfiles: absolute paths of the configuration files that were named, in their order.
        overrides: the values that were given by --config.
        folder: where snakemake runs; the paths are told relative to it.
    """
    words = []
    if configfiles:
        words += ["--configfile", *(os.path.relpath(path, folder) for path in configfiles)]
    told = [f"{key}={_written(value)}" for key, value in overrides.items() if key != "folder"]
    if told:
        words += ["--config", *told]
    return shlex.join(words)


def command_told(target: str) -> str | None:
    """Return the command that makes a target in the workflow that runs this process, or None."""
    options = os.environ.get(VARIABLE)
    return None if options is None else f"snakemake {target} {options}".strip()


def _written(value: object) -> str:
    """Return a value such that `snakemake --config key=value` reads it as it is.

    It takes text as it stands, and lists and mappings as YAML, in which JSON is at home.
    """
    if value is None:
        return ""
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
