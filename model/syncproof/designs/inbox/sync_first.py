"""The server of `inbox-sync-first`: deliver first, store only what was not acknowledged in time."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, on, state, volatile
from syncproof.core.observations import Noted
from syncproof.core.values import ConnectionId, DeviceId, Entry, Id, Message, MessageId, Timeline
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.inbox.server import InboxServer
from syncproof.designs.packets import Accept, Copied, Push, Unacked


@state
class HeldMessage:
    """A message that is not accepted yet; `waiting`: devices that have neither acknowledged it nor got a copy.

    `sources`: every connection that it was submitted over; all are answered, since a retry may be processed first.
    """

    message: Message
    place: int
    sources: tuple[ConnectionId, ...]
    waiting: set[DeviceId]


@actor
class SyncFirstServer(InboxServer):
    """`inbox-sync-first`: deliver first, write only what was not acknowledged in time, keep nothing else.

    A crash loses the held messages; their senders, which received no accept, send them again. `recent`: the places of
    accepted messages. `copying`: the copies being written; `acked_early`: those of them that were acknowledged already.
    """

    holding: dict[MessageId, HeldMessage] = volatile(dict)
    recent: dict[MessageId, int] = volatile(dict)
    acked_early: set[tuple[Timeline, MessageId]] = volatile(set)
    copying: set[tuple[Timeline, MessageId]] = volatile(set)

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        self.release(out)
        place = self.recent.get(message.id)
        if place is not None and self.parameters.idempotent_send:
            out.observe(Noted("duplicate-submit", self.id))
            out.send(source, Accept(message.id, place))
            self.continue_lane(source, out)
            return
        held = self.holding.get(message.id)
        if held is not None:
            held.sources = (*held.sources, source)
            self.continue_lane(source, out)
            return
        place = self.place(message, out)
        devices = [d for d in self.audience(message.conversation) if d != message.sender]
        held = self.holding[message.id] = HeldMessage(message, place, (source,), set(devices))
        for device in devices:
            if device in self.online and self.parameters.notifications:
                out.send(device, Push(self.box_of(device), Entry(0, place, message)))
                out.after(self.parameters.ack_timeout, Unacked(message.id, device))
            else:
                self.write_copy(device, held, out)
        self.accept_if_complete(held, out)
        self.continue_lane(source, out)

    def write_copy(self, device: DeviceId, held: HeldMessage, out: Out) -> None:
        """Write a copy of a held message into the device's inbox."""
        box = self.box_of(device)
        self.copying.add((box, held.message.id))
        out.write("inbox", 1, ROW_BYTES + held.message.size, Copied(box, held.message, held.place))

    @on(Unacked)
    def unacked(self, source: Id, packet: Unacked, out: Out) -> None:
        """Write a copy for a device that did not acknowledge the push in time."""
        held = self.holding.get(packet.message)
        if held is not None and packet.device in held.waiting:
            out.observe(Noted("ack-timeout", self.id))
            self.write_copy(packet.device, held, out)

    @on(Copied)
    def copied(self, source: Id, packet: Copied, out: Out) -> None:
        """Count the copy as delivered; delete it at once if the device has acknowledged the push in the meantime."""
        super().copied(source, packet, out)
        key = (packet.box, packet.message.id)
        self.copying.discard(key)
        device = DeviceId(packet.box.owner)
        if key in self.acked_early:
            self.acked_early.discard(key)
            super().acknowledged(device, (packet.message.id,), out)
        self.mark_delivered(device, packet.message.id, out)

    def acknowledged(self, device: DeviceId, messages: tuple[MessageId, ...], out: Out) -> None:
        """Count the device as served, and delete its copies if it has any."""
        box = self.box_of(device)
        self.acked_early.update((box, m) for m in messages if (box, m) in self.copying)
        super().acknowledged(device, messages, out)
        for message in messages:
            out.cancel(Unacked(message, device))
            self.mark_delivered(device, message, out)

    def mark_delivered(self, device: DeviceId, message: MessageId, out: Out) -> None:
        """Note that the device or its inbox has the message now."""
        held = self.holding.get(message)
        if held is not None:
            held.waiting.discard(device)
            self.accept_if_complete(held, out)

    def accept_if_complete(self, held: HeldMessage, out: Out) -> None:
        """Accept a held message if every device has acknowledged it or got a copy."""
        if not held.waiting:
            message = held.message.id
            del self.holding[message]
            self.recent[message] = held.place
            for source in held.sources:
                out.send(source, Accept(message, held.place))
