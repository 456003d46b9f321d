"""Tell a world in short texts: the fields of its actors, what is in flight; and what differs between two worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import attrs

from syncproof.core.actor import Actor
from syncproof.core.moves import Arrive, Complete, Deliver, Fire, Lose, Move
from syncproof.core.values import ActorId
from syncproof.core.world import World
from syncproof.counterexamples.wording import actor_names, brief

Where = Literal["connection", "link", "write", "read", "timer", "poll"]
CONSUMING: dict[type[Move], tuple[Where, ...]] = {
    Deliver: ("connection",),
    Arrive: ("link",),
    Lose: ("link",),
    Complete: ("write", "read"),
    Fire: ("timer", "poll"),
}
"""Where the move takes what it is about from. That this is gone afterwards goes without saying."""


class Flight(NamedTuple):
    """What may still happen: a packet on its way, an open storage operation, a timer. `over`: the connection."""

    where: Where
    source: ActorId
    target: ActorId
    text: str
    over: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """A world in short texts.

    `fields`: (actor, field) -> value; `parts`: the same for a dict, key by key; `ends`: connection -> which of its ends are open.
    """

    names: dict[ActorId, str]
    fields: dict[tuple[ActorId, str], str]
    parts: dict[tuple[ActorId, str], dict[str, str]]
    running: dict[ActorId, bool]
    flights: list[Flight]
    ends: dict[str, str]


def facts(world: World) -> Facts:
    """Return what there is to tell of a world."""
    names = actor_names(world.system, world)
    values = {(n, f): getattr(a, f) for n, a in world.actors.items() for f in fields_of(a)}
    fields = {key: told(value) for key, value in values.items()}
    parts = {key: {told(k): told(v) for k, v in value.items()} for key, value in values.items() if type(value) is dict}
    running = {name: name not in world.down for name in world.actors}
    ends = {
        brief(c.id): "both ends open" if c.client_open and c.server_open else "only the client's end open"
        if c.client_open else "only the server's end open"
        for c in world.connections.values() if c.client_open or c.server_open
    }  # fmt: skip
    return Facts(names, fields, parts, running, list(_flights(world)), ends)


def fields_of(actor: Actor) -> tuple[str, ...]:
    """Return the names of the fields that an actor's handlers change, durable ones first."""
    return type(actor)._state


def survives(actor: Actor, name: str) -> bool:
    """Return whether a field survives a crash."""
    return name in type(actor)._durable


def told(value: Any) -> str:
    """Return a short text for any value, also for one of a class that only a user knows."""
    try:
        return brief(list(value) if type(value).__name__ == "deque" else value) or "–"
    except Exception:  # a value of a design's own class, which `brief` cannot sort or take apart
        return f"{value!r}"


def parts_of(automaton: Any) -> dict[str, str]:
    """Return the fields of a property's automaton as short texts."""
    return {each.name: told(getattr(automaton, each.name)) for each in attrs.fields(type(automaton))}


def _flights(world: World) -> Iterator[Flight]:
    for connection in world.connections.values():
        server = world.system.server_of(connection.id)
        assert server is not None
        for packet in connection.up:
            yield Flight("connection", connection.client, server, told(packet), brief(connection.id))
        for packet in connection.down:
            yield Flight("connection", server, connection.client, told(packet), brief(connection.id))
    for name, host in world.hosts.items():
        for mail in host.mail:
            yield Flight("link", mail.source, name, told(mail.packet))
        for operation in host.operations:
            yield Flight("write" if operation.write else "read", name, name, told(operation.packet))
        for timer in host.timers.values():
            yield Flight("timer", name, name, told(timer.packet))
        if host.poll_timer is not None:
            yield Flight("poll", name, name, told(host.poll_timer.packet))


# ---- what differs


def effects(before: Facts, after: Facts, move: Move) -> list[str]:
    """Return what a move did, a line each: who runs, fields, connections, what is on its way now and what no longer is."""
    names = {**before.names, **after.names}
    found = [f"{names[n]} appears" for n in after.running if n not in before.running]
    for name, runs in after.running.items():
        if before.running.get(name, runs) != runs:
            found.append(f"{names[name]} {'runs again' if runs else 'does not run'}")
    for key in after.fields:
        if key in before.fields and before.fields[key] != after.fields[key]:
            found += [f"{names[key[0]]}: {key[1]} {change}" for change in _changes(before, after, key)]
    for over, ends in after.ends.items():
        if before.ends.get(over) != ends:
            found.append(f"connection {over}: {ends}")
    found += [f"connection {over}: closed" for over in before.ends if over not in after.ends]
    then, now = Counter(before.flights), Counter(after.flights)
    found += [_begun(flight, names) for flight in (now - then).elements()]
    gone = list((then - now).elements())
    taken = next((flight for flight in gone if flight.where in CONSUMING.get(type(move), ())), None)
    if taken is not None:
        gone.remove(taken)
    return found + [_ended(flight, names) for flight in gone]


def _changes(before: Facts, after: Facts, key: tuple[ActorId, str]) -> Iterator[str]:
    """Yield what changed in a field; of a dict that has keys before and after, only the keys that changed."""
    then, now = before.parts.get(key), after.parts.get(key)
    if not then or not now:
        yield f"{before.fields[key]} → {after.fields[key]}"
        return
    for each in dict.fromkeys((*then, *now)):
        if each not in now:
            yield f"without {each}"
        elif then.get(each) != now[each]:
            yield f"of {each}: {then[each]} → {now[each]}" if each in then else f"and {each}: {now[each]}"


def _begun(flight: Flight, names: dict[ActorId, str]) -> str:
    who = names.get(flight.source, brief(flight.source))
    if flight.where in ("connection", "link"):
        return f"{who} sends {flight.text} to {names.get(flight.target, brief(flight.target))}"
    verb = {"write": "begins to store", "read": "begins to read", "timer": "arms the timer", "poll": "arms the poll"}
    return f"{who} {verb[flight.where]} {flight.text}"


def _ended(flight: Flight, names: dict[ActorId, str]) -> str:
    who = names.get(flight.source, brief(flight.source))
    if flight.where in ("timer", "poll"):
        return f"{who}: {flight.where} {flight.text} is no longer armed"
    if flight.where in ("write", "read"):
        return f"{who}: {flight.text} is no longer open"
    return f"{flight.text} to {names.get(flight.target, brief(flight.target))} is no longer on its way"
