"""Copies of worlds: a test that tries every move from one state needs the state as often as there are moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import copy

from syncproof.core.actor import Actor
from syncproof.core.enabled import BoundedWorld, RecordingWorld
from syncproof.core.hosts import Connection, Host, Mail, Operation, Timer
from syncproof.core.observations import Observation


def fork(bounded: BoundedWorld, observe: Callable[[Observation], None]) -> BoundedWorld:
    """Return a copy that shares nothing which a move changes.

    Make a move before asking the copy for its possible moves: until then it returns the list made for the original.
    """
    twin = copy(bounded)
    twin.world = _fork_world(bounded.world, observe)
    twin.told, twin.newcomers, twin.left = list(bounded.told), list(bounded.newcomers), dict(bounded.left)
    return twin


def _fork_world(world: RecordingWorld, observe: Callable[[Observation], None]) -> RecordingWorld:
    twin = copy(world)
    twin.observe = observe
    twin.moves = list(world.moves)
    twin.actors = {name: fork_actor(actor) for name, actor in world.actors.items()}
    twin.hosts = {
        name: twin.host_type(twin, name, twin.actors.get(name, host.actor)) for name, host in world.hosts.items()
    }
    twin.server = None if world.server is None else twin.hosts[world.server.name]
    twin.down = dict(world.down)
    twin.connections = {name: _fork_connection(connection) for name, connection in world.connections.items()}
    for name, host in world.hosts.items():
        _fill(twin.hosts[name], host, twin)
    return twin


def fork_actor(actor: Actor) -> Actor:
    """Return an actor in the same state."""
    twin = copy(actor)
    twin.restore(actor.snapshot())
    return twin


def _fork_connection(connection: Connection) -> Connection:
    twin = copy(connection)
    twin.up, twin.down = deque(connection.up), deque(connection.down)
    return twin


def _fill(twin: Host, host: Host, world: RecordingWorld) -> None:
    twin.down, twin.connects, twin.backup = host.down, host.connects, host.backup
    twin.connection = None if host.connection is None else world.connections[host.connection.id]
    twin.mail = [Mail(mail.source, twin, mail.packet) for mail in host.mail]
    twin.operations = {Operation(twin, o.packet, o.write): True for o in host.operations}
    twin.timers = {packet: Timer(twin, packet) for packet in host.timers}
    twin.poll_timer = None if host.poll_timer is None else Timer(twin, host.poll_timer.packet)
