"""The configuration: checked against config/schema.yaml and completed with its defaults.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from zest import ablations
from zest.config_deploy import deploy_faults
from zest.config_faults import nearest, schema_faults
from zest.config_merging import merge_faults
from zest.config_operations import operation_contradictions
from zest.config_rules import rule_faults
from zest.config_submission import submission_faults
from zest.config_training import training_contradictions, unused_key_faults
from zest.errors import UserError
from zest.models.table import ARCHITECTURES, find_architecture, is_architecture
from zest.phases import image_size
from zest.sweeps import expand, sweep_faults

BASELINE = "linear_probe"

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
    config = _without_null_sections(config, schema, schema)
    faults = list(dict.fromkeys(schema_faults(config, schema)))  # jsonschema repeats some
    if not faults:
        config = _complete(config, schema, schema)
        standard = schema["properties"]["recipes"]["additionalProperties"]
        config["recipes"].setdefault("standard", _complete({}, standard, schema))
        config, faults = _with_ablations(config, schema)
    if not faults:
        config, faults = _with_more_models(config, schema)
    faults = faults or list(_contradictions(config))
    if faults:
        raise UserError("the configuration cannot be used:\n" + "\n".join(f"  {f}" for f in faults))
    return config


def canonical(section: Any) -> str:
    """Return JSON that is the same for the same settings, whatever their order in the file."""
    return json.dumps(section, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def differing_settings(models: dict[str, dict]) -> dict[str, dict]:
    """Return the settings of complete models, by name, that are not the defaults."""
    schema = load_schema()
    untouched = _complete({}, schema["$defs"]["model"], schema)
    return {
        name: {key: value for key, value in model.items() if value != untouched[key]}
        for name, model in models.items()
    }


def _with_ablations(config: dict, schema: dict) -> tuple[dict, list[str]]:
    """Add the recipes and models of the ablations; also return what is wrong with these."""
    kinds = {
        "models": schema["$defs"]["model"],
        "recipes": schema["properties"]["recipes"]["additionalProperties"],
    }
    keys = {kind: part["properties"] for kind, part in kinds.items()}
    faults = list(ablations.ablation_faults(config, keys["models"], keys["recipes"]))
    if faults or not config["ablations"]:
        return config, faults
    recipes, models = ablations.expand(config, keys["models"])
    added = {"models": models, "recipes": recipes}
    parts = {kind: {"additionalProperties": part} for kind, part in kinds.items()}
    faults = list(schema_faults(added, {"$defs": schema["$defs"], "properties": parts}))
    for kind, part in kinds.items():
        complete = {name: _complete(one, part, schema) for name, one in added[kind].items()}
        added[kind] = {**config[kind], **complete}
    return {**config, **added}, faults


def _with_more_models(config: dict, schema: dict) -> tuple[dict, list[str]]:
    """Add the trials of the sweeps and the baseline to the models; also return what is wrong."""
    models, model_schema = dict(config["models"]), schema["$defs"]["model"]
    keys = model_schema["properties"]
    faults = list(sweep_faults(config, keys))
    if not faults and config["sweeps"]:
        trials = expand(config, keys)
        of_any_name = {"models": {"additionalProperties": model_schema}}
        checked = {"$defs": schema["$defs"], "properties": of_any_name}
        faults = list(schema_faults({"models": trials}, checked))
        models |= {name: _complete(trial, model_schema, schema) for name, trial in trials.items()}
    if config["baseline"] and BASELINE not in models:
        models[BASELINE] = _complete({"method": "linear_probe"}, model_schema, schema)
    untouched = _complete({}, model_schema, schema)
    for name, model in models.items():
        changed = [key for key in model if model[key] != untouched[key]]
        faults += unused_key_faults(f"models.{name}", model["method"], changed)
    return {**config, "models": models}, faults


def resolve(schema: dict, root: dict) -> dict:
    """Follow the `$ref` of a schema; keys that stand beside it win."""
    if "$ref" not in schema:
        return schema
    target = root
    for part in schema["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _without_null_sections(value: Any, schema: dict, root: dict) -> Any:
    """Give each section that the file leaves empty (null) its default, or else no settings."""
    schema = resolve(schema, root)
    if value is None and schema.get("type") == "object":
        return schema.get("default", {})
    if isinstance(value, list) and "items" in schema:
        return [_without_null_sections(item, schema["items"], root) for item in value]
    if not isinstance(value, dict):
        return value
    known, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
    return {
        key: _without_null_sections(part, known.get(key, others), root)
        for key, part in value.items()
    }


def _complete(value: Any, schema: dict, root: dict) -> Any:
    """Fill in the defaults of `schema`, in the schema's order."""
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


