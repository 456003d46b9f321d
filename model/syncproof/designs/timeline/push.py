"""The two timeline designs whose push carries the message.

| design | numbering | a pushed message is | the checkpoint |
|---|---|---|---|
| `timeline-dense-push` | dense | applied if next, ignored if old, else a gap: wait a little, pull | moves with the push |
| `timeline-push` | sparse | shown at once, always confirmed by a pull | moves with the pull only |

Dense numbers are given by the user's single writer when it commits an entry: the last number of the log is the counter. A
writer that does not see the log reserves numbers durably before the entry is written, so a crash between the two burns a
number. A burnt number is filled with a durable *void* by compare-and-set before anything after it is written; a late writer
finds its number taken and must reserve another (`dense_numbers`).
"""

from __future__ import annotations

from collections.abc import Mapping

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Appended, Noted, Triggered
from syncproof.core.packets import Closed, Packet
from syncproof.core.values import Entry, Id, Timeline, UserId
from syncproof.designs.base import ROW_BYTES, settle
from syncproof.designs.packets import GapWaited, Push, Reserved, Synced
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.log import Log, bytes_of, place_of, sync_of
from syncproof.designs.timeline.server import TimelineServer


@actor
class PushServer(TimelineServer):
    """A timeline server that announces an entry by pushing it."""

    def announcement(self, timeline: Timeline, entry: Entry) -> Packet:
        return Push(timeline, entry)


@actor
class PushDevice(TimelineDevice):
    """`timeline-push`: a device that shows what is pushed, and pulls to confirm it, because a sparse number shows no gap."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Show the message at once; the pull moves the checkpoint and fetches what is missing before it."""
        self.show_early(packet.timeline, packet.entry, out)
        self.on_hint(packet.timeline, packet.entry.seq, "push", out)

    def show_early(self, timeline: Timeline, entry: Entry, out: Out) -> None:
        """Show an entry above the checkpoint, which stays where it is."""
        if entry.seq > self.checkpoints.get(timeline, 0) and self.registered and self.current(timeline):
            self.show(entry, timeline, out)

    def on_own_entry(self, timeline: Timeline, after: int, entry: Entry, out: Out) -> None:
        """Show an entry written here, whatever is missing before it."""
        self.show_early(timeline, entry, out)
        super().on_own_entry(timeline, after, entry, out)


KEPT = 16
"""Entries above a gap that a device keeps at most."""


