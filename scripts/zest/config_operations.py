"""What the schema alone cannot see of a list of operations: settings that do not go together.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

from collections.abc import Iterator


def operation_contradictions(path: str, operations: list[dict]) -> Iterator[str]:
    """Yield a line for each fault: the path of the key, and what is wrong.

    Args:
        path: of the list, such as `recipes.standard.operations`.
        operations: complete, each `{name: settings}`.
    """
    for index, operation in enumerate(operations):
        for name, settings in operation.items():
            yield from _reversed_ranges(f"{path}[{index}].{name}", settings)


def _reversed_ranges(path: str, settings: dict) -> Iterator[str]:
    for key, low in settings.items():
        if key.startswith("min_"):
            largest = key.replace("min_", "max_", 1)
            high = settings.get(largest, low)
            if low > high:
                yield (
                    f"{path}.{key}: {low} is more than {largest} ({high}); lower it, or raise "
                    f"{path}.{largest}"
                )
