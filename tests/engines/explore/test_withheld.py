"""Tests of where the firings of bounded timers are made, and where they are held back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy

from syncproof.engines.explore.withheld import _Made


def made(at_rest: list[int], arcs: list[tuple[int, int]]) -> _Made:
    """Return what is made in a graph with these arcs, each of a state by a move, of which some are firings at rest."""
    tables: Any = SimpleNamespace(moves=SimpleNamespace(values=range(5), at_rest=lambda: at_rest))
    leaving = [len([arc for arc in arcs if arc[0] == state]) for state in range(4)]
    graph: Any = SimpleNamespace(first=numpy.cumsum([0, *leaving]), moves=[move for _, move in sorted(arcs)])
    return _Made(tables, graph)


def test_a_firing_is_made_in_the_state_that_its_arc_leaves() -> None:
    found = made([2, 4], [(0, 1), (0, 2), (1, 4), (3, 2), (3, 3)])
    asked = [(state, move) for state in range(4) for move in (2, 4)]
    states, moves = (numpy.asarray(each) for each in zip(*asked, strict=True))
    there = [pair for pair, has in zip(asked, found.has(states, moves), strict=True) if has]
    assert there == [(0, 2), (1, 4), (3, 2)]


def test_no_other_move_is_a_firing_at_rest() -> None:
    found = made([], [(0, 1), (3, 3)])
    assert not found.has(numpy.asarray([0, 3]), numpy.asarray([1, 3])).any()
