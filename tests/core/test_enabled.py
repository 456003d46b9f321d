"""The possible moves are those that a search would visit: scripts in order, faults within their budgets, nothing else."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Actor
from syncproof.core.enabled import FAULT_MOVES, BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.faults import FAULTS, fault_of
from syncproof.core.moves import (
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Fire,
    Keep,
    Move,
    MoveError,
    Rest,
    Restore,
    Stop,
    Tell,
)
from syncproof.core.values import SERVER, DeviceId
from syncproof.core.world import System
from syncproof.inputs import small_worlds


def fresh(messages: int = 2, kinds: tuple[str, ...] = ("device-crash",)) -> BoundedWorld:
    system, _, environment = small_worlds.build(
        "timeline-notify", small_worlds.small_world("two-people", messages, kinds)
    )
    return BoundedWorld(system, environment, lambda _: None)


def first(bounded: BoundedWorld) -> Tell:
    return bounded.environment.scripts[0][0]


@pytest.mark.parametrize(
    "move", [Stop(), Rest(), Disconnect(DeviceId(0), True), Crash(DeviceId(9)), first(fresh(1, ("push",)))]
)
def test_a_move_that_is_not_possible_is_not_made(move: Move) -> None:
    bounded = fresh()
    if isinstance(move, Tell):
        assert bounded.attempt(move)  # and not a second time
    made = list(bounded.world.moves)
    assert not bounded.attempt(move)
    assert bounded.world.moves == made


def test_the_moves_of_a_script_are_made_in_its_order() -> None:
    bounded = fresh()
    one, two = bounded.environment.scripts[0]
    assert not bounded.attempt(two)
    assert bounded.attempt(one)
    assert bounded.attempt(two)


def test_a_fault_costs_its_budget() -> None:
    bounded = fresh()
    assert bounded.attempt(Crash(DeviceId(1)))
    assert bounded.left == {"device-crash": 0}
    assert not bounded.attempt(Crash(DeviceId(0)))


def test_a_poll_waits_for_rest() -> None:
    bounded = fresh()
    poll = bounded.possible()["poll"][0]
    bounded.make(first(bounded))
    assert isinstance(poll, Fire)
    assert not bounded.attempt(poll)


def test_what_was_not_enabled_costs_nothing() -> None:
    bounded = fresh()
    connection = next(iter(bounded.world.connections))
    with pytest.raises(MoveError):
        bounded.make(Deliver(connection, "server"))
    assert bounded.world.moves == []


@pytest.mark.parametrize("fault", FAULT_MOVES)
def test_the_moves_of_a_fault_are_that_fault(fault: str) -> None:
    bounded = fresh(kinds=(fault,) if FAULTS[fault].deployment else ())
    world = bounded.world
    for actor in (SERVER, DeviceId(0)):
        world.apply(Keep(actor))
    world.apply(first(bounded))
    while (move := next(world.pending(), None)) is not None and not list(FAULT_MOVES["push-lost"](world)):
        world.apply(move)
    moves = list(FAULT_MOVES[fault](world))
    assert {fault_of(move) for move in moves} == {fault}
    world.apply(moves[0])


@pytest.mark.parametrize("fault", ["device-restore", "server-restore"])
def test_a_backup_is_possible_once_for_each_actor_and_then_its_restore(fault: str) -> None:
    bounded = fresh(1, (fault,))
    keeps = [move for move in bounded.possible()["backup"] if isinstance(move, Keep)]
    names = {move.actor for move in keeps}
    assert names
    assert all(isinstance(name, DeviceId) == (fault == "device-restore") for name in names)
    assert not bounded.possible()[fault]
    bounded.make(keeps[0])
    assert keeps[0] not in bounded.possible()["backup"]
    assert bounded.possible()[fault] == [Restore(keeps[0].actor)]


def test_a_device_without_a_server_cannot_connect() -> None:
    phone = DeviceId(0)
    alone = System("alone", lambda: {phone: Actor(id=phone)})
    assert not any(BoundedWorld(alone, Environment(), lambda _: None).possible().values())


def test_a_device_that_is_connected_cannot_connect() -> None:
    bounded = fresh()
    assert [move for move in bounded.every() if isinstance(move, Connect)] == []
    bounded = BoundedWorld(bounded.world.system, Environment(), lambda _: None)
    assert bounded.attempt(Connect(DeviceId(0)))
    assert [move for move in bounded.every() if isinstance(move, Connect)] == [Connect(DeviceId(1))]
