"""The timeline family: store first, then sync. Everything is an append to a log that devices pull from.

A submission goes through these steps, each of which a crash may cut off from the next:

1. *commit*: message, dedup row and intent in the message store -> the message has its place and is accepted;
2. *sync*: a copy per member in the sync store (fan-out on write), one writer a user, so that a user's timeline keeps
   each conversation's order; when the last copy is there the intent goes;
3. *announce*: a hint, or the message itself, to the devices believed to be online.

After a restart the intents that are left are driven through 2 and 3 again. A pull reads `(after, upto]` of a log and
proves nothing about pushes: with no announcement at all only latency changes.

Two things may happen to a log that its readers must be told of. *Retention* trims it, whoever has not read it: a reader
whose checkpoint has expired fetches what it missed from the message store, each conversation from the place it had reached,
and goes on behind the gap. A *restore* puts the server back to older state: the logs begin a new life (`epoch`), and a
reader is told from where, which is as far as the new life has what the reader knows.
"""

from __future__ import annotations

from functools import cache
from typing import cast

from syncproof.actor import Closed, ConnectionId, Id, Out, Packet, actor, durable, on, volatile
from syncproof.designs.base import ROW_BYTES, Device, Server
from syncproof.designs.log import Log
from syncproof.designs.sequencer import Blocks, next_number
from syncproof.observations import (
    Accepted,
    Appended,
    Checkpointed,
    Gone,
    Noted,
    Placed,
    RangeRead,
    Reverted,
    Roamed,
    Served,
    Stored,
    Triggered,
    Trimmed,
)
from syncproof.packets import (
    Accept,
    Commit,
    Expire,
    Fetch,
    Fetched,
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
    Trim,
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
def sync_of(user: UserId, epoch: int = 0) -> Timeline:
    """The name of a user's timeline in the sync store."""
    return Timeline("sync", int(user), epoch)


@cache
def log_of(conversation: ConversationId, epoch: int = 0) -> Timeline:
    """The name of a conversation's timeline in the message store."""
    return Timeline("conversation", int(conversation), epoch)


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
    entry was there. Forgetting it is the "trigger swallowed" failure. `reached` is the place up to which it has each
    conversation, for the day on which its checkpoint has expired; `gaps` are the pages that said so.
    """

    checkpoints: dict[Timeline, int] = durable(dict)
    reached: dict[ConversationId, int] = durable(dict)
    history: dict[ConversationId, tuple[int, int]] = durable(dict)
    wanted: dict[Timeline, int] = volatile(dict)
    saving: bool = volatile(bool)
    gaps: list[Page] = volatile(list)

    def begin(self, packet: Registered, out: Out) -> None:
        for cursor in packet.cursors:
            if self.life(cursor.timeline) is None:
                self.start_at(cursor.timeline, cursor.after, out)
        self.history = {conversation: (0, upto) for conversation, upto in packet.history}

    def current(self, timeline: Timeline) -> bool:
        """Whether the device knows no other life of this log."""
        return timeline in self.checkpoints or self.life(timeline) is None

    def start_at(self, timeline: Timeline, after: int, out: Out) -> None:
        self.checkpoints[timeline] = after
        out.observe(Checkpointed(self.id, timeline, after, start=True))

    def life(self, timeline: Timeline) -> Timeline | None:
        """The life of this log in which the device has a checkpoint."""
        if timeline in self.checkpoints:
            return timeline
        return next((known for known in self.checkpoints if known.same_log(timeline)), None)

    def catch_up(self, out: Out) -> None:
        if not self.saving:
            self.pull(tuple([Cursor(t, n) for t, n in sorted(self.checkpoints.items())]), True, out)

    def greet(self, out: Out) -> None:
        super().greet(out)
        self.roam(out)

    def hear(self, timeline: Timeline, head: int, cause: str, out: Out) -> None:
        """The timeline reaches `head`: pull it, now or as soon as the pull under way is done."""
        if self.connection is None or head <= self.checkpoints.get(timeline, 0):
            return
        known = self.life(timeline) or timeline
        if known.epoch > timeline.epoch:
            return
        out.observe(Triggered(self.id, cause))
        if self.pulling or self.saving:
            self.wanted[timeline] = max(head, self.wanted.get(timeline, 0))
        else:
            self.pull((Cursor(known, self.checkpoints.get(known, 0)),), False, out)

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
            if page.has_more:
                self.wanted[page.timeline] = max(page.upto + 1, self.wanted.get(page.timeline, 0))
            if page.missing:
                self.gaps.append(page)
                out.observe(Noted("expired", self.id))
            else:
                self.apply(page, out)
                cursors.append(Cursor(page.timeline, page.upto))
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
        self.enter(page, out)
        checkpoint = self.checkpoints.get(page.timeline, 0)
        for entry in page.entries:
            if entry.seq > checkpoint:
                self.show(entry, page.timeline, out)
                self.reach(entry)

    def enter(self, page: Page, out: Out) -> None:
        """Begin where this page begins, if it is of a new life, or says that a timeline concerns us only from there on."""
        anew = self.leave_old_life(page.timeline, out)
        if anew or (page.after and not self.checkpoints.get(page.timeline)):
            self.start_at(page.timeline, page.after, out)

    def leave_old_life(self, timeline: Timeline, out: Out) -> bool:
        """Forget the checkpoint in another life of this log; says whether there was one."""
        known = self.life(timeline)
        if known is None or known == timeline:
            return False
        del self.checkpoints[known]
        self.wanted = {t: head for t, head in self.wanted.items() if t == timeline or not known.same_log(t)}
        self.reached.clear()
        out.observe(Noted("new-life", self.id))
        return True

    def reach(self, entry: Entry) -> None:
        """The device has the entry's conversation up to there, in order."""
        message = entry.message
        if message is not None and entry.place > self.reached.get(message.conversation, 0):
            self.reached[message.conversation] = entry.place

    def save(self, cursors: tuple[Cursor, ...], out: Out) -> None:
        """Move the checkpoints forward, then pull what is still missing, or rest until the next poll."""
        for cursor in cursors:
            self.advance(cursor.timeline, cursor.after, out)
        if self.connection is None or (self.gaps and self.repair(out)):
            return
        if self.wanted:
            behind = [t for t, head in sorted(self.wanted.items()) if head > self.checkpoints.get(t, 0)]
            self.wanted.clear()
            if behind:
                lives = [self.life(t) or t for t in behind]
                self.pull(tuple([Cursor(t, self.checkpoints.get(t, 0)) for t in lives]), False, out)
                return
        self.rest(out)

    def repair(self, out: Out) -> bool:
        """Fetch from the message store what was trimmed unseen; once all is there, go on behind the gap."""
        while self.gaps:
            page = self.gaps[0]
            self.leave_old_life(page.timeline, out)
            for conversation, upto in page.missing:
                after = self.reached.get(conversation, 0)
                if after < upto and self.connection is not None:
                    self.pulling = True
                    out.send(self.connection, Fetch(conversation, after, upto))
                    return True
            self.gaps.pop(0)
            if page.upto > self.checkpoints.get(page.timeline, 0):
                self.start_at(page.timeline, page.upto, out)
        return False

    @on(Fetched)
    def fetched(self, source: Id, packet: Fetched, out: Out) -> None:
        """Show a page of what was missed; go on."""
        self.pulling = False
        for entry in packet.page.entries:
            self.show(entry, None, out)
        before = self.reached.get(packet.conversation, 0)
        self.reached[packet.conversation] = max(packet.page.upto, before)
        self.save((), out)

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """What was being repaired is asked for again over the next connection."""
        if packet.connection == self.connection:
            self.gaps.clear()
        super().closed(source, packet, out)

    def advance(self, timeline: Timeline, seq: int, out: Out) -> None:
        if seq > self.checkpoints.get(timeline, 0):
            self.checkpoints[timeline] = seq
            out.observe(Checkpointed(self.id, timeline, seq))

    def restored(self, before: Device, out: Out) -> None:
        """Checkpoints and messages are one database, so both are older now."""
        assert isinstance(before, TimelineDevice)
        for timeline in sorted({*before.checkpoints, *self.checkpoints}):
            out.observe(Checkpointed(self.id, timeline, self.checkpoints.get(timeline, 0), start=True))
        super().restored(before, out)

    def progress(self) -> tuple[tuple[ConversationId, int], ...]:
        return tuple(sorted(self.reached.items()))

    def fetched_history(self) -> tuple[tuple[ConversationId, int], ...]:
        return tuple([(conversation, after) for conversation, (after, _) in sorted(self.history.items())])

    def roam(self, out: Out) -> None:
        """Fetch the next page of history, if some is missing."""
        for conversation, (after, upto) in sorted(self.history.items()):
            if after < upto and self.connection is not None:
                out.send(self.connection, Roam(conversation, after, upto))
                return

    @on(RoamReply)
    def roamed(self, source: Id, packet: RoamReply, out: Out) -> None:
        """Keep a page of history; ask for the next."""
        after, upto = self.history.get(packet.conversation, (0, 0))
        if packet.page.upto > after and upto:
            self.history[packet.conversation] = (packet.page.upto, upto)
            entries = tuple([(e.place, e.message.id) for e in packet.page.entries if e.message is not None])
            out.observe(Roamed(self.id, packet.conversation, packet.page.after, packet.page.upto, entries))
            self.roam(out)


@actor
class TimelineServer(Server):
    """`timeline-notify`: message store, sync store, notification."""

    epoch: int = durable(int)
    spans: dict[tuple[UserId, ConversationId], tuple[Span, ...]] = durable(dict)
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

    # ---- pulls

    def feeds(self, user: UserId) -> list[Feed]:
        """What the user's devices pull."""
        log = self.sync.get(user)
        return [] if log is None else [(sync_of(user, self.epoch), log, WHOLE)]

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Read one page of each timeline asked for; for a full pull also of those that the device has no cursor for."""
        if self.stranger(source, out):
            return
        device = self.peers[source]
        asked = {c.timeline: c.after for c in packet.cursors}
        pages: list[Page] = []
        rows = size = 0
        complete = True
        for timeline, log, spans in self.feeds(self.owners[device]):
            after = asked.get(timeline)
            page = None
            if after is None and self.epoch:
                after = self.resumed(timeline, log, packet.cursors)
                page = None if after is None else Page(timeline, after, (), after)
            if after is None and not packet.full:
                complete = False
                continue
            page = self.expired(timeline, log, after or 0) or self.read_page(timeline, log, spans, after or 0) or page
            rows += packet.full and timeline.kind == "conversation"
            if page is not None:
                rows += len(page.entries)
                size += page.body_bytes
                complete = complete and not page.has_more
                seqs = tuple([e.seq for e in page.entries])
                out.observe(RangeRead(device, timeline, page.after, page.upto, seqs))
                pages.append(page)
        if self.epoch:
            pages += self.ended(packet.cursors, pages)
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

    def resumed(self, timeline: Timeline, log: Log, cursors: tuple[Cursor, ...]) -> int | None:
        """How far a reader that knows an earlier life of the log has this one; None if it knows none."""
        for cursor in cursors:
            if cursor.timeline.same_log(timeline):
                return log.common(cursor.timeline.epoch, cursor.after)
        return None

    def ended(self, cursors: tuple[Cursor, ...], pages: list[Page]) -> list[Page]:
        """Pages for logs that readers know and a restore took away altogether: they begin anew."""
        found = []
        for known in [cursor.timeline for cursor in cursors if cursor.timeline.epoch < self.epoch]:
            logs = self.sync if known.kind == "sync" else self.store
            if known.owner not in logs and not any(page.timeline.same_log(known) for page in pages):
                found.append(Page(Timeline(known.kind, known.owner, self.epoch), 0, (), 0))
        return found

    # ---- retention and restores

    @on(Expire)
    def expire(self, source: Id, packet: Expire, out: Out) -> None:
        """Trim every user's timeline as far as no intent is left that may have to be driven again."""
        for user, log in sorted(self.sync.items()):
            self.trim_upto(user, log, log.last, out)

    def trim_upto(self, user: UserId, log: Log, limit: int, out: Out) -> None:
        upto = count = size = 0
        for entry in log.entries:
            if entry.seq > limit or (entry.message is not None and spot(entry) in self.intents):
                break
            upto, count = entry.seq, count + 1
            size += ROW_BYTES + (0 if entry.message is None else entry.message.size)
        if count:
            out.delete("sync-store", count, Trim(sync_of(user, self.epoch), upto), size)

    @on(Trim)
    def trim(self, source: Id, packet: Trim, out: Out) -> None:
        """The entries are gone from the sync store; the message store keeps them."""
        self.sync[UserId(packet.timeline.owner)].trim(packet.upto)
        out.observe(Trimmed(packet.timeline, packet.upto))

    def expired(self, timeline: Timeline, log: Log, after: int) -> Page | None:
        """What a reader is told whose checkpoint lies before what was trimmed; None if it does not."""
        if after >= log.trimmed or not log.gone:
            return None
        return Page(timeline, log.trimmed, (), log.trimmed, bool(log.seqs), tuple(sorted(log.gone.items())))

    @on(Fetch)
    def fetch(self, source: ConnectionId, packet: Fetch, out: Out) -> None:
        """Read what a device missed of a conversation, within the spans in which its user was a member."""
        if self.stranger(source, out):
            return
        timeline = log_of(packet.conversation, self.epoch)
        spans = self.spans.get((self.owners[self.peers[source]], packet.conversation), ())
        within = tuple([(a, packet.upto if b is None else min(b, packet.upto)) for a, b in spans if a < packet.upto])
        log = self.store.get(packet.conversation)
        page = None if log is None else self.read_page(timeline, log, within, packet.after)
        if page is None or not page.has_more:
            page = Page(timeline, packet.after, () if page is None else page.entries, packet.upto)
        rows = len(page.entries)
        reply = Fetched(page, packet.conversation)
        out.read("message-store", rows, reply.body_bytes + ROW_BYTES * rows, Respond(source, reply))

    def include(self, conversation: ConversationId, user: UserId) -> None:
        super().include(conversation, user)
        earlier = self.spans.get((user, conversation), ())
        self.spans[user, conversation] = (*earlier, (self.last_place(conversation), None))

    def exclude(self, conversation: ConversationId, user: UserId) -> None:
        super().exclude(conversation, user)
        *earlier, (start, _) = self.spans[user, conversation]
        self.spans[user, conversation] = (*earlier, (start, self.last_place(conversation)))

    def restored(self, before: TimelineServer, out: Out) -> None:
        """Every log begins a new life, and what the earlier one had above is told to be gone."""
        of, self.epoch = self.epoch, before.epoch + 1
        for logs, was, name in ((self.store, before.store, log_of), (self.sync, before.sync, sync_of)):
            for owner in sorted({*logs, *was}):
                log = logs.get(owner)
                if log is not None:
                    log.begin(self.epoch)
                out.observe(Reverted(name(owner, self.epoch), 0 if log is None else log.last, of))
        for message in sorted(before.index):
            if message not in self.index:
                out.observe(Gone(message))

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
        page = Page(log_of(packet.conversation, self.epoch), packet.after, tuple(entries), upto, has_more)
        reply = RoamReply(page, packet.conversation)
        rows = len(entries)
        out.read("message-store", rows, reply.body_bytes + ROW_BYTES * rows, Respond(source, reply))

    @on(Tick)
    def tick(self, source: Id, packet: Tick, out: Out) -> None:
        """The wall clock moved; clock-based numbers use it."""
        self.clock = packet.milliseconds
