"""Verdicts on a graph: of several violations the nearest is shown, where a reader sees that nothing more happens."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy
import pytest

from syncproof.core.moves import Connect
from syncproof.core.values import DeviceId
from syncproof.engines.explore.graph import Graph
from syncproof.engines.explore.liveness import Arcs
from syncproof.engines.explore.verdicts import WORDS, Counterexample, Finding, _Cycles

MOVES = tuple([Connect(DeviceId(n)) for n in range(4)])


def graph(*parents: int) -> Graph:
    """Return a graph in which the first move of each of these states leads to the next number."""
    found = Graph()
    for number, parent in enumerate(parents, start=1):
        while len(found.first) <= parent:
            found.first.append(len(found.targets))
        found.parents.append(len(found.targets))
        found.targets.append(number)
        found.moves.append(number % len(MOVES))
    found.states += [(n,) for n in range(len(parents) + 1)]
    while len(found.first) <= len(parents) + 1:
        found.first.append(len(found.targets))
    return found


def nearest(
    count: int, components: Sequence[Sequence[int]], bad: Sequence[int], arcs: Sequence[tuple[int, int, int]] = ()
) -> Finding:
    """Return the finding on these bad states; move 0 is strongly fair. States lie on one path, in their order."""
    columns = [numpy.asarray([arc[n] for arc in arcs], dtype=numpy.int64) for n in range(3)]
    strong = numpy.asarray([True, False, False, False])
    is_bad = numpy.zeros(count, dtype=bool)
    is_bad[list(bad)] = True
    cycles: Any = SimpleNamespace(
        graph=graph(*range(count - 1)),
        tables=SimpleNamespace(moves=SimpleNamespace(values=MOVES), environment=SimpleNamespace(prelude=(MOVES[3],))),
    )
    return _Cycles._nearest(
        cycles,
        Arcs(count, *columns, strong),
        numpy.arange(len(arcs)),
        [numpy.asarray(component) for component in components],
        is_bad,
        [f"state {n}" for n in range(count)],
    )


@pytest.mark.parametrize(
    ("components", "bad", "state"),
    [
        ([[1], [2], [3]], [2, 3], 2),
        ([[1, 3], [2]], [2, 3], 2),
        ([[2], [1, 3]], [2, 3], 2),
        ([[3], [1]], [1, 3], 1),
        ([[0], [1]], [0, 1], 0),
    ],
)
def test_the_nearest_bad_state_is_shown(components: list[list[int]], bad: list[int], state: int) -> None:
    finding = nearest(4, components, bad)
    assert finding.verdict == "violated"
    assert finding.counterexample is not None
    assert finding.counterexample.says == f"state {state}"
    assert finding.counterexample.moves == tuple([MOVES[n % 4] for n in range(1, state + 1)])
    assert finding.counterexample.prelude == (MOVES[3],)
    assert finding.counterexample.cycle == ()


def test_without_a_bad_state_in_a_fair_component_it_holds() -> None:
    assert nearest(3, [[1]], [2]) == Finding("holds")
    assert nearest(3, [], [2]) == Finding("holds")


@pytest.mark.parametrize(("move", "state"), [(0, 1), (1, 3)])
def test_a_state_in_which_only_polls_are_left_is_preferred(move: int, state: int) -> None:
    """An arc leaves the nearer bad state: of a poll, which is strongly fair, or of a move that is weakly fair."""
    finding = nearest(4, [[1, 2], [3]], [1, 3], [(1, 2, move), (2, 1, move)])
    assert finding.counterexample is not None
    assert finding.counterexample.says == f"state {state}"
    assert len(finding.counterexample.cycle) == (2 if state == 1 else 0)


def test_a_cycle_counts_once() -> None:
    assert Counterexample(MOVES[:1], MOVES[:2], MOVES[:3], "").length == 5


def test_the_ends_of_a_search_are_said_in_words() -> None:
    assert WORDS["states"] == "the limit of states was reached"
    assert WORDS["interrupted"] == "it was interrupted"
    assert len(set(WORDS.values())) == len(WORDS)
