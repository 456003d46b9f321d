"""Every interleaving of a small world: what holds in all of them, and a way to what does not.

`explore` searches breadth first (`search.py`) over a system compiled to integers (`tables.py`), then decides liveness on
the graph (`liveness.py`). A search that was cut short refutes what it met and leaves everything else unknown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy

from syncproof.core.environment import Environment
from syncproof.core.faults import fault_of
from syncproof.core.moves import Move
from syncproof.core.values import Id
from syncproof.core.world import System, World
from syncproof.engines.explore.growth import growth
from syncproof.engines.explore.liveness import Arcs, Bools, Ints, fair_components, lasso
from syncproof.engines.explore.search import Ending, Found, Graph, Limits, Status, search
from syncproof.engines.explore.symmetry import NotSymmetric, Symmetry
from syncproof.engines.explore.tables import NEVER, STRONG, HandlerError, ImpureHandler, Tables
from syncproof.properties import Property

__all__ = [
    "WORDS",
    "Counterexample",
    "Ending",
    "Exploration",
    "Finding",
    "Graph",
    "HandlerError",
    "ImpureHandler",
    "Limits",
    "NotSymmetric",
    "Status",
    "explore",
]

RERUN_AT_MOST = 20_000
"""Memoised handler calls that are made again at the end of a search, spread evenly over all of them."""


WORDS: dict[Ending, str] = {
    "complete": "complete",
    "states": "the limit of states was reached",
    "memory": "the limit of memory was reached",
    "time": "the limit of time was reached",
    "interrupted": "it was interrupted",
}
"""What ended a search."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A way to a violation: the environment's prelude, a sequence of moves, then `cycle` for ever.

    Without a cycle, a safety property fails at the last move; a liveness property because nothing more happens. For a
    safety property no sequence of moves is shorter. For a liveness property the moves are a shortest way to where the
    cycle begins, but another beginning and another cycle might be shorter together.
    """

    prelude: tuple[Move, ...]
    moves: tuple[Move, ...]
    cycle: tuple[Move, ...]
    says: str

    @property
    def length(self) -> int:
        """Moves after the prelude, the cycle's once."""
        return len(self.moves) + len(self.cycle)


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on one property. `unknown` says that the search was cut short, or could not tell, in `why`."""

    verdict: Literal["holds", "violated", "unknown"]
    counterexample: Counterexample | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Exploration:
    """What a search found. `coverage`: per kind of move, (transitions, states first reached by it).

    `situations`: what handlers noted (`Noted`), in the order in which it was first reached.
    """

    findings: dict[str, Finding]
    graph: Graph = field(repr=False)
    tables: Tables = field(repr=False)
    coverage: dict[str, tuple[int, int]]
    situations: tuple[str, ...]
    reran: int
    elapsed: float
    growth: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything that can be reached was visited."""
        return self.graph.ending == "complete"


