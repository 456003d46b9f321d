"""Breadth-first search over states: the order of visits, the limits that end it, and complaints."""

from __future__ import annotations

import bisect
import gc
import importlib.util
import math
import os
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from syncproof.engines import watchdog
from syncproof.engines.explore.constraint import Within
from syncproof.engines.explore.encoding import State
from syncproof.engines.explore.expand import Successor, expander
from syncproof.engines.explore.graph import Complaint, Graph
from syncproof.engines.explore.interruptions import Interruptions
from syncproof.engines.explore.packing import bytes_of_state, fits
from syncproof.engines.explore.symmetry import Symmetry
from syncproof.engines.explore.tables import Tables
from syncproof.engines.explore.unchanging import Unchanging
from syncproof.engines.memory import available_memory, peak_memory
from syncproof.errors import Overdue
from syncproof.inputs import arguments

CHECK_EVERY = 2048
"""How many states are expanded between two checks of the limits."""
KERNEL = "syncproof.engines.explore.kernel"
"""The module with the compiled inner loop."""
SWITCH_AT = 20_000
"""How many states a search has when it loads the compiled inner loop: loading takes about as long as finding them did. A process
that has loaded it uses it from the first state on."""
WHY_PLAIN = "numba is missing, or the search has a symmetry, which only the plain loop can do"


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
    *,
    fast: bool | None = None,
    lean_from: int | None = None,
) -> Graph:
    """Visit every state that can be reached. Ctrl-C and limits end the search early; `Graph.ending` says so.

    `fast`: whether the inner loop is the compiled one, from the beginning; None: from the size on at which it pays, where
    it can be (`can_compile`). `lean_from`: from how many states on the compiled loop keeps no arcs; None: it keeps them.
    Garbage collection is off during the search: no reference cycles are made, and it would visit every state repeatedly.
    """
    graph = Graph()
    began = time.perf_counter()
    interruptions = Interruptions()
    try:
        with interruptions, no_collection(), watchdog.deadline(limits.time):
            checks = _Checks(tables, limits, restrictions.until_decided, progress, graph, began, interruptions)
            point = _search(tables, restrictions, checks, graph, _switch(tables, restrictions, fast))
            if point is not None:
                _go_on(tables, restrictions, checks, graph, point, lean_from)
    except KeyboardInterrupt:
        if not graph.states:  # it came before the search began
            raise
        graph.ending = "interrupted"
    except Overdue:
        graph.ending = "time"
    graph.violations = {n: found for n, found in graph.violations.items() if found.source < graph.expanded}
    graph.elapsed = time.perf_counter() - began
    return graph


def room(limits: Limits, actors: int) -> str:
    """Return in words where a search with so many actors ends, and about how many states its memory holds in the compiled loop."""
    memory, each = limits.memory or available_memory(), bytes_of_state(3 * actors + 2)
    ends = [f"{limits.states:,} states"] if limits.states is not None else []
    ends += [f"{limits.memory / (1 << 30):.1f} GiB"] if limits.memory is not None else []
    says = f"ends at {' or '.join(ends)}" if ends else "no limit of states or memory"
    if memory is None:
        return f"{says}; a state takes about {each} bytes"
    holds = float(f"{memory / each:.2g}")
    return f"{says}; about {holds:,.0f} states of {each} bytes fit into {memory / (1 << 30):.1f} GiB"


def told(graph: Graph, limits: Limits) -> str:
    """Return in words which limit of states or memory ended a search, and where; empty if none did."""
    if graph.ending not in ("states", "memory"):
        return ""
    limit = f"{limits.states:,} states" if graph.ending == "states" else f"{(limits.memory or 0) / (1 << 30):.1f} GiB"
    each = graph.bytes / max(len(graph.states), 1)
    return f"the limit of {limit} ended the search at {len(graph.states):,} states, {each:.0f} bytes each"


def advice(states: int) -> str:
    """Return what numba would gain for a search that had so many states; empty where it is installed, or would gain nothing."""
    if states < SWITCH_AT or importlib.util.find_spec("numba") is not None:
        return ""
    return (
        f"a search of {states:,} states is several times as fast, and needs a third of the memory, with numba: "
        "pip install 'syncproof[fast]'"
    )


def can_compile(restrictions: Restrictions) -> bool:
    """Return whether numba is installed, and the search has nothing that only the plain inner loop can do."""
    return restrictions.symmetry is None and importlib.util.find_spec("numba") is not None


def _switch(tables: Tables, restrictions: Restrictions, fast: bool | None) -> float:
    """Return how many states a search has when the compiled inner loop takes over."""
    if fast is False or not can_compile(restrictions) or not fits(tables):
        return math.inf
    if fast:
        return 0
    return 0 if KERNEL in sys.modules else SWITCH_AT


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


