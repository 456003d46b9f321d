"""A replica that follows a design's server with a lag and serves what only reads, without a change of the design.

The replica has the stores that the server had at some earlier moment (logs, inboxes, checkpoints; not the registry of users
and devices, which every process reads where it is kept): it follows by a storage operation, which
completes at any time and takes the server's state of then. A request that only reads (`Server.only_read`: a pull, a fetch of
history) is handled by the server's own handler in the replica's state. What such a handler writes is lost, as on a replica.
"""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import Any

from syncproof.core.actor import Handler, Out, actor, durable, on, volatile
from syncproof.core.packets import Packet
from syncproof.core.values import Id
from syncproof.designs.base import ROW_BYTES, Server


class Followed(Packet, frozen=True, gc=False):
    """The replica has followed up to the server's state of now."""


@cache
def with_replica(server: type[Server]) -> type[Server]:
    """Return a design's server with a replica that follows with a lag and serves what only reads."""

    @actor
    class WithReplica(server):  # type: ignore[valid-type, misc]
        replica_stores: tuple[Any, ...] = durable(tuple)
        replica_follows: bool = volatile(bool)

        def start(self, out: Out) -> None:
            if not self.replica_stores:  # it starts for the first time
                self.replica_stores = durable_images(self)
            super().start(out)
            follow(self, out)

        @on(Followed)
        def replica_followed(self, source: Id, packet: Followed, out: Out) -> None:
            self.replica_stores = durable_images(self)
            self.replica_follows = False

    stores = [name for name in server._durable if name not in Server._durable]

    def durable_images(actor: Any) -> tuple[Any, ...]:
        fields = actor.durable_fields()
        return tuple([fields[name] for name in stores])

    def follow(actor: Any, out: Out) -> None:
        if not actor.replica_follows and durable_images(actor) != actor.replica_stores:
            actor.replica_follows = True
            out.write("replica", 1, ROW_BYTES, Followed())

    def then_follows(handler: Handler) -> Handler:
        def handle(actor: Any, source: Id, packet: Packet, out: Out) -> None:
            handler(actor, source, packet, out)
            follow(actor, out)

        return handle

    def by_replica(handler: Handler) -> Handler:
        def handle(actor: Any, source: Id, packet: Packet, out: Out) -> None:
            replica = copy(actor)
            replica.recover(dict(zip(stores, actor.replica_stores, strict=True)))
            handler(replica, source, packet, out)

        return handle

    wrapped = {
        kind: (by_replica if kind in server.only_read else then_follows)(own) for kind, own in server.handlers.items()
    }
    WithReplica.handlers = {**wrapped, Followed: WithReplica.handlers[Followed]}
    WithReplica.__name__, WithReplica.__qualname__ = server.__name__, server.__qualname__
    WithReplica.__module__ = server.__module__
    return WithReplica
