"""Arrays of arcs: the first arc to each state and the counts of moves are the same however many are looked at at once."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy
import pytest

from syncproof.engines.explore import graph, packing
from syncproof.engines.explore.graph import FirstArcs, Graph, Marked, Tree, counts
from syncproof.engines.explore.packing import PackedStates


def random_targets(random: Random) -> list[int]:
    """Return targets in which each new number is one more than all before, as a search numbers states."""
    found: list[int] = []
    for _ in range(random.randint(1, 30)):
        most = max(found, default=0)
        found.append(most + 1 if random.random() < 0.4 else random.randint(0, most))
    return found


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
@pytest.mark.parametrize("seed", range(10))
def test_the_first_arc_to_a_state_is_found_however_many_are_looked_at_at_once(
    seed: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "AT_ONCE", at_once)
    targets = random_targets(Random(seed))
    expected = [-1, *[targets.index(state) for state in range(1, max(targets) + 1)]]
    found = FirstArcs(numpy.asarray(targets))
    assert (list(found), len(found), found[:], found[-1]) == (expected, len(expected), expected, expected[-1])
    assert numpy.asarray(found).tolist() == expected


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
def test_moves_are_counted_however_many_are_looked_at_at_once(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "AT_ONCE", at_once)
    random = Random(at_once)
    moves = [random.randrange(4) for _ in range(11)]
    assert counts(numpy.asarray(moves), 6).tolist() == [Counter(moves)[move] for move in range(6)]
    assert counts(numpy.asarray([], dtype=int), 2).tolist() == [0, 0]


def test_the_arcs_without_a_mark_have_none() -> None:
    marks = [0, 0, 7, 0, 0, 9, 0, 1, 0]
    there = numpy.flatnonzero(marks)
    found = Marked(len(marks), there, numpy.asarray(marks)[there])
    assert (len(found), list(found), found[:], found[1:8:3]) == (len(marks), marks, marks, marks[1:8:3])
    assert [found[arc] for arc in range(-len(marks), 0)] == marks
    none = numpy.asarray([], dtype=numpy.int64)
    assert Marked(2, none, none)[:] == [0, 0]
    with pytest.raises(IndexError):
        found[len(marks)]


def test_a_tree_says_of_each_state_how_it_was_reached() -> None:
    """0 leads to 1 by move 3 and to 2 by move 1; 2 leads to 3 by move 3, and back."""
    tree = Tree(3, numpy.asarray([0, 0, 0, 2]), numpy.asarray([0, 3, 1, 3]), numpy.asarray([0, 1, 1, 2, 0]))
    found = Graph(states=[(n,) for n in range(4)], levels=[0, 1, 3], tree=tree)
    assert [found.way(state) for state in range(4)] == [[], [3], [1], [1, 3]]
    assert (found.expanded, found.transitions, found.depth) == (3, 4, 2)
    assert [numbers.tolist() for numbers in found.made(4)] == [[0, 1, 1, 2], [0, 1, 0, 2]]
    assert [numbers.tolist() for numbers in found.made(7)] == [[0, 1, 1, 2, 0, 0, 0], [0, 1, 0, 2, 0, 0, 0]]


def test_nothing_is_left_of_a_graph_that_is_cleared() -> None:
    found = Graph(states=[(0,)], levels=[0])
    found.clear()
    assert [len(each) for each in (found.states, found.levels, found.first, found.targets, found.moves)] == [0] * 5
    assert (len(found.marks), len(found.parents)) == (0, 0)


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_slot_of_every_state_is_read_however_many_are_read_at_once(
    compiled: bool, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "AT_ONCE", at_once)
    random = Random(at_once)
    states = [(random.randrange(9), random.randrange(3)) for _ in range(11)]
    layout = packing.packing([9, 3])
    found = Graph(states=PackedStates(packing.packed(states, layout), layout) if compiled else states)
    read = [value for _, values in found.parts(0) for value in values.tolist()]
    assert read == [state[0] for state in states]
    flags = numpy.asarray([True, False, True])
    assert found.with_value(1, flags).tolist() == [state[1] != 1 for state in states]
    assert found.values(0, numpy.asarray([3, 3, 10, 0])).tolist() == [states[n][0] for n in (3, 3, 10, 0)]
