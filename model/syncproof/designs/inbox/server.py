"""The server of `inbox-store-first`, and what the others of the family vary: a queue of copies for each device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncproof.core.actor import Out, actor, durable, on, state, volatile
from syncproof.core.observations import Deleted, Gone, Noted, Placed, Queued, RangeRead, Reverted, Served, Stored
from syncproof.core.packets import Closed, Expire
from syncproof.core.values import ConnectionId, ConversationId, DeviceId, Entry, Id, Message, MessageId, Page, Timeline
from syncproof.designs.base import ROW_BYTES, Server, settle
from syncproof.designs.packets import (
    Accept,
    Ack,
    AckRange,
    Copied,
    Dropped,
    Indexed,
    Outlived,
    Pull,
    PullReply,
    Push,
    Removed,
    Repush,
    Respond,
)
from syncproof.designs.requesting import LONGEST_WAIT


@state
class Box:
    """One offline inbox: undelivered copies by message, and the last position assigned."""

    copies: dict[MessageId, Entry]
    last: int


def bytes_of(copies: Iterable[Entry]) -> int:
    """Return the bytes that copies take in an inbox."""
    return sum([ROW_BYTES + copy.message.size for copy in copies if copy.message is not None])


@actor
class InboxServer(Server):
    """`inbox-store-first`: write every copy, push, delete after the ack.

    `index`: the place of every message (its dedup row). `audiences`: of the messages that are not accepted yet; each is the
    intent to write the copies, a row that is written with the dedup row and deleted with the accepting reply.
    `waiting`, `sources`: for each of these the inboxes whose copies are being written, and the connections to answer.
    `waits`: for each device believed to be online, the pushed messages that wait for its ack, and how many seconds the
    timer of each waits. `deleting`: the copies that storage is deleting.
    """

    boxes: dict[Timeline, Box] = durable(dict)
    index: dict[MessageId, int] = durable(dict)
    audiences: dict[MessageId, tuple[DeviceId, ...]] = durable(dict)
    places: dict[ConversationId, int] = durable(dict)
    waiting: dict[MessageId, set[Timeline]] = volatile(dict)
    sources: dict[MessageId, tuple[ConnectionId, ...]] = volatile(dict)
    waits: dict[DeviceId, dict[MessageId, float]] = volatile(dict)
    deleting: set[tuple[Timeline, MessageId]] = volatile(set)

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
            rows = 1 + self.parameters.idempotent_send
            out.write("inbox-index", rows, ROW_BYTES * rows, Indexed(message, source))
        else:
            out.observe(Noted("duplicate-submit", self.id))
            self.accept_again(source, message, place, out)

    @on(Indexed)
    def indexed(self, source: Id, packet: Indexed, out: Out) -> None:
        """Assign the message its place, and copy it for every device of the audience except the one that composed it."""
        message = packet.message
        place = self.index.get(message.id)
        if place is not None and self.parameters.idempotent_send:  # put if absent, and it was there
            settle("inbox-index", 2 * ROW_BYTES, 0, out)
            self.accept_again(packet.source, message, place, out)
            return
        if message.id in self.audiences:
            settle("inbox-index", ROW_BYTES, 0, out)
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
            self.continue_lane(source, out)
        elif message.id in self.audiences:
            self.write_copies(source, message, place, out)
        else:
            out.send(source, Accept(message.id, place))
            self.release(out)
            self.continue_lane(source, out)

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
            out.delete("inbox", 1, None, ROW_BYTES + message.size)
            self.written(packet, out)
            return
        entry = self.queue(packet.box, message, packet.place, out)
        if self.parameters.notifications:
            for device in self.receivers(packet.box, message):
                self.push(device, packet.box, entry, self.parameters.ack_timeout, out)
        self.written(packet, out)

    # ---- pushes, and pushes again

    def push(self, device: DeviceId, box: Timeline, entry: Entry, wait: float, out: Out) -> None:
        """Push a copy, and wait so long for its ack; or delete it, where that is done on sending."""
        assert entry.message is not None
        message = entry.message.id
        out.send(device, Push(box, entry))
        if self.deletes_on_send():
            self.remove(device, (message,), out)
        elif self.parameters.retransmission:
            self.waits.setdefault(device, {})[message] = wait
            out.after(wait, Repush(device, message))

    def deletes_on_send(self) -> bool:
        """Return whether a copy is deleted as soon as it was sent to a device."""
        return False

    @on(Repush)
    def push_again(self, source: Id, packet: Repush, out: Out) -> None:
        """Push a copy again that was not acknowledged in time; the next wait is twice as long."""
        device, message = packet.device, packet.message
        wait = self.stop_waiting(device, message, out)
        name = self.box_of(device)
        box = self.boxes.get(name)
        entry = None if box is None else box.copies.get(message)
        if entry is not None and (name, message) not in self.deleting:
            out.observe(Noted("redelivered", self.id))
            self.push(device, name, entry, min(2 * wait, LONGEST_WAIT), out)

    def stop_waiting(self, device: DeviceId, message: MessageId, out: Out) -> float:
        """Wait no more for the ack of a push; return how many seconds its timer waited, 0 if there was none."""
        waiting = self.waits.get(device)
        if waiting is None or message not in waiting:
            return 0.0
        out.cancel(Repush(device, message))
        wait = waiting.pop(message)
        if not waiting:
            del self.waits[device]
        return wait

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Wait for no acks of a device that is offline now: it will drain its inbox."""
        device = self.peers[packet.connection]
        super().closed(source, packet, out)
        if device not in self.online:
            self.stop_all_waiting(device, out)

    def stop_all_waiting(self, device: DeviceId, out: Out) -> None:
        """Wait for no acks of a device."""
        for message in sorted(self.waits.get(device, ())):
            self.stop_waiting(device, message, out)

    # ---- what is in the inboxes

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
            if self.parameters.inbox_ttl:
                out.after(self.parameters.inbox_ttl, Outlived(name, message.id))
        else:  # written a second time, after a crash
            settle("inbox", ROW_BYTES + message.size, 0, out)
        return entry

    def receivers(self, box: Timeline, message: Message) -> list[DeviceId]:
        """Return the devices to push a new copy to: those that the server believes to be online."""
        return [d for d in self.fetching_devices(box) if d in self.online and d != message.sender]

    def finish(self, message: MessageId, place: int, out: Out) -> None:
        """Accept a message whose copies are durable, over every connection that it was submitted over."""
        del self.waiting[message]
        if self.audiences.pop(message, None) is not None:
            out.delete("inbox-index", 1, None, ROW_BYTES)
        sources = self.sources.pop(message)
        for source in sources:
            out.send(source, Accept(message, place))
        self.release(out)
        self.continue_lane(sources[0], out)

    # ---- acks

    @on(Ack)
    def acked(self, source: ConnectionId, packet: Ack, out: Out) -> None:
        """Delete the device's copies of these messages."""
        if self.peers[source] in self.owners:
            self.acknowledged(self.peers[source], packet.messages, out)

    @on(AckRange)
    def range_acked(self, source: ConnectionId, packet: AckRange, out: Out) -> None:
        """Delete the copies of a drained page: those in its range, since later copies have greater numbers."""
        device = self.peers[source]
        if device not in self.owners:
            return
        box = self.boxes.get(self.box_of(device))
        copies = () if box is None else box.copies.values()
        within = sorted([(e.seq, e.message.id) for e in copies
                         if packet.after < e.seq <= packet.upto and e.message is not None])  # fmt: skip
        self.acknowledged(device, tuple([message for _, message in within]), out)

    def acknowledged(self, device: DeviceId, messages: tuple[MessageId, ...], out: Out) -> None:
        """Note that a device has shown these messages."""
        for message in messages:
            self.stop_waiting(device, message, out)
        self.remove(device, messages, out)

    def remove(self, device: DeviceId, messages: tuple[MessageId, ...], out: Out) -> None:
        """Begin to delete the device's copies of these messages from storage, but for those that it is deleting already."""
        name = self.box_of(device)
        box = self.boxes.get(name)
        if box is not None:
            found = tuple([m for m in messages if m in box.copies and (name, m) not in self.deleting])
            if found:
                self.delete(name, found, Removed(name, found, device), out)

    def delete(self, name: Timeline, messages: tuple[MessageId, ...], then: Removed | Dropped, out: Out) -> None:
        """Begin to delete copies from storage."""
        self.deleting.update([(name, message) for message in messages])
        copies = self.boxes[name].copies
        out.delete("inbox", len(messages), then, bytes_of([copies[message] for message in messages]))

    @on(Removed)
    def removed(self, source: Id, packet: Removed, out: Out) -> None:
        """Delete the acknowledged copies from memory, now that storage has deleted them."""
        for message in self.take_out(packet.box, packet.messages, out):
            out.observe(Deleted(packet.box, message, packet.device))

    def take_out(self, name: Timeline, messages: Iterable[MessageId], out: Out) -> list[MessageId]:
        """Take copies out of an inbox, and the inbox away if nobody fetches from it; return the messages that were in it."""
        box = self.boxes.get(name)
        if box is None:
            return []
        taken = [message for message in messages if box.copies.pop(message, None) is not None]
        for message in taken:
            self.deleting.discard((name, message))
            if self.parameters.inbox_ttl:
                out.cancel(Outlived(name, message))
        if not box.copies and not self.fetching_devices(name):
            del self.boxes[name]
        return taken

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Read a page of the device's queue."""
        if self.declines(source, packet, out):
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
            out.read("inbox", 0, 0, Respond(source, self.keep(source, PullReply(()))))
            return
        upto = entries[-1].seq
        out.observe(RangeRead(device, name, after, upto, tuple([e.seq for e in entries])))
        page = Page(name, after, tuple(entries), upto, has_more)
        reply = self.keep(source, PullReply((page,), page.body_bytes))
        out.read("inbox", len(entries), reply.size + ROW_BYTES * len(entries), Respond(source, reply))
        if self.deletes_on_send():
            self.remove(device, tuple([e.message.id for e in entries if e.message is not None]), out)

    # ---- expiry, retired devices, restores

    @on(Expire)
    def expire(self, source: Id, packet: Expire, out: Out) -> None:
        """Begin to delete every copy. No other store has them."""
        for name, box in sorted(self.boxes.items()):
            self.drop(name, tuple(sorted(box.copies)), out)

    @on(Outlived)
    def outlived(self, source: Id, packet: Outlived, out: Out) -> None:
        """Begin to delete a copy that has been in its inbox for as long as one may."""
        self.drop(packet.box, (packet.message,), out)

    def drop(self, name: Timeline, messages: tuple[MessageId, ...], out: Out) -> None:
        """Begin to delete copies, delivered or not, but for those that storage is deleting already."""
        found = tuple([message for message in messages if (name, message) not in self.deleting])
        if found:
            self.delete(name, found, Dropped(name, found), out)

    @on(Dropped)
    def dropped(self, source: Id, packet: Dropped, out: Out) -> None:
        """Delete the expired copies from memory, now that storage has deleted them."""
        for message in self.take_out(packet.box, packet.messages, out):
            out.observe(Gone(message, packet.box, "retention"))

    def retire(self, device: DeviceId, out: Out) -> None:
        name = self.box_of(device)
        self.stop_all_waiting(device, out)
        super().retire(device, out)
        if not self.fetching_devices(name):
            self.discard(name, out)

    def discard(self, name: Timeline, out: Out) -> None:
        """Delete an inbox from which nobody fetches any more. What storage is deleting goes when that is done."""
        copies = self.boxes[name].copies if name in self.boxes else {}
        rest = [message for message in sorted(copies) if (name, message) not in self.deleting]
        if rest:
            out.delete("inbox", len(rest), None, bytes_of([copies[message] for message in rest]))
        for message in self.take_out(name, rest, out):
            out.observe(Gone(message, name, "retention"))

    def start(self, out: Out) -> None:
        """Delete the inboxes whose devices were retired before a crash; start the time to live of every copy again."""
        for name, box in sorted(self.boxes.items()):
            if not self.fetching_devices(name):
                self.discard(name, out)
            elif self.parameters.inbox_ttl:
                for message in sorted(box.copies):
                    out.after(self.parameters.inbox_ttl, Outlived(name, message))

    def held(self) -> Mapping[str, int]:
        rows = len(self.audiences) + (len(self.index) if self.parameters.idempotent_send else 0)
        copies = sum([bytes_of(box.copies.values()) for box in self.boxes.values()])
        return {**super().held(), "inbox": copies, "inbox-index": ROW_BYTES * rows}

    def restored(self, before: InboxServer, out: Out) -> None:
        """Observe what the restore changed: copies deleted since the backup are back, later ones are gone, places are free."""
        super().restored(before, out)
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
