"""Fairness: which moves must eventually be made once faults stop, and how a world comes to rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from syncproof.core.moves import Connect, Fire, Move, Notice, Rest, Restart, Stop
from syncproof.core.values import ActorId, ConnectionId
from syncproof.core.world import Connection, World


def recoveries(
    down: Mapping[ActorId, object], connections: Mapping[ConnectionId, Connection], clients: Mapping[ActorId, object]
) -> Iterator[Move]:
    """Yield the moves that fairness demands once faults stop, in this order: restarts, notices, connects.

    `clients` are the gateways and devices that exist; gateways come first. An open end whose other end is closed notices
    that; a client connects when it has no connection whose client's end is open.
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
            yield Connect(client)


def quiesce(world: World, limit: int = 1_000_000) -> bool:
    """Stop faults and apply the moves that fairness demands. Return False if the world is not at rest after `limit` moves.

    A round of polls that changes any device's durable state is followed by another round.
    """
    world.apply(Stop())
    changed = True
    while changed:
        # A gateway that notices that it is cut closes the connections of its devices, which changes what is to be recovered.
        while moves := list(recoveries(world.down, world.connections, world.connecting())):
            for move in moves[:1] if world.system.gateways else moves:
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
    """Apply pending moves until none is left or `limit` are made. Return how many of the limit are left.

    A timer that is armed again when it fires waits until every other pending move was made.
    """
    fired: list[Move] = []
    while limit > 0:
        move = next((move for move in world.pending() if move not in fired), None)
        if move is None and not fired:
            return limit
        if move is None:
            fired.clear()
            continue
        world.apply(move)
        if isinstance(move, Fire):
            fired.append(move)
        limit -= 1
    return limit
