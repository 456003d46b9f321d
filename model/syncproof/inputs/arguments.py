"""Check the arguments of the public functions as the command line checks its options.

Each function raises `InputError`, in one sentence that names the argument and says what is allowed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from syncproof.errors import InputError, nearest

Item = TypeVar("Item")


def whole(name: str, value: object, *, least: int, most: int | None = None, needed: bool = False) -> None:
    """Check that `value` is a whole number from `least` to `most`, or None unless it is `needed`."""
    if value is None and not needed:
        return
    allowed = f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{name}: {value!r:.60} is {_kind(value)}; allowed: {allowed}")
    if value < least or (most is not None and value > most):
        raise InputError(f"{name}: {value}; allowed: {allowed}")


def positive(name: str, value: object, unit: str) -> None:
    """Check that `value` is a finite number above 0, or None."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name}: {value!r:.60} is {_kind(value)}; allowed: {unit}, a number above 0")
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name}: {value}; allowed: {unit}, a number above 0")


def flag(name: str, value: object) -> None:
    """Check that `value` is True or False."""
    if not isinstance(value, bool):
        raise InputError(f"{name}: {value!r:.60} is {_kind(value)}; allowed: True or False")


def one_of(name: str, value: object, allowed: Iterable[str]) -> None:
    """Check that `value` is one of the names in `allowed`."""
    allowed = list(allowed)
    if not isinstance(value, str):
        raise InputError(f"{name}: {value!r:.60} is {_kind(value)}; allowed: {', '.join(allowed)}")
    if value not in allowed:
        raise InputError(f"unknown {name} {value!r}{nearest(value, allowed)}")


def listed(name: str, value: Iterable[Item] | None, what: str) -> tuple[Item, ...]:
    """Check that `value` is a list, and return it as a tuple; empty for None. `what`: a noun for its elements."""
    if value is None:
        return ()
    if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
        raise InputError(f"{name}: {value!r:.60} is {_kind(value)}; allowed: a list of {what}")
    return tuple(value)


def designs(value: Iterable[Item] | None) -> tuple[Item, ...]:
    """Check that `value` is a list of designs or their names, and return it as a tuple; empty for None."""
    return listed("designs", value, "designs or their names")


def names(name: str, value: Iterable[str] | None) -> tuple[str, ...]:
    """Check that `value` is a list of texts, and return it as a tuple; empty for None."""
    found = listed(name, value, "names")
    for each in found:
        if not isinstance(each, str):
            raise InputError(f"{name}: {each!r:.60} is {_kind(each)}; allowed: a list of names")
    return found


def file(name: str, value: object) -> Path:
    """Check that `value` is the path of a file, as text or as a path, and return the path."""
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{name}: {value!r:.60} is {_kind(value)}; allowed: the path of a file")
    return Path(value)


def text(name: str, value: object, allowed: str) -> None:
    """Check that `value` is a text. `allowed`: what the error says is allowed."""
    instance(name, value, str, allowed)


def called(name: str, value: object) -> None:
    """Check that `value` can be called, or is None."""
    if value is not None and not callable(value):
        raise InputError(f"{name}: {value!r:.60} is {_kind(value)}; allowed: a function")


def instance(name: str, value: object, kind: type[Item] | tuple[type[Any], ...], allowed: str) -> None:
    """Check that `value` is an instance of `kind`. `allowed`: what the error says is allowed."""
    if not isinstance(value, kind):
        raise InputError(f"{name}: {value!r:.60} is {_kind(value)}; allowed: {allowed}")


def _kind(value: object) -> str:
    kinds = {str: "a text", bool: "a truth value", int: "a number", float: "a number", type(None): "no value"}
    return kinds.get(type(value), f"of type {type(value).__name__}")
