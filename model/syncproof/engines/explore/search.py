"""Breadth first over flat tuples of integers. Knows nothing of actors: `tables.py` gives the integers their meaning.

What comes out is a graph in arrays: the states in the order in which they were found, and for each the arcs that leave it
(`first`), with their move, their target and the marks of what was observed on the way. The first arc that reaches a state
is part of a shortest path to it.
"""

from __future__ import annotations

import bisect
import gc
import resource
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy
from numpy.typing import NDArray

from syncproof.engines.explore.symmetry import Symmetry
from syncproof.engines.explore.tables import ABSENT, SHIFT, WEAK, Offer, State, Tables

CHECK_EVERY = 2048
"""Expansions between two looks at the limits and at the clock."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a search before it is complete. `memory` is this process's, in bytes, `time` in seconds.

    Each of several worker processes has the whole of it: for a machine's memory, divide by their number.
    """

    states: int | None = None
    memory: int | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A property's first complaint: on the arc `arc`, which leaves `source`."""

    source: int
    arc: int
    says: str


@dataclass(frozen=True, slots=True)
class Status:
    """How far a search is, for a progress line. `memory` in bytes, `elapsed` in seconds."""

    states: int
    transitions: int
    queue: int
    depth: int
    memory: int
    elapsed: float


Ending = Literal["complete", "states", "memory", "time", "interrupted"]


@dataclass(slots=True)
class Graph:
    """What a search found. `levels[d]` is the number of the first state at depth `d`; `first[i]` of state i's first arc."""

    states: list[State] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    first: array[int] = field(default_factory=lambda: array("q", [0]))
    targets: array[int] = field(default_factory=lambda: array("i"))
    moves: array[int] = field(default_factory=lambda: array("i"))
    marks: array[int] = field(default_factory=lambda: array("q"))
    parents: array[int] = field(default_factory=lambda: array("q", [-1]))
    violations: dict[int, Found] = field(default_factory=dict)
    ending: Ending = "complete"
    elapsed: float = 0.0
    bytes: int = 0

    @property
    def expanded(self) -> int:
        """States whose arcs are all there; all of them once the search is complete."""
        return len(self.first) - 1

    @property
    def depth(self) -> int:
        """The length of the longest shortest path."""
        return len(self.levels) - 1

    def sources(self) -> NDArray[numpy.int64]:
        """The state that each arc leaves."""
        return numpy.repeat(numpy.arange(self.expanded, dtype=numpy.int64), numpy.diff(numpy.asarray(self.first)))

    def path(self, state: int) -> list[int]:
        """The arcs of a shortest path from the first state to this one."""
        arcs = []
        first = numpy.asarray(self.first)
        while state:
            arc = self.parents[state]
            arcs.append(arc)
            state = int(numpy.searchsorted(first, arc, side="right")) - 1
        return arcs[::-1]


def expander(tables: Tables) -> Callable[[State, list[tuple[int, State, int]]], None]:
    """A function that appends (move, next state, marks) for every move that a state makes possible.

    Everything it touches is a local name: this is the inner loop. A fault that would change nothing but its budget is
    left out, for whatever follows it follows without it too.
    """
    offering = tables.offering()
    offers, react, absorbed, judged, marks = tables.offers, tables.react, tables.absorbed, tables.judged, tables.marks
    offered, reacted, absorb, judge = tables.offered, tables.reacted, tables.absorb, tables.judge
    j_slot, e_slot = tables.judge_slot, tables.environment_slot
    crashable, crash, spent, spend = tables.crashable, tables.crash, tables.spent, tables.spend
    upsettable, upset = tables.upsettable, tables.upset
    slots = [(slot, offers[slot]) for slot in offering]
    patient = [slot for slot in offering if slot % 3 == 1 and slot < j_slot] if tables.patient else []
    polled, fair = tables.polled, tables.fair

    def expand(state: State, out: list[tuple[int, State, int]]) -> None:
        for slot, table in slots:
            found = table[state[slot]]
            if found is None:
                found = offered(slot, state[slot])
            for offer in found:
                move, left, events, budget, guards, _, deltas, obs = offer
                if budget >= 0 or guards or deltas or obs or len(events) != 1:
                    follow(state, slot, offer, out)
                    continue
                # The usual move, spelt out: something is taken from the slot, and one handler runs.
                after = list(state)
                after[slot] = left
                actor, event = events[0]
                local = 3 * actor
                result = react[actor].get((after[local] << SHIFT) | event)
                if result is None:
                    result = reacted(actor, after[local], event)
                after[local], changes, obs = result
                for where, delta in changes:
                    value = absorbed[where].get((after[where] << SHIFT) | delta)
                    after[where] = absorb(where, after[where], delta) if value is None else value
                if obs:
                    joint = judged.get((after[j_slot] << SHIFT) | obs)
                    after[j_slot] = judge(after[j_slot], obs) if joint is None else joint
                    out.append((move, tuple(after), marks[obs]))
                else:
                    out.append((move, tuple(after), 0))
        for slot in patient:
            if polled(slot, state[slot]) and not busy(out):
                follow(state, slot, polled(slot, state[slot])[0], out)
        for actor, budget in crashable:
            if spend_of(state[e_slot], budget) >= 0:
                for offer in crash(actor, state):
                    follow(state, 3 * actor, offer, out)
        for actor in upsettable:
            for offer in upset(actor, state):
                follow(state, 3 * actor, offer, out)

    def busy(out: list[tuple[int, State, int]]) -> bool:
        return any(fair[move] == WEAK for move, _, _ in out)

    def spend_of(environment: int, budget: int) -> int:
        left = spent[budget].get(environment)
        return spend(environment, budget) if left is None else left

    def follow(state: State, slot: int, offer: Offer, out: list[tuple[int, State, int]]) -> None:
        move, left, events, budget, guards, sets, deltas, obs = offer
        for guard in guards:
            if state[guard] <= ABSENT:
                return
        after = list(state)
        after[slot] = left
        mark = 0
        if budget >= 0:
            rest = spend_of(after[e_slot], budget)
            if rest < 0:
                return
            after[e_slot] = rest
        for where, value in sets:
            after[where] = value
        if obs:
            joint = judged.get((after[j_slot] << SHIFT) | obs)
            after[j_slot] = judge(after[j_slot], obs) if joint is None else joint
            mark |= marks[obs]
        for actor, event in events:
            local = after[3 * actor]
            result = react[actor].get((local << SHIFT) | event)
            if result is None:
                result = reacted(actor, local, event)
            after[3 * actor], changes, obs = result
            for where, delta in changes:
                known = absorbed[where].get((after[where] << SHIFT) | delta)
                after[where] = absorb(where, after[where], delta) if known is None else known
            if obs:
                joint = judged.get((after[j_slot] << SHIFT) | obs)
                after[j_slot] = judge(after[j_slot], obs) if joint is None else joint
                mark |= marks[obs]
        for where, delta in deltas:
            known = absorbed[where].get((after[where] << SHIFT) | delta)
            after[where] = absorb(where, after[where], delta) if known is None else known
        if budget >= 0 and after[:e_slot] == list(state[:e_slot]):
            return
        out.append((move, tuple(after), mark))

    return expand


