"""Narration of a sequence of moves, step by step: who sends what to whom, what is lost, and what the properties report.

`narrate` makes the moves in a fresh world and returns a `Narration`; `report/sequence.py` draws it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from syncproof.core.images import freeze
from syncproof.core.moves import (
    Abandon,
    Arrive,
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Duplicate,
    Failover,
    Fire,
    Handover,
    Lose,
    Move,
    Notice,
    Rest,
    Restart,
    Spawn,
    Stop,
    Take,
    Tell,
)
from syncproof.core.observations import Observation, Quiesced
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, DeviceId, GatewayId
from syncproof.core.world import System, World
from syncproof.counterexamples.wording import actor_name, actor_names, brief
from syncproof.properties import Property
from syncproof.properties.refinement import Refinement

Fate = Literal["under way", "arrived", "lost", "durable", "cut"]

Channel = tuple[Literal["network", "storage"], ActorId, ActorId, Packet]
"""Where a packet is under way: from one actor to another, or in an actor's own storage."""


@dataclass(slots=True)
class Transit:
    """A packet or a storage operation under way, from step `sent` to step `ended`."""

    storage: bool
    source: ActorId
    target: ActorId
    packet: Packet
    sent: int
    ended: int | None = None
    fate: Fate = "under way"


@dataclass(frozen=True, slots=True)
class Step:
    """One move, described. `at`: the actor at which it happens; `observations`: what was observed; `automata`: the new state
    of each property's automaton that changed; `complaints`: the first violation that each property reported."""

    number: int
    move: Move
    says: str
    at: ActorId | None
    observations: tuple[str, ...]
    automata: dict[str, str]
    complaints: dict[str, str]


@dataclass(slots=True)
class Narration:
    """A narrated sequence. `lanes`: the actors' names; the first `prelude` steps prepare the world (every device
    connects); from step `cycle` on, the steps repeat indefinitely."""

    lanes: dict[ActorId, str]
    steps: list[Step] = field(default_factory=list)
    transits: list[Transit] = field(default_factory=list)
    prelude: int = 0
    cycle: int | None = None

    def stores(self, actor: ActorId) -> bool:
        """Return whether an actor is a server that stores something after the prelude, so that its storage gets a lane."""
        return not isinstance(actor, DeviceId) and any(
            t.storage and t.source == actor and (t.ended is None or t.ended >= self.prelude) for t in self.transits
        )


def narrate(
    system: System,
    moves: Sequence[Move],
    properties: Sequence[type[Property]] = (),
    *,
    prelude: Sequence[Move] = (),
    cycle: Sequence[Move] = (),
) -> Narration:
    """Make the moves in a fresh world and narrate them. `MoveError` for a move that is not enabled there.

    `prelude`: moves made before them; `cycle`: moves after them that can be repeated indefinitely (a livelock).
    """
    seen: list[Observation] = []
    world = World(system, seen.append)
    automata = [kind() for kind in properties]
    first_of_cycle = len(prelude) + len(moves) if cycle else None
    narration = Narration(actor_names(system, world), prelude=len(prelude), cycle=first_of_cycle)
    open_transits: list[Transit] = []
    _observe(automata, seen)
    for number, move in enumerate([*prelude, *moves, *cycle]):
        consumed = _consumed(world, move)
        before = Counter(_under_way(world))
        frozen = [freeze(automaton) for automaton in automata]
        seen.clear()
        says, at = describe(world, move), location(world, move)
        world.apply(move)
        if isinstance(move, Spawn):
            narration.lanes[move.actor] = actor_name(move.actor, move.user)
        after = Counter(_under_way(world))
        if consumed is not None:
            _end(open_transits, consumed, number, _fate(move))
            before[consumed] -= 1
        for channel in (before - after).elements():
            landed = isinstance(move, Crash) and channel[0] == "storage" and channel[3] in move.landed
            fate: Fate = "durable" if landed else "cut" if channel[0] == "storage" else "lost"
            _end(open_transits, channel, number, fate)
        for kind, source, target, packet in (after - before).elements():
            transit = Transit(kind == "storage", source, target, packet, number)
            open_transits.append(transit)
            narration.transits.append(transit)
        complaints = _observe(automata, seen)
        changes = {a.name: _change(a, seen) for a, image in zip(automata, frozen, strict=True) if freeze(a) != image}
        narration.steps.append(Step(number, move, says, at, tuple(map(brief, seen)), changes, complaints))
    return narration


def _observe(automata: Sequence[Property], seen: Sequence[Observation]) -> dict[str, str]:
    complaints: dict[str, str] = {}
    for observation in seen:
        for automaton in automata:
            says = automaton.react(observation)
            if says is not None:
                complaints.setdefault(automaton.name, says)
            if isinstance(observation, Quiesced):
                for line in automaton.at_quiescence():
                    complaints.setdefault(automaton.name, line)
    return complaints