class _Checks:
    """What may end a search between two states, and who is told how far it is."""

    def __init__(
        self,
        tables: Tables,
        limits: Limits,
        until_decided: bool,
        progress: Callable[[Status], None] | None,
        graph: Graph,
        began: float,
        interruptions: Interruptions,
    ) -> None:
        self.limits = limits
        self.until_decided = until_decided
        self.progress = progress
        self.graph = graph
        self.began = began
        self.interruptions = interruptions
        self.undecided = len(tables.judging.automata) + len(tables.judging.endless) - len(tables.complaints)

    def decided(self) -> bool:
        """Return whether the search ends because every property is decided."""
        if self.until_decided and len(self.graph.violations) == self.undecided:
            self.graph.ending = "decided"
            return True
        return False

    def limited(self, states: int, transitions: int, number: int, depth: int) -> bool:
        """Tell how far the search is: `number` states are expanded. Return whether it ends because of a limit."""
        memory = resident()
        elapsed = time.perf_counter() - self.began
        if self.progress is not None:
            self.progress(Status(states, transitions, states - number, depth, memory, elapsed))
        reached = self.limits.reached(states, memory, elapsed)
        if reached is not None:
            self.graph.ending = reached
        return reached is not None


@dataclass(frozen=True, slots=True)
class _Point:
    """Where a plain search stops: the number of the first state of the next level, and of the state before the next check."""

    last: int
    look: int


def _go_on(
    tables: Tables,
    restrictions: Restrictions,
    checks: _Checks,
    graph: Graph,
    point: _Point,
    lean_from: int | None,
) -> None:
    """Continue a search with the compiled inner loop."""
    try:
        from syncproof.engines.explore.compiled import CompiledSearch
    except (ImportError, RuntimeError, OSError):
        # Numba does not work with the other libraries, or finds no place for its cache.
        graph.clear()
        graph.outside = 0
        if restrictions.unchanging is not None:
            restrictions.unchanging.count = 0
        _search(tables, restrictions, checks, graph, math.inf)  # all complaints are known, and none will come again
        return
    look = point.look
    interruptions = checks.interruptions
    with interruptions.undivided():  # the graph is empty meanwhile
        going = CompiledSearch(
            tables, graph, point.last, checks.limits.depth, lean_from, partial(complain, tables, graph), interruptions,
            restrictions.within, restrictions.unchanging,
        )  # fmt: skip
    try:
        while going.advance(going.number + 1 if checks.decided() else look):
            interruptions.tell()
            if checks.decided():
                break
            if going.number == look:
                look += CHECK_EVERY
                if checks.limited(going.states, going.arcs, going.number, going.depth):
                    break
    finally:
        with interruptions.undivided():
            going.finish()


def _search(tables: Tables, restrictions: Restrictions, checks: _Checks, graph: Graph, switch: float) -> _Point | None:
    """Search with the plain inner loop until nothing is left, or there are `switch` states: then return where it stopped."""
    expand = expander(tables)
    if restrictions.unchanging is not None:
        expand = restrictions.unchanging.without(expand)
    canonical = None if restrictions.symmetry is None else restrictions.symmetry.canonical
    within = restrictions.within
    start = tables.initial if canonical is None else canonical(tables.initial)
    known: dict[State, int] = {start: 0}
    states, levels = [start], [0]
    first, targets, moves = array("q", [0]), array("i"), array("i")
    marks, parents = array("q"), array("q", [-1])
    graph.states, graph.first, graph.targets, graph.moves = states, first, targets, moves
    graph.marks, graph.parents, graph.levels = marks, parents, levels
    complaints, interruptions = tables.judging.complaints, checks.interruptions.came
    last, number, look = 1, 0, CHECK_EVERY
    until_decided, depth = restrictions.until_decided, checks.limits.depth
    out: list[Successor] = []
    try:
        while number < len(states) and len(states) < switch:
            if interruptions:
                checks.interruptions.tell()
            if number == last:
                if depth == len(levels):
                    levels.append(number)
                    graph.ending = "depth"
                    break
                levels.append(number)
                last = len(states)
            expand(states[number], out)
            if complaints:
                complain(tables, graph, number, out)
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
            if until_decided and checks.decided():
                break
            if number == look:
                look += CHECK_EVERY
                if checks.limited(len(states), len(targets), number, len(levels) - 1):
                    break
        else:
            return _Point(last, look) if number < len(states) else None
    finally:
        graph.bytes = _bytes(graph, known)
        # Remove what an interruption left incomplete: arcs of a state that lacks others, and the states that only they reached.
        arcs = first[-1]
        del targets[arcs:], moves[arcs:], marks[arcs:]
        reached = bisect.bisect_left(parents, arcs)
        del states[reached:], parents[reached:]
    return None


def resident() -> int:
    """Return the process's present memory in bytes; its peak, or 0, where the system does not report it."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError, ValueError):
        return peak_memory() or 0


def _bytes(graph: Graph, known: dict[State, int]) -> int:
    """Return the bytes of the visited set, the queue and the arcs: tuples with the collector's header, indices, tables."""
    each = sys.getsizeof(graph.states[0]) + 16 + sys.getsizeof(1 << 20)
    arrays: tuple[Any, ...] = (graph.first, graph.targets, graph.moves, graph.marks, graph.parents)
    size: int = each * len(graph.states) + sys.getsizeof(known) + sys.getsizeof(graph.states)
    for numbers in arrays:
        size += numbers.itemsize * len(numbers)
    return size


def complain(tables: Tables, graph: Graph, source: int, out: list[Successor]) -> None:
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
