"""Lamport's distributed mutual exclusion: processes with logical clocks, searched within a state constraint.

    python examples/lamport_mutex.py [GREATEST_CLOCK]

Lamport, "Time, clocks, and the ordering of events in a distributed system" (1978). Clocks grow without bound, so the search
needs a state constraint: no clock is beyond a greatest value. The model is that of the module `LamportMutex` of the TLA+
examples, with three processes. With clocks up to 6 the search finds the number of distinct states that is published there
for TLC, 724,274 (4 takes a second, 6 about ten). As in TLC, states outside the constraint are not counted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import attrs

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.links import ORDERED
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.engines.explore import Exploration, WorldView, explore
from syncproof.properties import Property, observes

STATES = {6: 724_274}
"""Greatest clock -> number of distinct states, as published."""
PROCESSES = tuple([ActorId(n) for n in range(1, 4)])


# ---- packets: the first three are steps of a process


class Want(Packet, frozen=True, gc=False):
    """Ask for the critical section."""


class Enter(Packet, frozen=True, gc=False):
    """Enter the critical section."""


class Leave(Packet, frozen=True, gc=False):
    """Leave the critical section."""


class Request(Packet, frozen=True, gc=False):
    """A process wants to enter."""

    link = ORDERED
    clock: int


class Acknowledge(Packet, frozen=True, gc=False):
    """A process knows of a request."""

    link = ORDERED


class Release(Packet, frozen=True, gc=False):
    """A process has left."""

    link = ORDERED


class Entered(Observation, frozen=True, gc=False):
    """A process enters the critical section."""

    process: ActorId


class Left(Observation, frozen=True, gc=False):
    """A process leaves the critical section."""

    process: ActorId


@actor
class Process(Actor):
    """Enters when every process has acknowledged its request and no known request is earlier.

    `requests`: the clock of each process's request; 0: none is known. `acknowledged`: by whom the own request is.
    """

    clock: int = durable(lambda: 1)
    requests: dict[ActorId, int] = durable(lambda: dict.fromkeys(PROCESSES, 0))
    acknowledged: set[ActorId] = durable(set)
    inside: bool = durable(bool)

    def broadcast(self, packet: Packet, out: Out) -> None:
        """Send a packet to every other process."""
        for other in PROCESSES:
            if other != self.id:
                out.send(other, packet)

    def is_first(self) -> bool:
        """Return whether the own request is earlier than every other one that is known; of equal ones the lower id's is."""
        mine = (self.requests[self.id], self.id)
        return all(not clock or mine <= (clock, other) for other, clock in sorted(self.requests.items()))

    def steps(self) -> Iterable[Packet]:
        if not self.requests[self.id]:
            yield Want()
        if len(self.acknowledged) == len(PROCESSES) and self.is_first() and not self.inside:
            yield Enter()
        if self.inside:
            yield Leave()

    @on(Want)
    def want(self, source: Id, packet: Want, out: Out) -> None:
        self.requests[self.id] = self.clock
        self.acknowledged = {self.id}
        self.broadcast(Request(self.clock), out)

    @on(Enter)
    def enter(self, source: Id, packet: Enter, out: Out) -> None:
        self.inside = True
        out.observe(Entered(self.id))

    @on(Leave)
    def leave(self, source: Id, packet: Leave, out: Out) -> None:
        self.inside = False
        self.requests[self.id] = 0
        self.acknowledged = set()
        out.observe(Left(self.id))
        self.broadcast(Release(), out)

    @on(Request)
    def request(self, source: ActorId, packet: Request, out: Out) -> None:
        self.requests[source] = packet.clock
        self.clock = max(self.clock, packet.clock) + 1
        out.send(source, Acknowledge())

    @on(Acknowledge)
    def acknowledge(self, source: ActorId, packet: Acknowledge, out: Out) -> None:
        self.acknowledged.add(source)

    @on(Release)
    def release(self, source: ActorId, packet: Release, out: Out) -> None:
        self.requests[source] = 0


@state
class Exclusive(Property):
    """No two processes are in the critical section at once."""

    name = "exclusive"
    says = "no two processes are in the critical section at once"

    inside: set[ActorId] = attrs.field(factory=set)

    @observes(Entered)
    def on_entered(self, o: Entered) -> str | None:
        self.inside.add(o.process)
        return "two processes are inside" if len(self.inside) > 1 else None

    @observes(Left)
    def on_left(self, o: Left) -> str | None:
        self.inside.discard(o.process)
        return None


def search(greatest: int, **options: Any) -> Exploration:
    """Search every interleaving in which no clock is beyond `greatest`. `options`: of `explore`."""
    system = System("Lamport's mutex", lambda: {n: Process(id=n) for n in PROCESSES})

    def bounded(world: WorldView) -> bool:
        return all(process.clock <= greatest for process in world.actors.values())  # type: ignore[attr-defined]

    return explore(system, Environment(), [Exclusive], constraint=bounded, **options)


def main(arguments: list[str]) -> int:
    """Search with clocks up to so much, print the number of states and the verdict, and return 0 if it holds."""
    greatest = int(arguments[0]) if arguments else 4
    found = search(greatest)
    finding = found.findings["exclusive"]
    states, depth = len(found.graph.states), found.graph.depth
    print(f"{len(PROCESSES)} processes, clocks up to {greatest}: {states:,} states, depth {depth}")
    print(f"exclusive {finding.verdict}: {finding.why}")
    return 0 if finding.verdict == "holds" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
