"""The writing half of a server of logs: store first, then sync. Everything is an append to a log that devices pull.

A submission goes through these steps; a crash may come after each:

1. *commit*: message, dedup row and intent in the message store -> the message has its place and is accepted;
2. *sync*: a copy per member in the sync store (fan-out on write), by one writer per user, so that a user's timeline keeps
   each conversation's order; after the last copy the intent is deleted;
3. *announce*: a hint, or the message itself, to the devices believed to be online.

After a restart, steps 2 and 3 are repeated for the intents that are left. `reading.py` has the reads of these logs,
`device.py` what a device does with them.
"""

from __future__ import annotations

from typing import cast

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Appended, Noted, Placed, Stored
from syncproof.core.packets import Packet, Tick
from syncproof.core.values import ConnectionId, ConversationId, Entry, Id, Message, Timeline, UserId
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import Accept, Commit, Notification, Respond, Synced
from syncproof.designs.timeline.log import Log, PlaceKey, log_of, place_of, sync_of
from syncproof.designs.timeline.reading import LogServer
from syncproof.designs.timeline.sequencer import NumberBlocks, next_number


@actor
class TimelineServer(LogServer):
    """`timeline-notify`: message store, sync store, notification.

    `unsynced`: how many copies of a placed message are still to be written. `queue`: each user's entries that wait for
    the user's writer; `writing`: the users whose writer is busy. `redriven`: the intents being repeated after a restart.
    """

    blocks: NumberBlocks = durable(lambda: NumberBlocks({}))
    clock: int = durable(int)
    given: dict[int, int] = volatile(dict)
    unsynced: dict[PlaceKey, int] = volatile(dict)
    queue: dict[UserId, list[Entry]] = volatile(dict)
    writing: set[UserId] = volatile(set)
    redriven: set[PlaceKey] = volatile(set)

    # ---- 1. commit

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        place = self.index.get(message.id) if self.parameters.idempotent_send else None
        if place is not None:
            out.observe(Noted("duplicate-submit", self.id))
            out.read("message-store", 1, ROW_BYTES, Respond(source, Accept(message.id, place)))
            self.release(out)
            return
        copies = bool(self.receivers(message.conversation))
        rows = 1 + self.parameters.idempotent_send + copies
        out.write("message-store", rows, ROW_BYTES * rows + message.size, Commit(message, source))

    @on(Commit)
    def commit(self, source: Id, packet: Commit, out: Out) -> None:
        """Place the message, unless another submission of it was placed in the meantime (put if absent)."""
        message = packet.message
        place = self.index.get(message.id) if self.parameters.idempotent_send else None
        if place is not None:
            out.send(packet.source, Accept(message.id, place))
            self.release(out)
            return
        conversation = message.conversation
        log = self.store.get(conversation)
        if log is None:
            log = self.store[conversation] = Log.empty(self.epoch)
        place = log.last + 1
        entry = Entry(place, place, message)
        log.append(entry)
        self.index[message.id] = place
        members = self.members.get(conversation, ())
        out.observe(Placed(message.id, conversation, place, members, self.audience(conversation)))
        out.observe(Stored(message.id))
        out.observe(Appended(log_of(conversation, self.epoch), place, message.id))
        receivers = self.receivers(conversation)
        if receivers:
            self.intents[place_of(entry)] = (entry, receivers)
        out.send(packet.source, Accept(message.id, place))
        if receivers:
            self.fan_out(entry, receivers, out)
        else:
            for user in members:
                self.notify_devices(user, log_of(conversation, self.epoch), entry, out)
        self.release(out)

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
        size = sum([ROW_BYTES + e.message.size for e in batch if e.message is not None])
        out.write("sync-store", len(batch), size, Synced(user, batch))

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
                self.count_copy(waiting, out)
                continue
            entry = Entry(self.number(user, log, out), waiting.place, message)
            log.append(entry)
            out.observe(Appended(timeline, entry.seq, message.id))
            self.count_copy(waiting, out)
            self.notify_devices(user, timeline, entry, out)
        self.continue_writing(user, out)

    def continue_writing(self, user: UserId, out: Out) -> None:
        """Let the user's writer write the next batch, or free it."""
        if user in self.queue:
            self.write_next(user, out)
        else:
            self.writing.discard(user)

    def number(self, user: UserId, log: Log, out: Out) -> int:
        """Return the next number of the user's timeline, in the numbering of this server."""
        if self.sequencer != "segmented":
            return next_number(self.sequencer, log.last, self.clock)
        number, opened = self.blocks.next(int(user), self.given, self.parameters.sequencer_block)
        if opened:
            out.write("sequencer", 1, ROW_BYTES)
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
        """Repeat the intents that a crash left, in the order of their places, before anything new is written."""
        if self.intents:
            out.observe(Noted("redriven", self.id))
            out.read("message-store", len(self.intents), ROW_BYTES * len(self.intents))
        for where in sorted(self.intents):
            entry, users = self.intents[where]
            self.redriven.add(where)
            self.fan_out(entry, users, out)

    # ---- 3. announce

    def notify_devices(self, user: UserId, timeline: Timeline, entry: Entry, out: Out) -> None:
        """Send the announcement to the user's devices that the server believes to be online."""
        if self.parameters.notifications:
            packet = self.announcement(timeline, entry)
            online = self.online
            for device in self.devices.get(user, ()):
                if device in online:
                    out.send(device, packet)

    def announcement(self, timeline: Timeline, entry: Entry) -> Packet:
        """Return the packet that announces an entry to a device."""
        assert entry.message is not None
        return Notification(timeline, entry.seq, entry.message.id)

    @on(Tick)
    def tick(self, source: Id, packet: Tick, out: Out) -> None:
        """Set the wall clock, which clock-based numbers use."""
        self.clock = packet.milliseconds
