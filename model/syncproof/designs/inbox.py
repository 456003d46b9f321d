"""The traditional family: a queue of undelivered copies, pushed, acknowledged and deleted.

| design | a copy is written | accepted when |
|---|---|---|
| `inbox-store-first` | before the push, for every device | all copies are written |
| `inbox-sync-first` | only if the device did not acknowledge in time | every device acknowledged or has its copy |
| `inbox-shared` | before the push, one for all devices of a user (XEP-0160) | all copies are written |

Nothing is kept after delivery, so there is no history for a new device. Places are the server's receipt stamps (as in
XEP-0203), which cost no row of their own.
"""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable, on, state, volatile
from syncproof.core.observations import (
    Deleted,
    Gone,
    Noted,
    Placed,
    Queued,
    RangeRead,
    Reverted,
    Served,
    Stored,
)
from syncproof.core.packets import Expire
from syncproof.core.values import (
    ConnectionId,
    ConversationId,
    Cursor,
    DeviceId,
    Entry,
    Id,
    Message,
    MessageId,
    Page,
    Timeline,
    UserId,
)
from syncproof.designs.base import ROW_BYTES, Device, Server
from syncproof.designs.packets import (
    Accept,
    Ack,
    Copied,
    Dropped,
    Indexed,
    Pull,
    PullReply,
    Push,
    Removed,
    Respond,
    Unacked,
)


