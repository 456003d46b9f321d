"""The timeline family: store first, then sync. Everything is an append to a log that devices pull from.

A submission goes through these steps, each of which a crash may cut off from the next:

1. *commit*: message, dedup row and intent in the message store -> the message has its place and is accepted;
2. *sync*: a copy per member in the sync store (fan-out on write), one writer a user, so that a user's timeline keeps
   each conversation's order; when the last copy is there the intent goes;
3. *announce*: a hint, or the message itself, to the devices believed to be online.

After a restart the intents that are left are driven through 2 and 3 again. A pull reads `(after, upto]` of a log and
proves nothing about pushes: with no announcement at all only latency changes.
"""

from __future__ import annotations

from functools import cache
from typing import cast

from syncproof.actor import ConnectionId, Id, Out, Packet, actor, durable, on, volatile
from syncproof.designs.base import ROW_BYTES, Device, Server
from syncproof.designs.log import Log
from syncproof.designs.sequencer import Blocks, next_number
from syncproof.observations import (
    Accepted,
    Appended,
    Checkpointed,
    Noted,
    Placed,
    RangeRead,
    Roamed,
    Served,
    Stored,
    Triggered,
)
from syncproof.packets import (
    Accept,
    Commit,
    Notification,
    Pull,
    PullReply,
    Registered,
    Respond,
    Roam,
    RoamReply,
    Saved,
    Synced,
    Tick,
)
from syncproof.vocabulary import (
    ConversationId,
    Cursor,
    DeviceId,
    Entry,
    Message,
    MessageId,
    Page,
    Timeline,
    UserId,
)

Span = tuple[int, int | None]
"""The numbers `(start, end]` of a log that concern a reader; None: to its end, whatever is appended."""

Feed = tuple[Timeline, Log, tuple[Span, ...]]
"""A log that a user's devices pull, and the spans of it that concern them."""

WHOLE: tuple[Span, ...] = ((0, None),)


@cache
def sync_of(user: UserId) -> Timeline:
    """The name of a user's timeline in the sync store."""
    return Timeline("sync", int(user))


@cache
def log_of(conversation: ConversationId) -> Timeline:
    """The name of a conversation's timeline in the message store."""
    return Timeline("conversation", int(conversation))


Spot = tuple[ConversationId, int]
"""A place in a conversation: what an intent is for. A message that was placed twice has two."""


def spot(entry: Entry) -> Spot:
    """The place that an entry is a copy of."""
    assert entry.message is not None
    return entry.message.conversation, entry.place


