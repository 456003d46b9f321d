"""Print the steps of a failing example as Python to paste: comments between them, and the imports of what they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from syncproof.core.values import Id


class Comment:
    """A Python comment whose text is made when it is printed."""

    def __init__(self, text: Callable[[], str]) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"# {self.text()}"


def imports(values: Iterable[object]) -> list[str]:
    """Return the import statements that the printed moves and packets need: one for each module."""
    names: dict[str, set[str]] = {}
    for kind in {kind for value in values for kind in _classes(value)}:
        names.setdefault(kind.__module__, set()).add(kind.__name__)
    return [f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)]


def _classes(value: object) -> Iterator[type]:
    if isinstance(value, msgspec.Struct):
        yield type(value)
        for field in value.__struct_fields__:
            yield from _classes(getattr(value, field))
    elif isinstance(value, tuple):
        for item in value:
            yield from _classes(item)
    elif isinstance(value, Id):
        yield type(value)
