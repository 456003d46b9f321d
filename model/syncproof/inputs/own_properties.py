"""Properties of one's own, by name: `FILE.py:NAME`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from syncproof.designs.load import run_file
from syncproof.errors import InputError
from syncproof.properties import Property, own

ALLOWED = "FILE.py:NAME"


@contextmanager
def judged(properties: Sequence[str | type[Property]]) -> Iterator[None]:
    """Judge properties of one's own for a time, beside the ready ones: classes, or names as `FILE.py:NAME`.

    Every design is asked to keep them, under every fault. `InputError` for what is not a property, `DesignError` for a file
    that raises something.
    """
    with own.added({_where(each): _found(each) for each in properties}):
        yield


def files() -> tuple[str, ...]:
    """Return the names, as `FILE.py:NAME`, of the properties of one's own that are judged now, without those given as classes."""
    return tuple([where for where in own.ADDED.values() if where])


def _where(given: str | type[Property]) -> str:
    return given if isinstance(given, str) else getattr(given, "__name__", repr(given))


def _found(given: str | type[Property]) -> Any:
    if not isinstance(given, str):
        return given
    file, _, name = given.rpartition(":")
    if not file.endswith(".py") or not name:
        raise InputError(f"property {given!r}: allowed: {ALLOWED}")
    found = getattr(run_file(file), name, None)
    if found is None:
        raise InputError(f"{file}: there is no {name!r}; allowed: the name of a property's class")
    return found
