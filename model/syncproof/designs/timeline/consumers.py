"""`log-device-acks`: a retained log, and on the server a consumer for each device, which the device acks entry by entry.

This is the middleware that many teams would map the timeline onto: NATS JetStream (a stream, and a durable consumer per
device with explicit acks), Redis Streams (a consumer group per device with its pending entries), Kafka with an offset per
device. The log of a conversation is its message store; there are no copies. A *consumer* knows up to which place a device
was given each conversation, and what of that is not acked yet (*pending*).

- Accepted: in the log. A new entry is pushed to the devices believed to be online; each push arms a timer, and what is not
  acked when it fires is pushed again. The wait doubles each time, up to five minutes (JetStream's `BackOff`).
- A device that connects, or that received nothing for a poll interval, pulls: it gets what is pending, then what it was not
  given yet.
- A delivery is durable with the step that makes it, as in Redis, where the command that delivers an entry also puts it among
  the pending ones. Recording an ack is a step of its own, which a crash may lose; the entry is delivered again.
- Retention deletes what every consumer has acked (JetStream's interest policy).

A device keeps no checkpoint: it shows every message once, whatever comes again, and a late push may come after a newer entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from syncproof.core.actor import Out, actor, durable, on, state, volatile
from syncproof.core.observations import Deleted, Gone, Noted, Queued, Served
from syncproof.core.packets import AddMember, Closed, Expire, Packet
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
from syncproof.designs.base import ROW_BYTES, settle
from syncproof.designs.packets import (
    AckRecorded,
    Elapsed,
    Enrolled,
    EntryAck,
    Pull,
    PullReply,
    Push,
    Redeliver,
    Registered,
    Respond,
    Roam,
    Trim,
)
from syncproof.designs.requesting import LONGEST_WAIT
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.fanout import ReadFanoutServer
from syncproof.designs.timeline.log import PlaceKey, log_of, place_of
from syncproof.designs.timeline.reading import LogServer


@actor
class ConsumerDevice(TimelineDevice):
    """A device that shows and acks what it is given, new or not: the server waits for the ack.

    It fetches history as every timeline device does, and has no checkpoints.
    """

    def catch_up(self, out: Out) -> None:
        self.pull((), True, out)

    def on_place_known(self, message: Message, place: int, out: Out) -> None:
        self.show(Entry(0, place, message), None, out)

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Show the message and ack the entry."""
        if self.connection is not None:
            self.take((packet.entry,), packet.timeline, self.connection, out)
            if self.registered and not self.pulling:
                self.arm_poll(out)

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Show and ack each page; pull what is left of them, or wait for the next poll."""
        self.pull_answered(out)
        if self.connection is None:
            return
        for page in packet.pages:
            self.take(page.entries, page.timeline, self.connection, out)
        rest = tuple([Cursor(page.timeline, page.upto) for page in packet.pages if page.has_more])
        if self.pulling:
            return
        if rest:
            self.pull(rest, False, out)
        else:
            self.arm_poll(out)

    def take(self, entries: tuple[Entry, ...], timeline: Timeline, connection: ConnectionId, out: Out) -> None:
        """Show entries of a log, and ack them together."""
        for entry in entries:
            self.show(entry, timeline, out)
        out.send(connection, EntryAck(timeline, tuple([entry.seq for entry in entries])))


@state
class Consumer:
    """What the server knows of one device: the place up to which it was `given` each conversation, and what is `pending`."""

    given: dict[ConversationId, int]
    pending: set[PlaceKey]


def rows_of(consumer: Consumer) -> int:
    """Return how many rows a consumer takes: its position in each conversation, and what is pending."""
    return len(consumer.given) + len(consumer.pending)


def queue_of(device: DeviceId) -> Timeline:
    """Return the name of what waits for a device's acks, in observations: an inbox of references to entries of logs."""
    return Timeline("inbox", device)


