"""Find runs to jump to: the counterexamples of a search, and a shortest run in which a situation is met.

A shortest run is a counterexample to the statement that the situation never occurs. Its search carries the automaton of this
one statement, so it ends at the first state that meets it, and is mostly much smaller than the search of all properties.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import msgspec
import numpy

from syncproof.core.actor import state
from syncproof.core.faults import FAULTS
from syncproof.core.moves import Move
from syncproof.core.observations import Connected, Shown
from syncproof.core.values import DeviceId
from syncproof.engines import explore as engine
from syncproof.engines.explore import CAUGHT_UP, Limits
from syncproof.engines.explore.exploration import kind_of
from syncproof.errors import InputError, nearest
from syncproof.inputs import lookup
from syncproof.properties import PROPERTIES, Property
from syncproof.properties._base import NO_EVIDENCE, observes
from syncproof.properties.no_loss import NoLoss
from syncproof.properties.sometimes import SHOWN_EVERYWHERE, SOMETIMES, Reached
from syncproof.report.explorer.walk import Walk
from syncproof.studies.verification import Explored, cell_of
from syncproof.studies.verify import required

LIMITS = Limits(states=2_000_000, memory=2 << 30, time=60.0)
"""Limits of the search for a run, for which a reader waits. It is not compiled: a compiled loop would keep other tabs waiting."""
EVIDENCE = "evidence of "
"""What the name of a situation begins with that is the evidence of a property."""


class Jump(msgspec.Struct, frozen=True):
    """A counterexample to jump to. `way`: its address, at the beginning of the way."""

    name: str
    says: str
    broken: bool
    length: int
    way: str


class FoundRun(msgspec.Struct, frozen=True):
    """A run that was asked for: its address, or why there is none."""

    way: str = ""
    why: str = ""


def counterexamples(walk: Walk, explored: Explored) -> list[Jump]:
    """Return the counterexamples that a search found, broken promises first, then the shortest."""
    entry = lookup.get(walk.design)
    found = []
    for name in explored.findings:
        cell = cell_of(entry, [explored], name)
        way = cell.counterexample
        if way is not None:
            repeats = len(way.moves) if way.cycle else None
            address = walk.address((*way.moves, *way.cycle), repeats, at=0)
            found.append(Jump(name, way.says, cell.broken, way.length, str(address)))
    return sorted(found, key=lambda jump: (not jump.broken, jump.length))


def situations(walk: Walk) -> dict[str, str]:
    """Return the situations that a reader may ask for: name -> in words."""
    return {name: words for name, (words, _) in _situations(walk).items()}


def run(walk: Walk, name: str) -> FoundRun:
    """Search a shortest run in which a situation is met. Raises `InputError` for an unknown situation."""
    known = _situations(walk)
    if name not in known:
        raise InputError(f"unknown situation {name!r:.60}{nearest(name, known)}")
    words, goal = known[name]
    moves, complete = _with_fault(walk, goal) if isinstance(goal, str) else _violating(walk, goal)
    if moves is not None:
        return FoundRun(way=str(walk.address(moves)))
    if complete:
        return FoundRun(why=f"in no run of this world: {words}")
    return FoundRun(
        why=f"not found in {LIMITS.states:,} states or {LIMITS.time:g} seconds: {words}; allowed: a smaller world"
    )


def _situations(walk: Walk) -> dict[str, tuple[str, str | type[Property]]]:
    """Return name -> (words, a property that this situation violates, or the fault that happens)."""
    entry, world = lookup.get(walk.design), walk.small_world
    found: dict[str, tuple[str, str | type[Property]]] = {}
    for fault in world.budgeted:
        if FAULTS[fault].move is not None:  # without a move it is the order of other moves
            found[f"{fault}-happened"] = (f"{fault} happened", fault)
    asked = [each for each in SOMETIMES.values() if Reached not in each.asked()]
    for each in (*required(entry, world), *asked, SOMETIMES[SHOWN_EVERYWHERE], SOMETIMES[CAUGHT_UP]):
        found[each.name] = (each.says, _never(each, walk))
    for name, each in PROPERTIES.items():
        if name not in entry.inapplicable and each.asked():
            found[f"{EVIDENCE}{name}"] = (each.wanted(), _predicated(each))
    return found


def _never(situation: type[Property], walk: Walk) -> type[Property]:
    """Return the property that this situation violates."""
    if Reached not in situation.asked():
        return _predicated(situation)
    if situation.name == CAUGHT_UP:
        return _Reconnects
    return _everywhere(walk.small_world.accepted)


def _violating(walk: Walk, goal: type[Property]) -> tuple[tuple[Move, ...] | None, bool]:
    """Return a shortest run that violates a property, if there is one, and whether all runs were searched."""
    found = engine.explore(walk.system, walk.environment, [goal], limits=LIMITS, until_decided=True, fast=False)
    way = found.findings[goal.name].counterexample
    return (None, found.complete) if way is None else (way.moves, True)


def _with_fault(walk: Walk, fault: str) -> tuple[tuple[Move, ...] | None, bool]:
    """Return a shortest run in which a fault happens, if there is one, and whether all runs were searched."""
    found = engine.explore(walk.system, walk.environment, limits=LIMITS, fast=False)
    every = found.tables.moves.values
    numbers = [number for number, move in enumerate(every) if kind_of(move, walk.environment) == fault]
    arcs = numpy.flatnonzero(numpy.isin(numpy.asarray(found.graph.moves), numbers))
    if not len(arcs):
        return None, found.complete
    arc = int(arcs[0])  # the first arc of the fault leaves a state of the least depth
    source = int(numpy.searchsorted(numpy.asarray(found.graph.first), arc, side="right")) - 1
    path = [*found.graph.path(source), arc]
    return tuple(every[found.graph.moves[each]] for each in path), True


# ---- properties that a situation violates


def _predicated(situation: type[Property]) -> type[Property]:
    """Return the property that an observation violates which is evidence of a situation."""
    reactions = {
        f"on_{kind.__name__}": observes(kind)(_complaining(predicate))
        for kind, predicate in situation.asked().items()
        if kind is not Reached
    }
    return _stated(type("Never", (Property,), reactions), f"never: {situation.name}")


def _complaining(predicate: Callable[[Any], bool]) -> Callable[[Any, Any], str | None]:
    return lambda self, observation: "it is met" if predicate(observation) else None


def _stated(made: type, name: str) -> type[Property]:
    found: type[Property] = state(made)
    found.name, found.kind, found.says, found.evidence = name, "safety", name, NO_EVIDENCE
    return found


def _everywhere(messages: int) -> type[Property]:
    """Return the property that is violated when so many messages are accepted and shown on their whole audiences."""

    def react(self: NoLoss, observation: Any) -> str | None:
        NoLoss.react(self, observation)
        return "it is met" if len(self.settled) >= messages else None

    return _stated(
        type("Nowhere", (NoLoss,), {"react": react, "at_quiescence": lambda self: iter(())}), "never everywhere"
    )


@state
class _Reconnects(Property):
    """Violated when a device that has connected again shows a message."""

    name = "never: caught up"
    says = "no device connects again and shows a message"
    evidence = NO_EVIDENCE

    once: set[DeviceId] = attrs.field(factory=set)
    again: set[DeviceId] = attrs.field(factory=set)

    @observes(Connected)
    def on_connected(self, o: Connected) -> None:
        (self.again if o.device in self.once else self.once).add(o.device)

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        return "it is met" if o.device in self.again else None
