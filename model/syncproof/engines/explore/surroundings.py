"""What a user's actors and properties can reach besides their fields: it must not change while a search runs.

A search calls each handler once for each state and packet. What a handler leaves elsewhere (in a module's variable, a class
attribute, an object in a constant field) would be found there by calls of other states, whatever their own past is.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any

from syncproof.core.actor import Actor
from syncproof.engines.handler_errors import ImpureHandler, called
from syncproof.errors import is_own
from syncproof.properties import Property

CHANGING = (list, dict, set, deque, bytearray, itertools.count)


class Surroundings:
    """Changeable objects outside of actors' fields, each as a text, as they were when this was made."""

    def __init__(self, actors: Sequence[Actor], properties: Sequence[type[Property]]) -> None:
        self.actors = actors
        self.properties = properties
        self.before = dict(self._texts())

    def check(self) -> None:
        """Raise `ImpureHandler` that names the first object which has changed."""
        for where, text in self._texts():
            if self.before.get(where, text) != text:
                raise ImpureHandler(
                    f"{where} changed while the search ran: what handlers and properties remember must be in their fields"
                )

    def _texts(self) -> Iterator[tuple[str, str]]:
        for actor in self.actors:
            for name in getattr(type(actor), "__attrs_attrs__", ()):
                if name.name not in actor._state:
                    value = getattr(actor, name.name)
                    if isinstance(value, CHANGING):
                        yield f"{called(actor)}: the constant field {name.name}", repr(value)
        for kind in dict.fromkeys([*map(type, self.actors), *self.properties]):
            for base in kind.__mro__:
                yield from _of_class(base)


def _of_class(kind: type) -> Iterator[tuple[str, str]]:
    """Yield the changeable attributes of a user's class, and what its methods name outside of it."""
    for name, value in vars(kind).items():
        function = getattr(value, "__func__", getattr(value, "fget", value))
        if isinstance(function, FunctionType) and is_own(function.__code__.co_filename):
            yield from _of_function(f"{kind.__name__}.{name}", function)
        elif (
            isinstance(value, CHANGING) and not name.startswith("_") and name not in ("handlers", "guards", "reactions")
        ):
            yield f"{kind.__name__}: the class attribute {name}", repr(value)


def _of_function(name: str, function: FunctionType) -> Iterator[tuple[str, str]]:
    for word in function.__code__.co_names:
        value = function.__globals__.get(word)
        if isinstance(value, CHANGING):
            yield f"{name}: the module's variable {word}", repr(value)
    for word, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            held: Any = cell.cell_contents
        except ValueError:  # it is not set yet
            continue
        if isinstance(held, CHANGING):
            yield f"{name}: the variable {word} around it", repr(held)
