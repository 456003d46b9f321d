"""Inbox copies that are deleted, withheld or shared too early."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.packets import Packet
from syncproof.core.values import (
    ConnectionId,
    DeviceId,
    Id,
    Message,
    Timeline,
)
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.inbox.device import InboxDevice
from syncproof.designs.inbox.server import InboxServer
from syncproof.designs.inbox.shared import SharedInboxServer
from syncproof.designs.inbox.sync_first import HeldMessage, SyncFirstServer
from syncproof.designs.packets import (
    Copied,
    Pull,
    PullReply,
    Respond,
)
from syncproof.seeded_bugs._record import seeded_bug


@actor
class DeletesOnPush(InboxServer):
    """Deletes an inbox copy when it is written to the socket."""

    @on(Copied)
    def copied(self, source: Id, packet: Copied, out: Out) -> None:
        """Push the message and delete its copies at once."""
        super().copied(source, packet, out)
        for device in self.receivers(packet.box, packet.message):
            self.remove(device, (packet.message.id,), out)


F17 = seeded_bug(
    "F17",
    "delete on push",
    mechanism="the inbox copy is deleted when it is written to the socket, not when it is acknowledged",
    cure="delete a copy after the device's ack, which it sends when the message is in its database",
    seen_in="ejabberd#3228, #3180; Prosody",
    violates=("no-loss", "no-early-delete"),
    base="inbox-store-first",
    world=("two-people", 1, ("push",)),
    server=DeletesOnPush,
)


@actor
class TrustsTheSocket(SyncFirstServer):
    """Counts a message as delivered to every device that the server believes to be online."""

    def accept_if_complete(self, held: HeldMessage, out: Out) -> None:
        held.waiting = {d for d in held.waiting if d not in self.online}
        super().accept_if_complete(held, out)


F18 = seeded_bug(
    "F18",
    "half-open connection",
    mechanism="the server believes the device online: neither delivered nor stored",
    cure="store the message for every device whose ack does not come in time",
    seen_in="ejabberd#417, #1151, #2713",
    violates=("no-loss",),
    base="inbox-sync-first",
    world=("two-people", 1, ("half-open",)),
    server=TrustsTheSocket,
)


F19 = seeded_bug(
    "F19",
    "one inbox per user",
    mechanism="the first device drains it for all",
    cure="keep a copy, or a checkpoint, for each device",
    seen_in="MongooseIM#3115, XEP-0160; Prosody",
    violates=("no-loss", "convergence"),
    base="inbox-store-first",
    world=("three-devices", 1, ()),
    server=SharedInboxServer,
)


@actor
class ClonedIdentity(InboxServer):
    """Gives a new device the identity of the user's first device, and so its inbox."""

    def identity(self, device: DeviceId) -> DeviceId:
        """Return the device whose identity this one uses."""
        return self.devices[self.owners[device]][0] if device in self.registrations else device

    def box_of(self, device: DeviceId) -> Timeline:
        return super().box_of(self.identity(device))

    def fetching_devices(self, box: Timeline) -> tuple[DeviceId, ...]:
        return tuple([d for d in self.devices[self.owners[DeviceId(box.owner)]] if self.box_of(d) == box])

    def receivers(self, box: Timeline, message: Message) -> list[DeviceId]:
        return super().receivers(box, message)[-1:]


F20 = seeded_bug(
    "F20",
    "cloned identity",
    mechanism="two installations share one device id and drain each other's queue",
    cure="give each installation an identity of its own",
    seen_in="Signal-Desktop#2527",
    violates=("no-loss",),
    base="inbox-store-first",
    world=("three-devices", 1, ("new-device",)),
    server=ClonedIdentity,
)


class Moved(Packet, frozen=True, gc=False):
    """The queue is on disk, where reads find it."""

    box: Timeline


@actor
class LooksEmpty(InboxServer):
    """Answers pulls with an empty queue while the queue moves from memory to disk."""

    moving: set[Timeline] = volatile(set)

    @on(Copied)
    def copied(self, source: Id, packet: Copied, out: Out) -> None:
        """Store the copy and begin to move the queue."""
        super().copied(source, packet, out)
        self.moving.add(packet.box)
        out.write("inbox", 1, ROW_BYTES + packet.message.size, Moved(packet.box))

    @on(Moved)
    def moved(self, source: Id, packet: Moved, out: Out) -> None:
        """Make the queue visible again."""
        self.moving.discard(packet.box)

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Answer with nothing while the queue is being moved."""
        if self.box_of(self.peers[source]) in self.moving:
            out.read("inbox", 0, 0, Respond(source, PullReply(())))
        else:
            super().pulled(source, packet, out)


@actor
class DrainsAtLogin(InboxDevice):
    """Pulls its queue only when it connects."""

    def arm_poll(self, out: Out) -> None:
        pass


F37 = seeded_bug(
    "F37",
    "queue looks empty while it moves",
    mechanism="reads return nothing during persistence, the device believes that it is done",
    cure="read from memory and disk as one queue, or ask again until the move is over",
    seen_in="Signal-Server, read in code",
    violates=("no-loss",),
    base="inbox-store-first",
    world=("two-people", 1, ("disconnect",)),
    device=DrainsAtLogin,
    server=LooksEmpty,
)
