"""Breadth-first search over states: the order of visits, the limits that end it, and complaints."""

from __future__ import annotations

import bisect
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from syncproof.engines import watchdog
from syncproof.engines.explore.constraint import Within
from syncproof.engines.explore.encoding import State
from syncproof.engines.explore.expand import Successor, expander
from syncproof.engines.explore.graph import Complaint, Graph
from syncproof.engines.explore.symmetry import Symmetry
from syncproof.engines.explore.tables import Tables
from syncproof.engines.explore.unchanging import Unchanging
from syncproof.engines.memory import peak_memory
from syncproof.errors import Overdue
from syncproof.inputs import arguments

CHECK_EVERY = 2048
"""How many states are expanded between two checks of the limits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that end a search before it is complete. `memory` is this process's, in bytes; `time` in seconds.

    `depth`: the most moves of a run; a state to which no run that short leads is not visited. Each of several worker
    processes may use all of `memory`: to limit a machine's memory, divide by their number.
    """

    states: int | None = None
    memory: int | None = None
    time: float | None = None
    depth: int | None = None

    def __post_init__(self) -> None:
        """Raise `InputError` for a limit that would limit nothing."""
        arguments.whole("states", self.states, least=1)
        arguments.whole("memory", self.memory, least=1)
        arguments.positive("time", None if self.time == 0 else self.time, "seconds")
        arguments.whole("depth", self.depth, least=1)

    def reached(self, states: int, memory: int, elapsed: float) -> Literal["states", "memory", "time"] | None:
        """Return which limit is exceeded, or None."""
        if self.states is not None and states > self.states:
            return "states"
        if self.memory is not None and memory > self.memory:
            return "memory"
        if self.time is not None and elapsed > self.time:
            return "time"
        return None


@dataclass(frozen=True, slots=True)
class Status:
    """The progress of a search. `memory` in bytes, `elapsed` in seconds."""

    states: int
    transitions: int
    queue: int
    depth: int
    memory: int
    elapsed: float


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What a search leaves out: of symmetric states all but one, states outside a constraint, deliveries that change nothing.

    `until_decided`: the search ends when every property is violated.
    """

    symmetry: Symmetry | None = None
    within: Within | None = None
    unchanging: Unchanging | None = None
    until_decided: bool = False


def search(
    tables: Tables,
    limits: Limits,
    restrictions: Restrictions,
    progress: Callable[[Status], None] | None,
) -> Graph:
    """Visit every state that can be reached. Ctrl-C and limits end the search early; `Graph.ending` says so.

    Garbage collection is off during the search: no reference cycles are made, and it would visit every state repeatedly.
    """
    graph = Graph()
    began = time.perf_counter()
    try:
        with no_collection(), watchdog.deadline(limits.time):
            _search(tables, limits, restrictions, progress, graph, began)
    except KeyboardInterrupt:
        graph.ending = "interrupted"
    except Overdue:
        graph.ending = "time"
    # Remove what an interruption left incomplete: arcs of a state that lacks others, and the states that only they reached.
    arcs = graph.first[-1]
    del graph.targets[arcs:], graph.moves[arcs:], graph.marks[arcs:]
    reached = bisect.bisect_left(graph.parents, arcs)
    del graph.states[reached:], graph.parents[reached:]
    graph.violations = {n: found for n, found in graph.violations.items() if found.source < graph.expanded}
    graph.elapsed = time.perf_counter() - began
    return graph


@contextmanager
def no_collection() -> Iterator[None]:
    """Turn garbage collection off for a while."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _search(
    tables: Tables,
    limits: Limits,
    restrictions: Restrictions,
    progress: Callable[[Status], None] | None,
    graph: Graph,
    began: float,
) -> None:
    expand = expander(tables)
    if restrictions.unchanging is not None:
        expand = restrictions.unchanging.without(expand)
    canonical = None if restrictions.symmetry is None else restrictions.symmetry.canonical
    within = restrictions.within
    deepest = limits.depth
    start = tables.initial if canonical is None else canonical(tables.initial)
    known: dict[State, int] = {start: 0}
    states, first, targets, moves = graph.states, graph.first, graph.targets, graph.moves
    marks, parents, levels = graph.marks, graph.parents, graph.levels
    states.append(start)
    levels.append(0)
    complaints = tables.judging.complaints
    judging = tables.judging
    wanted, already = len(judging.automata) + len(judging.endless), len(tables.complaints)
    last, number, look = 1, 0, CHECK_EVERY
    out: list[Successor] = []
    try:
        while number < len(states):
            if number == last:
                if deepest == len(levels):
                    levels.append(number)
                    graph.ending = "depth"
                    break
                levels.append(number)
                last = len(states)
            expand(states[number], out)
            if complaints:
                _complain(tables, graph, number, out)
            if within is not None:
                inside = [successor for successor in out if within(successor[1])]
                graph.outside += len(out) - len(inside)
                out[:] = inside
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
            if restrictions.until_decided and len(graph.violations) + already == wanted:
                graph.ending = "decided"
                break
            if number == look:
                look += CHECK_EVERY
                memory = resident()
                elapsed = time.perf_counter() - began
                if progress is not None:
                    progress(Status(len(states), len(targets), len(states) - number, len(levels) - 1, memory, elapsed))
                reached = limits.reached(len(states), memory, elapsed)
                if reached is not None:
                    graph.ending = reached
                    break
    finally:
        graph.bytes = _bytes(graph, known)


def resident() -> int:
    """Return the process's present memory in bytes; its peak, or 0, where the system does not report it."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError, ValueError):
        return peak_memory() or 0


def _bytes(graph: Graph, known: dict[State, int]) -> int:
    """Return the bytes of the visited set, the queue and the arcs: tuples with the collector's header, indices, tables."""
    each = sys.getsizeof(graph.states[0]) + 16 + sys.getsizeof(1 << 20)
    arrays = (graph.first, graph.targets, graph.moves, graph.marks, graph.parents)
    return (
        each * len(graph.states)
        + sys.getsizeof(known)
        + sys.getsizeof(graph.states)
        + sum(a.itemsize * len(a) for a in arrays)
    )


def _complain(tables: Tables, graph: Graph, source: int, out: list[Successor]) -> None:
    """Attribute each new complaint to the first move from this state that causes it; only a property's first one is kept."""
    slot = tables.encoding.judge_slot
    for number, says in tables.judging.complaints:
        if number in graph.violations:
            continue
        for move, state, _ in out:
            if tables.judging.automaton(number, state[slot]) is None:
                graph.violations[number] = Complaint(source, move, says)
                break
    tables.judging.complaints.clear()
