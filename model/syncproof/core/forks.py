"""Copies of worlds, and what a move would change: made on a copy, compared with the original."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import copy
from typing import Any, TypeVar

from syncproof.core.actor import Actor, Out
from syncproof.core.hosts import Connection, Host, Mail, Operation, Timer
from syncproof.core.moves import Arrive, Complete, Fire, Move, Take
from syncproof.core.observations import Observation
from syncproof.core.same import find, same
from syncproof.core.values import Id
from syncproof.core.world import PACKET, World

W = TypeVar("W", bound=World)


def fork_world(world: W, observe: Callable[[Observation], None] = lambda _: None) -> W:
    """Return a copy that shares nothing which a move changes. It is not recorded."""
    twin = copy(world)
    vars(twin).update({name: list(value) for name, value in vars(world).items() if type(value) is list})
    twin.observe = observe
    twin.record = None
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


def _fill(twin: Host, host: Host, world: World) -> None:
    twin.down, twin.connects, twin.backup = host.down, host.connects, host.backup
    twin.connection = None if host.connection is None else world.connections[host.connection.id]
    twin.mail = [Mail(mail.source, twin, mail.packet) for mail in host.mail]
    twin.operations = {Operation(twin, o.packet, o.write): True for o in host.operations}
    twin.timers = {packet: Timer(twin, timer.packet) for packet, timer in host.timers.items()}
    twin.poll_timer = None if host.poll_timer is None else Timer(twin, host.poll_timer.packet)


# ---- what a move changes


def changes(world: World, move: Move) -> bool:
    """Return whether a possible move leads to another state of the world; what is observed is no part of the state.

    A packet that may arrive any number of times, a step, a timer that is armed again, or an operation that is begun again
    need not. Every other move changes something: a packet leaves a connection, an end closes, an actor restarts.
    """
    if not isinstance(move, Arrive | Complete | Fire | Take):
        return True
    host = world.hosts[move.receiver if isinstance(move, Arrive) else move.actor]
    source: Id = host.name
    if isinstance(move, Arrive):
        mail = find([m for m in host.mail if move.source in (None, m.source)], move.packet, PACKET)
        link = world.system.link(move.packet)
        if mail is None or not world.reaches(mail.source, host, link):
            return link.order != "duplicating"
        source = mail.source
    twin = fork_actor(host.actor)
    before = twin.snapshot()
    try:
        twin.handle(source, move.packet, Out())
    except Exception:  # it will be raised when the move is made
        return True
    if not same(twin.snapshot(), before):
        return True
    fork = fork_world(world)
    fork.apply(move)
    return _image(fork) != _image(world)


def _image(world: World) -> list[Any]:
    """Return what of a world a handler can change besides its actor's fields, without the order that nothing depends on."""
    order = world.system.link
    found: list[Any] = []
    for name, host in world.hosts.items():
        mail = [(order(m.packet).order, repr((m.source, m.packet))) for m in host.mail]
        queued = sorted([(m.source, n) for n, m in enumerate(host.mail) if order(m.packet).order == "ordered"])
        in_turn = [mail[n] for _, n in queued]
        loose = sorted([text for kind, text in mail if kind == "unordered"])
        endless = sorted({text for kind, text in mail if kind == "duplicating"})
        operations = sorted([repr((o.packet, o.write)) for o in host.operations])
        timers = sorted([repr(t.packet) for t in host.timers.values()])
        poll = None if host.poll_timer is None else repr(host.poll_timer.packet)
        found.append((name, in_turn, loose, endless, operations, timers, poll))
    return [found, [repr(connection.up) + repr(connection.down) for connection in world.connections.values()]]
