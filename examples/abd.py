"""A register on several servers that is linearizable: the algorithm of Attiya, Bar-Noy and Dolev, and its exact count.

    python examples/abd.py

The algorithm is that of "Sharing memory robustly in message-passing systems" (1995). The server that a client asks first
queries the others for the newest value, then records the value to be written (or read) at the others; each phase ends when a
majority has answered. With two servers and two clients the search finds the number of distinct states of Stateright's
`linearizable-register`: 544.
"""

from __future__ import annotations

import sys

from register import NOTHING, Get, GetOk, Put, PutOk, register, report

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.links import UNORDERED
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id

STATES = 544
"""The number of distinct states with two servers and two clients."""

Version = tuple[int, ActorId]
"""A count, and the server that counted: no two writes have the same version."""


class Query(Packet, frozen=True, gc=False):
    """What is your newest value?"""

    link = UNORDERED
    request: int


class QueryAnswer(Packet, frozen=True, gc=False):
    """The newest value of a server."""

    link = UNORDERED
    request: int
    version: Version
    value: str


class Record(Packet, frozen=True, gc=False):
    """Keep this value, unless yours is newer."""

    link = UNORDERED
    request: int
    version: Version
    value: str


class RecordAnswer(Packet, frozen=True, gc=False):
    """The value, or a newer one, is kept."""

    link = UNORDERED
    request: int


@state
class Query1:
    """The first phase of a request. `writes`: None for a read. `found`: by server."""

    request: int
    client: Id
    writes: str | None
    found: dict[ActorId, tuple[Version, str]]


@state
class Record2:
    """The second phase of a request. `reads`: the value for the client; None for a write."""

    request: int
    client: Id
    reads: str | None
    kept: set[ActorId]


@actor
class Replica(Actor):
    """One of the servers. It works on one request at a time, and ignores others until then."""

    servers: int
    version: Version = durable(lambda: (0, ActorId(0)))
    value: str = durable(lambda: NOTHING)
    phase: Query1 | Record2 | None = durable(lambda: None)

    def start(self, out: Out) -> None:
        self.version = (0, self.id)

    def others(self) -> list[ActorId]:
        """Return the other servers."""
        return [ActorId(n) for n in range(self.servers) if n != self.id]

    def begin(self, request: int, client: Id, writes: str | None, out: Out) -> None:
        """Ask the others, unless a request is under way."""
        if self.phase is None:
            self.phase = Query1(request, client, writes, {self.id: (self.version, self.value)})
            for other in self.others():
                out.send(other, Query(request))

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        self.begin(packet.request, source, packet.value, out)

    @on(Get)
    def get(self, source: Id, packet: Get, out: Out) -> None:
        self.begin(packet.request, source, None, out)

    @on(Query)
    def query(self, source: Id, packet: Query, out: Out) -> None:
        out.send(source, QueryAnswer(packet.request, self.version, self.value))

    @on(QueryAnswer)
    def found(self, source: ActorId, packet: QueryAnswer, out: Out) -> None:
        phase = self.phase
        if not isinstance(phase, Query1) or phase.request != packet.request:
            return
        phase.found[source] = (packet.version, packet.value)
        if len(phase.found) != self.servers // 2 + 1:
            return
        version, value = max(phase.found.values())
        if phase.writes is not None:
            version, value = (version[0] + 1, self.id), phase.writes
        for other in self.others():
            out.send(other, Record(packet.request, version, value))
        self.keep(version, value)
        self.phase = Record2(phase.request, phase.client, value if phase.writes is None else None, {self.id})

    def keep(self, version: Version, value: str) -> None:
        """Keep a value, unless the own one is newer."""
        if version > self.version:
            self.version, self.value = version, value

    @on(Record)
    def record(self, source: Id, packet: Record, out: Out) -> None:
        out.send(source, RecordAnswer(packet.request))
        self.keep(packet.version, packet.value)

    @on(RecordAnswer)
    def recorded(self, source: ActorId, packet: RecordAnswer, out: Out) -> None:
        phase = self.phase
        if not isinstance(phase, Record2) or phase.request != packet.request or source in phase.kept:
            return
        phase.kept.add(source)
        if len(phase.kept) == self.servers // 2 + 1:
            answer = PutOk(phase.request) if phase.reads is None else GetOk(phase.request, phase.reads)
            out.send(phase.client, answer)
            self.phase = None


def main() -> int:
    """Search the register of two servers."""
    return report(register("ABD register, 2 servers", 2, lambda n: Replica(id=n, servers=2)))


if __name__ == "__main__":
    sys.exit(main())
