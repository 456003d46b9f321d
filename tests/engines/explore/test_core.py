"""The core of random graphs, against networkx and an enumeration of all sets of states."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from random import Random

import networkx
import numpy
import pytest

from syncproof.engines.explore.core import Core, core_of, part_of
from syncproof.engines.explore.graph import Graph
from syncproof.engines.explore.liveness import Arcs, fair_components
from syncproof.engines.explore.moves import EARLY, NEVER, STRONG, WEAK
from syncproof.engines.explore.withheld import Withheld
from tests.engines.explore.test_fair_cycles import largest_fair_sets

FAIRNESS = numpy.asarray([NEVER, WEAK, STRONG, EARLY])
GRAPHS = 25
"""Graphs of one test."""


def random_graph(random: Random, states: int) -> tuple[Graph, list[tuple[int, int, int]]]:
    """Return a graph, in which arcs may stand twice and lead back to the same state, and its arcs that fairness owes."""
    found, owed = Graph(), []
    found.states += [(n,) for n in range(states)]
    density = random.choice((0.2, 0.4)) / states
    for source in range(states):
        for target, move in product(range(states), range(len(FAIRNESS))):
            for _ in range((random.random() < density) + (random.random() < density / 3)):
                found.targets.append(target)
                found.moves.append(move)
                if FAIRNESS[move] != NEVER and source != target:
                    owed.append((source, target, move))
        found.first.append(len(found.targets))
    return found, owed


def by_tarjan(graph: Graph) -> Core:
    """Return the core by the compiled algorithm."""
    pytest.importorskip("numba")
    from syncproof.engines.explore.components import strong_components

    arrays = [numpy.asarray(numbers) for numbers in (graph.first, graph.targets, graph.moves)]
    return Core(*strong_components(*arrays, FAIRNESS != NEVER))


@pytest.mark.parametrize("find", [lambda graph: core_of(graph, FAIRNESS), by_tarjan], ids=["scipy", "tarjan"])
@pytest.mark.parametrize("seed", range(10))
def test_the_core_is_the_states_on_cycles_of_owed_arcs_and_still_are_those_that_none_leaves(
    seed: int, find: Callable[[Graph], Core]
) -> None:
    random = Random(seed)
    for _ in range(GRAPHS):
        count = random.randint(1, 12)
        graph, owed = random_graph(random, count)
        core = find(graph)
        components = networkx.strongly_connected_components(networkx.DiGraph([arc[:2] for arc in owed]))
        cyclic = set().union(*[states for states in components if len(states) > 1])
        assert numpy.flatnonzero(core.cyclic).tolist() == sorted(cyclic)
        assert numpy.flatnonzero(core.still).tolist() == sorted({*range(count)} - {arc[0] for arc in owed})


@pytest.mark.parametrize("seed", range(10))
def test_what_is_fair_is_found_on_the_core_and_on_the_states_that_nothing_leaves(seed: int) -> None:
    random = Random(f"fair {seed}")
    for _ in range(GRAPHS):
        count = random.randint(1, 7)
        graph, owed = random_graph(random, count)
        held = sorted(random.sample(range(count), random.randint(0, count) // 2))
        held_back = Withheld(numpy.asarray(held, dtype=int), numpy.full(len(held), 1))
        core = core_of(graph, FAIRNESS)
        part = part_of(graph, FAIRNESS, core.cyclic, held_back)
        still = [state for state in numpy.flatnonzero(core.still).tolist() if state not in held]
        fair = [{state} for state in still]
        fair += [
            {*part.states[states].tolist()} for states in fair_components(part.arcs) if states[-1] < len(part.states)
        ]
        arcs = [*owed, *[(state, count, 1) for state in held]]
        columns = [numpy.asarray([arc[n] for arc in arcs], dtype=int) for n in range(3)]
        whole = largest_fair_sets(Arcs(count + 1, *columns, FAIRNESS == STRONG))
        assert sorted(fair, key=min) == [states for states in whole if count not in states]
        for number, (source, target, move) in zip(
            part.numbers.tolist(), zip(part.arcs.source, part.arcs.target, part.arcs.move, strict=True), strict=True
        ):
            if number >= 0:
                assert (graph.moves[number], graph.first[part.states[source]] <= number) == (move, True)
                assert target == len(part.states) or graph.targets[number] == part.states[target]


def test_random_graphs_have_arcs_twice_and_cores_of_every_size() -> None:
    graphs = [random_graph(Random(seed), 6) for seed in range(100)]
    assert any(len(set(owed)) < len(owed) for _, owed in graphs)
    assert {int(core_of(graph, FAIRNESS).cyclic.sum()) for graph, _ in graphs} >= {0, 2, 3, 4, 5, 6}


def test_the_compiled_algorithm_stays_within_its_arrays() -> None:
    """Python refuses an index that no array has; on a ring every state is open at once."""
    pytest.importorskip("numba")
    from syncproof.engines.explore.components import strong_components

    interpreted = getattr(strong_components, "py_func", strong_components)
    for count in (1, 2, 5):
        ring = Graph()
        ring.states += [(n,) for n in range(count)]
        for state in range(count):
            ring.targets.append((state + 1) % count)
            ring.moves.append(1)
            ring.first.append(len(ring.targets))
        arrays = [numpy.asarray(numbers) for numbers in (ring.first, ring.targets, ring.moves)]
        cyclic, still = interpreted(*arrays, FAIRNESS != NEVER)
        assert cyclic.tolist() == [count > 1] * count
        assert still.tolist() == [count == 1] * count
