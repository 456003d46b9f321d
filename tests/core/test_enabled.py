"""What may be played is what a search would visit: scripts in order, faults within their budgets, nothing else."""

from __future__ import annotations

import pytest

from syncproof.core.enabled import FAULT_MOVES, BoundedWorld
from syncproof.core.faults import fault_of
from syncproof.core.moves import Crash, Deliver, Disconnect, Fire, Keep, Move, MoveError, Rest, Stop, Tell
from syncproof.core.values import SERVER, DeviceId
from syncproof.inputs import small_worlds


def fresh(messages: int = 2, kinds: tuple[str, ...] = ("device-crash",)) -> BoundedWorld:
    system, _, environment = small_worlds.build(
        "timeline-notify", small_worlds.small_world("two-people", messages, kinds)
    )
    return BoundedWorld(system, environment, lambda _: None)


def first(play: BoundedWorld) -> Tell:
    return play.environment.scripts[0][0]


@pytest.mark.parametrize(
    "move", [Stop(), Rest(), Disconnect(DeviceId(0), True), Crash(DeviceId(9)), first(fresh(1, ("push",)))]
)
def test_a_move_that_is_not_possible_is_not_made(move: Move) -> None:
    play = fresh()
    if isinstance(move, Tell):
        assert play.attempt(move)  # and not a second time
    made = list(play.world.moves)
    assert not play.attempt(move)
    assert play.world.moves == made


def test_a_script_is_told_in_its_order() -> None:
    play = fresh()
    one, two = play.environment.scripts[0]
    assert not play.attempt(two)
    assert play.attempt(one)
    assert play.attempt(two)


def test_a_fault_costs_its_budget() -> None:
    play = fresh()
    assert play.attempt(Crash(DeviceId(1)))
    assert play.left == {"device-crash": 0}
    assert not play.attempt(Crash(DeviceId(0)))


def test_a_poll_waits_for_rest() -> None:
    play = fresh()
    poll = play.possible()["poll"][0]
    play.make(first(play))
    assert isinstance(poll, Fire)
    assert not play.attempt(poll)


def test_what_was_not_enabled_costs_nothing() -> None:
    play = fresh()
    connection = next(iter(play.world.connections))
    with pytest.raises(MoveError):
        play.make(Deliver(connection, "server"))
    assert play.world.moves == []


@pytest.mark.parametrize("fault", FAULT_MOVES)
def test_the_moves_of_a_fault_are_that_fault(fault: str) -> None:
    play = fresh()
    world = play.world
    for actor in (SERVER, DeviceId(0)):
        world.apply(Keep(actor))
    world.apply(first(play))
    while (move := next(world.pending(), None)) is not None and not list(FAULT_MOVES["push-lost"](world)):
        world.apply(move)
    moves = list(FAULT_MOVES[fault](world))
    assert {fault_of(move) for move in moves} == {fault}
    world.apply(moves[0])
