"""Counterexamples are minimised to what their violation needs, and still violate."""

from __future__ import annotations

import pytest

from syncproof.core.moves import Move
from syncproof.counterexamples.minimise import minimise, violates
from syncproof.engines.hypothesis_machine import BUDGET
from syncproof.inputs import small_worlds
from syncproof.seeded_bugs import BUGS
from syncproof.studies.hunt import larger
from tests.helpers.bugs import played, searched, world_of


def met(name: str) -> tuple[small_worlds.SmallWorld, tuple[Move, ...]]:
    """Return the world in which Hypothesis finds a bug, and the moves that lead to its violation."""
    return larger(world_of(name)), played(name).moves


@pytest.mark.parametrize("name", ["F10", "F12", "F13", "F16", "F40"])
@pytest.mark.slow
def test_a_counterexample_becomes_as_short_as_the_shortest(name: str) -> None:
    world, moves = met(name)
    prop = BUGS[name].violates[0]
    system, _, environment = small_worlds.build(name, world, BUDGET)
    short = minimise(system, environment, moves, prop)
    shortest = searched(name, world_of(name)).findings[prop][1]
    assert shortest is not None
    assert len(short) == len(shortest.moves) < len(moves)


@pytest.mark.slow
def test_no_single_move_can_be_removed() -> None:
    world, moves = met("F10")
    system, _, environment = small_worlds.build("F10", world, BUDGET)
    short = minimise(system, environment, moves, "no-duplicate")
    for index in range(len(short)):
        less = violates(system, environment, short[:index] + short[index + 1 :], "no-duplicate")
        assert less is None or len(less) >= len(short)


@pytest.mark.slow
def test_minimising_the_same_moves_gives_the_same_result() -> None:
    world, moves = met("F01")
    system, _, environment = small_worlds.build("F01", world, BUDGET)
    assert minimise(system, environment, moves, "tail-append") == minimise(system, environment, moves, "tail-append")


def test_a_livelock_is_minimised_to_a_fair_cycle() -> None:
    world, moves = met("F27")
    system, _, environment = small_worlds.build("F27", world, BUDGET)
    assert len(minimise(system, environment, moves, "pull-terminates")) <= 22 < len(moves)


def test_moves_that_violate_nothing_are_refused() -> None:
    system, _, environment = small_worlds.build("timeline-notify", small_worlds.small_world("two-people", 1, []))
    with pytest.raises(ValueError, match="no-loss is not violated"):
        minimise(system, environment, environment.scripts[0], "no-loss")
