"""The naive explorer: breadth first over worlds, where each state is restored and each handler is run again.

It uses the same `World` as every engine, keeps states as nested tuples in a set, and supports scripts but no faults. It is
a baseline for the explorer, which must find the same numbers of states and transitions.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from syncproof.core.environment import Environment
from syncproof.core.hosts import Connection, Mail
from syncproof.core.moves import Fire, Move
from syncproof.core.world import System, World

State = Any


def explore(system: System, environment: Environment) -> tuple[int, int]:
    """Return the numbers of distinct states and of transitions."""
    world = World(system)
    for move in environment.prelude:
        world.apply(move)
    assert not environment.budgets, "this explorer supports no faults"
    positions = (0,) * len(environment.scripts)
    start = take(world), positions
    known = {start}
    queue = deque([start])
    transitions = 0
    while queue:
        image, positions = queue.popleft()
        put(world, image)
        for move, script in moves(world, environment, positions):
            put(world, image)
            world.apply(move)
            after = (
                positions if script is None else (*positions[:script], positions[script] + 1, *positions[script + 1 :])
            )
            state = take(world), after
            transitions += 1
            if state not in known:
                known.add(state)
                queue.append(state)
    return len(known), transitions


def moves(world: World, environment: Environment, positions: tuple[int, ...]) -> list[tuple[Move, int | None]]:
    """Return the possible moves, each with the number of its script, if any; polls wait until nothing else is under way."""
    found: list[tuple[Move, int | None]] = [(move, None) for move in dict.fromkeys(world.pending())]
    if environment.polls == "any" or not found:
        found += [(Fire(actor, packet), None) for actor, packet in world.polls.items()]
    for index, script in enumerate(environment.scripts):
        if positions[index] < len(script):
            found.append((script[positions[index]], index))
    return found


def take(world: World) -> State:
    """Return the world's state as a value; what has no order is sorted, packets of a duplicating link are there once."""
    mail = []
    for receiver, waiting in sorted(world.mail.items()):
        loose, queued = set(), []
        several = []
        for item in waiting:
            order = world.system.link(item[1]).order
            if order == "ordered":
                queued.append(item)
            elif order == "duplicating":
                loose.add(item)
            else:
                several.append(item)
        if waiting:
            rest = sorted([*loose, *several], key=repr)
            mail.append((receiver, (*rest, *sorted(queued, key=lambda item: item[0]))))
    return (
        tuple([actor.snapshot() for actor in world.actors.values()]),
        tuple(
            [
                (c.id, c.client, c.client_open, c.server_open, tuple(c.up), tuple(c.down))
                for _, c in sorted(world.connections.items())
            ]
        ),
        tuple(mail),
        tuple([(name, tuple(sorted(o, key=repr))) for name, o in sorted(world.operations.items()) if o]),
        tuple([(name, tuple(sorted(t, key=repr))) for name, t in sorted(world.timers.items()) if t]),
        tuple(sorted(world.polls.items(), key=repr)),
    )


def put(world: World, image: State) -> None:
    """Put a world into a state."""
    actors, connections, mail, operations, timers, polls = image
    for actor, snapshot in zip(world.actors.values(), actors, strict=True):
        actor.restore(snapshot)
    world.connections = {
        name: Connection(name, client, client_open, server_open, deque(up), deque(down))
        for name, client, client_open, server_open, up, down in connections
    }
    for host in world.hosts.values():
        host.connection, host.mail, host.operations, host.timers, host.poll_timer = None, [], {}, {}, None
    for connection in world.connections.values():
        if connection.client_open:
            world.hosts[connection.client].connection = connection
    for receiver, waiting in mail:
        host = world.hosts[receiver]
        host.mail = [Mail(source, host, packet) for source, packet in waiting]
    for name, waiting in operations:
        for packet, write in waiting:
            world.hosts[name].operate(packet, write)
    for name, waiting in timers:
        for packet in waiting:
            world.hosts[name].arm(packet)
    for name, packet in polls:
        world.hosts[name].arm_poll(packet)
