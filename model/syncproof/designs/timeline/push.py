"""The two timeline designs whose push carries the message.

| design | numbering | a pushed message is | the checkpoint |
|---|---|---|---|
| `timeline-dense-push` | dense | applied if next, ignored if old, else a gap: pull | moves with the push |
| `timeline-push` | sparse | shown at once, always confirmed by a pull | moves with the pull only |

Dense numbers are given by the user's single writer when it commits an entry: the last number of the log is the counter. A
writer that does not see the log reserves numbers durably before the entry is written, so a crash between the two burns a
number. A burnt number is filled with a durable *void* by compare-and-set before anything after it is written; a late writer
finds its number taken and must reserve another (`dense_numbers`).
"""

from __future__ import annotations

from collections.abc import Mapping

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Appended, Noted
from syncproof.core.packets import Packet
from syncproof.core.values import Entry, Id, Timeline, UserId
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import Push, Reserved, Synced
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.log import Log, bytes_of, place_of, sync_of
from syncproof.designs.timeline.reading import settle
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


@actor
class DensePushDevice(TimelineDevice):
    """`timeline-dense-push`: a device that applies the next number, ignores older ones, and pulls only at a gap."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Apply the next number, ignore an older one, pull at a gap (Telegram's `pts` rule)."""
        checkpoint = self.checkpoints.get(packet.timeline, 0)
        if packet.entry.seq == checkpoint + 1 and self.ready(packet.timeline):
            self.apply_next(packet.entry, packet.timeline, out)
        elif packet.entry.seq > checkpoint:
            out.observe(Noted("gap", self.id))
            self.on_hint(packet.timeline, packet.entry.seq, "push", out)


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
