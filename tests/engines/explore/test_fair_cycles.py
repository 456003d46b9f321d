"""Fair cycles of random graphs, against an enumeration of all sets of states."""

from __future__ import annotations

from itertools import combinations
from random import Random

import networkx
import numpy
import pytest

from syncproof.engines.explore.liveness import Arcs, fair_components, lasso

STATES, MOVES = 6, 4
GRAPHS = 25
"""Graphs of one test."""


def random_arcs(random: Random) -> Arcs:
    """Return a random graph without arcs that lead back to their own state; some of its moves are strongly fair."""
    count = random.randint(1, STATES)
    arcs = {
        (source, target, random.randrange(MOVES))
        for source in range(count)
        for target in range(count)
        if source != target and random.random() < random.choice((0.15, 0.35))
    }
    columns = [numpy.asarray(column, dtype=numpy.int64) for column in zip(*sorted(arcs), strict=True)] or [
        numpy.zeros(0, dtype=numpy.int64)
    ] * 3
    strong = numpy.asarray([random.random() < 0.5 for _ in range(MOVES)])
    return Arcs(count, columns[0], columns[1], columns[2], strong)


def is_fair(arcs: Arcs, states: set[int]) -> bool:
    """Return whether some fair run passes exactly these states again and again: one that takes every arc among them."""
    every = list(zip(arcs.source.tolist(), arcs.target.tolist(), arcs.move.tolist(), strict=True))
    inside = [(source, target, move) for source, target, move in every if source in states and target in states]
    graph = networkx.DiGraph([(source, target) for source, target, _ in inside])
    graph.add_nodes_from(states)
    taken = {move for _, _, move in inside}
    for move in range(MOVES):
        possible = {source for source, _, m in every if m == move and source in states}
        demanded = bool(possible) if arcs.strong[move] else possible == states
        if demanded and move not in taken:
            return False
    return networkx.is_strongly_connected(graph)


def largest_fair_sets(arcs: Arcs) -> list[set[int]]:
    """Return the fair sets of states that no other one contains, in the order of their first state."""
    sets = [set(chosen) for size in range(1, arcs.count + 1) for chosen in combinations(range(arcs.count), size)]
    fair = [chosen for chosen in sets if is_fair(arcs, chosen)]
    return sorted([s for s in fair if not any(s < other for other in fair)], key=min)


@pytest.mark.parametrize("seed", range(40))
def test_fair_components_are_the_largest_fair_sets(seed):
    random = Random(seed)
    for _ in range(GRAPHS):
        arcs = random_arcs(random)
        assert [set(component.tolist()) for component in fair_components(arcs)] == largest_fair_sets(arcs)


def test_of_what_is_decomposed_again_every_part_is_judged():
    """Two states lead to each other, but a move that is weakly fair leaves both and is never taken."""
    columns = zip(
        *[(0, 2, 2), (0, 3, 0), (0, 4, 2), (1, 4, 0), (3, 1, 2), (3, 2, 1), (3, 4, 0), (4, 0, 2), (4, 3, 0)],
        strict=True,
    )
    arcs = Arcs(5, *[numpy.asarray(column) for column in columns], numpy.asarray([False, True, False, False]))
    assert [set(component.tolist()) for component in fair_components(arcs)] == largest_fair_sets(arcs) == [{2}]


@pytest.mark.parametrize("seed", range(20))
def test_a_lasso_is_a_fair_cycle_through_a_bad_state(seed):
    random = Random(f"lasso {seed}")
    for _ in range(GRAPHS):
        arcs = random_arcs(random)
        bad = numpy.asarray([random.random() < 0.4 for _ in range(arcs.count)])
        for component in fair_components(arcs):
            found = lasso(arcs, component, bad)
            assert (found is not None) == bool(bad[component].any())
            if found is not None:
                assert bad[found.state]
                check_cycle(arcs, set(component.tolist()), found.state, found.cycle)


def check_cycle(arcs: Arcs, component: set[int], start: int, cycle: tuple[int, ...]) -> None:
    """Check that the arcs lead from a state back to it within the component, and that repeating them is fair."""
    here = start
    passed = {start}
    for arc in cycle:
        assert arcs.source[arc] == here
        here = int(arcs.target[arc])
        passed.add(here)
        assert here in component
    assert here == start
    taken = {int(arcs.move[arc]) for arc in cycle}
    for move in range(MOVES):
        possible = {int(s) for s, m in zip(arcs.source, arcs.move, strict=True) if m == move and int(s) in passed}
        demanded = bool(possible) if arcs.strong[move] else possible == passed
        assert not demanded or move in taken


def test_random_graphs_have_fair_sets_of_several_states_and_sets_that_are_decomposed_again():
    found = [largest_fair_sets(random_arcs(Random(seed))) for seed in range(200)]
    assert sum(any(len(states) > 1 for states in sets) for sets in found) > 40
    assert sum(len(sets) > 1 for sets in found) > 10
