"""Bytes count with the change that they are about: when a write completes or lands, at a restore, never when it is cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.packets import AddMember, Closed, Opened, Packet
from syncproof.core.values import SERVER, ConversationId, DeviceId, Id, UserId
from syncproof.core.world import System
from syncproof.engines.simulate.run import Simulation
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic

BYTES, LOG = 100, 8


class Put(Packet, frozen=True, gc=False):
    """A row is stored."""

    user: UserId


@actor
class Store(Actor):
    """A server that stores a row a second after it was asked to, and a line in a log at the same moment."""

    rows: set[UserId] = durable(lambda: {UserId(99)})
    lines: int = durable(int)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None: ...

    @on(AddMember)
    def add(self, source: Id, packet: AddMember, out: Out) -> None:
        out.write("rows", 1, BYTES, Put(packet.user))

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        self.rows.add(packet.user)
        self.lines += 1
        out.write("log", 1, LOG)

    def held(self) -> Mapping[str, int]:
        return {"rows": BYTES * len(self.rows), "log": LOG * self.lines}


@actor
class Phone(Actor):
    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        out.write("database", 1, 1000)

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None: ...


def run(faults: dict[str, Any], users: int, until: float = 60.0) -> Simulation:
    """Simulate a server that is asked at 10, 20, 30, ... s to store a row, which takes 8 s."""
    table: dict[str, Any] = {
        "title": "rows",
        "shows": "bytes",
        "duration": f"{until:g}s",
        "storage": {"service_ms": {"median": 8000.0}, "per_row_ms": 0.0, "parallel": 8},
        "faults": faults,
    }
    scenario = Scenario.model_validate(table)
    traffic = Traffic(
        owners=[0],
        initial_devices=1,
        members=[(0,)],
        times=[],
        devices=[],
        conversations=[],
        sizes=[],
        sessions=[[(0.0, until, 0.0)]],
        changes=[(10.0 * (n + 1), "add", int(ConversationId(0)), n) for n in range(users)],
        joins=[],
        horizon=until,
    )
    system = System("store", lambda: {SERVER: Store(id=SERVER), DeviceId(0): Phone(id=DeviceId(0))}, server=SERVER)
    made = Simulation(system, [], traffic, FaultPlan(scenario.faults, {}, ()), scenario, 1, checks="none")
    made.run()
    return made


def rows_of(simulation: Simulation) -> int:
    server = simulation.world.actors[SERVER]
    assert isinstance(server, Store)
    return len(server.rows)


def test_the_opening_and_what_was_written_are_there_and_devices_databases_are_not() -> None:
    made = run({}, 2)
    assert made.station.stored == {"rows": 3 * BYTES, "log": 2 * LOG}
    assert made.world.imbalance() == {}


def test_bytes_count_when_their_write_completes() -> None:
    made = run({}, 1, until=20.0)
    assert made.station.stored_mean == pytest.approx((BYTES * 20 + (BYTES + LOG) * 2) / 20)


def test_a_write_counts_in_a_crash_exactly_when_it_lands() -> None:
    """Of the rows under way in the crashes some land and some are cut, by the draws."""
    made = run({"server_crashes": [{"at": f"{at + 3}s", "down": "1s"} for at in range(10, 110, 10)]}, 10, until=120.0)
    assert 0 < rows_of(made) - 1 < 10
    assert made.world.imbalance() == {}


def test_a_restore_sets_each_store_to_what_the_restored_server_holds() -> None:
    made = run({"server_restores": [{"backup": "25s", "at": "45s", "down": "1s"}]}, 5)
    assert rows_of(made) == 1 + 1 + 1  # the opening's, the first before the backup, the last after the restore
    assert made.station.taken_back == {"rows": 2 * BYTES, "log": 2 * LOG}
    assert made.world.imbalance() == {}


def test_what_a_server_does_not_say_is_found() -> None:
    made = run({}, 0)
    server = made.world.actors[SERVER]
    assert isinstance(server, Store)
    server.lines += 1
    assert made.world.imbalance() == {"log": (0, LOG)}
