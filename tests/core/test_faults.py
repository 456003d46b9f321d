"""The table of faults says of each fault which moves make it and which engines have it."""

from __future__ import annotations

import pytest

from syncproof.core.faults import FAULTS, OWN_MOVES, Fault, Roles, fault_of
from syncproof.core.moves import (
    Abandon,
    Connect,
    Crash,
    Disconnect,
    Duplicate,
    Failover,
    Handover,
    Lose,
    Move,
    Restore,
    Spawn,
    Tell,
)
from syncproof.core.packets import Expire
from syncproof.core.values import SERVER, ConversationId, DeviceId, GatewayId, UserId

DEVICE = DeviceId(0)
GATEWAY = GatewayId(GatewayId.FIRST)
ROLES = Roles(DEVICE, SERVER, ConversationId(0), UserId(0), (DEVICE,))
MADE: list[tuple[Move, str]] = [
    (Lose(DEVICE, Expire()), "push-lost"),
    (Duplicate(DEVICE, Expire()), "push-duplicated"),
    (Disconnect(DEVICE, True), "disconnect"),
    (Disconnect(DEVICE, False), "half-open"),
    (Abandon(DEVICE), "abandoned"),
    (Crash(DEVICE), "device-crash"),
    (Crash(SERVER), "server-crash"),
    (Spawn(DEVICE, UserId(0)), "new-device"),
    (Spawn(DEVICE, UserId(0), DeviceId(1)), "reinstall"),
    (Restore(DEVICE), "device-restore"),
    (Restore(SERVER), "server-restore"),
    (Crash(GATEWAY), "gateway-crash"),
    (Handover(DEVICE), "handover"),
    (Failover(SERVER), "failover"),
    (Disconnect(GATEWAY, False), "partition"),
]


@pytest.mark.parametrize(("move", "fault"), MADE)
def test_a_move_is_the_fault_that_the_table_says(move: Move, fault: str) -> None:
    assert fault_of(move) == fault


def test_every_fault_that_is_a_move_of_its_own_has_an_example_here() -> None:
    assert [fault for _, fault in MADE] == list(OWN_MOVES)


@pytest.mark.parametrize("move", [Connect(DEVICE), Tell(SERVER, Expire())])
def test_other_moves_are_no_fault(move: Move) -> None:
    assert fault_of(move) is None


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_the_sentence_of_a_fault_is_a_clause(fault: Fault) -> None:
    assert fault.sentence[0].islower()
    assert not fault.sentence.endswith(".")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_fault_has_one_cause_in_simulations_or_says_why_not(fault: Fault) -> None:
    assert [bool(text) for text in (fault.setting, fault.traffic, fault.not_simulated)].count(True) == 1


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_fault_belongs_to_a_kind_of_small_worlds_or_says_why_not(fault: Fault) -> None:
    assert bool(fault.kind) != bool(fault.not_searched)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_what_the_environment_tells_is_said_of_such_faults_and_of_no_other(fault: Fault) -> None:
    assert bool(fault.tells(ROLES)) == (fault.move is Tell)


def test_an_unlimited_substitute_for_a_fault_is_a_move_of_its_own() -> None:
    assert {fault.unlimited for fault in FAULTS.values() if fault.unlimited} <= set(OWN_MOVES)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_a_fault_has_a_deed_or_a_reason_why_it_has_none(fault: Fault) -> None:
    assert bool(fault.driven) != bool(fault.not_driven)
