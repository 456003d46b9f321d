"""The faults of a run do what the world defines: a backup is what it was when it was taken, and only writes land."""

from __future__ import annotations

from typing import Any

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.moves import Crash, Keep, Move, Restart, Restore
from syncproof.core.packets import AddMember, Opened, Packet
from syncproof.core.values import SERVER, DeviceId, Id
from syncproof.core.world import System
from syncproof.engines.simulate import simulate
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.sections.faults import FaultsSection
from syncproof.inputs.traffic import Traffic
from tests.helpers.moves import Moves

PHONE = DeviceId(0)
TABLE: dict[str, Any] = {
    "title": "faults",
    "shows": "faults",
    "duration": "60s",
    "storage": {"service_ms": {"median": 30_000.0, "sigma": 0.01}, "parallel": 100},
}


class Looked(Packet, frozen=True, gc=False):
    """A read is complete."""

    number: int


class Written(Packet, frozen=True, gc=False):
    """A write is durable."""

    number: int


@actor
class Clerk(Actor):
    """Notes what the environment tells it at once, then reads and writes for a long time."""

    told: list[int] = durable(list)
    done: list[Packet] = durable(list)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...

    @on(AddMember)
    def add(self, source: Id, packet: AddMember, out: Out) -> None:
        self.told.append(int(packet.user))
        out.read("disk", 1, 1, Looked(int(packet.user)))
        out.write("disk", 1, 1, Written(int(packet.user)))

    @on(Looked)
    def looked(self, source: Id, packet: Looked, out: Out) -> None:
        self.done.append(packet)

    @on(Written)
    def written(self, source: Id, packet: Written, out: Out) -> None:
        self.done.append(packet)


@actor
class Phone(Actor):
    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...


def run(times: list[float], **settings: Any) -> tuple[Clerk, list[Move]]:
    """Simulate a server that is told 0, 1 and so on at these times, under faults."""
    traffic = Traffic(
        owners=[0],
        initial_devices=1,
        members=[(0,)],
        times=[],
        devices=[],
        conversations=[],
        sizes=[],
        sessions=[[]],
        changes=[(time, "add", 0, number) for number, time in enumerate(times)],
        joins=[],
        horizon=60.0,
    )
    clerk, moves = Clerk(id=SERVER), Moves()
    system = System("clerk", lambda: {SERVER: clerk, PHONE: Phone(id=PHONE)}, server=SERVER)
    plan = FaultPlan(FaultsSection.model_validate(settings))
    simulate(system, Scenario.model_validate(TABLE), traffic, plan, 1, promised={}, not_applicable={}, recorder=moves)
    return clerk, moves.made


def test_a_restored_server_has_what_it_had_when_the_backup_was_taken() -> None:
    clerk, moves = run([1.0, 10.0, 40.0], server_restores=[{"backup": "5s", "at": "20s", "down": "5s"}])
    assert clerk.told == [0, 2]
    assert [type(m) for m in moves if isinstance(m, Keep | Restore | Restart)] == [Keep, Restore, Restart]


def test_of_what_is_open_in_a_crash_only_writes_land() -> None:
    clerk, moves = run([1.0] * 12, server_crashes=[{"at": "5s", "down": "5s"}])
    [crash] = [move for move in moves if isinstance(move, Crash)]
    assert 0 < len(crash.landed) < 12
    assert list(crash.landed) == clerk.done
    assert {type(packet) for packet in clerk.done} == {Written}
