"""Clocks that tick by timers, a poll and storage, without being told anything: moves that need nothing but their actor."""

from __future__ import annotations

import attrs

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.observations import Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.properties import Property, observes

LAST = 300
"""The number at which a chain of timers ends: more than there are numbers of which one object each is kept."""


class Tick(Packet, frozen=True, gc=False):
    """A timer, a poll, or the end of a write."""

    number: int


class Ticked(Observation, frozen=True, gc=False):
    """A clock ticks."""

    clock: ActorId
    number: int


@actor
class Clock(Actor):
    """Ticks with each of these numbers: 1 and 2 are timers, 3 a write that is begun twice, 4 another one, 5 the poll.

    10 is the first of a chain of timers, each of which begins the next one.
    """

    numbers: tuple[int, ...]
    ticks: int = durable(int)

    def start(self, out: Out) -> None:
        for number in self.numbers:
            match number:
                case 1 | 2 | 10:
                    out.after(1.0, Tick(number))
                case 3 | 4:
                    for _ in range(5 - number):
                        out.write("disk", 1, 1, Tick(number))
                case 5:
                    out.poll(1.0, Tick(5), Idle(Tick(5), Tick(5)))

    @on(Tick)
    def tick(self, source: Id, packet: Tick, out: Out) -> None:
        self.ticks += packet.number
        out.observe(Ticked(self.id, packet.number))
        if 10 <= packet.number < LAST:
            out.after(1.0, Tick(packet.number + 1))


@state
class NotAllTick(Property):
    """No two clocks tick with all of the first three numbers."""

    name = "not-all-tick"
    ticked: set[tuple[ActorId, int]] = attrs.field(factory=set)

    @observes(Ticked)
    def on_ticked(self, o: Ticked) -> str | None:
        self.ticked.add((o.clock, o.number))
        return f"clock {o.clock:d} ticks last" if len(self.ticked) > 4 else None


@state
class TicksAddUp(Property):
    """The numbers add up to an even number in the end."""

    name = "ticks-add-up"
    kind = "liveness"
    total: int = 0

    @observes(Ticked)
    def on_ticked(self, o: Ticked) -> None:
        self.total += o.number

    def at_quiescence(self):
        if self.total % 2:
            yield f"{self.total} is odd"


@state
class NeverOne(Property):
    """No clock ticks with 1."""

    name = "never-one"

    @observes(Ticked)
    def on_ticked(self, o: Ticked) -> str | None:
        return "it ticks with 1" if o.number == 1 else None


@state
class NoOneAfterTwo(Property):
    """No clock ticks with 1 after 2."""

    name = "no-one-after-two"
    two: bool = False

    @observes(Ticked)
    def on_ticked(self, o: Ticked) -> str | None:
        self.two = self.two or o.number == 2
        return "it ticks with 1 after 2" if self.two and o.number == 1 else None


def clocks(*numbers: tuple[int, ...]) -> System:
    """Return the clocks that tick with these numbers."""
    return System("clocks", lambda: {ActorId(n): Clock(id=ActorId(n), numbers=each) for n, each in enumerate(numbers)})
