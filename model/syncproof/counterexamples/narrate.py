"""What a sequence of moves does, step by step: who sends what to whom, what is lost, and what the properties make of it.

`tell` makes the moves in a fresh world and returns a `Story`; `report/sequence.py` draws it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import attrs
import msgspec

from syncproof.core.actor import freeze
from syncproof.core.moves import (
    Arrive,
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Duplicate,
    Fire,
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
from syncproof.core.observations import Joined, Observation, Quiesced
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConnectionId, Cursor, DeviceId, Entry, Id, Message, Page, ServerId, Timeline
from syncproof.core.world import System, World
from syncproof.properties import Property

Fate = Literal["under way", "arrived", "lost", "durable", "cut"]

Channel = tuple[Literal["network", "storage"], ActorId, ActorId, Packet]
"""Where something is under way: between two actors, or in an actor's own storage."""


@dataclass(slots=True)
class Flight:
    """A packet on its way, or a storage operation under way: from step `sent` to step `ended`."""

    storage: bool
    source: ActorId
    target: ActorId
    packet: Packet
    sent: int
    ended: int | None = None
    fate: Fate = "under way"


@dataclass(frozen=True, slots=True)
class Step:
    """One move. `at`: where it happens; `automata`: what changed in each property's automaton, in words."""

    number: int
    move: Move
    says: str
    at: ActorId | None
    observations: tuple[str, ...]
    automata: dict[str, str]
    complaints: dict[str, str]


@dataclass(slots=True)
class Story:
    """A told sequence. The first `prelude` steps only set the scene; from step `cycle` on it repeats for ever."""

    lanes: dict[ActorId, str]
    steps: list[Step] = field(default_factory=list)
    flights: list[Flight] = field(default_factory=list)
    prelude: int = 0
    cycle: int | None = None

    def stores(self, actor: ActorId) -> bool:
        """Whether an actor's storage is worth a lane of its own: a server's."""
        return not isinstance(actor, DeviceId) and any(
            f.storage and f.source == actor and (f.ended is None or f.ended >= self.prelude) for f in self.flights
        )


LETTERS = {"DeviceId": "d", "UserId": "u", "ConversationId": "c", "MessageId": "m"}


def words(value: Any) -> str:
    """A value in few characters: `Pull sync:1>3`, `Disconnected d0 !clean`."""
    if isinstance(value, ServerId):
        return "server"
    if isinstance(value, ConnectionId):
        return f"{words(DeviceId(value.client))}#{value.count}"
    if isinstance(value, Id):
        kind = type(value).__name__
        return f"{LETTERS[kind]}{int(value)}" if kind in LETTERS else f"{kind.removesuffix('Id').lower()}{int(value)}"
    if isinstance(value, Timeline):
        return f"{value.kind}:{int(value.owner)}"
    if isinstance(value, Message):
        return words(value.id)
    if isinstance(value, Entry):
        return f"{value.seq}={'void' if value.message is None else words(value.message)}"
    if isinstance(value, Cursor):
        return f"{words(value.timeline)}>{value.after}"
    if isinstance(value, Page):
        entries = " ".join(map(words, value.entries))
        return f"{words(value.timeline)}({value.after},{value.upto}][{entries}]"
    if isinstance(value, msgspec.Struct):
        defaults = dict(zip(reversed(value.__struct_fields__), reversed(value.__struct_defaults__), strict=False))
        shown = [(name, getattr(value, name)) for name in value.__struct_fields__]
        parts = [
            (name if item else f"!{name}") if isinstance(item, bool) else words(item)
            for name, item in shown
            if name not in defaults or item != defaults[name]
        ]
        return " ".join([type(value).__name__, *[part for part in parts if part]])
    if isinstance(value, (tuple, list)):
        return ",".join(map(words, value))
    if isinstance(value, (set, frozenset)):
        return "{" + ",".join(words(item) for item in sorted(value)) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{words(k)}: {words(v)}" for k, v in sorted(value.items())) + "}"
    if attrs.has(type(value)):
        return " ".join(f"{f.name}={words(getattr(value, f.name))}" for f in attrs.fields(type(value)))
    return str(value)


def names(system: System, world: World) -> dict[ActorId, str]:
    """The actors' names, the server's last: `device 0 (user 0)`."""
    owners = {o.device: o.user for o in system.opening if isinstance(o, Joined)}
    return {actor: name(actor, owners.get(actor)) for actor in world.actors}  # type: ignore[call-overload]


def name(actor: ActorId, owner: Id | None = None) -> str:
    """An actor's name in words."""
    if isinstance(actor, DeviceId):
        return f"device {int(actor)}" + ("" if owner is None else f" (user {int(owner)})")
    return "server" if isinstance(actor, ServerId) else words(actor)