def explore(
    system: System,
    environment: Environment,
    properties: Sequence[type[Property]] = (),
    *,
    limits: Limits | None = None,
    symmetric: Sequence[Sequence[Id]] = (),
    progress: Callable[[Status], None] | None = None,
) -> Exploration:
    """Visits everything that can happen to `system` within `environment` and judges `properties`.

    `symmetric`: groups of interchangeable ids; liveness is then unknown. Raises `NotSymmetric` if they are not,
    `ImpureHandler` if a handler depends on more than its actor's fields and the packet, `HandlerError` if one raises.
    """
    began = time.perf_counter()
    carried = [automaton() for automaton in properties if automaton.endless is None]

    def observe(observation: object) -> None:
        for automaton in carried:
            method = automaton.reactions.get(type(observation))  # type: ignore[arg-type]
            if method is not None:
                getattr(automaton, method)(observation)

    world = World(system, observe)
    for move in environment.prelude:
        world.apply(move)
    tables = Tables(system, environment, properties, world, carried)
    symmetry = Symmetry(tables, symmetric) if symmetric else None
    graph = search(tables, limits or Limits(), symmetry, progress)
    calls = sum(map(len, tables.react))
    reran = tables.rerun(1 + calls // RERUN_AT_MOST)
    if symmetry is not None:
        symmetry.verify()
    grown = "" if graph.ending in ("complete", "interrupted") else growth(tables)
    findings = _judged(tables, graph, grown, reduced=symmetry is not None)
    ordered = {p.name: findings[p.name] for p in properties}
    elapsed = time.perf_counter() - began
    return Exploration(
        ordered, graph, tables, _coverage(tables, graph), tuple(tables.situations), reran, elapsed, grown
    )


def kind_of(move: Move, environment: Environment) -> str:
    """The kind of a move for coverage: the fault that it is, or its name."""
    for told, fault in environment.interventions:
        if move == told:
            return fault
    return fault_of(move) or type(move).__name__.lower()


def _coverage(tables: Tables, graph: Graph) -> dict[str, tuple[int, int]]:
    moves = numpy.asarray(graph.moves)
    parents = numpy.asarray(graph.parents)[1:]
    total = len(tables.moves.values)
    transitions = numpy.bincount(moves, minlength=total)
    states = numpy.bincount(moves[parents], minlength=total) if len(parents) else numpy.zeros(total, dtype=int)
    found: dict[str, tuple[int, int]] = {}
    for number, move in enumerate(tables.moves.values):
        kind = kind_of(move, tables.environment)
        before = found.get(kind, (0, 0))
        found[kind] = (before[0] + int(transitions[number]), before[1] + int(states[number]))
    for fault in tables.budget_names:
        if fault != "push-reordered":
            found.setdefault(fault, (0, 0))
    return dict(sorted(found.items()))


def _judged(tables: Tables, graph: Graph, grown: str, *, reduced: bool) -> dict[str, Finding]:
    cut = "" if graph.ending == "complete" else f"the search was cut short: {WORDS[graph.ending]}"
    if grown:
        cut += f"; {grown}"
    findings: dict[str, Finding] = {}
    for number, automaton in enumerate(tables.automata):
        found = graph.violations.get(number)
        if found is not None:
            findings[automaton.name] = Finding("violated", _way(tables, graph, found))
        elif cut:
            findings[automaton.name] = Finding("unknown", why=cut)
        elif automaton.kind == "safety":
            findings[automaton.name] = Finding("holds")
    open_ends = [p for p in (*tables.automata, *tables.endless) if p.name not in findings]
    if reduced or cut:
        why = cut or "symmetry exchanges actors along a cycle, so fairness to each cannot be told; search without it"
        return findings | {p.name: Finding("unknown", why=why) for p in open_ends}
    if open_ends:
        _judge_cycles(tables, graph, [p.name for p in open_ends], findings)
    return findings


def _judge_cycles(tables: Tables, graph: Graph, names: list[str], findings: dict[str, Finding]) -> None:
    fairness = numpy.asarray(tables.fair, dtype=numpy.int64)
    source, target = graph.sources(), numpy.asarray(graph.targets, dtype=numpy.int64)
    moves = numpy.asarray(graph.moves, dtype=numpy.int64)
    owed: Ints = numpy.flatnonzero((fairness[moves] != NEVER) & (source != target)).astype(numpy.int64)
    strong = fairness == STRONG
    arcs = Arcs(len(graph.states), source[owed], target[owed], moves[owed], strong)
    joint = numpy.asarray([state[tables.judge_slot] for state in graph.states])
    components = list(fair_components(arcs))
    for number, automaton in enumerate(tables.automata):
        if automaton.name in names:
            joints = range(len(tables.slots[tables.judge_slot].values))
            unsettled = [tables.unsettled(number, j) for j in joints]
            bad: Bools = numpy.asarray([bool(lines) for lines in unsettled])[joint]
            says = [lines[0] if lines else "" for lines in unsettled]
            findings[automaton.name] = _first(
                tables, graph, arcs, owed, components, bad, [says[j] for j in joint.tolist()]
            )
    for automaton in tables.endless:
        findings[automaton.name] = _endless(tables, graph, arcs, owed, automaton)


def _first(
    tables: Tables,
    graph: Graph,
    arcs: Arcs,
    owed: Ints,
    components: Sequence[Ints],
    bad: Bools,
    says: Sequence[str],
) -> Finding:
    """Violated by the fair component whose first bad state is nearest, if there is one.

    States in which only polls are left come before others, for there a reader sees that nothing more will happen.
    """
    resting = numpy.ones(arcs.count, dtype=bool)
    resting[arcs.source[~arcs.strong[arcs.move]]] = False
    if any((bad & resting)[component].any() for component in components):
        bad = bad & resting
    nearest = None
    for component in components:
        here = component[bad[component]]
        if len(here) and (nearest is None or here[0] < nearest[0]):
            nearest = (int(here[0]), component)
    if nearest is None:
        return Finding("holds")
    found = lasso(arcs, nearest[1], bad)
    assert found is not None
    values = tables.moves.values
    way = tuple([values[graph.moves[a]] for a in graph.path(found.state)])
    cycle = tuple([values[graph.moves[int(owed[a])]] for a in found.cycle])
    return Finding("violated", Counterexample(tables.environment.prelude, way, cycle, says[found.state]))


def _endless(tables: Tables, graph: Graph, arcs: Arcs, owed: Ints, automaton: type[Property]) -> Finding:
    """Violated by a fair cycle in which something is repeated that nothing excuses."""
    assert automaton.endless is not None
    repeated, excuse = automaton.endless
    marks = numpy.asarray(graph.marks)[owed]
    for key in tables.marked_keys(repeated):
        free = (marks & tables.bit(excuse, key)) == 0
        part = Arcs(arcs.count, arcs.source[free], arcs.target[free], arcs.move[free], arcs.strong)
        repeats = (marks[free] & tables.bit(repeated, key)) != 0
        bad = numpy.zeros(arcs.count, dtype=bool)
        for component in fair_components(part):
            member = numpy.zeros(arcs.count, dtype=bool)
            member[component] = True
            inside = repeats & member[part.source] & member[part.target]
            if inside.any():
                bad[part.source[inside]] = True
                says = f"{automaton.endless_key} {key:d}: {repeated.__name__} for ever, without {excuse.__name__}"
                return _first(tables, graph, part, owed[free], [component], bad, [says] * arcs.count)
    return Finding("holds")


def _way(tables: Tables, graph: Graph, found: Found) -> Counterexample:
    arcs = [*graph.path(found.source), found.arc]
    moves = tuple([tables.moves.values[graph.moves[a]] for a in arcs])
    return Counterexample(tables.environment.prelude, moves, (), found.says)
