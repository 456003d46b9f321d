"""The reading half of a server of logs: pulls, history for new devices, retention, restores. Writing is in `server.py`.

Two things may happen to a log that its readers must learn. *Retention* trims it, also where a device has not read it yet:
the reply to a reader whose checkpoint has expired says what it missed, and the reader fetches that from the message
store. A *restore* puts the server back to older state: the logs begin a new epoch, and the reply to a reader says after
which number it has to continue, the last that both epochs have in common.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Expired, Gone, RangeRead, Reverted, Served, Trimmed
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
from syncproof.designs.base import ROW_BYTES, Server, settle
from syncproof.designs.packets import (
    Aged,
    Elapsed,
    Fetch,
    Fetched,
    Pull,
    PullReply,
    Registered,
    Respond,
    Roam,
    RoamReply,
    Trim,
)
from syncproof.designs.timeline.log import (
    WHOLE,
    Log,
    PlaceKey,
    ReadableLog,
    SeqRange,
    bytes_of,
    log_of,
    place_of,
    sync_of,
)


@actor
class LogServer(Server):
    """A server with a message store (a log per conversation) and a sync store (a log per user), and what reading needs.

    `ranges`: the numbers of each conversation's log that a user may read. `index`: the place of every message (its dedup
    row). `intents`: by place, the entries whose copies are not all written, and the users they are for. `trimming`: up to
    which number timelines are being trimmed.
    """

    epoch: int = durable(int)
    ranges: dict[tuple[UserId, ConversationId], tuple[SeqRange, ...]] = durable(dict)
    store: dict[ConversationId, Log] = durable(dict)
    index: dict[MessageId, int] = durable(dict)
    intents: dict[PlaceKey, tuple[Entry, tuple[UserId, ...]]] = durable(dict)
    sync: dict[UserId, Log] = durable(dict)
    trimming: dict[Timeline, int] = volatile(dict)

    # ---- pulls

    def readable_logs(self, user: UserId) -> list[ReadableLog]:
        """Return the logs that the user's devices pull."""
        log = self.sync.get(user)
        return [] if log is None else [(sync_of(user, self.epoch), log, WHOLE)]

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Read one page of each timeline asked for; in a full pull also of those that the device has no cursor for."""
        if self.declines(source, packet, out):
            return
        device = self.peers[source]
        asked = {c.timeline: c.after for c in packet.cursors}
        pages: list[Page] = []
        rows = size = 0
        complete = True
        for timeline, log, ranges in self.readable_logs(self.owners[device]):
            after = asked.get(timeline)
            page = None
            if after is None and self.epoch:
                after = self.known_up_to(timeline, log, packet.cursors)
                page = None if after is None else Page(timeline, after, (), after)
            if after is None and not packet.full:
                complete = False
                continue
            page = (
                self.trimmed_page(timeline, log, after or 0)
                or self.too_long_page(timeline, log, after or 0)
                or self.read_page(timeline, log, ranges, after or 0)
                or page
            )
            rows += packet.full and timeline.kind == "conversation"
            if page is not None:
                rows += len(page.entries)
                size += page.body_bytes
                complete = complete and not page.has_more
                seqs = tuple([e.seq for e in page.entries])
                out.observe(RangeRead(device, timeline, page.after, page.upto, seqs))
                pages.append(page)
        if self.epoch:
            pages += self.lost_log_pages(packet.cursors, pages)
        if complete:
            out.observe(Served(device))
        reply = self.keep(source, PullReply(tuple(pages), size))
        out.read("sync-store", rows, size + ROW_BYTES * rows, Respond(source, reply))

    def read_page(self, timeline: Timeline, log: Log, ranges: tuple[SeqRange, ...], after: int) -> Page | None:
        """Return a page of the entries after `after` within the ranges; None if there are none."""
        for number, (start, end) in enumerate(ranges, 1):
            if end is not None and end <= after:
                continue
            low = max(after, start)
            entries, more = log.after(low, end, self.parameters.page_size)
            if entries:
                return Page(timeline, low, tuple(entries), entries[-1].seq, more or number < len(ranges))
        return None

    def known_up_to(self, timeline: Timeline, log: Log, cursors: tuple[Cursor, ...]) -> int | None:
        """Return the number up to which a reader with a checkpoint in an earlier epoch has the log; None without one."""
        for cursor in cursors:
            if cursor.timeline.same_log(timeline):
                return log.common(cursor.timeline.epoch, cursor.after)
        return None

    def lost_log_pages(self, cursors: tuple[Cursor, ...], pages: list[Page]) -> list[Page]:
        """Return an empty page for each log of the reader's cursors that a restore removed, so that the reader starts at 0."""
        found = []
        for known in [cursor.timeline for cursor in cursors if cursor.timeline.epoch < self.epoch]:
            logs = self.sync if known.kind == "sync" else self.store
            if known.owner not in logs and not any(page.timeline.same_log(known) for page in pages):
                found.append(Page(Timeline(known.kind, known.owner, self.epoch), 0, (), 0))
        return found

    # ---- retention and restores

    @on(Expire)
    def expire(self, source: Id, packet: Expire, out: Out) -> None:
        """Trim every user's timeline up to the first entry that a pending intent may still need."""
        for user, log in sorted(self.sync.items()):
            self.trim_upto(user, log, log.last, out)

    def trim_upto(self, user: UserId, log: Log, limit: int, out: Out) -> None:
        """Begin to trim a user's timeline up to `limit`, or up to the first entry that a pending intent may still need."""
        deleted = []
        for entry in log.entries:
            if entry.seq > limit or (entry.message is not None and place_of(entry) in self.intents):
                break
            deleted.append(entry)
        self.begin_trim("sync-store", sync_of(user, self.epoch), deleted, out)

    def begin_trim(self, store: str, timeline: Timeline, entries: list[Entry], out: Out) -> None:
        """Begin to delete the first entries of a log, without those that are being deleted already."""
        entries = [entry for entry in entries if entry.seq > self.trimming.get(timeline, 0)]
        if entries:
            upto = self.trimming[timeline] = entries[-1].seq
            size = bytes_of(entries)
            out.delete(store, len(entries), Trim(timeline, upto, size), size)

    @on(Trim)
    def trim(self, source: Id, packet: Trim, out: Out) -> None:
        """Delete the entries from the sync store; the message store keeps them."""
        self.finish_trim("sync-store", self.sync[UserId(packet.timeline.owner)], packet, out)

    def finish_trim(self, store: str, log: Log, packet: Trim, out: Out) -> None:
        """Delete the entries from a log. A later trim may have deleted some of them, or this one deletes those of an earlier."""
        if self.trimming.get(packet.timeline) == packet.upto:
            del self.trimming[packet.timeline]
        deleted, _ = log.after(0, packet.upto, len(log.entries))
        settle(store, -packet.size, -bytes_of(deleted), out)
        if deleted:
            log.trim(packet.upto)
            out.observe(Trimmed(packet.timeline, packet.upto))

    def age(self, user: UserId, out: Out) -> None:
        """Let what is in a user's timeline now be trimmed when its time is over, if copies have a time to live."""
        if self.parameters.sync_ttl:
            out.after(self.parameters.sync_ttl, Aged(sync_of(user, self.epoch), self.sync[user].last))

    @on(Aged)
    def aged(self, source: Id, packet: Aged, out: Out) -> None:
        """Trim what has lived long enough; what must stay for now is looked at again later."""
        user = UserId(packet.timeline.owner)
        log = self.sync[user]
        self.trim_upto(user, log, packet.upto, out)
        left, _ = log.after(self.trimming.get(packet.timeline, 0), packet.upto, 1)
        if left:
            out.after(self.parameters.sync_ttl, packet)

    def await_end(self, message: Message, out: Out) -> None:
        """Arm the timer of a message that expires."""
        if message.expires is True and self.parameters.expiry_from == "shown":
            out.after(self.parameters.lifetime, Elapsed(message.id))

    def await_ends(self, out: Out) -> None:
        """Arm the timers of all messages that expire: their time begins anew after a crash."""
        for _, log in sorted(self.store.items()):
            for entry in log.entries:
                if entry.message is not None:
                    self.await_end(entry.message, out)

    @on(Elapsed)
    def void_expired(self, source: Id, packet: Elapsed, out: Out) -> None:
        """Leave a void where a message was whose time is over, in every log; later, while it is still being written somewhere."""
        found = self.entries_of(packet.message)
        if any(self.is_needed(entry) for _, _, entry in found):
            out.after(self.parameters.lifetime, packet)
            return
        for store, log, entry in found:
            size = bytes_of((entry,))
            out.write(store, 1, ROW_BYTES, replaces=size)
            log.make_void(entry)
        if found:
            out.observe(Expired(packet.message))

    def entries_of(self, message: MessageId) -> list[tuple[str, Log, Entry]]:
        """Return the entries of a message in all logs, with the store of each."""
        logs = [("message-store", log) for _, log in sorted(self.store.items())]
        logs += [("sync-store", log) for _, log in sorted(self.sync.items())]
        return [
            (store, log, e)
            for store, log in logs
            for e in log.entries
            if e.message is not None and e.message.id == message
        ]

    def is_needed(self, entry: Entry) -> bool:
        """Return whether a server still works with an entry, so that it may not become a void yet."""
        return place_of(entry) in self.intents

    def trimmed_page(self, timeline: Timeline, log: Log, after: int) -> Page | None:
        """Return the page that lists what was trimmed after a reader's checkpoint; None if nothing was."""
        if after >= log.trimmed or not log.gone:
            return None
        return Page(timeline, log.trimmed, (), log.trimmed, bool(log.seqs), tuple(sorted(log.gone.items())))

    def too_long_page(self, timeline: Timeline, log: Log, after: int) -> Page | None:
        """Return the page that lists what a reader missed that is too far behind; None for one that is not."""
        longest = self.parameters.longest_gap
        if not longest or not log.after(after, None, longest)[1]:
            return None
        missed, _ = log.after(after, None, len(log.entries))
        last = {entry.message.conversation: entry.place for entry in missed if entry.message is not None}
        return Page(timeline, log.last, (), log.last, True, tuple(sorted(last.items())))

    @on(Fetch)
    def fetch(self, source: ConnectionId, packet: Fetch, out: Out) -> None:
        """Read what a device missed in a conversation, within the ranges in which its user was a member."""
        if self.declines(source, packet, out):
            return
        timeline = log_of(packet.conversation, self.epoch)
        ranges = self.ranges.get((self.owners[self.peers[source]], packet.conversation), ())
        within = tuple([(a, packet.upto if b is None else min(b, packet.upto)) for a, b in ranges if a < packet.upto])
        log = self.store.get(packet.conversation)
        page = None if log is None else self.read_page(timeline, log, within, packet.after)
        if page is None or not page.has_more:
            page = Page(timeline, packet.after, () if page is None else page.entries, packet.upto)
        rows = len(page.entries)
        reply = Fetched(page, packet.conversation)
        out.read("message-store", rows, page.body_bytes + ROW_BYTES * rows, Respond(source, reply))

    def insert_member(self, conversation: ConversationId, user: UserId) -> None:
        super().insert_member(conversation, user)
        earlier = self.ranges.get((user, conversation), ())
        self.ranges[user, conversation] = (*earlier, (self.last_place(conversation), None))

    def drop_member(self, conversation: ConversationId, user: UserId) -> None:
        super().drop_member(conversation, user)
        *earlier, (start, _) = self.ranges[user, conversation]
        self.ranges[user, conversation] = (*earlier, (start, self.last_place(conversation)))

    def restored(self, before: LogServer, out: Out) -> None:
        """Begin a new epoch of every log, and observe what the restore removed."""
        super().restored(before, out)
        of, self.epoch = self.epoch, before.epoch + 1
        for logs, was, name in ((self.store, before.store, log_of), (self.sync, before.sync, sync_of)):
            for owner in sorted({*logs, *was}):
                log = logs.get(owner)
                if log is not None:
                    log.begin_epoch(self.epoch)
                out.observe(Reverted(name(owner, self.epoch), 0 if log is None else log.last, of))
        for message in sorted(before.index):
            if message not in self.index:
                out.observe(Gone(message))

    # ---- new devices

    def last_place(self, conversation: ConversationId) -> int:
        log = self.store.get(conversation)
        return 0 if log is None else log.last

    def registration(
        self, device: DeviceId, user: UserId, history: tuple[tuple[ConversationId, int], ...]
    ) -> Registered:
        cursors = tuple([Cursor(timeline, log.last) for timeline, log, _ in self.readable_logs(user)])
        return Registered(cursors, history)

    @on(Roam)
    def roam(self, source: ConnectionId, packet: Roam, out: Out) -> None:
        """Read a page of a conversation's history from the message store."""
        if self.declines(source, packet, out):
            return
        log = self.store.get(packet.conversation)
        if log is None:  # a restore took it; the device asks again when it connects
            page = Page(log_of(packet.conversation, self.epoch), packet.after, (), packet.after)
            out.read("message-store", 0, 0, Respond(source, RoamReply(page, packet.conversation)))
            return
        entries, has_more = log.after(packet.after, packet.upto, self.parameters.page_size)
        upto = entries[-1].seq if entries else packet.upto
        page = Page(log_of(packet.conversation, self.epoch), packet.after, tuple(entries), upto, has_more)
        reply = RoamReply(page, packet.conversation)
        rows = len(entries)
        out.read("message-store", rows, page.body_bytes + ROW_BYTES * rows, Respond(source, reply))

    # ---- what the stores hold

    def held(self) -> Mapping[str, int]:
        messages = sum([bytes_of(log.entries) for log in self.store.values()])
        rows = len(self.intents) + (len(self.index) if self.parameters.idempotent_send else 0)
        return {
            **(super().held() or {}),
            "message-store": messages + ROW_BYTES * rows,
            "sync-store": sum([bytes_of(log.entries) for log in self.sync.values()]),
        }