def tell(
    system: System,
    moves: Sequence[Move],
    properties: Sequence[type[Property]] = (),
    *,
    prelude: Sequence[Move] = (),
    cycle: Sequence[Move] = (),
) -> Story:
    """Makes the moves and tells what happened. Raises `MoveError` for a move that is not possible there."""
    seen: list[Observation] = []
    world = World(system, seen.append)
    automata = [kind() for kind in properties]
    story = Story(names(system, world), prelude=len(prelude), cycle=len(prelude) + len(moves) if cycle else None)
    open_flights: list[Flight] = []
    _watch(automata, seen)
    for number, move in enumerate([*prelude, *moves, *cycle]):
        consumed = _consumed(world, move)
        before = Counter(_under_way(world))
        images = [freeze(automaton) for automaton in automata]
        seen.clear()
        says, at = describe(world, move), _place(world, move)
        world.apply(move)
        if isinstance(move, Spawn):
            story.lanes[move.actor] = name(move.actor, move.user)
        after = Counter(_under_way(world))
        if consumed is not None:
            _end(open_flights, consumed, number, _fate(move))
            before[consumed] -= 1
        for channel in (before - after).elements():
            landed = isinstance(move, Crash) and channel[0] == "storage" and channel[3] in move.landed
            fate: Fate = "durable" if landed else "cut" if channel[0] == "storage" else "lost"
            _end(open_flights, channel, number, fate)
        for kind, source, target, packet in (after - before).elements():
            flight = Flight(kind == "storage", source, target, packet, number)
            open_flights.append(flight)
            story.flights.append(flight)
        complaints = _watch(automata, seen)
        changes = {a.name: words(a) for a, image in zip(automata, images, strict=True) if freeze(a) != image}
        story.steps.append(Step(number, move, says, at, tuple(map(words, seen)), changes, complaints))
    return story


def _watch(automata: Sequence[Property], seen: Sequence[Observation]) -> dict[str, str]:
    complaints: dict[str, str] = {}
    for observation in seen:
        for automaton in automata:
            method = automaton.reactions.get(type(observation))
            says = None if method is None else getattr(automaton, method)(observation)
            if says is not None:
                complaints.setdefault(automaton.name, says)
            if isinstance(observation, Quiesced):
                for line in automaton.at_quiescence():
                    complaints.setdefault(automaton.name, line)
    return complaints


def _under_way(world: World) -> Iterator[Channel]:
    for connection in world.connections.values():
        server = world.system.server
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
    """What a move takes from where it was under way."""
    if isinstance(move, Deliver):
        connection = world.connections.get(move.connection)
        queue = None if connection is None else connection.up if move.end == "server" else connection.down
        if connection is None or not queue or world.system.server is None:
            return None
        ends = (connection.client, world.system.server)
        return ("network", *(ends if move.end == "server" else ends[::-1]), queue[0])
    if isinstance(move, (Arrive, Lose)):
        for source, packet in world.mail.get(move.receiver, ()):
            if packet == move.packet:
                return "network", source, move.receiver, packet
    if isinstance(move, Complete):
        return "storage", move.actor, move.actor, move.packet
    return None


def _fate(move: Move) -> Fate:
    return "lost" if isinstance(move, Lose) else "durable" if isinstance(move, Complete) else "arrived"


def _end(open_flights: list[Flight], channel: Channel, number: int, fate: Fate) -> None:
    """The oldest such flight has come to its end."""
    for index, flight in enumerate(open_flights):
        if (flight.storage, flight.source, flight.target, flight.packet) == (channel[0] == "storage", *channel[1:]):
            flight.ended, flight.fate = number, fate
            del open_flights[index]
            return


def _place(world: World, move: Move) -> ActorId | None:
    """Where a move happens."""
    if isinstance(move, (Deliver, Notice)):
        connection = world.connections.get(move.connection)
        if move.end == "server":
            return world.system.server
        return None if connection is None else connection.client
    for attribute in ("actor", "receiver", "client"):
        if hasattr(move, attribute):
            place: ActorId = getattr(move, attribute)
            return place
    return None


def describe(world: World, move: Move) -> str:
    """A move in words, told before it is made."""
    if isinstance(move, Deliver):
        consumed = _consumed(world, move)
        return "nothing arrives" if consumed is None else f"{words(consumed[3])} arrives"
    if isinstance(move, Arrive):
        there = any(c.client == move.receiver and c.client_open for c in world.connections.values())
        reaches = there or not world.system.link(move.packet).while_connected
        return f"{words(move.packet)} arrives" if reaches else f"{words(move.packet)} finds nobody connected"
    if isinstance(move, Lose):
        return f"{words(move.packet)} is lost"
    if isinstance(move, Duplicate):
        return f"{words(move.packet)} is duplicated"
    if isinstance(move, Complete):
        return f"storage has done {words(move.packet)}"
    if isinstance(move, Fire):
        return f"timer {words(move.packet)} fires"
    if isinstance(move, (Take, Tell)):
        return words(move.packet)
    if isinstance(move, Connect):
        return "connects"
    if isinstance(move, Disconnect):
        return "disconnects" if move.clean else "loses its connection; the server does not know"
    if isinstance(move, Notice):
        return f"the {move.end} notices that {words(move.connection)} is dead"
    if isinstance(move, Crash):
        kept = f"; durable by then: {words(move.landed)}" if move.landed else ""
        return f"crashes{kept}"
    if isinstance(move, Spawn):
        return f"a new device of {words(move.user)} appears"
    return {Restart: "restarts", Stop: "faults stop", Rest: "nothing more happens"}.get(type(move), words(move))
