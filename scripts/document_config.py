"""Write config/README.md from config/schema.yaml, the one source of the keys, defaults and texts.

Run it after a change of the schema: python scripts/document_config.py
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zest.config import SCHEMA_PATH, load_schema, resolve
from zest.errors import run
from zest.files import write_text

INTRODUCTION = """\
# Configuration

<!-- Written by `python scripts/document_config.py` from schema.yaml; edit that file instead. -->

A configuration is one YAML file. Start from `config.yaml` (the built-in demo), `lemon.yaml` (the
Hiroshima lemon contest, four ordered grades) or `grocery.yaml` (81 classes, a longer training), and
name yours with `snakemake --configfile config/mine.yaml`; "Training" in the README says which one
fits what. Only `competition` and `data.root` are required: everything else has a default. A key
that is not listed here is refused, with the nearest one that is. `NAME` stands for a name of your
own.
"""


def document(schema: dict) -> str:
    """Return the page: a table for each section of the schema, and one for each operation."""
    parts = [INTRODUCTION, _table("The whole", "", schema, schema)]
    for name, section in schema["properties"].items():
        parts.extend(_sections(name, resolve(section, schema), schema))
    for name, operation in schema["$defs"]["operation"]["properties"].items():
        parts.append(_table(f"Operation `{name}`", "", resolve(operation, schema), schema))
    return "\n".join(parts)


def _sections(path: str, section: dict, root: dict) -> Iterator[str]:
    """Yield the tables of a section: its own keys, then those of the sections inside it."""
    named = section.get("additionalProperties")
    if isinstance(named, dict) and "properties" in resolve(named, root):
        path = f"{path}.NAME"
        section = {**resolve(named, root), "description": section["description"]}
    if "properties" not in section:
        return
    yield _table(f"`{path}`", section.get("description", ""), section, root)
    for key, part in section["properties"].items():
        part = resolve(part, root)
        items = resolve(part.get("items", {}), root)
        for form in part.get("anyOf", []):
            yield from _sections(f"{path}.{key}", form, root)
        if "properties" in part:
            yield from _sections(f"{path}.{key}", part, root)
        elif "properties" in items and items.get("maxProperties") != 1:
            yield from _sections(f"{path}.{key}[]", {**items, "description": ""}, root)


def _table(title: str, text: str, section: dict, root: dict) -> str:
    intro = text or section.get("description", "")
    lines = [f"## {title}", "", *([intro, ""] if intro else []), "| key | value | default | |"]
    lines.append("|---|---|---|---|")
    required = section.get("required", [])
    for key, part in section["properties"].items():
        part = resolve(part, root)
        default = "required" if key in required else _default(part)
        cells = (f"`{key}`", _kind(part), default, part["description"])
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _default(part: dict) -> str:
    if part.get("type") == "object" or "default" not in part:
        return ""
    return f"`{json.dumps(part['default'], ensure_ascii=False)}`"


def _kind(part: dict) -> str:
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if "anyOf" in part:
        return " or ".join(_kind(one) for one in part["anyOf"])
    kinds: list[str] = part["type"] if isinstance(part["type"], list) else [part["type"]]
    words = {"null": "null", "object": "section", "array": "list"}
    return " or ".join([words.get(kind, kind) for kind in kinds]) + _range(part)


def _range(part: dict) -> str:
    bounds = list(_bounds(part))
    return f" {' and '.join(bounds)}" if bounds else ""


def _bounds(part: dict) -> Iterator[str]:
    signs: dict[str, Any] = {
        "minimum": "≥",
        "exclusiveMinimum": ">",
        "maximum": "≤",
        "exclusiveMaximum": "<",
    }
    for key, sign in signs.items():
        if key in part:
            yield f"{sign} {part[key]}"


def main() -> None:
    """Write config/README.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = SCHEMA_PATH.with_name("README.md")
    parser.add_argument("--out", type=Path, default=default, help="the page (config/README.md)")
    args = parser.parse_args()
    write_text(args.out, document(load_schema()))


if __name__ == "__main__":
    run(main)