def search(
    tables: Tables,
    limits: Limits,
    symmetry: Symmetry | None = None,
    progress: Callable[[Status], None] | None = None,
) -> Graph:
    """Visits everything that can be reached. Ctrl-C and limits end it early; `Graph.ending` says so.

    Garbage collection rests meanwhile: nothing here forms cycles, and it would walk over every state again and again.
    """
    graph = Graph()
    began = time.perf_counter()
    collecting = gc.isenabled()
    gc.disable()
    try:
        _search(tables, limits, symmetry, progress, graph, began)
    except KeyboardInterrupt:
        graph.ending = "interrupted"
    finally:
        if collecting:
            gc.enable()
    # What an interruption left half done goes: arcs of a state that has not all of them, and what only they reached.
    arcs = graph.first[-1]
    del graph.targets[arcs:], graph.moves[arcs:], graph.marks[arcs:]
    reached = bisect.bisect_left(graph.parents, arcs)
    del graph.states[reached:], graph.parents[reached:]
    graph.violations = {number: found for number, found in graph.violations.items() if found.arc < arcs}
    graph.elapsed = time.perf_counter() - began
    return graph


def _search(
    tables: Tables,
    limits: Limits,
    symmetry: Symmetry | None,
    progress: Callable[[Status], None] | None,
    graph: Graph,
    began: float,
) -> None:
    expand = expander(tables)
    canonical = None if symmetry is None else symmetry.canonical
    start = tables.initial if canonical is None else canonical(tables.initial)
    known: dict[State, int] = {start: 0}
    states, first, targets, moves = graph.states, graph.first, graph.targets, graph.moves
    marks, parents, levels = graph.marks, graph.parents, graph.levels
    states.append(start)
    levels.append(0)
    complaints = tables.complaints
    last, number, look = 1, 0, CHECK_EVERY
    out: list[tuple[int, State, int]] = []
    try:
        while number < len(states):
            if number == last:
                levels.append(number)
                last = len(states)
            expand(states[number], out)
            if complaints:
                _complain(tables, graph, number, out)
            for move, state, mark in out:
                if canonical is not None:
                    state = canonical(state)
                target = known.get(state)
                if target is None:
                    target = known[state] = len(states)
                    states.append(state)
                    parents.append(len(targets))
                targets.append(target)
                moves.append(move)
                marks.append(mark)
            out.clear()
            first.append(len(targets))
            number += 1
            if number == look:
                look += CHECK_EVERY
                memory = resident()
                elapsed = time.perf_counter() - began
                if progress is not None:
                    progress(Status(len(states), len(targets), len(states) - number, len(levels) - 1, memory, elapsed))
                if limits.states is not None and len(states) > limits.states:
                    graph.ending = "states"
                elif limits.memory is not None and memory > limits.memory:
                    graph.ending = "memory"
                elif limits.time is not None and elapsed > limits.time:
                    graph.ending = "time"
                if graph.ending != "complete":
                    break
    finally:
        graph.bytes = _bytes(graph, known)


def resident() -> int:
    """The process's memory now, in bytes; its peak where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _bytes(graph: Graph, known: dict[State, int]) -> int:
    """What the visited set, the queue and the arcs weigh: tuples with their collector's header, indices, tables."""
    each = sys.getsizeof(graph.states[0]) + 16 + sys.getsizeof(1 << 20)
    arrays = (graph.first, graph.targets, graph.moves, graph.marks, graph.parents)
    return (
        each * len(graph.states)
        + sys.getsizeof(known)
        + sys.getsizeof(graph.states)
        + sum(a.itemsize * len(a) for a in arrays)
    )


def _complain(tables: Tables, graph: Graph, source: int, out: list[tuple[int, State, int]]) -> None:
    """Attributes fresh complaints to the first arc of this state that leads to one; the first of a property counts."""
    slot = tables.judge_slot
    for number, says in tables.complaints:
        if number in graph.violations:
            continue
        for position, (_, state, _) in enumerate(out):
            if tables.automaton(number, state[slot]) is None:
                graph.violations[number] = Found(source, len(graph.targets) + position, says)
                break
    tables.complaints.clear()