def _change(automaton: Property, seen: Sequence[Observation]) -> str:
    """Return the new state of an automaton; of an abstract machine, the steps that it took before."""
    if not isinstance(automaton, Refinement):
        return brief(automaton)
    steps = [said for said in map(automaton.said, seen) if said]
    return f"{', '.join(steps)}: {brief(automaton)}"


def _under_way(world: World) -> Iterator[Channel]:
    for connection in world.connections.values():
        server = world.system.server_of(connection.id)
        assert server is not None
        for packet in connection.up:
            yield "network", connection.client, server, packet
        for packet in connection.down:
            yield "network", server, connection.client, packet
    for receiver, mail in world.mail.items():
        for source, packet in mail:
            yield "network", source, receiver, packet
    for actor, operations in world.operations.items():
        for packet, _ in operations:
            yield "storage", actor, actor, packet


def _consumed(world: World, move: Move) -> Channel | None:
    """Return the channel from which a move takes a packet; None if it takes none."""
    if isinstance(move, Deliver):
        connection = world.connections.get(move.connection)
        queue = None if connection is None else connection.up if move.end == "server" else connection.down
        server = world.system.server_of(move.connection)
        if connection is None or not queue or server is None:
            return None
        ends = (connection.client, server)
        return ("network", *(ends if move.end == "server" else ends[::-1]), queue[0])
    if isinstance(move, (Arrive, Lose)):
        for source, packet in world.mail.get(move.receiver, ()):
            if packet == move.packet and move.source in (None, source):
                return "network", source, move.receiver, packet
    if isinstance(move, Complete):
        return "storage", move.actor, move.actor, move.packet
    return None


def _fate(move: Move) -> Fate:
    return "lost" if isinstance(move, Lose) else "durable" if isinstance(move, Complete) else "arrived"


def _end(open_transits: list[Transit], channel: Channel, number: int, fate: Fate) -> None:
    """End the oldest transit in this channel."""
    for index, transit in enumerate(open_transits):
        if (transit.storage, transit.source, transit.target, transit.packet) == (channel[0] == "storage", *channel[1:]):
            transit.ended, transit.fate = number, fate
            del open_transits[index]
            return


def location(world: World, move: Move) -> ActorId | None:
    """Return the actor at which a move happens."""
    if isinstance(move, (Deliver, Notice)):
        connection = world.connections.get(move.connection)
        if move.end == "server":
            return world.system.server_of(move.connection)
        return None if connection is None else connection.client
    for attribute in ("actor", "receiver", "client"):
        if hasattr(move, attribute):
            location: ActorId = getattr(move, attribute)
            return location
    return None


def describe(world: World, move: Move) -> str:
    """Return a description of a move, in the world before the move."""
    if isinstance(move, Deliver):
        consumed = _consumed(world, move)
        return "nothing arrives" if consumed is None else f"{brief(consumed[3])} arrives"
    if isinstance(move, Arrive):
        consumed = _consumed(world, move)
        receiver = world.hosts.get(move.receiver)
        link = world.system.link(move.packet)
        reaches = consumed is None or receiver is None or world.reaches(consumed[1], receiver, link)
        return f"{brief(move.packet)} arrives" if reaches else f"{brief(move.packet)} finds nobody connected"
    if isinstance(move, Lose):
        return f"{brief(move.packet)} is lost"
    if isinstance(move, Duplicate):
        return f"{brief(move.packet)} is duplicated"
    if isinstance(move, Complete):
        return f"storage has done {brief(move.packet)}"
    if isinstance(move, Fire):
        return f"timer {brief(move.packet)} fires"
    if isinstance(move, (Take, Tell)):
        return brief(move.packet)
    if isinstance(move, Connect):
        return "connects"
    if isinstance(move, Handover):
        return "connects through the next gateway; the former one does not know"
    if isinstance(move, Disconnect) and isinstance(move.client, GatewayId):
        return "is cut from the store; the store does not know"
    if isinstance(move, Disconnect):
        return "disconnects" if move.clean else "loses its connection; the server does not know"
    if isinstance(move, Notice):
        return f"the {move.end} notices that {brief(move.connection)} is dead"
    if isinstance(move, Failover):
        return "fails; a replica that lacks the tail takes its place"
    if isinstance(move, Crash):
        kept = f"; durable by then: {brief(move.landed)}" if move.landed else ""
        return f"crashes{kept}"
    if isinstance(move, Spawn):
        return f"a new device of {brief(move.user)} appears"
    if isinstance(move, Abandon):
        return "is gone for good; the server is not told"
    return {Restart: "restarts", Stop: "faults stop", Rest: "nothing more happens"}.get(type(move), brief(move))