@actor
class ConsumerServer(ReadFanoutServer):
    """A server with a consumer of the conversations' logs for each device.

    `waits`: for each device believed to be online, the pushed entries that wait for its ack, and how many seconds the timer of
    each waits. `acking`: the acks that are being recorded.
    """

    only_read: ClassVar[tuple[type[Packet], ...]] = (Roam,)  # a pull also notes what it gives

    consumers: dict[DeviceId, Consumer] = durable(dict)
    waits: dict[DeviceId, dict[PlaceKey, float]] = volatile(dict)
    acking: set[tuple[DeviceId, ConversationId, int]] = volatile(set)

    # ---- what a device has not acked

    def unacked(self, device: DeviceId, conversation: ConversationId) -> list[Entry]:
        """Return what a device has not acked of a conversation, in order: what is pending, then what it was not given."""
        log = self.store.get(conversation)
        if log is None:
            return []
        consumer = self.consumers[device]
        given = consumer.given.get(conversation, 0)
        first = min([place for c, place in consumer.pending if c == conversation], default=given + 1)
        entries, _ = log.after(first - 1, None, len(log.entries))
        return [e for e in entries if (conversation, e.seq) in consumer.pending or self.is_due(device, given, e)]

    def is_due(self, device: DeviceId, given: int, entry: Entry) -> bool:
        """Return whether a device is still to be given an entry: its user may read it, and it is not the device's own."""
        if entry.message is None or entry.seq <= given or self.is_own(device, entry.message):
            return False
        ranges = self.ranges.get((self.owners[device], entry.message.conversation), ())
        return any(start < entry.seq and (end is None or entry.seq <= end) for start, end in ranges)

    def is_own(self, device: DeviceId, message: Message) -> bool:
        """Return whether a message is not given to a device, because the device wrote it and shows it when it is accepted."""
        return message.sender == device

    def give(self, device: DeviceId, conversation: ConversationId, entries: list[Entry], out: Out) -> None:
        """Note that a device is being given entries of a conversation: from now on they are pending."""
        consumer = self.consumers[device]
        new = {(conversation, entry.seq) for entry in entries} - consumer.pending
        if new:
            consumer.pending |= new
            rows = 1 + len(new)  # its position, and a row for each pending entry
            consumer.given[conversation] = max(entries[-1].seq, consumer.given[conversation])
            out.write("consumers", rows, ROW_BYTES * rows, replaces=ROW_BYTES)

    # ---- pushes, and pushes again

    def carries_seq(self) -> bool:
        """Return that it does not: a device shows its own message when that is accepted, and is never given it."""
        return False

    def notify_devices(
        self, user: UserId, timeline: Timeline, entry: Entry, out: Out, told: DeviceId | None = None
    ) -> None:
        """Push the new entry, and what was not given before it, to the user's devices that are believed to be online."""
        assert entry.message is not None
        conversation = entry.message.conversation
        for device in self.devices.get(user, ()):
            if self.is_own(device, entry.message):
                continue
            out.observe(Queued(queue_of(device), entry.message.id, (device,)))
            if device in self.online and self.parameters.notifications:
                given = self.consumers[device].given.get(conversation, 0)
                new = [e for e in self.unacked(device, conversation) if e.seq > given]
                self.give(device, conversation, new, out)
                for each in new:
                    self.push(device, timeline, each, self.parameters.ack_timeout, out)

    def push(self, device: DeviceId, timeline: Timeline, entry: Entry, wait: float, out: Out) -> None:
        """Push an entry, and wait so long for its ack."""
        out.send(device, Push(timeline, entry))
        self.waits.setdefault(device, {})[ConversationId(timeline.owner), entry.seq] = wait
        out.after(wait, Redeliver(device, timeline, entry.seq))

    @on(Redeliver)
    def redeliver(self, source: Id, packet: Redeliver, out: Out) -> None:
        """Push an entry again that was not acked in time, while its device is believed to be online; wait twice as long."""
        device, conversation = packet.device, ConversationId(packet.timeline.owner)
        wait = self.stop_waiting(device, packet.timeline, packet.seq, out)
        if device in self.online and (conversation, packet.seq) in self.consumers[device].pending:
            out.observe(Noted("redelivered", self.id))
            entry = self.entry(conversation, packet.seq)
            self.push(device, packet.timeline, entry, min(2 * wait, LONGEST_WAIT), out)

    def stop_waiting(self, device: DeviceId, timeline: Timeline, seq: int, out: Out) -> float:
        """Wait no more for the ack of a push; return how many seconds its timer waited, 0 if there was none."""
        key = (ConversationId(timeline.owner), seq)
        waiting = self.waits.get(device)
        if waiting is None or key not in waiting:
            return 0.0
        out.cancel(Redeliver(device, timeline, seq))
        wait = waiting.pop(key)
        if not waiting:
            del self.waits[device]
        return wait

    def stop_all_waiting(self, device: DeviceId, out: Out) -> None:
        """Wait for no acks of a device: it will pull what it has not acked."""
        for conversation, place in sorted(self.waits.get(device, ())):
            self.stop_waiting(device, log_of(conversation, self.epoch), place, out)

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Wait for no acks of a device that is offline now."""
        device = self.peers[packet.connection]
        super().closed(source, packet, out)
        if device not in self.online and device in self.consumers:
            self.stop_all_waiting(device, out)

    # ---- pulls and acks

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Give the device a page of each conversation: what it has not acked, after the cursors of an earlier page."""
        if self.declines(source, packet, out):
            return
        device = self.peers[source]
        after = {cursor.timeline: cursor.after for cursor in packet.cursors}
        pages: list[Page] = []
        for conversation in self.followed.get(self.owners[device], ()):
            timeline = log_of(conversation, self.epoch)
            start = after.get(timeline, 0)
            found = [entry for entry in self.unacked(device, conversation) if entry.seq > start]
            page = found[: self.parameters.page_size]
            if page and (packet.full or timeline in after):
                self.give(device, conversation, page, out)
                pages.append(Page(timeline, start, tuple(page), page[-1].seq, len(found) > len(page)))
        if not any(page.has_more for page in pages):
            out.observe(Served(device))
        rows = sum([len(page.entries) for page in pages])
        reply = self.keep(source, PullReply(tuple(pages), sum([page.body_bytes for page in pages])))
        out.read("message-store", rows, reply.size + ROW_BYTES * rows, Respond(source, reply))

    @on(EntryAck)
    def acked(self, source: ConnectionId, packet: EntryAck, out: Out) -> None:
        """Record an ack. One of an earlier epoch is about entries that a restore took; their numbers are given anew."""
        device = self.peers[source]
        if device not in self.owners or packet.timeline.epoch != self.epoch:
            return
        conversation = ConversationId(packet.timeline.owner)
        pending = self.consumers[device].pending
        acked = tuple([seq for seq in packet.seqs if (conversation, seq) in pending])
        for seq in acked:
            self.stop_waiting(device, packet.timeline, seq, out)
        acked = tuple([seq for seq in acked if (device, conversation, seq) not in self.acking])
        if acked:
            rows = len(acked)
            self.acking.update([(device, conversation, seq) for seq in acked])
            out.delete("consumers", rows, AckRecorded(device, packet.timeline, acked), ROW_BYTES * rows)

    @on(AckRecorded)
    def recorded(self, source: Id, packet: AckRecorded, out: Out) -> None:
        """Take the acked entries out of what is pending, now that the ack is durable."""
        conversation = ConversationId(packet.timeline.owner)
        self.acking.difference_update([(packet.device, conversation, seq) for seq in packet.seqs])
        consumer = self.consumers.get(packet.device)
        if consumer is None:  # the device was retired meanwhile, and the rows deleted with it
            settle("consumers", 0, ROW_BYTES * len(packet.seqs), out)
            return
        for seq in packet.seqs:
            if (conversation, seq) in consumer.pending:
                consumer.pending.discard((conversation, seq))
                message = self.entry(conversation, seq).message
                assert message is not None
                out.observe(Deleted(queue_of(packet.device), message.id, packet.device))

    @on(Elapsed)
    def void_expired(self, source: Id, packet: Elapsed, out: Out) -> None:
        """Leave a void in the log; no consumer waits for the message any more."""
        waiting = [device for device in sorted(self.consumers) if packet.message in self.messages_unacked(device)]
        super().void_expired(source, packet, out)
        for device in waiting:
            if packet.message not in self.messages_unacked(device):
                out.observe(Gone(packet.message, queue_of(device), "retention"))

    def is_needed(self, entry: Entry) -> bool:
        return super().is_needed(entry) or any(place_of(entry) in c.pending for c in self.consumers.values())

    def entry(self, conversation: ConversationId, seq: int) -> Entry:
        """Return a pending entry, which no retention deletes."""
        return self.store[conversation].after(seq - 1, seq, 1)[0][0]

    # ---- devices that come and go, retention, restores

    def register_device(self, device: DeviceId, user: UserId) -> None:
        """Add a device, whose consumer begins behind what is in the logs now: that is history, which it fetches."""
        super().register_device(device, user)
        self.consumers[device] = Consumer({c: self.last_place(c) for c in self.followed.get(user, ())}, set())

    def insert_member(self, conversation: ConversationId, user: UserId) -> None:
        """Add a user to the members; the consumers of the user's devices begin behind what is in the log now."""
        super().insert_member(conversation, user)
        for device in self.devices.get(user, ()):
            self.consumers[device].given.setdefault(conversation, self.last_place(conversation))

    @on(AddMember)
    def add_member(self, source: Id, packet: AddMember, out: Out) -> None:
        """Add the user to the members; the positions at which the consumers begin are rows of their own."""
        consumers = [self.consumers[device] for device in self.devices.get(packet.user, ())]
        rows = sum([packet.conversation not in consumer.given for consumer in consumers])
        super().add_member(source, packet, out)
        if rows:
            out.write("consumers", rows, ROW_BYTES * rows)

    def registration(
        self, device: DeviceId, user: UserId, history: tuple[tuple[ConversationId, int], ...]
    ) -> Registered:
        return Registered((), history)

    def retire(self, device: DeviceId, out: Out) -> None:
        self.stop_all_waiting(device, out)
        rows = rows_of(self.consumers.pop(device))
        if rows:
            out.delete("consumers", rows, None, ROW_BYTES * rows)
        super().retire(device, out)

    @on(Enrolled)
    def enrolled(self, source: Id, packet: Enrolled, out: Out) -> None:
        """Register the device; the positions at which its consumer begins are rows of their own."""
        known = packet.device in self.consumers
        super().enrolled(source, packet, out)
        rows = 0 if known else rows_of(self.consumers[packet.device])
        if rows:
            out.write("consumers", rows, ROW_BYTES * rows)

    def held(self) -> Mapping[str, int]:
        rows = sum([rows_of(consumer) for consumer in self.consumers.values()])
        return {**super().held(), "consumers": ROW_BYTES * rows}

    @on(Expire)
    def expire(self, source: Id, packet: Expire, out: Out) -> None:
        """Begin to delete from each log what every consumer has acked."""
        for conversation, log in sorted(self.store.items()):
            waiting = [entry.seq for device in self.consumers for entry in self.unacked(device, conversation)]
            acked, _ = log.after(0, min(waiting) - 1 if waiting else None, len(log.entries))
            self.begin_trim("message-store", log_of(conversation, self.epoch), acked, out)

    @on(Trim)
    def trim(self, source: Id, packet: Trim, out: Out) -> None:
        """Delete the entries from the log."""
        self.finish_trim("message-store", self.store[ConversationId(packet.timeline.owner)], packet, out)

    def restored(self, before: LogServer, out: Out) -> None:
        """Begin a new epoch, and observe which messages wait for their acks again, and which do no more."""
        assert isinstance(before, ConsumerServer)
        super().restored(before, out)
        for device in sorted({*before.consumers, *self.consumers}):
            then, now = before.messages_unacked(device), self.messages_unacked(device)
            for message in sorted(now - then):
                out.observe(Queued(queue_of(device), message, (device,)))
            for message in sorted(then - now):
                out.observe(Gone(message, queue_of(device)))

    def messages_unacked(self, device: DeviceId) -> set[MessageId]:
        """Return the messages that a device has not acked; none for a device that is not registered."""
        if device not in self.consumers:
            return set()
        logs = [self.unacked(device, conversation) for conversation in self.followed.get(self.owners[device], ())]
        return {entry.message.id for entries in logs for entry in entries if entry.message is not None}
