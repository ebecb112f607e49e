"""The configuration: checked against config/schema.yaml and completed with its defaults.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from zest.errors import UserError
from zest.models.table import ARCHITECTURES, megabytes

SCHEMA_PATH = Path(__file__).parents[2] / "config" / "schema.yaml"


def load_schema() -> dict:
    """Read config/schema.yaml."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(SCHEMA_PATH.read_text(encoding="utf-8"), Loader=loader)


def validate(config: dict) -> dict:
    """Return the configuration complete with defaults.

    Raises:
        UserError: an unknown key (with the nearest valid one), a value out of its range, or
            settings that contradict each other. Every fault is named by the path of its key.
    """
    schema = load_schema()
    faults = list(_schema_faults(config, schema))
    if not faults:
        config = _complete(config, schema, schema)
        faults = list(_contradictions(config))
    if faults:
        raise UserError("the configuration cannot be used:\n" + "\n".join(f"  {f}" for f in faults))
    return config


def canonical(section: Any) -> str:
    """Return JSON that is the same for the same settings, whatever their order in the file."""
    return json.dumps(section, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def image_size(config: dict, model: str) -> int:
    """Return the input size of a model in pixels: its own, or else that of its recipe."""
    settings = config["models"][model]
    return settings["image_size"] or config["recipes"][settings["recipe"]]["image_size"]


def resolve(schema: dict, root: dict) -> dict:
    """Follow the `$ref` of a schema; keys that stand beside it win."""
    if "$ref" not in schema:
        return schema
    target = root
    for part in schema["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _complete(value: Any, schema: dict, root: dict) -> Any:
    """Fill in the defaults of `schema`, in the schema's order; a null section means no settings."""
    schema = resolve(schema, root)
    if isinstance(value, list) and "items" in schema:
        return [_complete(item, schema["items"], root) for item in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    # An operation names itself by its one key: there the other keys are no defaults.
    optional = {} if schema.get("maxProperties") == 1 else known
    filled = {
        key: _complete(value.get(key, resolve(part, root).get("default")), part, root)
        for key, part in known.items()
        if key in value or (key in optional and "default" in resolve(part, root))
    }
    others = schema.get("additionalProperties", {})
    for key in value:
        if key not in known:
            filled[key] = _complete(value[key], others, root)
    return filled


def _schema_faults(config: dict, schema: dict) -> Iterator[str]:
    from jsonschema import (
        Draft202012Validator,
    )  # slow to import: only once a configuration is there

    for error in Draft202012Validator(schema).iter_errors(config):
        path = _path(error.absolute_path)
        if error.validator == "additionalProperties":
            known = list(error.schema.get("properties", {}))
            for key in sorted(error.instance.keys() - set(known), key=str):
                yield f"{_join(path, key)}: unknown key{_nearest(str(key), known)}"
        elif error.validator == "required":
            for key in error.validator_value:
                if key not in error.instance:
                    yield f"{_join(path, key)}: this key is required"
        else:
            yield f"{path or 'the file'}: {_explain(error)}"


def _explain(error: Any) -> str:
    where = "this name" if "propertyNames" in error.absolute_schema_path else repr(error.instance)
    if error.validator == "enum":
        allowed = [str(value) for value in error.validator_value]
        hint = _nearest(str(error.instance), allowed) if isinstance(error.instance, str) else ""
        return f"{where} is not one of {', '.join(allowed)}{hint}"
    if error.validator == "pattern":
        return f"{error.instance!r} may hold only letters, digits, '-' and '_'"
    return error.message


def _contradictions(config: dict) -> Iterator[str]:
    """Yield what the schema alone cannot see: settings that do not go together."""
    folds = config["split"]["folds"]
    for fold in config["split"]["train_folds"]:
        if fold >= folds:
            yield f"split.train_folds: there is no fold {fold} of {folds} (0 to {folds - 1})"
    for name, recipe in config["recipes"].items():
        if recipe["copies"] > 1 and not recipe["operations"]:
            yield (
                f"recipes.{name}.copies: {recipe['copies']} copies without operations would only "
                f"repeat the photos; name some under recipes.{name}.operations"
            )
    for name in config["models"]:
        yield from _model_contradictions(config, name)
    chosen = config["submission"]["model"]
    if chosen != "best" and chosen not in config["models"]:
        near = _nearest(chosen, [*config["models"], "best"])
        yield f"submission.model: there is no model {chosen!r} under models{near}"


def _model_contradictions(config: dict, name: str) -> Iterator[str]:
    path, model = f"models.{name}", config["models"][name]
    if model["architecture"] not in ARCHITECTURES:
        near = _nearest(model["architecture"], ARCHITECTURES)
        yield f"{path}.architecture: there is no architecture {model['architecture']!r}{near}"
    else:
        yield from _size_contradiction(config, name)
    if model["recipe"] not in config["recipes"]:
        near = _nearest(model["recipe"], config["recipes"])
        yield f"{path}.recipe: there is no recipe {model['recipe']!r} under recipes{near}"
    elif image_size(config, name) > config["recipes"][model["recipe"]]["image_size"]:
        stored = config["recipes"][model["recipe"]]["image_size"]
        yield (
            f"{path}.image_size: {model['image_size']} is larger than the images of its recipe; "
            f"raise recipes.{model['recipe']}.image_size ({stored})"
        )
    if model["warmup_epochs"] >= model["epochs"]:
        yield (
            f"{path}.warmup_epochs: {model['warmup_epochs']} leaves nothing of the "
            f"{model['epochs']} epochs"
        )


def _size_contradiction(config: dict, name: str) -> Iterator[str]:
    """The classes may not be known yet; two is the least there can be, so this never errs."""
    limit = config["rules"]["max_model_mb"]
    if limit is None:
        return
    classes = config["data"]["classes"]
    count = len(classes) if isinstance(classes, list) else 2
    models = len(config["split"]["train_folds"])
    size = models * megabytes(config["models"][name]["architecture"], count)
    if size > limit:
        each = f" ({models} folds)" if models > 1 else ""
        yield (
            f"models.{name}.architecture: {config['models'][name]['architecture']}{each} takes "
            f"{size:.1f} MB, more than rules.max_model_mb ({limit})"
        )


def _nearest(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(sorted(known))}" if known else ""


def _path(parts: Any) -> str:
    path = ""
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else _join(path, part)
    return path


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)
