"""Packets that an actor declines are delivered in a simulation once the actor is in another state."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, volatile
from syncproof.core.moves import Fire
from syncproof.core.packets import AddMember, Closed, Opened, Packet
from syncproof.core.values import SERVER, DeviceId, Id
from syncproof.core.world import System, World
from syncproof.engines.simulate import simulate
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.sections.faults import FaultsSection
from syncproof.inputs.traffic import Traffic
from tests.helpers.moves import Moves

PHONE = DeviceId(0)


class Letter(Packet, frozen=True, gc=False):
    word: str


class Wake(Packet, frozen=True, gc=False):
    """A timer."""


class Sleep(Packet, frozen=True, gc=False):
    """A timer."""


@actor
class Writer(Actor):
    """Sends two letters over each connection, and one over a link when a member is added."""

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        out.send(source, Letter("first"))
        out.send(source, Letter("second"))

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None: ...

    @on(AddMember)
    def add(self, source: Id, packet: AddMember, out: Out) -> None:
        out.send(PHONE, Letter("by link"))


@actor
class Sleeper(Actor):
    """Reads only while it is awake: it wakes up 20 s after each start."""

    letters: list[str] = durable(list)
    awake: bool = volatile(bool)

    def start(self, out: Out) -> None:
        out.after(20.0, Wake())

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None: ...

    @on(Wake)
    def wake(self, source: Id, packet: Wake, out: Out) -> None:
        self.awake = True

    @on(Letter, when=lambda self, source, packet: self.awake)
    def letter(self, source: Id, packet: Letter, out: Out) -> None:
        self.letters.append(packet.word)


@actor
class OneByOne(Sleeper):
    """Falls asleep after each letter, and wakes up 5 s later."""

    @on(Letter, when=lambda self, source, packet: self.awake)
    def letter(self, source: Id, packet: Letter, out: Out) -> None:
        self.letters.append(packet.word)
        self.awake = False
        out.after(5.0, Wake())


def run(reader: Sleeper, plan: FaultPlan | None = None) -> list[Any]:
    """Simulate both actors, and return the moves; made in a plain world these leave the reader as it is."""
    table: dict[str, Any] = {"title": "letters", "shows": "guards", "duration": "60s", "warmup": "0s"}
    traffic = Traffic(
        owners=[0],
        initial_devices=1,
        members=[(0,)],
        times=[],
        devices=[],
        conversations=[],
        sizes=[],
        sessions=[[(0.0, 60.0)]],
        changes=[(10.0, "add", 0, 7)],
        joins=[],
        horizon=60.0,
    )
    moves = Moves()

    def system(phone: Sleeper) -> System:
        return System("letters", lambda: {SERVER: Writer(id=SERVER), PHONE: phone}, server=SERVER)

    simulate(
        system(reader),
        Scenario.model_validate(table),
        traffic,
        plan or FaultPlan(),
        1,
        promised={},
        not_applicable={},
        recorder=moves,
    )
    again = type(reader)(id=PHONE)
    world = World(system(again))
    for move in moves.made:
        world.apply(move)
    assert again.letters == reader.letters
    return moves.made


@pytest.mark.parametrize("kind", [Sleeper, OneByOne])
def test_what_was_declined_arrives_in_order_once_the_guard_holds(kind: type[Sleeper]) -> None:
    reader = kind(id=PHONE)
    moves = run(reader)
    assert [word for word in reader.letters if word != "by link"] == ["first", "second"]
    assert "by link" in reader.letters
    woken = next(n for n, move in enumerate(moves) if isinstance(move, Fire) and type(move.packet) is Wake)
    assert not any(isinstance(getattr(move, "packet", None), Letter) for move in moves[:woken])


def test_what_was_declined_before_a_crash_arrives_after_it() -> None:
    """What is on a link waits; what was in flight on the connection is lost with it, and sent again over the next one."""
    reader = Sleeper(id=PHONE)
    plan = FaultPlan(FaultsSection(device_down="5s"), {"device-crash": ((15.0, 0),)})
    run(reader, plan)
    assert sorted(reader.letters) == ["by link", "first", "second"]
