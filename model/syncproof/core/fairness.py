"""Fairness: what is owed to a world once faults stop, and how it comes to rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from syncproof.core.moves import Connect, Fire, Move, Notice, Rest, Restart, Stop
from syncproof.core.values import ActorId, ConnectionId, DeviceId
from syncproof.core.world import Connection, World


def recoveries(
    down: Mapping[ActorId, object], connections: Mapping[ConnectionId, Connection], clients: Mapping[ActorId, object]
) -> Iterator[Move]:
    """What fairness demands once faults stop, in this order. `clients` are the devices there are.

    Dead ends are those whose other end is closed; a client connects when its own end is closed everywhere.
    """
    for actor in sorted(down):
        yield Restart(actor)
    connected = set()
    for connection in sorted(connections):
        ends = connections[connection]
        if ends.client_open and not ends.server_open:
            yield Notice(connection, "client")
        elif ends.server_open and not ends.client_open:
            yield Notice(connection, "server")
        elif ends.client_open:
            connected.add(ends.client)
    for client in sorted(clients):
        if client not in connected:
            yield Connect(cast(DeviceId, client))


def quiesce(world: World, limit: int = 1_000_000) -> bool:
    """Stops faults and drives the world by the fairness rules; False if it does not come to rest within `limit` moves.

    A round of polls that shows or moves anything is followed by another.
    """
    world.apply(Stop())
    changed = True
    while changed:
        for move in list(recoveries(world.down, world.connections, world.clients())):
            world.apply(move)
        limit = _drain(world, limit)
        before = [actor.durable_state() for actor in world.clients().values()]
        for actor, packet in sorted(world.polls.items()):
            world.apply(Fire(actor, packet))
        limit = _drain(world, limit)
        if limit <= 0:
            return False
        changed = before != [actor.durable_state() for actor in world.clients().values()]
    world.apply(Rest())
    return True


def _drain(world: World, limit: int) -> int:
    while limit > 0:
        move = next(world.pending(), None)
        if move is None:
            return limit
        world.apply(move)
        limit -= 1
    return limit
