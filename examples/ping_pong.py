"""Ping-pong: two actors count together over a network that loses and repeats packets; its exact counts, and a command.

    python examples/ping_pong.py

The model is the one in the tests of Stateright's actor models (`src/actor/model.rs` there): each actor answers only the
number that it expects, and counts. The search goes no further than a greatest number: that is a state constraint. The
numbers of distinct states are those of Stateright's tests: 14 for numbers up to 1 and 4,094 for numbers up to 5 on a network
that may lose or repeat any packet, and 11 for numbers up to 5 on one that delivers each packet once.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import attrs

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.links import UNORDERED, Link
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.engines.explore import Exploration, WorldView, explore
from syncproof.properties import Property, observes

STATES = {(1, True): 14, (5, True): 4_094, (5, False): 11}
"""(greatest number, the network loses and repeats) -> number of distinct states."""
BAD_NETWORK = Link("duplicating", lossy=True)
PINGER, PONGER = ActorId(0), ActorId(1)


class Ping(Packet, frozen=True, gc=False):
    """The pinger's number."""

    link = BAD_NETWORK
    number: int


class Pong(Packet, frozen=True, gc=False):
    """The ponger's answer."""

    link = BAD_NETWORK
    number: int


class Counted(Observation, frozen=True, gc=False):
    """An actor counts."""

    actor: ActorId


@actor
class Pinger(Actor):
    """Sends its number, and the next one once that is answered."""

    number: int = durable(int)

    def start(self, out: Out) -> None:
        out.send(PONGER, Ping(self.number))

    @on(Pong)
    def pong(self, source: Id, packet: Pong, out: Out) -> None:
        if packet.number == self.number:
            self.number += 1
            out.observe(Counted(self.id))
            out.send(PONGER, Ping(self.number))


@actor
class Ponger(Actor):
    """Answers each number once."""

    number: int = durable(int)

    @on(Ping)
    def ping(self, source: Id, packet: Ping, out: Out) -> None:
        if packet.number == self.number:
            self.number += 1
            out.observe(Counted(self.id))
            out.send(PINGER, Pong(packet.number))


@state
class Together(Property):
    """The two numbers never differ by more than one."""

    name = "together"
    says = "the two numbers never differ by more than one"

    ahead: int = attrs.field(default=0)
    """How far the ponger is ahead."""

    @observes(Counted)
    def on_counted(self, o: Counted) -> str | None:
        self.ahead += 1 if o.actor == PONGER else -1
        return None if self.ahead in (0, 1) else "one actor counted ahead of the other"


def search(greatest: int, bad_network: bool, **options: Any) -> Exploration:
    """Search every interleaving of the two actors with numbers up to `greatest`. `options`: of `explore`."""
    system = System(
        "ping-pong",
        lambda: {PINGER: Pinger(id=PINGER), PONGER: Ponger(id=PONGER)},
        links={} if bad_network else {Ping: UNORDERED, Pong: UNORDERED},
    )
    environment = Environment(budgets={"push-lost": math.inf} if bad_network else {})

    def small(world: WorldView) -> bool:
        return all(thing.number <= greatest for thing in world.actors.values())  # type: ignore[attr-defined]

    return explore(system, environment, [Together], constraint=small, **options)


def main() -> int:
    """Search the three models, print the numbers of states and the verdicts, and return 0 if the property holds."""
    verdicts = set()
    for greatest, bad_network in STATES:
        found = search(greatest, bad_network)
        network = "any packet may be lost or repeated" if bad_network else "each packet arrives once"
        verdict = found.findings["together"].verdict
        verdicts.add(verdict)
        print(f"numbers up to {greatest}, {network}: {len(found.graph.states):,} states; together {verdict}")
    return 0 if verdicts == {"holds"} else 1


if __name__ == "__main__":
    sys.exit(main())
