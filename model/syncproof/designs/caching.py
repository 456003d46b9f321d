"""A cache between devices and server that answers a pull with an earlier reply.

A cache knows a reply by what was asked for: the device, its logs and its numbers, but not the epoch of the logs, which is no
part of what it compares (as a path without its parameters). So after the server was put back to older state, it may answer
with a page of an earlier life of a log. It is no part of the server: neither a crash nor a restore changes what it keeps.
"""

from __future__ import annotations

from typing import Self

from syncproof.core.actor import Out, actor, durable, on
from syncproof.core.packets import CacheReply, Packet
from syncproof.core.values import ConnectionId, DeviceId, Id
from syncproof.designs.packets import Pull, PullReply
from syncproof.designs.refusing import RefusingServer

AskedFor = tuple[bool, tuple[tuple[str, int, int], ...]]
"""What a cache knows a pull by: whether it is full, and the kind, owner and number of each cursor."""


def asked_for(packet: Pull) -> AskedFor:
    """Return what a cache knows a pull by."""
    return packet.full, tuple([(each.timeline.kind, each.timeline.owner, each.after) for each in packet.cursors])


@actor
class CachedServer(RefusingServer):
    """What every server has before it, if the environment says so.

    `awaited`: the devices of which the next reply is kept, and what they asked for once they did. `kept`: for each device, what
    it asked for and the reply, which it is given once more when it asks for the same again.
    """

    awaited: dict[DeviceId, AskedFor | None] = durable(dict)
    kept: dict[DeviceId, tuple[AskedFor, PullReply]] = durable(dict)

    @on(CacheReply)
    def cache_reply(self, source: Id, packet: CacheReply, out: Out) -> None:
        """Keep the reply to the device's next pull."""
        self.awaited[packet.device] = None

    def keep(self, source: ConnectionId, reply: PullReply) -> PullReply:
        """Return the reply to a pull, which a cache keeps if it is awaited. Every handler of a pull makes its reply so."""
        asked = self.awaited.get(self.peers[source]) if self.awaited else None
        if asked is not None:
            device = self.peers[source]
            del self.awaited[device]
            self.kept[device] = asked, reply
        return reply

    def is_cached(self, source: ConnectionId, packet: Packet, out: Out) -> bool:
        """Answer a pull with the reply that a cache has kept; return whether it did."""
        if isinstance(packet, Pull) and (self.awaited or self.kept):
            device, asked = self.peers[source], asked_for(packet)
            if device in self.awaited:
                self.awaited[device] = asked
            elif device in self.kept and self.kept[device][0] == asked:
                out.send(source, self.kept.pop(device)[1])
                return True
        return False

    def restored(self, before: Self, out: Out) -> None:
        """Leave the cache as it is: it is no part of the server."""
        self.awaited, self.kept = dict(before.awaited), dict(before.kept)
