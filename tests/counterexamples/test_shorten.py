"""Shorter paths are searched for with the messages and faults that one path needs, and no others."""

from __future__ import annotations

import pytest

from syncproof.core.enabled import BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.moves import Crash, Fire, Lose, Move, Tell
from syncproof.core.values import DeviceId
from syncproof.core.world import System
from syncproof.counterexamples import shorten as shorten
from syncproof.counterexamples.minimise import violates
from syncproof.counterexamples.shorten import needed_environment, shorter_paths, smaller_environments
from syncproof.engines.explore import ImpureHandler
from syncproof.engines.hypothesis_machine import BUDGET
from syncproof.inputs import small_worlds
from syncproof.studies.hunt import play
from syncproof.studies.verify import explore_one
from tests.helpers import alternating_bit

SHAPE = small_worlds.small_world("two-people", 3, ["push", "device-crash"])


def lost() -> tuple[System, Environment, tuple[Move, ...]]:
    """Return a world of F25 in which many faults may happen, and the shortest path to its loss."""
    system, _, environment = small_worlds.build("F25", SHAPE, 2)
    shortest = explore_one("F25", small_worlds.small_world("two-people", 1, ["push"])).findings["no-loss"][1]
    assert shortest is not None
    return system, environment, shortest.moves


def shown_twice() -> tuple[System, Environment, tuple[Move, ...]]:
    """Return a world of F10, and the long path to its violation that Hypothesis finds."""
    world = small_worlds.small_world("two-people", 3, ["device-crash"])
    violation = play("F10", world, ["no-duplicate"]).violation
    assert violation is not None
    system, _, environment = small_worlds.build("F10", world, BUDGET)
    return system, environment, violation.moves


def fresh(system: System, environment: Environment) -> BoundedWorld:
    return BoundedWorld(system, environment, lambda _: None)


def test_a_path_needs_what_it_composes_and_its_faults() -> None:
    system, environment, moves = lost()
    some = needed_environment(environment, fresh(system, environment), moves)
    assert some.scripts == (environment.scripts[0][:1],)
    assert some.budgets == {"push-lost": sum(isinstance(move, Lose) for move in moves)}


def test_from_a_later_start_only_the_rest_is_needed() -> None:
    system, environment, moves = lost()
    bounded = fresh(system, environment)
    bounded.make(moves[0])
    some = needed_environment(environment, bounded, moves[1:])
    assert some.prelude == (*environment.prelude, moves[0])
    assert some.scripts == ()


def test_smaller_environments_come_smallest_first() -> None:
    system, _, environment = small_worlds.build("F25", SHAPE)
    crash = Crash(DeviceId(1))
    some = needed_environment(environment, fresh(system, environment), (environment.scripts[0][0], crash))
    found = [(sum(map(len, part.scripts)), dict(part.budgets)) for part in smaller_environments(some)]
    assert found == [(0, {}), (0, {"device-crash": 1}), (1, {})]


@pytest.mark.slow
def test_a_shorter_path_violates_too() -> None:
    system, environment, moves = shown_twice()
    short = next(shorter_paths(system, environment, moves, "no-duplicate"))
    assert len(short) < len(moves) / 2
    assert violates(system, environment, short, "no-duplicate") == short


def test_there_is_no_path_shorter_than_the_shortest() -> None:
    system, environment, moves = lost()
    assert list(shorter_paths(system, environment, moves, "no-loss")) == []


@pytest.mark.slow
def test_a_search_may_begin_at_a_later_point_of_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    system, environment, moves = shown_twice()
    monkeypatch.setattr(shorten, "SEARCH_STATES", 2_500)
    monkeypatch.setattr(shorten, "smaller_environments", lambda whole: iter(()))
    short = next(shorter_paths(system, environment, moves, "no-duplicate"))
    assert short[: len(moves) // 10] == moves[: len(moves) // 10]
    assert violates(system, environment, short, "no-duplicate") == short


def test_the_searches_end_at_the_limit_of_states(monkeypatch: pytest.MonkeyPatch) -> None:
    system, environment, moves = shown_twice()
    monkeypatch.setattr(shorten, "TOTAL_STATES", -1)
    assert list(shorter_paths(system, environment, moves, "no-duplicate")) == []


def test_a_design_that_cannot_be_searched_has_no_shorter_path(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ImpureHandler("it reads a clock")

    system, environment, moves = lost()
    monkeypatch.setattr(shorten, "explore", refuse)
    assert list(shorter_paths(system, environment, moves, "no-loss")) == []


def test_a_search_from_the_middle_has_the_early_firings_that_are_left() -> None:
    whole = alternating_bit.environment(words=1, early=1)
    bounded = BoundedWorld(alternating_bit.protocol(), whole, lambda _: None)
    for move in (
        Tell(alternating_bit.SENDER, alternating_bit.Put()),
        Fire(alternating_bit.SENDER, alternating_bit.Again()),
    ):
        bounded.make(move)
    assert needed_environment(whole, bounded, ()).early == {alternating_bit.Again: 0}
