"""Liveness: what must be true permanently from some moment on, decided on cycles.

An infinite run of a finite graph ends in a cycle, or stays in one state. A property of the kind "eventually always" is
violated by a *fair* run whose cycle passes a state in which it is not satisfied. Fairness, per move:

- *weak*: a move that stays possible is taken. This suffices for a move that nothing else can disable: a packet at the
  head of a connection, an operation, a pending timer, a restart, a dead end to be noticed.
- *strong*: a move that is possible infinitely often is taken. This is needed for a move that other moves disable for some
  time: a poll that waits until nothing else is under way.

Faults and scripts are never owed (fairness does not demand them); budgets only shrink, so no cycle contains them. A move
that leads back to the same state counts neither as taken nor as possible. A run that stays in a state is fair if no owed
move leaves it. A component in which a weakly fair move is possible everywhere and never taken has no fair cycle, nor has
any part of it; where a strongly fair move is possible somewhere and never taken, only the part without those states can
have one, so that part is decomposed again (Emerson and Lei 1987).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

Ints = NDArray[numpy.int64]
Bools = NDArray[numpy.bool_]


@dataclass(frozen=True, slots=True)
class Arcs:
    """Arcs between `count` states, without self-loops and moves that are not owed. `strong[m]`: move m is strongly fair."""

    count: int
    source: Ints
    target: Ints
    move: Ints
    strong: Bools


@dataclass(frozen=True, slots=True)
class Lasso:
    """A violation: from `state` on the arcs of `cycle` (indices into `Arcs`) repeat; empty: the run stays in `state`."""

    state: int
    cycle: tuple[int, ...]


def fair_components(arcs: Arcs) -> Iterator[Ints]:
    """Yield the largest sets of states that a fair run can pass indefinitely, in the order of their first state."""
    from scipy.sparse import csr_array  # its import takes a fifth of a second
    from scipy.sparse.csgraph import connected_components

    work: list[Ints] = [numpy.arange(arcs.count)]
    found: list[Ints] = []
    while work:
        states = work.pop()
        inside = numpy.zeros(arcs.count, dtype=bool)
        inside[states] = True
        kept = inside[arcs.source] & inside[arcs.target]
        matrix = csr_array(
            (kept[kept].astype(numpy.int8), (arcs.source[kept], arcs.target[kept])), shape=(arcs.count, arcs.count)
        )
        _, labels = connected_components(matrix, connection="strong")
        component: Ints = numpy.where(inside, labels, -1).astype(numpy.int64)
        verdicts = _judged(arcs, component)
        good = numpy.flatnonzero(verdicts.fair)
        chosen = numpy.flatnonzero(numpy.isin(component, good))
        order = chosen[numpy.argsort(component[chosen], kind="stable")]
        if len(order):
            found += numpy.split(order, numpy.flatnonzero(numpy.diff(component[order])) + 1)
        # Decompose again only what a strongly fair move rules out in part, without the states where that move is possible.
        again = numpy.isin(component, numpy.flatnonzero(verdicts.partly)) & ~verdicts.ruled_out
        if again.any():
            work.append(numpy.flatnonzero(again))
    yield from sorted(found, key=lambda states: int(states[0]))


@dataclass(frozen=True, slots=True)
class _Verdicts:
    """Per component: `fair`; `partly`: unfair only to strongly fair moves. Per state: `ruled_out` by such a move."""

    fair: Bools
    partly: Bools
    ruled_out: Bools


def _judged(arcs: Arcs, component: Ints) -> _Verdicts:
    """Return per component whether it is fair, or unfair only to strongly fair moves, and where those are possible."""
    number = int(component.max()) + 1 if len(component) else 0
    size = numpy.bincount(component[component >= 0], minlength=number)
    # A state alone in its component is fair exactly if no arc leaves it. Most states are alone, so they are decided here.
    alone = size == 1
    leaves = numpy.zeros(number, dtype=bool)
    out = component[arcs.source]
    leaves[out[out >= 0]] = True
    here = (out >= 0) & ~alone[out]
    source, target, move = arcs.source[here], arcs.target[here], arcs.move[here]
    moves = int(arcs.move.max()) + 1 if len(arcs.move) else 1
    pair = component[source] * moves + move
    taken = numpy.unique(pair[component[source] == component[target]])
    # One entry per (component, move, state): a state that several arcs of a move leave counts once.
    each = numpy.unique(pair * arcs.count + source)
    pairs, possible = numpy.unique(each // arcs.count, return_counts=True)
    ignored = ~numpy.isin(pairs, taken)
    strong = arcs.strong[pairs % moves]
    everywhere = possible == size[pairs // moves]
    weakly = numpy.zeros(number, dtype=bool)
    weakly[(pairs // moves)[ignored & everywhere]] = True
    strongly = numpy.zeros(number, dtype=bool)
    strongly[(pairs // moves)[ignored & strong]] = True
    bad = pairs[ignored & strong]
    ruled_out = numpy.zeros(arcs.count, dtype=bool)
    ruled_out[source[numpy.isin(pair, bad)]] = True
    return _Verdicts(~weakly & ~strongly & ~(alone & leaves), strongly & ~weakly, ruled_out)


def lasso(arcs: Arcs, component: Ints, bad: Bools) -> Lasso | None:
    """Return a fair cycle of a fair component from its first bad state; None if it has no bad state.

    For each move that is possible somewhere in the component, the cycle passes an arc of that move or, for a weakly fair
    move, a state in which the move is not possible.
    """
    bad_here = component[bad[component]]
    if not len(bad_here):
        return None
    start = int(bad_here[0])
    members = set(component.tolist())
    leaving: dict[int, list[int]] = {state: [] for state in members}
    for arc in numpy.flatnonzero(numpy.isin(arcs.source, component)).tolist():
        leaving[int(arcs.source[arc])].append(arc)
    inner = {s: [a for a in out if int(arcs.target[a]) in members] for s, out in leaving.items()}
    if not any(inner.values()):
        return Lasso(start, ())
    possible = {s: {int(arcs.move[a]) for a in out} for s, out in leaving.items()}
    cycle: list[int] = []
    at = start
    for move in sorted(set().union(*possible.values())):
        passed = [start, *[int(arcs.target[a]) for a in cycle]]
        if any(int(arcs.move[a]) == move for a in cycle):
            continue
        if not arcs.strong[move] and any(move not in possible[s] for s in passed):
            continue
        leg = _shortest(
            arcs,
            inner,
            at,
            lambda arc, move=move: (
                int(arcs.move[arc]) == move or (not arcs.strong[move] and move not in possible[int(arcs.target[arc])])
            ),
        )
        cycle += leg
        at = int(arcs.target[cycle[-1]]) if leg else at
    if at != start or not cycle:
        cycle += _shortest(arcs, inner, at, lambda arc: int(arcs.target[arc]) == start)
    return Lasso(start, tuple(cycle))


def _shortest(arcs: Arcs, inner: dict[int, list[int]], start: int, reached: object) -> list[int]:
    """Return the arcs of a shortest path from a state whose last arc satisfies `reached`."""
    assert callable(reached)
    before: dict[int, int] = {}
    queue = deque([start])
    seen = {start}
    while queue:
        state = queue.popleft()
        for arc in inner[state]:
            target = int(arcs.target[arc])
            if reached(arc):
                path = [arc]
                while state != start:
                    path.append(before[state])
                    state = int(arcs.source[before[state]])
                return path[::-1]
            if target not in seen:
                seen.add(target)
                before[target] = arc
                queue.append(target)
    return []
