"""Properties of one's own, by name: `FILE.py:NAME`; and abstract machines, the ready ones by their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from syncproof.designs.load import run_file
from syncproof.errors import InputError, nearest
from syncproof.properties import Property, own
from syncproof.properties.refinement import Refinement
from syncproof.properties.refinements import REFINEMENTS

ALLOWED = "FILE.py:NAME"


@contextmanager
def judged(properties: Sequence[str | type[Property]], refines: Sequence[str] = ()) -> Iterator[None]:
    """Judge properties of one's own for a time, beside the ready ones: classes, or names as `FILE.py:NAME`.

    `refines`: abstract machines, `FILE.py:NAME` or names of ready ones, which may stand among the properties too. Every design
    is asked to keep them, under every fault; a ready machine is asked of the designs that declare it (`Design.refines`).
    `InputError` for what is not a property or machine, `DesignError` for a file that raises something.
    """
    machines = {each: _machine(each) for each in refines}
    with own.added({**{_where(each): _found(each) for each in properties}, **machines}):
        yield


def files() -> tuple[str, ...]:
    """Return the names, as `FILE.py:NAME`, of the properties of one's own that are judged now, without those given as classes."""
    return tuple([where for where in own.ADDED.values() if where])


def _where(given: str | type[Property]) -> str:
    return given if isinstance(given, str) else getattr(given, "__name__", repr(given))


def _machine(given: str) -> Any:
    """Return the class of an abstract machine. `InputError` for anything else."""
    if given not in REFINEMENTS and ".py:" not in given:
        raise InputError(f"unknown machine {given!r}{nearest(given, [*REFINEMENTS, ALLOWED])}")
    found = _found(given)
    if not (isinstance(found, type) and issubclass(found, Refinement)):
        raise InputError(f"{given}: that is no abstract machine; write `@state class Mine(Refinement): ...`")
    return found


def _found(given: str | type[Property]) -> Any:
    if not isinstance(given, str):
        return given
    if given in REFINEMENTS:
        return REFINEMENTS[given]
    file, _, name = given.rpartition(":")
    if not file.endswith(".py") or not name:
        raise InputError(f"property {given!r}: allowed: {ALLOWED}")
    found = getattr(run_file(file), name, None)
    if found is None:
        raise InputError(f"{file}: there is no {name!r}; allowed: the name of a property's class")
    return found
