"""Single-decree Paxos: three servers agree on one value and never disagree; its exact count, and a command.

    python examples/paxos.py

Lamport, "Paxos made simple" (2001). Each server is proposer, acceptor and learner. A server that a client asks to write
begins a round of its own; it takes over the newest value that a majority has accepted before, if there is one. Servers
answer reads once they know the decision. With three servers and two clients the search finds the number of distinct states
of Stateright's `paxos`: 16,668. Where a delivery that changes nothing is a step (`skip_unchanging=False`), there are 301,099.
"""

from __future__ import annotations

import sys

from register import Get, GetOk, Put, PutOk, register, report

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.links import UNORDERED
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id

STATES = 16_668
"""The number of distinct states with three servers and two clients."""
SERVERS = 3

Ballot = tuple[int, ActorId]
"""A round and the server that leads it."""
Proposal = tuple[int, Id, str]
"""A request, the client that made it, and the value."""
Accepted = tuple[Ballot, Proposal] | tuple[()]
"""The proposal that a server accepted last, with its ballot; empty if it has accepted none."""


class Prepare(Packet, frozen=True, gc=False):
    """A leader begins a ballot."""

    link = UNORDERED
    ballot: Ballot


class Promise(Packet, frozen=True, gc=False):
    """A server takes part in a ballot and says what it has accepted before."""

    link = UNORDERED
    ballot: Ballot
    accepted: Accepted


class Accept(Packet, frozen=True, gc=False):
    """A leader asks the others to accept a proposal."""

    link = UNORDERED
    ballot: Ballot
    proposal: Proposal


class AcceptAnswer(Packet, frozen=True, gc=False):
    """A server has accepted the proposal of a ballot."""

    link = UNORDERED
    ballot: Ballot


class Decided(Packet, frozen=True, gc=False):
    """A majority has accepted the proposal."""

    link = UNORDERED
    ballot: Ballot
    proposal: Proposal


@actor
class Server(Actor):
    """Proposes what a client asks for, accepts what leaders ask for, and learns what is decided."""

    ballot: Ballot = durable(lambda: (0, ActorId(0)))
    proposal: Proposal | tuple[()] = durable(tuple)
    promises: dict[ActorId, Accepted] = durable(dict)
    accepts: set[ActorId] = durable(set)
    accepted: Accepted = durable(tuple)
    decided: bool = durable(bool)

    def broadcast(self, packet: Packet, out: Out) -> None:
        """Send a packet to the other servers."""
        for n in range(SERVERS):
            if n != self.id:
                out.send(ActorId(n), packet)

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        if not self.decided and not self.proposal:
            self.proposal = (packet.request, source, packet.value)
            self.ballot = (self.ballot[0] + 1, self.id)
            self.promises = {self.id: self.accepted}
            self.accepts = set()
            self.broadcast(Prepare(self.ballot), out)

    @on(Get)
    def get(self, source: Id, packet: Get, out: Out) -> None:
        if self.decided:
            out.send(source, GetOk(packet.request, self.accepted[1][2]))

    @on(Prepare)
    def prepare(self, source: Id, packet: Prepare, out: Out) -> None:
        if not self.decided and self.ballot < packet.ballot:
            self.ballot = packet.ballot
            out.send(source, Promise(packet.ballot, self.accepted))

    @on(Promise)
    def promised(self, source: ActorId, packet: Promise, out: Out) -> None:
        if self.decided or packet.ballot != self.ballot:
            return
        self.promises[source] = packet.accepted
        if len(self.promises) == SERVERS // 2 + 1:
            newest = max(self.promises.values())
            self.proposal = newest[1] if newest else self.proposal
            self.accepted = (packet.ballot, self.proposal)
            self.accepts.add(self.id)
            self.broadcast(Accept(packet.ballot, self.proposal), out)

    @on(Accept)
    def accept(self, source: Id, packet: Accept, out: Out) -> None:
        if not self.decided and self.ballot <= packet.ballot:
            self.ballot = packet.ballot
            self.accepted = (packet.ballot, packet.proposal)
            out.send(source, AcceptAnswer(packet.ballot))

    @on(AcceptAnswer)
    def accept_answer(self, source: ActorId, packet: AcceptAnswer, out: Out) -> None:
        if self.decided or packet.ballot != self.ballot:
            return
        self.accepts.add(source)
        if len(self.accepts) == SERVERS // 2 + 1:
            self.decided = True
            self.broadcast(Decided(packet.ballot, self.proposal), out)
            out.send(self.proposal[1], PutOk(self.proposal[0]))

    @on(Decided)
    def learn(self, source: Id, packet: Decided, out: Out) -> None:
        if not self.decided:
            self.ballot = packet.ballot
            self.accepted = (packet.ballot, packet.proposal)
            self.decided = True


def main() -> int:
    """Search three servers with two clients."""
    return report(register(f"Paxos, {SERVERS} servers", SERVERS, lambda n: Server(id=n)))


if __name__ == "__main__":
    sys.exit(main())
