"""The simulator schedules and the world defines: a system of small actors, without any design."""

from __future__ import annotations

from typing import Any

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.moves import Arrive, Crash, Move, Restart
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


class Letter(Packet, frozen=True, gc=False):
    """Travels over a link that needs no connection."""

    word: str


@actor
class Writer(Actor):
    """A server that sends a letter to the phone whenever the environment sends it a packet."""

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...

    @on(AddMember)
    def add(self, source: Id, packet: AddMember, out: Out) -> None:
        out.send(PHONE, Letter(f"to {packet.user:d}"))


@actor
class Reader(Actor):
    letters: list[str] = durable(list)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...

    @on(Letter)
    def letter(self, source: Id, packet: Letter, out: Out) -> None:
        self.letters.append(packet.word)


def run(plan: FaultPlan) -> tuple[Reader, list[Move]]:
    """Simulate a server that sends a letter 10 s after the start; a letter takes 1 s."""
    table: dict[str, Any] = {
        "title": "letters",
        "shows": "scheduling",
        "duration": "60s",
        "network": {"push_ms": {"median": 1000.0}},
    }
    traffic = Traffic(
        owners=[0],
        initial_devices=1,
        members=[(0,)],
        times=[],
        devices=[],
        conversations=[],
        sizes=[],
        sessions=[[]],
        changes=[(10.0, "add", 0, 7)],
        joins=[],
        horizon=60.0,
    )
    reader, moves = Reader(id=PHONE), Moves()
    system = System("letters", lambda: {SERVER: Writer(id=SERVER), PHONE: reader}, server=SERVER)
    simulate(system, Scenario.model_validate(table), traffic, plan, 1, promised={}, not_applicable={}, recorder=moves)
    return reader, moves.made


def test_a_system_needs_no_design_to_be_simulated() -> None:
    reader, _ = run(FaultPlan())
    assert reader.letters == ["to 7"]


def test_mail_waits_for_a_receiver_that_is_down() -> None:
    reader, moves = run(FaultPlan(FaultsSection(device_down="20s"), {"device-crash": ((5.0, 0),)}))
    assert reader.letters == ["to 7"]
    kinds = [type(move) for move in moves if isinstance(move, Crash | Restart | Arrive)]
    assert kinds == [Crash, Restart, Arrive]
