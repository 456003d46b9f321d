"""The timeline family: store first, then sync. Everything is an append to a log that devices pull from.

A submission goes through these steps, each of which a crash may cut off from the next:

1. *commit*: message, dedup row and intent in the message store -> the message has its place and is accepted;
2. *sync*: a copy per member in the sync store (fan-out on write), one writer a user, so that a user's timeline keeps
   each conversation's order; when the last copy is there the intent goes;
3. *announce*: a hint, or the message itself, to the devices believed to be online.

After a restart the intents that are left are driven through 2 and 3 again. How the logs are read is in `serving.py`, what a
device does with what it reads in `reader.py`.
"""

from __future__ import annotations

from typing import cast

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Accepted, Appended, Noted, Placed, Stored
from syncproof.core.packets import Packet, Tick
from syncproof.core.values import ConnectionId, ConversationId, Entry, Id, Message, Timeline, UserId
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import Accept, Commit, Notification, Respond, Synced
from syncproof.designs.timeline.log import Log, Spot, log_of, spot, sync_of
from syncproof.designs.timeline.reading import LogServer
from syncproof.designs.timeline.sequencer import Blocks, next_number


@actor
class TimelineServer(LogServer):
    """`timeline-notify`: message store, sync store, notification."""

    blocks: Blocks = durable(lambda: Blocks({}))
    clock: int = durable(int)
    given: dict[int, int] = volatile(dict)
    unsynced: dict[Spot, int] = volatile(dict)
    queue: dict[UserId, list[Entry]] = volatile(dict)
    writing: set[UserId] = volatile(set)
    redriven: set[Spot] = volatile(set)

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
        """The message takes its place, unless another copy of it did so meanwhile (put if absent)."""
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
            self.intents[spot(entry)] = (entry, receivers)
        out.observe(Accepted(message.id))
        out.send(packet.source, Accept(message.id, place))
        if receivers:
            self.fan_out(entry, receivers, out)
        else:
            for user in members:
                self.hint(user, log_of(conversation, self.epoch), entry, out)
        self.release(out)

    def receivers(self, conversation: ConversationId) -> tuple[UserId, ...]:
        """The users whose timelines get a copy (fan-out on write); none where readers read the conversation."""
        return self.members.get(conversation, ())

    # ---- 2. sync

    def fan_out(self, entry: Entry, users: tuple[UserId, ...], out: Out) -> None:
        self.unsynced[spot(entry)] = len(users)
        for user in users:
            self.queue.setdefault(user, []).append(entry)
            if user not in self.writing:
                self.writing.add(user)
                self.write_next(user, out)

    def write_next(self, user: UserId, out: Out) -> None:
        """Write all that waits for this user in one batch; the single writer keeps the order."""
        self.write_batch(user, tuple(self.queue.pop(user)), out)

    def write_batch(self, user: UserId, batch: tuple[Entry, ...], out: Out) -> None:
        size = sum([ROW_BYTES + e.message.size for e in batch if e.message is not None])
        out.write("sync-store", len(batch), size, Synced(user, batch))

    @on(Synced)
    def synced(self, source: Id, packet: Synced, out: Out) -> None:
        """The batch is readable: announce it, and write what has come up meanwhile."""
        user = packet.user
        log = self.sync.get(user)
        if log is None:
            log = self.sync[user] = Log.empty(self.epoch)
        timeline = sync_of(user, self.epoch)
        for waiting in packet.entries:
            message = cast(Message, waiting.message)
            if spot(waiting) in self.redriven and log.holds(waiting):
                self.copied(waiting, out)
                continue
            entry = Entry(self.number(user, log, out), waiting.place, message)
            log.append(entry)
            out.observe(Appended(timeline, entry.seq, message.id))
            self.copied(waiting, out)
            self.hint(user, timeline, entry, out)
        self.go_on(user, out)

    def go_on(self, user: UserId, out: Out) -> None:
        if user in self.queue:
            self.write_next(user, out)
        else:
            self.writing.discard(user)

    def number(self, user: UserId, log: Log, out: Out) -> int:
        if self.sequencer != "segmented":
            return next_number(self.sequencer, log.last, self.clock)
        number, opened = self.blocks.next(int(user), self.given, self.parameters.sequencer_block)
        if opened:
            out.write("sequencer", 1, ROW_BYTES)
        return number

    def copied(self, entry: Entry, out: Out) -> None:
        """One more copy is there; after the last the intent goes. To lose that delete in a crash costs a re-drive."""
        where = spot(entry)
        left = self.unsynced.get(where, 0) - 1
        if left > 0:
            self.unsynced[where] = left
        else:
            self.unsynced.pop(where, None)
            self.redriven.discard(where)
            if self.intents.pop(where, None) is not None:
                out.delete("message-store", 1, None, ROW_BYTES)

    def start(self, out: Out) -> None:
        """Drive the intents that a crash left, in the order of their places, before anything new."""
        if self.intents:
            out.observe(Noted("redriven", self.id))
            out.read("message-store", len(self.intents), ROW_BYTES * len(self.intents))
        for where in sorted(self.intents):
            entry, users = self.intents[where]
            self.redriven.add(where)
            self.fan_out(entry, users, out)

    # ---- 3. announce

    def hint(self, user: UserId, timeline: Timeline, entry: Entry, out: Out) -> None:
        """Tell the user's devices that are believed to be online."""
        if self.parameters.notifications:
            packet = self.announcement(timeline, entry)
            online = self.online
            for device in self.devices.get(user, ()):
                if device in online:
                    out.send(device, packet)

    def announcement(self, timeline: Timeline, entry: Entry) -> Packet:
        assert entry.message is not None
        return Notification(timeline, entry.seq, entry.message.id)

    @on(Tick)
    def tick(self, source: Id, packet: Tick, out: Out) -> None:
        """The wall clock moved; clock-based numbers use it."""
        self.clock = packet.milliseconds
