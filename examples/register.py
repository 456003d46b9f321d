"""A register behind one server, its clients, linearizability as a property, the exact counts, and a command.

    python examples/register.py [SERVERS]

The model is Stateright's `single-copy-register`: each of two clients writes a value and then reads. With one server the
register is linearizable; with two servers that do not know of each other it is not. The search with one server finds
Stateright's number of distinct states, 93: what clients observed is part of the state there, as it is here.

`abd.py` and `paxos.py` use the same clients and the same property for registers of several servers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import attrs

from syncproof.core.actor import Actor, Out, actor, durable, on, state, volatile
from syncproof.core.environment import Environment
from syncproof.core.links import UNORDERED
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.engines.explore import Exploration, explore
from syncproof.properties import Property, observes

STATES = 93
"""The number of distinct states with one server and two clients."""
NOTHING = ""
"""The value of a register before the first write."""


class Client(ActorId):
    """The id of a client. Servers count from 0, clients go on from there."""

    __slots__ = ()


# ---- packets and observations


class Put(Packet, frozen=True, gc=False):
    """A client asks a server to write a value."""

    link = UNORDERED
    request: int
    value: str


class Get(Packet, frozen=True, gc=False):
    """A client asks a server for the value."""

    link = UNORDERED
    request: int


class PutOk(Packet, frozen=True, gc=False):
    """The value is written."""

    link = UNORDERED
    request: int


class GetOk(Packet, frozen=True, gc=False):
    """The value that was read."""

    link = UNORDERED
    request: int
    value: str


class Invoked(Observation, frozen=True, gc=False):
    """A client begins to write a value; None: to read."""

    client: Client
    writes: str | None


class Returned(Observation, frozen=True, gc=False):
    """A client's write is done; or its read, with the value."""

    client: Client
    reads: str | None


# ---- actors


@actor
class RegisterClient(Actor):
    """Writes a value of its own to one server, and when that is done reads from the next one."""

    id: Client
    servers: int
    waiting: int = volatile(int)
    """The request that is not answered yet; 0: none."""
    made: int = volatile(int)

    def start(self, out: Out) -> None:
        value = chr(ord("A") + self.id - self.servers)
        out.observe(Invoked(self.id, value))
        self.ask(Put(int(self.id), value), out)

    def ask(self, packet: Put | Get, out: Out) -> None:
        """Send a request to the server whose turn it is."""
        out.send(ActorId((self.id + self.made) % self.servers), packet)
        self.waiting = packet.request
        self.made += 1

    @on(PutOk)
    def written(self, source: Id, packet: PutOk, out: Out) -> None:
        if packet.request == self.waiting:
            out.observe(Returned(self.id, None))
            out.observe(Invoked(self.id, None))
            self.ask(Get((self.made + 1) * int(self.id)), out)

    @on(GetOk)
    def read(self, source: Id, packet: GetOk, out: Out) -> None:
        if packet.request == self.waiting:
            out.observe(Returned(self.id, packet.value))
            self.waiting = 0
            self.made += 1


@actor
class SingleCopy(Actor):
    """Keeps the value, and knows of no other server."""

    value: str = durable(str)

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        self.value = packet.value
        out.send(source, PutOk(packet.request))

    @on(Get)
    def get(self, source: Id, packet: Get, out: Out) -> None:
        out.send(source, GetOk(packet.request, self.value))


# ---- the property


class Call(NamedTuple):
    """A write of a value or (`writes` None) a read; `reads`: what it returned.

    `after`: for each other client that had calls done when this one began, the position of its last one.
    """

    writes: str | None
    reads: str | None
    after: tuple[tuple[Client, int], ...]


@state
class Linearizable(Property):
    """Calls have the results that they would have one after the other, in an order that keeps the order in time."""

    name = "linearizable"
    says = "calls have the results that they would have one after the other"

    done: dict[Client, tuple[Call, ...]] = attrs.field(factory=dict)
    begun: dict[Client, Call] = attrs.field(factory=dict)

    @observes(Invoked)
    def on_invoked(self, o: Invoked) -> str | None:
        calls = sorted(self.done.items())
        after = tuple([(client, len(done) - 1) for client, done in calls if client != o.client and done])
        self.begun[o.client] = Call(o.writes, None, after)
        self.done.setdefault(o.client, ())
        return None

    @observes(Returned)
    def on_returned(self, o: Returned) -> str | None:
        call = self.begun.pop(o.client)._replace(reads=o.reads)
        self.done[o.client] = (*self.done[o.client], call)
        return None if any(self._orders(NOTHING, dict.fromkeys(self.done, 0))) else f"{o.client!r} read {o.reads!r}"

    def _orders(self, value: str, taken: dict[Client, int]) -> Iterator[bool]:
        """Yield True for each way to put all calls that are done (and any of the others) into an order.

        `taken`: how many calls of each client are in the order already; `value`: what the register holds then.
        """
        if all(taken[client] >= len(calls) for client, calls in self.done.items()):
            yield True
        for client, calls in sorted(self.done.items()):
            position = taken[client]
            open_call = self.begun.get(client) if position == len(calls) else None
            call = calls[position] if position < len(calls) else open_call
            if call is None or any(taken[other] <= last for other, last in call.after):
                continue
            if call is not open_call and call.writes is None and call.reads != value:
                continue
            after = value if call.writes is None else call.writes
            yield from self._orders(after, {**taken, client: position + 1})


# ---- the system and the command


def register(name: str, servers: int, server: Callable[[ActorId], Actor], clients: int = 2) -> System:
    """Return the system of several servers and their clients."""

    def cast() -> dict[ActorId, Actor]:
        found = {ActorId(n): server(ActorId(n)) for n in range(servers)}
        for n in range(servers, servers + clients):
            found[Client(n)] = RegisterClient(id=Client(n), servers=servers)
        return found

    return System(name, cast)


def search(system: System) -> Exploration:
    """Search every interleaving. Requests that a server ignores stay on their way, as in Stateright."""
    return explore(system, Environment(), [Linearizable], skip_unchanging=True)


def report(system: System, clients: int = 2) -> int:
    """Search a system, print the number of states and the verdict, and return 0 if it is linearizable."""
    found = search(system)
    verdict = found.findings["linearizable"].verdict
    print(f"{system.name}, {clients} clients: {len(found.graph.states):,} states; linearizable {verdict}")
    return 0 if verdict == "holds" else 1


def main(arguments: list[str]) -> int:
    """Search the register of so many servers."""
    servers = int(arguments[0]) if arguments else 1
    name = "single-copy register, 1 server" if servers == 1 else f"single-copy registers, {servers} servers"
    return report(register(name, servers, lambda n: SingleCopy(id=n)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