def _contradictions(config: dict) -> Iterator[str]:
    """Yield what the schema alone cannot see: settings that do not go together."""
    data, folds = config["data"], config["split"]["folds"]
    if data["kind"] in ("folders", "lists") and data["group_column"] is not None:
        yield (
            f"data.group_column: {data['group_column']!r} names a column of a label CSV, which "
            f"data.kind: {data['kind']} does not have; set data.group_column: null"
        )
    if data["kind"] != "lists" and not isinstance(data["labels"], str):
        yield (
            f"data.labels: only PaddleClas lists may be several files, and data.kind is "
            f"{data['kind']}; name one file"
        )
    pattern = config["split"]["group_pattern"]
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"split.group_pattern: {pattern!r} is no regular expression ({error})"
    for fold in config["split"]["train_folds"]:
        if fold >= folds:
            yield f"split.train_folds: there is no fold {fold} of {folds} (0 to {folds - 1})"
    for name, recipe in config["recipes"].items():
        yield from operation_contradictions(f"recipes.{name}.operations", recipe["operations"])
        yield from _recipe_contradictions(f"recipes.{name}", recipe)
    for name in config["models"]:
        yield from _model_contradictions(config, name)
    yield from rule_faults(config)
    yield from submission_faults(config)
    yield from merge_faults(config)
    yield from deploy_faults(config)


def _recipe_contradictions(path: str, recipe: dict) -> Iterator[str]:
    balance = recipe["balance"]
    if isinstance(balance, dict) and len(balance) > 1:
        yield f"{path}.balance: {' and '.join(balance)} say two things; leave one of them out"
    yield from _mix_contradictions(path, recipe)
    chances = [
        settings["probability"]
        for operation in recipe["operations"]
        for settings in operation.values()
    ]
    # Copies are drawn until an operation applies: far below this, that would take for ever.
    if sum(chances) >= 0.01:
        return
    if not chances:
        what = "there are none"
    else:
        what = "they almost never apply" if sum(chances) else "they never apply"
    if _may_repeat(balance):
        told = balance if isinstance(balance, str) else json.dumps(balance).replace('"', "")
        cause = f"the extra rows of balance: {told}"
    elif recipe["copies"] > 1:
        cause = f"copies: {recipe['copies']}"
    else:
        return
    yield (
        f"{path}.operations: {what}, so {cause} would only repeat photos; name operations of a "
        f"probability of 0.01 or more, or set {path}.balance: none and {path}.copies: 1"
    )


def _mix_contradictions(path: str, recipe: dict) -> Iterator[str]:
    mix = recipe["mix"]
    if mix is None:
        return
    if not (mix["mixup"] or mix["cutmix"]):
        yield f"{path}.mix: mixup and cutmix are 0; set one of them above 0, or {path}.mix: null"
    if recipe["copies"] == 1 and not _may_repeat(recipe["balance"]):
        yield (
            f"{path}.mix: only augmented copies are mixed, and there are none; set {path}.copies: "
            f"2 or more, or {path}.mix: null"
        )


def _may_repeat(balance: str | dict) -> bool:
    """Tell whether a balance can ask for more rows of a class than it has photos."""
    return balance not in ("none", "undersampling", {"power": 1})


def _model_contradictions(config: dict, name: str) -> Iterator[str]:
    path, model = f"models.{name}", config["models"][name]
    if not is_architecture(model["architecture"]):
        near = nearest(model["architecture"], ARCHITECTURES)
        yield f"{path}.architecture: there is no architecture {model['architecture']!r}{near}"
    else:
        weights = find_architecture(model["architecture"]).weights
        if model["pretrained"] and not model["weights"] and weights == "none":
            yield (
                f"{path}.pretrained: there are no ImageNet weights of {model['architecture']}; "
                f"set {path}.pretrained: false"
            )
    if model["method"] == "linear_probe":
        yield from training_contradictions(config, name)
    elif model["recipe"] not in config["recipes"]:
        near = nearest(model["recipe"], config["recipes"])
        yield f"{path}.recipe: there is no recipe {model['recipe']!r} under recipes{near}"
    elif image_size(config, name) > config["recipes"][model["recipe"]]["image_size"]:
        stored = config["recipes"][model["recipe"]]["image_size"]
        yield (
            f"{path}.image_size: {model['image_size']} is larger than the images of its recipe; "
            f"raise recipes.{model['recipe']}.image_size ({stored})"
        )
    else:
        yield from training_contradictions(config, name)
