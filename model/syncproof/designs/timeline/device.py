"""The device of every timeline design: it pulls logs from its own checkpoints.

A pull reads `(after, upto]` of a log and does not depend on pushes: without any announcement only latency changes.
Two things may happen to a log between two pulls. *Retention* may trim entries that the device has not read: it fetches
them from the message store, each conversation from the place it had reached, and continues after the gap. A *restore* may
put the server back to older state, which begins a new epoch of the log: the device continues after the last number that
both epochs have in common.
"""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Checkpointed, Noted, Roamed, Triggered
from syncproof.core.packets import Closed, Idle
from syncproof.core.values import ConversationId, Cursor, Entry, Id, Page, Timeline
from syncproof.designs.base import ROW_BYTES, Device
from syncproof.designs.packets import (
    Accept,
    Fetch,
    Fetched,
    Notification,
    Poll,
    Pull,
    PullReply,
    Registered,
    Roam,
    RoamReply,
    Saved,
)


@actor
class TimelineDevice(Device):
    """A device that pulls from its own checkpoints. A hint says up to which number a timeline reaches.

    A hint that comes while a pull is under way is kept in `wanted`: the server may have read the reply before the new
    entry was there, so a device that dropped the hint would miss the entry. `reached` is the place up to which the device
    has each conversation, for the case that its checkpoint expires; `missed_pages` are the pages that said so. `history`:
    for each conversation with earlier history, the places (fetched up to, to be fetched up to). `saving`: the checkpoints
    are being saved in a step of their own.
    """

    checkpoints: dict[Timeline, int] = durable(dict)
    reached: dict[ConversationId, int] = durable(dict)
    history: dict[ConversationId, tuple[int, int]] = durable(dict)
    wanted: dict[Timeline, int] = volatile(dict)
    saving: bool = volatile(bool)
    missed_pages: list[Page] = volatile(list)

    def start_from(self, packet: Registered, out: Out) -> None:
        for cursor in packet.cursors:
            if self.known_epoch(cursor.timeline) is None:
                self.start_at(cursor.timeline, cursor.after, out)
        self.history = {conversation: (0, upto) for conversation, upto in packet.history}

    def current(self, timeline: Timeline) -> bool:
        """Return whether the device has no checkpoint in another epoch of this log."""
        return timeline in self.checkpoints or self.known_epoch(timeline) is None

    def start_at(self, timeline: Timeline, after: int, out: Out) -> None:
        """Set a starting checkpoint, which may be below or above an earlier one."""
        self.checkpoints[timeline] = after
        out.observe(Checkpointed(self.id, timeline, after, start=True))

    def known_epoch(self, timeline: Timeline) -> Timeline | None:
        """Return the timeline, of any epoch of this log, in which the device has a checkpoint; None if it has none."""
        if timeline in self.checkpoints:
            return timeline
        return next((known for known in self.checkpoints if known.same_log(timeline)), None)

    def catch_up(self, out: Out) -> None:
        if not self.saving:
            self.pull(self.cursors(), True, out)

    def cursors(self) -> tuple[Cursor, ...]:
        """Return the device's checkpoints, as a full pull sends them."""
        return tuple([Cursor(t, n) for t, n in sorted(self.checkpoints.items())])

    def arm_poll(self, out: Out) -> None:
        out.poll(self.parameters.poll_interval, Poll(), Idle(Pull(self.cursors()), PullReply(()), *self.rows_of_poll()))

    def rows_of_poll(self) -> tuple[int, str]:
        """Return how many rows a poll that finds nothing reads, and of which store."""
        return 0, ""

    def on_connected(self, out: Out) -> None:
        super().on_connected(out)
        self.roam(out)

    def on_hint(self, timeline: Timeline, head: int, cause: str, out: Out) -> None:
        """Pull the timeline, which has grown to `head`, now or as soon as the pull under way is done.

        A device that is not registered yet ignores the hint: it does not know where its timelines begin.
        """
        if self.connection is None or not self.registered or head <= self.checkpoints.get(timeline, 0):
            return
        known = self.known_epoch(timeline) or timeline
        if known.epoch > timeline.epoch:
            return
        out.observe(Triggered(self.id, cause))
        if self.pulling or self.saving:
            self.wanted[timeline] = max(head, self.wanted.get(timeline, 0))
        else:
            self.pull((Cursor(known, self.checkpoints.get(known, 0)),), False, out)

    @on(Notification)
    def notified(self, source: Id, packet: Notification, out: Out) -> None:
        """Treat the notification as a hint."""
        self.on_hint(packet.timeline, packet.head, "notification", out)

    @on(Accept)
    def accepted(self, source: Id, packet: Accept, out: Out) -> None:
        """Take the message's own entry into the timeline, if the reply says where it is; then send the next message."""
        if packet.timeline is not None:
            message = self.submitted(packet.message)
            self.on_own_entry(packet.timeline, packet.after, Entry(packet.seq, packet.place, message), out)
        super().accepted(source, packet, out)

    def on_own_entry(self, timeline: Timeline, after: int, entry: Entry, out: Out) -> None:
        """Show an entry written here and move the checkpoint to it, if the device has everything before it; else pull.

        `entry.message` is None if the message has left the outbox: an earlier reply accepted it.
        """
        if entry.message is not None and self.ready(timeline) and self.checkpoints.get(timeline, 0) == after:
            self.apply_next(entry, timeline, out)
        else:
            self.on_hint(timeline, entry.seq, "accept", out)

    def ready(self, timeline: Timeline) -> bool:
        """Return whether the device may apply an entry of this timeline that did not come with a pull."""
        return self.registered and not self.saving and self.current(timeline)

    def apply_next(self, entry: Entry, timeline: Timeline, out: Out) -> None:
        """Show the entry that follows the checkpoint, and move the checkpoint to it."""
        self.show(entry, timeline, out)
        self.reach(entry)
        self.advance(timeline, entry.seq, out)
        if self.connection is not None and not self.pulling:
            self.arm_poll(out)

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Apply the pages in order, move the checkpoints, and continue if there is more."""
        self.pull_answered(out)
        cursors = []
        for page in packet.pages:
            if self.is_earlier(page.timeline):
                out.observe(Noted("earlier-epoch", self.id))
                continue
            if page.has_more:
                self.wanted[page.timeline] = max(page.upto + 1, self.wanted.get(page.timeline, 0))
            if page.missing:
                self.missed_pages.append(page)
                out.observe(Noted("expired", self.id))
            else:
                self.apply(page, out)
                cursors.append(Cursor(page.timeline, page.upto))
        if cursors and self.parameters.checkpoint == "after-apply":
            self.saving = True
            size = ROW_BYTES * len(cursors)
            out.write("device", len(cursors), size, Saved(tuple(cursors)), replaces=size)
        else:
            self.save(tuple(cursors), out)

    @on(Saved)
    def saved(self, source: Id, packet: Saved, out: Out) -> None:
        """Move the checkpoints, which are durable now."""
        self.saving = False
        self.save(packet.cursors, out)

    def is_earlier(self, timeline: Timeline) -> bool:
        """Return whether a timeline is an epoch of a log that the device has left: no server, but a cache, may send it."""
        known = self.known_epoch(timeline)
        return known is not None and known.epoch > timeline.epoch

    def apply(self, page: Page, out: Out) -> None:
        """Show the page's entries above the checkpoint, in order."""
        self.adopt_start(page, out)
        checkpoint = self.checkpoints.get(page.timeline, 0)
        for entry in page.entries:
            if entry.seq > checkpoint:
                self.show(entry, page.timeline, out)
                self.reach(entry)

    def adopt_start(self, page: Page, out: Out) -> None:
        """Start at the page's beginning if it is of a new epoch, or if this device may read a new timeline only from there."""
        new_epoch = self.leave_old_epoch(page.timeline, out)
        if new_epoch or (page.after and not self.checkpoints.get(page.timeline)):
            self.start_at(page.timeline, page.after, out)

    def leave_old_epoch(self, timeline: Timeline, out: Out) -> bool:
        """Forget the checkpoint in another epoch of this log; return whether there was one."""
        known = self.known_epoch(timeline)
        if known is None or known == timeline:
            return False
        del self.checkpoints[known]
        self.wanted = {t: head for t, head in self.wanted.items() if t == timeline or not known.same_log(t)}
        self.reached.clear()
        out.observe(Noted("new-epoch", self.id))
        return True

    def reach(self, entry: Entry) -> None:
        """Note that the device has the entry's conversation up to this place, in order."""
        message = entry.message
        if message is not None and entry.place > self.reached.get(message.conversation, 0):
            self.reached[message.conversation] = entry.place

    def save(self, cursors: tuple[Cursor, ...], out: Out) -> None:
        """Move the checkpoints forward, then pull what is still missing, or wait for the next poll."""
        for cursor in cursors:
            self.advance(cursor.timeline, cursor.after, out)
        if self.connection is None or self.pulling or (self.missed_pages and self.repair(out)):
            return
        if not self.pull_wanted(out):
            self.arm_poll(out)

    def pull_wanted(self, out: Out) -> bool:
        """Pull the timelines that have grown above their checkpoints as far as the device knows; return whether any has."""
        behind = [t for t, head in sorted(self.wanted.items()) if head > self.checkpoints.get(t, 0)]
        self.wanted.clear()
        if behind:
            known = [self.known_epoch(t) or t for t in behind]
            self.pull(tuple([Cursor(t, self.checkpoints.get(t, 0)) for t in known]), False, out)
        return bool(behind)

    def repair(self, out: Out) -> bool:
        """Fetch from the message store what was trimmed before it was read; continue after the gap once all is there."""
        while self.missed_pages:
            page = self.missed_pages[0]
            self.leave_old_epoch(page.timeline, out)
            for conversation, upto in page.missing:
                after = self.reached.get(conversation, 0)
                if after < upto and self.connection is not None:
                    self.pulling = True
                    self.request("pull", Fetch(conversation, after, upto), out)
                    return True
            self.missed_pages.pop(0)
            if page.upto > self.checkpoints.get(page.timeline, 0):
                self.start_at(page.timeline, page.upto, out)
        return False

    @on(Fetched)
    def fetched(self, source: Id, packet: Fetched, out: Out) -> None:
        """Show a page of what was missed, then fetch the rest."""
        self.pull_answered(out)
        for entry in packet.page.entries:
            self.show(entry, None, out)
        before = self.reached.get(packet.conversation, 0)
        self.reached[packet.conversation] = max(packet.page.upto, before)
        self.save((), out)

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Drop the repair under way; it starts again with the next connection."""
        if packet.connection == self.connection:
            self.missed_pages.clear()
        super().closed(source, packet, out)

    def advance(self, timeline: Timeline, seq: int, out: Out) -> None:
        """Move a checkpoint forward; never back."""
        if seq > self.checkpoints.get(timeline, 0):
            self.checkpoints[timeline] = seq
            out.observe(Checkpointed(self.id, timeline, seq))

    def restored(self, before: Device, out: Out) -> None:
        """Observe the older checkpoints: they are in one database with the messages."""
        assert isinstance(before, TimelineDevice)
        for timeline in sorted({*before.checkpoints, *self.checkpoints}):
            out.observe(Checkpointed(self.id, timeline, self.checkpoints.get(timeline, 0), start=True))
        super().restored(before, out)

    def progress(self) -> tuple[tuple[ConversationId, int], ...]:
        return tuple(sorted(self.reached.items()))

    def fetched_history(self) -> tuple[tuple[ConversationId, int], ...]:
        return tuple([(conversation, after) for conversation, (after, _) in sorted(self.history.items())])

    def roam(self, out: Out) -> None:
        """Ask for the next page of history, if some is missing."""
        for conversation, (after, upto) in sorted(self.history.items()):
            if after < upto and self.connection is not None:
                self.request("roam", Roam(conversation, after, upto), out)
                return

    @on(RoamReply)
    def roamed(self, source: Id, packet: RoamReply, out: Out) -> None:
        """Keep a page of history, and ask for the next."""
        after, upto = self.history.get(packet.conversation, (0, 0))
        if packet.page.after == after:
            self.answered("roam", out)
        if packet.page.after <= after < packet.page.upto and upto:
            self.history[packet.conversation] = (packet.page.upto, upto)
            held = [e for e in packet.page.entries if e.message is not None and not self.has_removed(e.message)]
            entries = tuple([(e.place, e.message.id) for e in held if e.message is not None])
            out.observe(Roamed(self.id, packet.conversation, packet.page.after, packet.page.upto, entries))
            for entry in held:
                if entry.message is not None and entry.message.expires is True:
                    self.keep_until(entry.message, entry.place, out)
            self.roam(out)
