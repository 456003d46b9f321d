"""Fair cycles on hand-made graphs: typical mistakes of model checkers, one by one."""

from __future__ import annotations

import numpy
import pytest

from syncproof.engines.explore.liveness import Arcs, fair_components, lasso


def graph(count: int, arcs: list[tuple[int, str, int]], strong: str = "") -> Arcs:
    """Return the arcs given as (source, move, target); moves are letters."""
    columns = [numpy.array([a[n] if n != 1 else ord(a[1]) - ord("a") for a in arcs], dtype=int) for n in (0, 2, 1)]
    source, target, move = columns
    fairness = numpy.array([chr(ord("a") + n) in strong for n in range(26)])
    return Arcs(count, source, target, move, fairness)


def violated(arcs: Arcs, bad: list[int]) -> list[str] | None:
    """Return the moves of a fair cycle through a bad state, [] for a run that stays in one, None if there is no violation."""
    flags = numpy.zeros(arcs.count, dtype=bool)
    flags[bad] = True
    for component in fair_components(arcs):
        found = lasso(arcs, component, flags)
        if found is not None:
            at = found.state
            for arc in found.cycle:
                assert arcs.source[arc] == at, "every arrow of the cycle exists"
                at = int(arcs.target[arc])
            assert at == found.state, "the cycle is closed"
            return [chr(ord("a") + int(arcs.move[arc])) for arc in found.cycle]
    return None


def test_a_run_may_stay_in_a_state_that_no_move_leaves():
    assert violated(graph(2, [(0, "a", 1)]), bad=[1]) == []


def test_a_run_may_not_stay_in_a_state_that_an_owed_move_leaves():
    assert violated(graph(2, [(0, "a", 1)]), bad=[0]) is None


def test_a_cycle_that_ignores_a_move_that_is_always_possible_is_unfair():
    arcs = graph(3, [(0, "a", 1), (1, "b", 0), (0, "c", 2), (1, "c", 2)])
    assert violated(arcs, bad=[0]) is None


def test_a_cycle_that_ignores_a_move_that_is_sometimes_possible_is_weakly_fair():
    arcs = graph(3, [(0, "a", 1), (1, "b", 0), (0, "c", 2)])
    assert violated(arcs, bad=[0]) == ["a", "b"]


def test_a_strongly_fair_move_may_not_be_ignored_even_if_it_is_only_sometimes_possible():
    arcs = graph(3, [(0, "a", 1), (1, "b", 0), (0, "c", 2)], strong="c")
    assert violated(arcs, bad=[0]) is None


def test_the_rest_of_a_component_without_a_strongly_fair_move_is_judged_by_itself():
    """0 <-> 1 <-> 2: in 0 the strong move is possible; the part {1, 2} never meets it and is fair."""
    arcs = graph(4, [(0, "a", 1), (1, "b", 0), (1, "d", 2), (2, "e", 1), (0, "c", 3)], strong="c")
    assert violated(arcs, bad=[2]) == ["e", "d"]
    assert violated(arcs, bad=[0]) is None


def test_fairness_is_judged_on_the_part_that_violates_not_on_the_whole():
    """The whole component takes `c`; the part without the excusing arcs (as for endless pulls) does not."""
    whole = [(0, "a", 1), (1, "b", 0), (0, "c", 2), (1, "c", 2), (2, "d", 0)]
    assert violated(graph(3, whole), bad=[0]) is not None
    part = [arc for arc in whole if arc[1] != "d"]
    assert violated(graph(3, part), bad=[0]) is None


def test_a_cycle_takes_every_owed_move():
    """`c` is possible in both states of the cycle, so a fair cycle takes it."""
    arcs = graph(3, [(0, "a", 1), (1, "b", 0), (0, "c", 2), (1, "c", 2), (2, "d", 0)])
    assert "c" in (violated(arcs, bad=[1]) or [])


def test_a_component_of_good_states_violates_nothing():
    assert violated(graph(2, [(0, "a", 1), (1, "b", 0)]), bad=[]) is None


@pytest.mark.parametrize("bad", [[0], [1], [2]])
def test_a_lasso_through_any_state_of_a_ring_is_the_ring(bad):
    assert sorted(violated(graph(3, [(0, "a", 1), (1, "b", 2), (2, "c", 0)]), bad) or []) == ["a", "b", "c"]
