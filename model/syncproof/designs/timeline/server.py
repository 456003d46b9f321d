"""The writing half of a server of logs: store first, then sync. Everything is an append to a log that devices pull.

A submission goes through these steps; a crash may come after each:

1. *commit*: message, dedup row and intent in the message store -> the message has its place and is not lost any more;
2. *sync*: a copy per member in the sync store (fan-out on write), by one writer per user, so that a user's timeline keeps
   each conversation's order; after the last copy the intent is deleted;
3. *announce*: a hint, or the message itself, to the devices believed to be online.

The sender's reply comes with the copy in the sender's own timeline: it says where that copy is, and stands for the
announcement to the sending device. Where there is no such copy, it comes with the commit.

After a restart, steps 2 and 3 are repeated for the intents that are left. `reading.py` has the reads of these logs,
`device.py` what a device does with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Appended, Noted, Placed, Stored
from syncproof.core.packets import Packet, Tick
from syncproof.core.values import ConnectionId, ConversationId, DeviceId, Entry, Id, Message, Timeline, UserId
from syncproof.designs.base import ROW_BYTES, settle
from syncproof.designs.packets import Accept, Commit, Notification, Respond, Synced
from syncproof.designs.timeline.log import Log, PlaceKey, bytes_of, log_of, place_of, sync_of
from syncproof.designs.timeline.reading import LogServer
from syncproof.designs.timeline.sequencer import NumberBlocks, next_number


@actor
class TimelineServer(LogServer):
    """`timeline-notify`: message store, sync store, notification.

    `accepting`: the senders whose reply waits for the copy in the timeline of their user, by place. `unsynced`: how many
    copies of a placed message are still to be written. `queue`: each user's entries that wait for the user's writer;
    `writing`: the users whose writer is busy. `redriven`: the intents being repeated after a restart.
    """

    blocks: NumberBlocks = durable(lambda: NumberBlocks({}))
    clock: int = durable(int)
    given: dict[int, int] = volatile(dict)
    accepting: dict[PlaceKey, tuple[UserId, ConnectionId]] = volatile(dict)
    unsynced: dict[PlaceKey, int] = volatile(dict)
    queue: dict[UserId, list[Entry]] = volatile(dict)
    writing: set[UserId] = volatile(set)
    redriven: set[PlaceKey] = volatile(set)

    # ---- 1. commit

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        place = self.index.get(message.id) if self.parameters.idempotent_send else None
        if place is not None:
            out.observe(Noted("duplicate-submit", self.id))
            if not self.waits_for_copy(message, place, source):
                self.reply_again(source, message, place, out)
            self.release(out)
            self.continue_lane(source, out)
            return
        copies = bool(self.receivers(message.conversation))
        rows = 1 + self.parameters.idempotent_send + copies
        size = ROW_BYTES * rows + message.size
        out.write("message-store", rows, size, Commit(message, source, size))

    @on(Commit)
    def commit(self, source: Id, packet: Commit, out: Out) -> None:
        """Place the message, unless another submission of it was placed in the meantime (put if absent)."""
        message = packet.message
        place = self.index.get(message.id) if self.parameters.idempotent_send else None
        if place is not None:
            settle("message-store", packet.size, 0, out)
            if not self.waits_for_copy(message, place, packet.source):
                self.reply(packet.source, message, place, out)
            self.release(out)
            self.continue_lane(packet.source, out)
            return
        conversation = message.conversation
        log = self.store.get(conversation)
        if log is None:
            log = self.store[conversation] = Log.empty(self.epoch)
        place = self.next_place(log, message)
        entry = Entry(place, place, message)
        log.append(entry)
        self.await_end(message, out)
        self.index[message.id] = place
        members = self.members.get(conversation, ())
        out.observe(Placed(message.id, conversation, place, members, self.audience(conversation)))
        self.note_stored(message, out)
        out.observe(Appended(log_of(conversation, self.epoch), place, message.id))
        receivers = self.receivers(conversation)
        rows = self.parameters.idempotent_send + bool(receivers)
        settle("message-store", packet.size, bytes_of((entry,)) + ROW_BYTES * rows, out)
        author = self.owners.get(message.sender) if self.carries_seq() else None
        if receivers:
            self.intents[place_of(entry)] = (entry, receivers)
            if author in receivers:
                self.accepting[place_of(entry)] = author, packet.source
            else:
                self.reply(packet.source, message, place, out)
            self.fan_out(entry, receivers, out)
        else:
            timeline = log_of(conversation, self.epoch)
            told = None
            if author in members:
                told = self.accept(packet.source, timeline, place - 1, entry, out)
            else:
                self.reply(packet.source, message, place, out)
            for user in members:
                self.notify_devices(user, timeline, entry, out, told)
        self.release(out)
        self.continue_lane(packet.source, out)

    def reply(self, source: ConnectionId, message: Message, place: int, out: Out) -> None:
        """Accept a message that has its place."""
        out.send(source, Accept(message.id, place))

    def reply_again(self, source: ConnectionId, message: Message, place: int, out: Out) -> None:
        """Accept a known message, which its dedup row says."""
        out.read("message-store", 1, ROW_BYTES, Respond(source, Accept(message.id, place)))

    def next_place(self, log: Log, message: Message) -> int:
        """Return the place that a message takes in its conversation's log."""
        return log.last + 1

    def note_stored(self, message: Message, out: Out) -> None:
        """Observe that a message which has its place is durable."""
        out.observe(Stored(message.id))

    def carries_seq(self) -> bool:
        """Return whether the accepting reply says where the sender's own copy is."""
        return self.parameters.accept_carries_seq

    def waits_for_copy(self, message: Message, place: int, source: ConnectionId) -> bool:
        """Return whether the reply to a known message waits for the sender's copy.

        It will go over this connection, unless the device has a newer one: then a late packet came over an old one.
        """
        where = (message.conversation, place)
        if where not in self.accepting:
            return False
        if self.device_over(source) is not None:
            self.accepting[where] = self.accepting[where][0], source
        return True

    def device_over(self, source: ConnectionId) -> DeviceId | None:
        """Return the device whose newest connection this is; None for an older or closed connection."""
        device = self.peers.get(source)
        return device if device is not None and self.online.get(device) == source else None

    def accept(self, source: ConnectionId, timeline: Timeline, after: int, entry: Entry, out: Out) -> DeviceId | None:
        """Accept a message and say where the sender's copy is; return the device, unless it has left this connection."""
        assert entry.message is not None
        out.send(source, Accept(entry.message.id, entry.place, timeline, after, entry.seq))
        return self.device_over(source)

    def receivers(self, conversation: ConversationId) -> tuple[UserId, ...]:
        """Return the users whose timelines get a copy; none if devices read the conversation's log."""
        return self.members.get(conversation, ())

    # ---- 2. sync

    def fan_out(self, entry: Entry, users: tuple[UserId, ...], out: Out) -> None:
        """Queue a copy for each of the users, and start the writers that are not busy."""
        self.unsynced[place_of(entry)] = len(users)
        for user in users:
            self.queue.setdefault(user, []).append(entry)
            if user not in self.writing:
                self.writing.add(user)
                self.write_next(user, out)

    def write_next(self, user: UserId, out: Out) -> None:
        """Write all queued entries of this user in one batch; a single writer per user keeps the order."""
        self.write_batch(user, tuple(self.queue.pop(user)), out)

    def write_batch(self, user: UserId, batch: tuple[Entry, ...], out: Out) -> None:
        """Begin to write entries to the user's timeline."""
        out.write("sync-store", len(batch), bytes_of(batch), Synced(user, batch))

    @on(Synced)
    def synced(self, source: Id, packet: Synced, out: Out) -> None:
        """Append the batch to the user's timeline, announce it, and write what was queued in the meantime."""
        user = packet.user
        log = self.sync.get(user)
        if log is None:
            log = self.sync[user] = Log.empty(self.epoch)
        timeline = sync_of(user, self.epoch)
        for waiting in packet.entries:
            message = cast(Message, waiting.message)
            if place_of(waiting) in self.redriven and log.holds(waiting):
                settle("sync-store", bytes_of((waiting,)), 0, out)
                self.count_copy(waiting, out)
                continue
            after = log.last
            entry = Entry(self.number(user, log, out), waiting.place, message)
            log.append(entry)
            out.observe(Appended(timeline, entry.seq, message.id))
            self.count_copy(waiting, out)
            self.announce(user, timeline, after, entry, out)
        self.continue_writing(user, out)

    def announce(self, user: UserId, timeline: Timeline, after: int, entry: Entry, out: Out) -> None:
        """Accept the message if its sender waits for this copy, and announce the copy to the user's other devices."""
        where = place_of(entry)
        told = None
        if where in self.accepting and self.accepting[where][0] == user:
            told = self.accept(self.accepting.pop(where)[1], timeline, after, entry, out)
        self.notify_devices(user, timeline, entry, out, told)

    def continue_writing(self, user: UserId, out: Out) -> None:
        """Let the user's writer write the next batch, or free it. The batch that is written begins to age."""
        self.age(user, out)
        if user in self.queue:
            self.write_next(user, out)
        else:
            self.writing.discard(user)

    def number(self, user: UserId, log: Log, out: Out) -> int:
        """Return the next number of the user's timeline, in the numbering of this server."""
        if self.sequencer != "segmented":
            return next_number(self.sequencer, log.last, self.clock)
        replaces = ROW_BYTES * (int(user) in self.blocks.limits)
        number, opened = self.blocks.next(int(user), self.given, self.parameters.sequencer_block)
        if opened:
            out.write("sequencer", 1, ROW_BYTES, replaces=replaces)
        return number

    def count_copy(self, entry: Entry, out: Out) -> None:
        """Count a copy as written; delete the intent after the last. If a crash loses the delete, the intent is repeated."""
        where = place_of(entry)
        left = self.unsynced.get(where, 0) - 1
        if left > 0:
            self.unsynced[where] = left
        else:
            self.unsynced.pop(where, None)
            self.redriven.discard(where)
            if self.intents.pop(where, None) is not None:
                out.delete("message-store", 1, None, ROW_BYTES)

    def start(self, out: Out) -> None:
        """Repeat the intents that a crash left, in the order of their places, before anything new is written.

        Nobody knows how long the copies of before the crash have lived: their time begins anew.
        """
        for user, log in sorted(self.sync.items()):
            if log.seqs:
                self.age(user, out)
        self.await_ends(out)
        if self.intents:
            out.observe(Noted("redriven", self.id))
            out.read("message-store", len(self.intents), ROW_BYTES * len(self.intents))
        for where in sorted(self.intents):
            entry, users = self.intents[where]
            self.redriven.add(where)
            self.fan_out(entry, users, out)

    # ---- 3. announce

    def notify_devices(
        self, user: UserId, timeline: Timeline, entry: Entry, out: Out, told: DeviceId | None = None
    ) -> None:
        """Send the announcement to the user's devices that the server believes to be online, but `told`, which knows."""
        if self.parameters.notifications:
            packet = self.announcement(timeline, entry)
            online = self.online
            for device in self.devices.get(user, ()):
                if device in online and device != told:
                    out.send(device, packet)

    def announcement(self, timeline: Timeline, entry: Entry) -> Packet:
        """Return the packet that announces an entry to a device."""
        assert entry.message is not None
        return Notification(timeline, entry.seq, entry.message.id)

    @on(Tick)
    def tick(self, source: Id, packet: Tick, out: Out) -> None:
        """Set the wall clock, which clock-based numbers use."""
        self.clock = packet.milliseconds

    # ---- what the stores hold

    def held(self) -> Mapping[str, int]:
        return {**super().held(), "sequencer": ROW_BYTES * len(self.blocks.limits)}