@actor
class TimelineDevice(Device):
    """Pulls from its own checkpoints. A hint says up to where a timeline reaches; what is not new is ignored.

    A hint that comes while a pull is under way is remembered in `wanted`: the reply may have been read before the
    entry was there. Forgetting it is the "trigger swallowed" failure.
    """

    checkpoints: dict[Timeline, int] = durable(dict)
    history: dict[ConversationId, tuple[int, int]] = durable(dict)
    wanted: dict[Timeline, int] = volatile(dict)
    saving: bool = volatile(bool)

    def begin(self, packet: Registered, out: Out) -> None:
        for cursor in packet.cursors:
            self.checkpoints[cursor.timeline] = cursor.after
            out.observe(Checkpointed(self.id, cursor.timeline, cursor.after, start=True))
        self.history = {conversation: (0, upto) for conversation, upto in packet.history}

    def catch_up(self, out: Out) -> None:
        if not self.saving:
            self.pull(tuple([Cursor(t, n) for t, n in sorted(self.checkpoints.items())]), True, out)

    def greet(self, out: Out) -> None:
        super().greet(out)
        self.roam(out)

    def hear(self, timeline: Timeline, head: int, cause: str, out: Out) -> None:
        """The timeline reaches `head`: pull it, now or as soon as the pull under way is done."""
        checkpoint = self.checkpoints.get(timeline, 0)
        if self.connection is None or head <= checkpoint:
            return
        out.observe(Triggered(self.id, cause))
        if self.pulling or self.saving:
            self.wanted[timeline] = max(head, self.wanted.get(timeline, 0))
        else:
            self.pull((Cursor(timeline, checkpoint),), False, out)

    @on(Notification)
    def notified(self, source: Id, packet: Notification, out: Out) -> None:
        """A hint."""
        self.hear(packet.timeline, packet.head, "notification", out)

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Apply the pages in order, move the checkpoints, go on if there is more."""
        self.pulling = False
        cursors = []
        for page in packet.pages:
            self.apply(page, out)
            cursors.append(Cursor(page.timeline, page.upto))
            if page.has_more:
                self.wanted[page.timeline] = max(page.upto + 1, self.wanted.get(page.timeline, 0))
        if cursors and self.parameters.checkpoint == "after-apply":
            self.saving = True
            out.write("device", len(cursors), ROW_BYTES, Saved(tuple(cursors)))
        else:
            self.save(tuple(cursors), out)

    @on(Saved)
    def saved(self, source: Id, packet: Saved, out: Out) -> None:
        """The checkpoint is on disk too."""
        self.saving = False
        self.save(packet.cursors, out)

    def apply(self, page: Page, out: Out) -> None:
        checkpoint = self.checkpoints.get(page.timeline, 0)
        if checkpoint == 0 < page.after:
            # The server says that this timeline concerns us only from here on.
            checkpoint = self.checkpoints[page.timeline] = page.after
            out.observe(Checkpointed(self.id, page.timeline, checkpoint, start=True))
        for entry in page.entries:
            if entry.seq > checkpoint:
                self.show(entry, page.timeline, out)

    def save(self, cursors: tuple[Cursor, ...], out: Out) -> None:
        """Move the checkpoints forward, then pull what is still missing, or rest until the next poll."""
        for cursor in cursors:
            self.advance(cursor.timeline, cursor.after, out)
        if self.connection is None:
            return
        if self.wanted:
            behind = [t for t, head in sorted(self.wanted.items()) if head > self.checkpoints.get(t, 0)]
            self.wanted.clear()
            if behind:
                self.pull(tuple([Cursor(t, self.checkpoints.get(t, 0)) for t in behind]), False, out)
                return
        self.rest(out)

    def advance(self, timeline: Timeline, seq: int, out: Out) -> None:
        if seq > self.checkpoints.get(timeline, 0):
            self.checkpoints[timeline] = seq
            out.observe(Checkpointed(self.id, timeline, seq))

    def roam(self, out: Out) -> None:
        """Fetch the next page of history, if some is missing."""
        for conversation, (after, upto) in sorted(self.history.items()):
            if after < upto and self.connection is not None:
                out.send(self.connection, Roam(conversation, after, upto))
                return

    @on(RoamReply)
    def roamed(self, source: Id, packet: RoamReply, out: Out) -> None:
        """Keep a page of history; ask for the next."""
        after, upto = self.history[packet.conversation]
        if packet.page.upto > after:
            self.history[packet.conversation] = (packet.page.upto, upto)
            out.observe(Roamed(self.id, packet.conversation, packet.page.upto))
            self.roam(out)


@actor
class TimelineServer(Server):
    """`timeline-notify`: message store, sync store, notification."""

    owners: dict[DeviceId, UserId] = durable(dict)
    store: dict[ConversationId, Log] = durable(dict)
    index: dict[MessageId, int] = durable(dict)
    intents: dict[Spot, tuple[Entry, tuple[UserId, ...]]] = durable(dict)
    sync: dict[UserId, Log] = durable(dict)
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
            log = self.store[conversation] = Log.empty()
        place = log.last + 1
        entry = Entry(place, place, message)
        log.append(entry)
        self.index[message.id] = place
        members = self.members.get(conversation, ())
        out.observe(Placed(message.id, conversation, place, members, self.audience(conversation)))
        out.observe(Stored(message.id))
        out.observe(Appended(log_of(conversation), place, message.id))
        receivers = self.receivers(conversation)
        if receivers:
            self.intents[spot(entry)] = (entry, receivers)
        out.observe(Accepted(message.id))
        out.send(packet.source, Accept(message.id, place))
        if receivers:
            self.fan_out(entry, receivers, out)
        else:
            for user in members:
                self.hint(user, log_of(conversation), entry, out)
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
            log = self.sync[user] = Log.empty()
        for waiting in packet.entries:
            message = cast(Message, waiting.message)
            if spot(waiting) in self.redriven and log.holds(waiting):
                self.copied(waiting, out)
                continue
            entry = Entry(self.number(user, log, out), waiting.place, message)
            log.append(entry)
            out.observe(Appended(sync_of(user), entry.seq, message.id))
            self.copied(waiting, out)
            self.hint(user, sync_of(user), entry, out)
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

    # ---- pulls

    def feeds(self, user: UserId) -> list[Feed]:
        """What the user's devices pull."""
        log = self.sync.get(user)
        return [] if log is None else [(sync_of(user), log, WHOLE)]

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Read one page of each timeline asked for; for a full pull also of those that the device has no cursor for."""
        device = self.peers[source]
        asked = {c.timeline: c.after for c in packet.cursors}
        pages = []
        rows = size = 0
        complete = True
        for timeline, log, spans in self.feeds(self.owners[device]):
            if not packet.full and timeline not in asked:
                complete = False
                continue
            page = self.read_page(timeline, log, spans, asked.get(timeline, 0))
            rows += packet.full and timeline.kind == "conversation"
            if page is not None:
                rows += len(page.entries)
                size += page.body_bytes
                complete = complete and not page.has_more
                seqs = tuple([e.seq for e in page.entries])
                out.observe(RangeRead(device, timeline, page.after, page.upto, seqs))
                pages.append(page)
        if complete:
            out.observe(Served(device))
        reply = PullReply(tuple(pages), size)
        out.read("sync-store", rows, size + ROW_BYTES * rows, Respond(source, reply))

    def read_page(self, timeline: Timeline, log: Log, spans: tuple[Span, ...], after: int) -> Page | None:
        """The next entries after `after` within the spans; None when there are none."""
        for number, (start, end) in enumerate(spans, 1):
            if end is not None and end <= after:
                continue
            low = max(after, start)
            entries, more = log.after(low, end, self.parameters.page_size)
            if entries:
                return Page(timeline, low, tuple(entries), entries[-1].seq, more or number < len(spans))
        return None

    def enrol(self, device: DeviceId, user: UserId) -> None:
        super().enrol(device, user)
        self.owners[device] = user

    # ---- new devices

    def last_place(self, conversation: ConversationId) -> int:
        log = self.store.get(conversation)
        return 0 if log is None else log.last

    def welcome(self, device: DeviceId, user: UserId, history: tuple[tuple[ConversationId, int], ...]) -> Registered:
        cursors = tuple([Cursor(timeline, log.last) for timeline, log, _ in self.feeds(user)])
        return Registered(cursors, history)

    @on(Roam)
    def roam(self, source: ConnectionId, packet: Roam, out: Out) -> None:
        """Read a page of a conversation's history from the message store."""
        log = self.store.get(packet.conversation)
        if log is None:
            return
        entries, has_more = log.after(packet.after, packet.upto, self.parameters.page_size)
        upto = entries[-1].seq if entries else packet.upto
        page = Page(log_of(packet.conversation), packet.after, tuple(entries), upto, has_more)
        reply = RoamReply(page, packet.conversation)
        rows = len(entries)
        out.read("message-store", rows, reply.body_bytes + ROW_BYTES * rows, Respond(source, reply))

    @on(Tick)
    def tick(self, source: Id, packet: Tick, out: Out) -> None:
        """The wall clock moved; clock-based numbers use it."""
        self.clock = packet.milliseconds
