"""What is wrong with a configuration, in words for the person who wrote it."""

import difflib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any


def schema_faults(config: dict, schema: dict) -> Iterator[str]:
    """Yield a line for each fault that the schema sees: the path of the key, and what is wrong."""
    from jsonschema import Draft202012Validator  # slow: only once there is a configuration

    for section, part in schema["properties"].items():
        if "propertyNames" in part and isinstance(config.get(section), dict):
            for name in config[section]:
                if not isinstance(name, str):
                    yield f"{section}: the name must be text, not {_shown(name)}; put it in quotes"
    for error in Draft202012Validator(schema).iter_errors(config):
        yield from _told(error)


def _told(error: Any) -> Iterator[str]:
    """Yield the faults behind an error of jsonschema, each with the path of its key."""
    path = _path(error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        for key in sorted(error.instance.keys() - set(known), key=str):
            yield f"{_join(path, key)}: unknown key{nearest(str(key), known)}"
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                yield f"{_join(path, key)}: this key is required"
    elif error.validator == "anyOf" and (inside := _inner(error)):
        # One of the forms is meant, and something in it is wrong.
        for one in inside:
            yield from _told(one)
    else:
        yield f"{path or 'the file'}: {_explain(error)}"


def _inner(error: Any) -> list[Any]:
    """Return what is wrong inside the forms that a value may have, other kinds of value aside."""
    other = {
        one.schema_path[0]
        for one in error.context
        if one.validator == "type" and not one.relative_path
    }
    return [one for one in error.context if one.schema_path[0] not in other]


def _explain(error: Any) -> str:
    """Say in a person's words what jsonschema found wrong with a value."""
    bound, value = error.validator_value, error.instance
    is_operation = error.schema.get("maxProperties") == 1
    match error.validator:
        case "enum":
            near = _did_you_mean(value, bound) if isinstance(value, str) else ""
            return f"must be one of {', '.join(bound)}, not {_shown(value)}{near}"
        case "type" if is_operation and isinstance(value, str):
            known = error.schema["properties"]
            hint = f"write - {value}: {{}}" if value in known else nearest(value, known)[2:]
            return f"{value!r} stands without its settings; {hint}"
        case "type":
            kinds = [bound] if isinstance(bound, str) else bound
            return f"must be {_listed(kinds)}, not {_shown(value)}{_type_hint(kinds, value)}"
        case "anyOf":
            return f"must be {_listed([form['type'] for form in bound])}, not {_shown(value)}"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return f"must be {_LIMITS[error.validator]} {bound}, not {value}"
        case "pattern":
            signs = "'.', '_' and '-'" if "." in bound else "'_' and '-'"
            return (
                f"{value!r} may hold only the letters A-Z and a-z, digits, {signs}, and must begin "
                "with a letter or a digit"
            )
        case "not":
            meant = {"best": "the leader of the leaderboard", "ensemble": "several models together"}
            return (
                f"{value!r} is reserved: submission.model: {value} means {meant[value]}; give it "
                "another name"
            )
        case "minProperties" | "maxProperties" if is_operation:
            return "one operation a line, such as - rotate: {degrees: 15}"
        case "minProperties" | "minItems":
            return f"must hold at least {bound}, not {len(value)}"
        case "maxItems":
            return f"must hold at most {bound}, not {len(value)}"
        case "minLength":
            return "must not be empty"
        case "uniqueItems":
            return f"names the same twice: {value}"
    return error.message


_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}
_KINDS = {
    "number": "a number",
    "integer": "a whole number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a section (key: value)",
}


def _listed(kinds: list[str]) -> str:
    return " or ".join(_KINDS[kind] for kind in kinds)


def _shown(value: Any) -> str:
    """Name a value as YAML understood it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a section" if isinstance(value, dict) else "a list"
    kind = {str: "text", int: "number", float: "number"}.get(type(value), type(value).__name__)
    return f"the {kind} {value!r}" if isinstance(value, str) else f"the {kind} {value}"


def _type_hint(kinds: list[str], value: Any) -> str:
    """Help with what YAML takes for another type than the person: 5e-4 is text, 2026 a number."""
    if isinstance(value, str) and {"number", "integer"} & {*kinds}:
        return _number_hint(value)
    if isinstance(value, str) and "boolean" in kinds and value.lower() in ("true", "false"):
        return f"; write {value.lower()} without quotes"
    if "string" in kinds and not isinstance(value, dict | list | None):
        return "; put it in quotes"
    return ""


def _number_hint(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return ""
    if not number.is_finite() or abs(number.adjusted()) > 15:
        return ""
    if "e" not in text.lower():
        return f"; write {number:f} without quotes"
    digits, _, exponent = f"{number.normalize():e}".partition("e")
    return f"; write {digits if '.' in digits else digits + '.0'}e{exponent} or {number:f}"


def nearest(word: str, known: Any) -> str:
    """Return the end of a message about a word that is not known: the nearest one, or all."""
    listed = f"; known: {', '.join(sorted(known))}" if known else ""
    return _did_you_mean(word, known) or listed


def _did_you_mean(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _path(parts: Any) -> str:
    path = ""
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else _join(path, part)
    return path


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)