@actor
class InboxDevice(Device):
    """A device that shows and acknowledges what is pushed or drained, and pulls its queue at login and at each poll."""

    def catch_up(self, out: Out) -> None:
        self.pull((), True, out)

    def on_place_known(self, message: Message, place: int, out: Out) -> None:
        self.show(Entry(0, place, message), None, out)

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Show the message and acknowledge it, new or not: the server waits for the ack."""
        if self.connection is not None:
            self.show(packet.entry, packet.timeline, out)
            out.send(self.connection, Ack((packet.message,)))

    @on(PullReply)
    def drained(self, source: Id, packet: PullReply, out: Out) -> None:
        """Show a page of the queue and acknowledge it as a whole; pull the next page, or wait for the next poll."""
        self.pulling = False
        if self.connection is None:
            return
        for page in packet.pages:
            for entry in page.entries:
                self.show(entry, page.timeline, out)
            messages = tuple([e.message.id for e in page.entries if e.message is not None])
            if messages:
                out.send(self.connection, Ack(messages))
            if page.has_more:
                self.pull((Cursor(page.timeline, page.upto),), True, out)
                return
        self.arm_poll(out)


@state
class Box:
    """One offline inbox: undelivered copies by message, and the last position assigned."""

    copies: dict[MessageId, Entry]
    last: int


@actor
class InboxServer(Server):
    """`inbox-store-first`: write every copy, push, delete after the ack.

    `index`: the place of every message (its dedup row). `audiences`: of the messages that are not accepted yet.
    `waiting`, `sources`: for each of these the inboxes whose copies are being written, and the connections to answer.
    """

    boxes: dict[Timeline, Box] = durable(dict)
    index: dict[MessageId, int] = durable(dict)
    audiences: dict[MessageId, tuple[DeviceId, ...]] = durable(dict)
    places: dict[ConversationId, int] = durable(dict)
    waiting: dict[MessageId, set[Timeline]] = volatile(dict)
    sources: dict[MessageId, tuple[ConnectionId, ...]] = volatile(dict)

    def last_place(self, conversation: ConversationId) -> int:
        return self.places.get(conversation, 0)

    def box_of(self, device: DeviceId) -> Timeline:
        """Return the inbox that holds copies for this device."""
        return Timeline("inbox", device)

    def fetching_devices(self, box: Timeline) -> tuple[DeviceId, ...]:
        """Return the devices that fetch from this inbox."""
        device = DeviceId(box.owner)
        return (device,) if device in self.owners else ()

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        place = self.index.get(message.id)
        if place is None or not self.parameters.idempotent_send:
            out.write("inbox-index", 1, ROW_BYTES, Indexed(message, source))
        else:
            out.observe(Noted("duplicate-submit", self.id))
            self.accept_again(source, message, place, out)

    @on(Indexed)
    def indexed(self, source: Id, packet: Indexed, out: Out) -> None:
        """Assign the message its place, and copy it for every device of the audience but the composing one."""
        message = packet.message
        place = self.index.get(message.id)
        if place is not None and self.parameters.idempotent_send:
            self.accept_again(packet.source, message, place, out)
            return
        place = self.place(message, out)
        self.index[message.id] = place
        self.audiences[message.id] = self.audience(message.conversation)
        self.write_copies(packet.source, message, place, out)

    def place(self, message: Message, out: Out) -> int:
        """Give the message the next place in its conversation, and return it."""
        conversation = message.conversation
        place = self.places.get(conversation, 0) + 1
        self.places[conversation] = place
        out.observe(Placed(message.id, conversation, place, self.members[conversation], self.audience(conversation)))
        return place

    def accept_again(self, source: ConnectionId, message: Message, place: int, out: Out) -> None:
        """Handle a known message: answer when its copies are written, continue after a crash, or only accept it again."""
        if message.id in self.waiting:
            self.sources[message.id] = (*self.sources[message.id], source)
            self.release(out)
        elif message.id in self.audiences:
            self.write_copies(source, message, place, out)
        else:
            out.send(source, Accept(message.id, place))
            self.release(out)

    def write_copies(self, source: ConnectionId, message: Message, place: int, out: Out) -> None:
        """Write the copies that are not in their inboxes yet; accept the message at once if there are none."""
        # A device of the audience may be retired by now, if a crash cut the copying and the sender submits again.
        devices = [d for d in self.audiences[message.id] if d != message.sender and d in self.owners]
        boxes = {self.box_of(d) for d in devices}
        missing = sorted(b for b in boxes if b not in self.boxes or message.id not in self.boxes[b].copies)
        self.waiting[message.id] = set(missing)
        self.sources[message.id] = (source,)
        for box in missing:
            out.write("inbox", 1, ROW_BYTES + message.size, Copied(box, message, place))
        if not missing:
            self.finish(message.id, place, out)

    @on(Copied)
    def copied(self, source: Id, packet: Copied, out: Out) -> None:
        """Push a copy that is durable, and accept the message once all copies are."""
        message = packet.message
        if not self.fetching_devices(packet.box):  # its device was retired in the meantime
            self.written(packet, out)
            return
        entry = self.queue(packet.box, message, packet.place, out)
        if self.parameters.notifications:
            for device in self.receivers(packet.box, message):
                out.send(device, Push(packet.box, entry))
        self.written(packet, out)

    def written(self, packet: Copied, out: Out) -> None:
        """Count a copy as written, and accept the message after the last one."""
        message = packet.message
        waiting = self.waiting.get(message.id)
        if waiting is not None:
            waiting.discard(packet.box)
            if not waiting:
                self.finish(message.id, packet.place, out)

    def queue(self, name: Timeline, message: Message, place: int, out: Out) -> Entry:
        """Put the copy into its inbox unless it is there already; return its entry."""
        box = self.boxes.get(name)
        if box is None:
            box = self.boxes[name] = Box({}, 0)
        entry = box.copies.get(message.id)
        if entry is None:
            box.last += 1
            entry = box.copies[message.id] = Entry(box.last, place, message)
            out.observe(Queued(name, message.id, self.fetching_devices(name)))
            out.observe(Stored(message.id))
        return entry

    def receivers(self, box: Timeline, message: Message) -> list[DeviceId]:
        """Return the devices to push a new copy to: those that the server believes to be online."""
        return [d for d in self.fetching_devices(box) if d in self.online and d != message.sender]

    def finish(self, message: MessageId, place: int, out: Out) -> None:
        """Accept a message whose copies are durable, over every connection that it was submitted over."""
        del self.waiting[message]
        self.audiences.pop(message, None)
        for source in self.sources.pop(message):
            out.send(source, Accept(message, place))
        self.release(out)

    @on(Ack)
    def acked(self, source: ConnectionId, packet: Ack, out: Out) -> None:
        """Delete the device's copies."""
        if self.peers[source] in self.owners:
            self.remove(self.peers[source], packet.messages, out)

    def remove(self, device: DeviceId, messages: tuple[MessageId, ...], out: Out) -> None:
        """Begin to delete the device's copies of these messages from storage."""
        name = self.box_of(device)
        box = self.boxes.get(name)
        if box is None:
            return
        entries = [box.copies[m] for m in messages if m in box.copies]
        if entries:
            size = sum(ROW_BYTES + e.message.size for e in entries if e.message is not None)
            out.delete("inbox", len(entries), Removed(name, messages, device), size)

    @on(Removed)
    def removed(self, source: Id, packet: Removed, out: Out) -> None:
        """Delete the acknowledged copies from memory, now that storage has deleted them."""
        box = self.boxes.get(packet.box)
        if box is None:
            return
        for message in packet.messages:
            if box.copies.pop(message, None) is not None:
                out.observe(Deleted(packet.box, message, packet.device))

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Read a page of the device's queue."""
        if self.reject_unregistered(source, out):
            return
        device = self.peers[source]
        name = self.box_of(device)
        box = self.boxes.get(name)
        after = packet.cursors[0].after if packet.cursors else 0
        found: list[Entry] = []
        if box is not None and box.copies and box.last > after:
            found = sorted((e for e in box.copies.values() if e.seq > after), key=lambda e: e.seq)
        entries = found[: self.parameters.page_size]
        has_more = len(found) > len(entries)
        if not has_more:
            out.observe(Served(device))
        if not entries:
            out.read("inbox", 0, 0, Respond(source, PullReply(())))
            return
        upto = entries[-1].seq
        out.observe(RangeRead(device, name, after, upto, tuple([e.seq for e in entries])))
        page = Page(name, after, tuple(entries), upto, has_more)
        reply = PullReply((page,), page.body_bytes)
        out.read("inbox", len(entries), reply.size + ROW_BYTES * len(entries), Respond(source, reply))

    @on(Expire)
    def expire(self, source: Id, packet: Expire, out: Out) -> None:
        """Begin to delete every copy. No other store has them."""
        for name, box in sorted(self.boxes.items()):
            if box.copies:
                size = sum(ROW_BYTES + e.message.size for e in box.copies.values() if e.message is not None)
                out.delete("inbox", len(box.copies), Dropped(name, tuple(sorted(box.copies))), size)

    @on(Dropped)
    def dropped(self, source: Id, packet: Dropped, out: Out) -> None:
        """Delete the expired copies from memory, now that storage has deleted them."""
        box = self.boxes.get(packet.box)
        if box is None:
            return
        for message in packet.messages:
            if box.copies.pop(message, None) is not None:
                out.observe(Gone(message, packet.box))

    def retire(self, device: DeviceId, out: Out) -> None:
        name = self.box_of(device)
        super().retire(device, out)
        if not self.fetching_devices(name) and name in self.boxes:
            box = self.boxes.pop(name)
            if box.copies:
                out.delete("inbox", len(box.copies), None, ROW_BYTES * len(box.copies))
            for message in sorted(box.copies):
                out.observe(Gone(message, name))

    def restored(self, before: InboxServer, out: Out) -> None:
        """Observe what the restore changed: copies deleted since the backup are back, later ones are gone, places are free."""
        for conversation in sorted(before.places):
            last = self.places.get(conversation, 0)
            out.observe(Reverted(Timeline("conversation", int(conversation)), last, 0))
        for name in sorted({*before.boxes, *self.boxes}):
            then = before.boxes[name].copies if name in before.boxes else {}
            now = self.boxes[name].copies if name in self.boxes else {}
            for message in sorted(now):
                if message not in then:
                    out.observe(Queued(name, message, self.fetching_devices(name)))
            for message in sorted(then):
                if message not in now:
                    out.observe(Gone(message, name))


@actor
class SharedInboxServer(InboxServer):
    """`inbox-shared`: one copy for all devices of a user, fetched by the first device that asks."""

    def box_of(self, device: DeviceId) -> Timeline:
        return Timeline("inbox", int(self.owners[device]))

    def fetching_devices(self, box: Timeline) -> tuple[DeviceId, ...]:
        return self.devices[UserId(box.owner)]

    def receivers(self, box: Timeline, message: Message) -> list[DeviceId]:
        return super().receivers(box, message)[:1]


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
            return
        held = self.holding.get(message.id)
        if held is not None:
            held.sources = (*held.sources, source)
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
            self.remove(device, (packet.message.id,), out)
        self.mark_delivered(device, packet.message.id, out)

    @on(Ack)
    def acked(self, source: ConnectionId, packet: Ack, out: Out) -> None:
        """Count the device as served, and delete its copy if it has one."""
        device = self.peers[source]
        if device not in self.owners:
            return
        box = self.box_of(device)
        self.acked_early.update((box, m) for m in packet.messages if (box, m) in self.copying)
        self.remove(device, packet.messages, out)
        for message in packet.messages:
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
