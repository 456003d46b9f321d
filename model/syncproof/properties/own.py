"""Properties that are added to the ready ones for a time: one's own, asked of every design, and abstract machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from inspect import unwrap
from typing import Any

from syncproof.core.faults import FAULTS
from syncproof.errors import InputError, nearest
from syncproof.properties import PROPERTIES, Property
from syncproof.properties.refinement import Refinement
from syncproof.properties.refinements import REFINEMENTS
from syncproof.properties.sometimes import SOMETIMES

FAMILIES = ("inbox", "timeline")
"""The families of designs."""
ADDED: dict[str, str] = {}
"""Property -> where it comes from, `FILE.py:NAME` or the name of a ready machine; empty for a class given as an object."""


@contextmanager
def added(found: Mapping[str, type[Property]]) -> Iterator[None]:
    """Add properties to `PROPERTIES` for a time. `found`: where each comes from -> its class; see `ADDED`.

    One that is there already stays. `InputError` for what is not a property, and for a name that another property has.
    """
    new: list[str] = []
    try:
        for where, kind in found.items():
            _check(where, kind)
            if PROPERTIES.get(kind.name) is kind and kind.name in ADDED:
                continue
            if kind.name in PROPERTIES or kind.name in SOMETIMES or REFINEMENTS.get(kind.name, kind) is not kind:
                raise InputError(f"{where}: there is a property {kind.name!r} already; allowed: another `name`")
            _check_what_it_returns(where, kind)
            PROPERTIES[kind.name] = kind
            ADDED[kind.name] = where if ".py:" in where or where in REFINEMENTS else ""
            new.append(kind.name)
        yield
    finally:
        for name in new:
            del PROPERTIES[name], ADDED[name]


def _check_what_it_returns(where: str, kind: type[Property]) -> None:
    """Let reactions raise `InputError` for anything but None or a text: an engine takes all that is not None for a complaint.

    So do `at_quiescence` and `at_end` for anything but texts, one after the other.
    """

    def checked(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], str | None]:
        @wraps(method)
        def react(automaton: Any, observation: Any) -> str | None:
            says = method(automaton, observation)
            if says is not None and not isinstance(says, str):
                raise InputError(
                    f"{where}: {kind.__name__}.{method.__name__} returned {says!r:.60}; allowed: None, or one line that says what "
                    "is wrong"
                )
            return says

        return react

    def listing(asked: str, method: Callable[[Any], Any]) -> Callable[[Any], Iterator[str]]:
        @wraps(method)
        def ask(automaton: Any) -> Iterator[str]:
            lines = method(automaton)
            wrong = lines if isinstance(lines, str) or not isinstance(lines, Iterable) else None
            for line in () if wrong is not None or lines is None else lines:
                if not isinstance(line, str):
                    wrong = line
                    break
                yield line
            if wrong is not None or lines is None:
                raise InputError(
                    f"{where}: {kind.__name__}.{asked} gave {wrong!r:.60}; allowed: `yield` one line for each thing "
                    "that is wrong, or a list of such lines"
                )

        return ask

    kind.reactions = {of: checked(unwrap(method)) for of, method in kind.reactions.items()}
    for base in kind.__mro__:
        for name in ("at_quiescence", "at_end"):
            if name in vars(base) and base is not Property and not base.__module__.startswith("syncproof."):
                setattr(base, name, listing(name, unwrap(vars(base)[name])))


def _check_what_it_takes(where: str, kind: type[Property]) -> None:
    """Raise `InputError` for an attribute of another form: it would be an error later, or a "holds" that says nothing."""
    if not isinstance(kind.about, tuple):
        raise InputError(
            f"{where}: `about` of {kind.__name__} is {kind.about!r:.60}; allowed: a tuple, such as ('push-lost',)"
        )
    for fault in kind.about:
        if fault not in FAULTS:
            raise InputError(f"{where}: `about` of {kind.__name__} has {fault!r:.60}{nearest(str(fault), FAULTS)}")
    for what in ("least_messages", "least_devices"):
        least = getattr(kind, what)
        if not isinstance(least, int) or isinstance(least, bool) or least < 1:
            raise InputError(f"{where}: `{what}` of {kind.__name__} is {least!r:.60}; allowed: a whole number from 1")
    asked = kind.evidence
    if asked is not None and not (
        isinstance(asked, Mapping) and all(isinstance(of, type) and callable(each) for of, each in asked.items())
    ):
        raise InputError(
            f"{where}: `evidence` of {kind.__name__} is {asked!r:.60}; allowed: {{OBSERVATION CLASS: FUNCTION}}"
        )


def _check_rest(where: str, kind: type[Property]) -> None:
    """Raise `InputError` for what a search would hold to be kept unasked: it asks liveness properties alone `at_quiescence`."""
    asks = kind.at_quiescence is not Property.at_quiescence
    if kind.kind == "safety" and asks:
        raise InputError(
            f"{where}: {kind.__name__} has at_quiescence, which no search asks of the kind 'safety'; write kind = \"liveness\""
        )
    if kind.kind == "liveness" and not asks and kind.endless is None:
        raise InputError(
            f"{where}: {kind.__name__} is of the kind 'liveness' and has no at_quiescence; write one that yields a line for "
            'each thing that is missing, or kind = "safety"'
        )


def _check(where: str, kind: object) -> None:
    """Raise `InputError` unless this is a class that can be judged."""
    if not (isinstance(kind, type) and issubclass(kind, Property)):
        raise InputError(f"{where}: {kind!r:.60} is no property; write `@state class Mine(Property): ...`")
    for what in ("name", "says"):
        if not isinstance(getattr(kind, what), str) or not getattr(kind, what):
            raise InputError(f"{where}: {kind.__name__} has no `{what}`; allowed: a text that is not empty")
    if kind.kind not in ("safety", "liveness"):
        raise InputError(
            f"{where}: {kind.__name__} is of the kind {kind.kind!r}; allowed: 'safety' and 'liveness' (what some run must reach "
            "is declared by a design: variant(sometimes={PROPERTY: ()}))"
        )
    if kind.family not in ("", *FAMILIES):
        raise InputError(
            f"{where}: {kind.__name__} is of the family {kind.family!r}; allowed: {', '.join(map(repr, FAMILIES))}, or none"
        )
    _check_what_it_takes(where, kind)
    _check_rest(where, kind)
    if not kind.reactions:
        mark = "@action" if issubclass(kind, Refinement) else "@observes(CLASS)"
        raise InputError(f"{where}: {kind.__name__} observes nothing; write {mark} above a method")
    try:
        kind()
    except TypeError as error:
        raise InputError(f"{where}: {error}") from None
