"""Which models learn from which: by distillation, and from pseudo-labels.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

from collections.abc import Iterable, Iterator

from zest.config_faults import nearest

KEYS = ("distillation", "pseudo_labels")  # of a model that name a teacher


def teachers_of(model: dict) -> dict[str, str]:
    """Return the name of each teacher of a model, by the key that names it."""
    return {key: model[key]["teacher"] for key in KEYS if model[key]}


def with_teachers(models: dict, names: Iterable[str]) -> list[str]:
    """Return models, those that they learn from, and so on: each once, unknown names left out."""
    found: list[str] = []
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name in models and name not in found:
            found.append(name)
            waiting.extend(teachers_of(models[name]).values())
    return found


def teacher_faults(models: dict, name: str) -> Iterator[str]:
    """Yield where a model has a teacher that is not there, or that learns from it in the end."""
    for key, teacher in teachers_of(models[name]).items():
        path = f"models.{name}.{key}.teacher"
        if teacher not in models:
            yield f"{path}: there is no model {teacher!r} under models{nearest(teacher, models)}"
        elif way := _way(models, teacher, name, []):
            yield f"{path}: {' learns from '.join([name, *way])}"


def _way(models: dict, start: str, goal: str, seen: list[str]) -> list[str]:
    """Return the models from `start` by way of teachers to `goal`, both of them too, or none."""
    if start == goal:
        return [goal]
    if start in seen or start not in models:
        return []
    seen.append(start)
    for teacher in teachers_of(models[start]).values():
        if way := _way(models, teacher, goal, seen):
            return [start, *way]
    return []
