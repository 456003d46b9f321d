"""Polls that are counted instead of run are counted as long as the poll timer is armed."""

from __future__ import annotations

from syncproof.core.actor import Actor, Out, actor, on
from syncproof.core.observations import Served
from syncproof.core.packets import AddMember, Idle, Opened, Packet
from syncproof.core.values import SERVER, DeviceId, Id
from syncproof.core.world import System
from syncproof.engines.simulate import simulate
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic

PHONE = DeviceId(0)


class Look(Packet, frozen=True, gc=False):
    """The poll."""


class Nothing(Packet, frozen=True, gc=False):
    """The reply to a poll that finds nothing."""


class Enough(Packet, frozen=True, gc=False):
    """Ends the polling."""


@actor
class Server(Actor):
    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...

    @on(AddMember)
    def add(self, source: Id, packet: AddMember, out: Out) -> None:
        out.send(PHONE, Enough())


@actor
class Phone(Actor):
    """Polls every 10 s until it has enough."""

    def start(self, out: Out) -> None:
        out.poll(10.0, Look(), Idle(Look(), Nothing()))

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...

    @on(Look)
    def look(self, source: Id, packet: Look, out: Out) -> None:
        out.observe(Served(PHONE))
        out.poll(10.0, Look(), Idle(Look(), Nothing()))

    @on(Enough)
    def enough(self, source: Id, packet: Enough, out: Out) -> None:
        out.cancel(Look())


def idle_polls(*enough: float, warmup: str = "0s") -> int:
    """Simulate a minute after a warm-up, and return how many polls were counted."""
    traffic = Traffic(
        owners=[0],
        initial_devices=1,
        members=[(0,)],
        times=[],
        devices=[],
        conversations=[],
        sizes=[],
        sessions=[[]],
        changes=[(time, "add", 0, 0) for time in enough],
        joins=[],
        horizon=60.0,
    )
    network = {name: {"median": 1.0} for name in ("up_ms", "down_ms", "push_ms")}
    table = {"title": "polls", "shows": "polls", "duration": "60s", "warmup": warmup, "network": network}
    system = System("polls", lambda: {SERVER: Server(id=SERVER), PHONE: Phone(id=PHONE)}, server=SERVER)
    wanted = Scenario.model_validate(table)
    return simulate(system, wanted, traffic, FaultPlan(), 1, promised={}, not_applicable={}).packets.get("Look", 0)


def test_idle_polls_are_counted_until_the_end() -> None:
    """The first fires at 10 s; the others are due an interval and a few ms of round trip apart, the fifth just after 60 s."""
    assert idle_polls() == 4


def test_a_poll_that_was_cancelled_is_not_counted_any_more() -> None:
    assert idle_polls(35.0) == 2


def test_idle_polls_of_the_warm_up_are_not_counted() -> None:
    """The first poll fires 50 s before the start, then one comes each 10 s and a few ms: of the minute it is six."""
    assert idle_polls(warmup="60s") == 6