@actor
class DensePushDevice(TimelineDevice):
    """`timeline-dense-push`: a device that applies the next number, ignores older ones, and pulls only at a gap.

    It waits a little for the missing entries before it pulls, because pushes that overtake each other show a gap too.
    `kept`: the entries that were pushed above the gap, which are applied when it is filled.
    """

    kept: dict[tuple[Timeline, int], Entry] = volatile(dict)

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Apply the next number, ignore an older one, wait or pull at a gap (Telegram's `pts` rule)."""
        self.take(packet.timeline, packet.entry, "push", out)

    def on_own_entry(self, timeline: Timeline, after: int, entry: Entry, out: Out) -> None:
        """Treat an entry written here like one that is pushed."""
        if entry.message is None:
            self.on_hint(timeline, entry.seq, "accept", out)
        else:
            self.take(timeline, entry, "accept", out)

    def take(self, timeline: Timeline, entry: Entry, cause: str, out: Out) -> None:
        """Apply the next number, ignore an older one, wait or pull at a gap."""
        checkpoint = self.checkpoints.get(timeline, 0)
        if entry.seq == checkpoint + 1 and self.ready(timeline):
            self.apply_next(entry, timeline, out)
        elif entry.seq > checkpoint:
            out.observe(Noted("gap", self.id))
            if self.parameters.gap_wait and self.connection is not None and not self.pulling and self.ready(timeline):
                self.keep(timeline, entry, cause, out)
            else:
                self.on_hint(timeline, entry.seq, cause, out)

    def keep(self, timeline: Timeline, entry: Entry, cause: str, out: Out) -> None:
        """Keep an entry above a gap, and wait for the entries below it."""
        if not self.kept:
            out.after(self.parameters.gap_wait, GapWaited())
        if len(self.kept) < KEPT:
            self.kept[timeline, entry.seq] = entry
        out.observe(Triggered(self.id, cause))
        self.wanted[timeline] = max(entry.seq, self.wanted.get(timeline, 0))

    @on(GapWaited)
    def waited(self, source: Id, packet: GapWaited, out: Out) -> None:
        """Pull what is still missing. A pull that is under way is followed by another if it does not bring that."""
        self.kept.clear()
        if self.connection is not None and not self.pulling and not self.saving:
            self.pull_wanted(out)

    def advance(self, timeline: Timeline, seq: int, out: Out) -> None:
        """Move a checkpoint forward, and apply the kept entries that follow it."""
        super().advance(timeline, seq, out)
        if self.kept and self.ready(timeline):
            self.kept = {of: entry for of, entry in self.kept.items() if of[0] == timeline and of[1] > seq}
            following = self.kept.get((timeline, seq + 1))
            if following is not None:
                self.apply_next(following, timeline, out)
            elif self.wanted.get(timeline, 0) <= seq:
                self.wanted.pop(timeline, None)
                out.cancel(GapWaited())

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Drop what was kept: the next connection begins with a pull."""
        if packet.connection == self.connection:
            self.kept.clear()
            out.cancel(GapWaited())
        super().closed(source, packet, out)


@actor
class DensePushServer(PushServer):
    """A server with dense numbers. If it reserves them, it writes entries at them, and fills burnt ones with voids.

    `reserved`: the last number reserved for each user. `taken`: the batch that waits for its reservation.
    """

    reserved: dict[UserId, int] = durable(dict)
    taken: dict[UserId, tuple[Entry, ...]] = volatile(dict)

    def write_next(self, user: UserId, out: Out) -> None:
        """Reserve as many numbers as entries wait; the batch stays in memory until the reservation is durable."""
        if self.parameters.dense_numbers == "at-commit":
            super().write_next(user, out)
            return
        batch = self.taken[user] = tuple(self.queue.pop(user))
        replaces = ROW_BYTES * (user in self.reserved)
        upto = self.reserved.get(user, 0) + len(batch)
        out.write("sequencer", 1, ROW_BYTES, Reserved(user, upto), replaces=replaces)

    @on(Reserved)
    def reserved_numbers(self, source: Id, packet: Reserved, out: Out) -> None:
        """Write the batch at the reserved numbers."""
        first = self.reserved.get(packet.user, 0) + 1
        self.reserved[packet.user] = packet.upto
        batch = self.taken.pop(packet.user, ())
        numbered = tuple([Entry(first + i, e.place, e.message) for i, e in enumerate(batch)])
        self.write_batch(packet.user, numbered, out)

    @on(Synced)
    def synced(self, source: Id, packet: Synced, out: Out) -> None:
        """Put each entry at its number if that is free; announce what is new."""
        if self.parameters.dense_numbers == "at-commit":
            super().synced(source, packet, out)
            return
        user = packet.user
        log = self.sync.get(user)
        if log is None:
            log = self.sync[user] = Log.empty(self.epoch)
        timeline = sync_of(user, self.epoch)
        for entry in packet.entries:
            if entry.seq <= log.last:  # a void has taken the number, so this late entry needs another one
                settle("sync-store", bytes_of((entry,)), 0, out)
                if entry.message is not None and not log.holds(entry):
                    self.queue.setdefault(user, []).append(entry)
                continue
            reserved = entry
            if entry.message is not None and place_of(entry) in self.redriven and log.holds(entry):
                entry = Entry(entry.seq, 0, None, "void")
                settle("sync-store", bytes_of((reserved,)), bytes_of((entry,)), out)
            after = log.last
            log.append(entry)
            out.observe(Appended(timeline, entry.seq, None if entry.message is None else entry.message.id))
            if entry.message is not None:
                self.announce(user, timeline, after, entry, out)
            else:
                out.observe(Noted("void", self.id))
            if reserved.message is not None:
                self.count_copy(reserved, out)
        self.continue_writing(user, out)

    def start(self, out: Out) -> None:
        """Fill burnt numbers with voids before anything is written above them."""
        for user in sorted(self.reserved):
            last = self.sync[user].last if user in self.sync else 0
            if self.reserved[user] > last:
                voids = tuple([Entry(n, 0, None, "void") for n in range(last + 1, self.reserved[user] + 1)])
                self.writing.add(user)
                out.write("sync-store", len(voids), ROW_BYTES * len(voids), Synced(user, voids))
        super().start(out)

    def held(self) -> Mapping[str, int]:
        return {**super().held(), "sequencer": ROW_BYTES * len(self.reserved)}
