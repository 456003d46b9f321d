"""Numbers that are given, lost or compared wrongly."""

from __future__ import annotations

from typing import Any

import msgspec

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Appended
from syncproof.core.packets import Packet
from syncproof.core.values import (
    ConnectionId,
    Cursor,
    Entry,
    Id,
    Message,
    MessageId,
    Page,
    Timeline,
    UserId,
)
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import (
    Commit,
    PullReply,
    Synced,
)
from syncproof.designs.registry import DESIGNS
from syncproof.designs.timeline.log import Log, SeqRange, place_of, sync_of
from syncproof.designs.timeline.push import DensePushDevice, DensePushServer, PushServer
from syncproof.designs.timeline.sequencer import CLOCK_BITS
from syncproof.designs.timeline.server import TimelineServer
from syncproof.seeded_bugs._record import Cost, seeded_bug


@actor
class NumberBeforeCommit(TimelineServer):
    """Assigns an entry's number when its write begins, and lets later writes complete first."""

    given_out: dict[UserId, int] = volatile(dict)

    def fan_out(self, entry: Entry, users: tuple[UserId, ...], out: Out) -> None:
        self.unsynced[place_of(entry)] = len(users)
        for user in users:
            log = self.sync.get(user)
            number = max(self.given_out.get(user, 0), log.last if log else 0) + 1
            self.given_out[user] = number
            self.write_batch(user, (Entry(number, entry.place, entry.message),), out)

    @on(Synced)
    def synced(self, source: Id, packet: Synced, out: Out) -> None:
        """Make the entries readable when they are written, even while a smaller number is still being written."""
        log = self.sync.setdefault(packet.user, Log.empty())
        for entry in packet.entries:
            assert entry.message is not None
            after = log.last
            log.append(entry)
            out.observe(Appended(sync_of(packet.user), entry.seq, entry.message.id))
            self.count_copy(entry, out)
            self.announce(packet.user, sync_of(packet.user), after, entry, out)


F01 = seeded_bug(
    "F01",
    "number before commit",
    mechanism="a number is reserved, a later one commits and is pulled first, the earlier appears below the checkpoint",
    cure="give the number in the step that commits the entry, by the log's single writer",
    seen_in="synapse PR#6187, open-im-server#320, PostgreSQL sequences",
    violates=("tail-append", "no-loss"),
    base="timeline-notify",
    world=("two-devices", 2, ()),
    server=NumberBeforeCommit,
)


@actor
class WaitsForOldest(TimelineServer):
    """Avoids F01: readers see nothing that began after a write that is still open. But a crash leaves a write open."""

    began: int = durable(int)
    open: dict[tuple[MessageId, ConnectionId], int] = durable(dict)
    stamps: dict[MessageId, int] = durable(dict)

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        if message.id not in self.index:
            self.began += 1
            self.open[message.id, source] = self.began
        super().receive(source, message, out)

    @on(Commit)
    def commit(self, source: Id, packet: Commit, out: Out) -> None:
        """Close this write: readers no longer wait for it."""
        began = self.open.pop((packet.message.id, packet.source), 0)
        self.stamps.setdefault(packet.message.id, began)
        super().commit(source, packet, out)

    def read_page(self, timeline: Timeline, log: Log, ranges: tuple[SeqRange, ...], after: int) -> Page | None:
        page = super().read_page(timeline, log, ranges, after)
        if page is None or not self.open:
            return page
        oldest = min(self.open.values())
        hidden = [e.message is not None and self.stamps.get(e.message.id, 0) > oldest for e in page.entries]
        visible = page.entries[: hidden.index(True)] if True in hidden else page.entries
        if not visible:
            return None
        return msgspec.structs.replace(page, entries=visible, upto=visible[-1].seq)


F02 = seeded_bug(
    "F02",
    "the repair blocks all readers",
    mechanism="readers wait for the oldest open write; a writer that crashed leaves one open indefinitely",
    cure="give numbers at commit, so that readers never wait; or end an open write, and void its number, when its "
    "writer is gone",
    seen_in="synapse#16633",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 1, ("server-crash",)),
    server=WaitsForOldest,
)


SLOW_WRITES: dict[str, Any] = {
    "title": "Some writes are slow",
    "shows": "One write in many takes a hundred times as long as most.",
    "duration": "20m",
    "population": {"users": 12, "devices_per_user": 2},
    "conversations": {"pairs": 12, "groups": 2, "group_size": {"min": 3, "max": 5}},
    "traffic": {"messages_per_user_per_day": 8000.0},
    "presence": {"offline": "0s"},
    "storage": {"service_ms": {"median": 20.0, "sigma": 2.0}, "parallel": 64},
}
"""A scenario in which one write in many takes a hundred times as long as most."""


F02_COST = Cost(
    id="F02",
    failure="the repair blocks all readers",
    mechanism="readers wait for the oldest open write; one slow write stalls all",
    seen_in="synapse#16633",
    metric="late_10s",
    sound=DESIGNS["timeline-notify"],
    design=F02.design,
    scenario=SLOW_WRITES,
    times=3.0,
)


class Replicated(Packet, frozen=True, gc=False):
    """The replica has the user's timeline up to `upto`."""

    user: UserId
    upto: int


@actor
class LaggingReplica(TimelineServer):
    """Reads from a replica that lags behind, but reports the primary's head."""

    replica: dict[UserId, int] = durable(dict)

    @on(Synced)
    def synced(self, source: Id, packet: Synced, out: Out) -> None:
        """Announce the entries at once and copy them to the replica later."""
        super().synced(source, packet, out)
        out.write("replica", 1, ROW_BYTES, Replicated(packet.user, self.sync[packet.user].last))

    @on(Replicated)
    def replicated(self, source: Id, packet: Replicated, out: Out) -> None:
        """Note how far the replica has caught up."""
        self.replica[packet.user] = max(packet.upto, self.replica.get(packet.user, 0))

    def read_page(self, timeline: Timeline, log: Log, ranges: tuple[SeqRange, ...], after: int) -> Page | None:
        if log.last <= after:
            return None
        entries, _ = log.after(after, self.replica.get(UserId(timeline.owner), 0), self.parameters.page_size)
        return Page(timeline, after, tuple(entries), log.last)


F03 = seeded_bug(
    "F03",
    "cursor ahead of the reader's replica",
    mechanism="the notification outruns the replica that serves the pull",
    cure="report to a device the head of the replica that will serve its pull",
    seen_in="synapse#14158",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 1, ()),
    server=LaggingReplica,
)


@actor
class CounterLost(TimelineServer):
    """Keeps the counter in memory, so that numbering starts again at 1 after a restart."""

    counters: dict[UserId, int] = volatile(dict)

    def number(self, user: UserId, log: Log, out: Out) -> int:
        number = self.counters[user] = self.counters.get(user, 0) + 1
        return number


F04 = seeded_bug(
    "F04",
    "sequencer rolls back",
    mechanism="the counter is lost in a restart; new messages get old numbers and are ignored",
    cure="keep the counter in durable storage, with the entry or ahead of it in blocks",
    seen_in="open-im-server#342, turms#1569",
    violates=("tail-append", "no-loss"),
    base="timeline-notify",
    world=("two-people", 2, ("server-crash",)),
    server=CounterLost,
)


@actor
class LeavesHoles(DensePushServer):
    """Writes no void for a number that a crash has burnt."""

    def start(self, out: Out) -> None:
        TimelineServer.start(self, out)


@actor
class AsksForHoles(DensePushDevice):
    """Applies a page only if it begins with the next number, and otherwise repeats the pull."""

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Repeat the pull if a page does not begin with the next number."""
        for page in packet.pages:
            checkpoint = self.checkpoints.get(page.timeline, 0)
            if page.entries[0].seq > checkpoint + 1:
                self.pull((Cursor(page.timeline, checkpoint),), False, out)
                return
        super().replied(source, packet, out)


F05 = seeded_bug(
    "F05",
    "sequencer jumps ahead",
    mechanism="numbers are skipped; a gap rule asks again and again for what never existed",
    cure="write a void for each burnt number, and let a pull pass over what the server says is not there",
    seen_in="open-im-server#3249, #3436",
    violates=("pull-terminates",),
    base="timeline-dense-push",
    world=("two-people", 1, ("server-crash",)),
    device=AsksForHoles,
    server=LeavesHoles,
    dense_numbers="reserved",
)


@actor
class ClockGoesBack(TimelineServer):
    """Numbers entries by the wall clock, also when it has stepped back."""

    def number(self, user: UserId, log: Log, out: Out) -> int:
        return (self.clock << CLOCK_BITS) + len(log.seqs)


F06 = seeded_bug(
    "F06",
    "clock goes backwards",
    mechanism="clock-based numbers decrease",
    cure="never give a number that is not larger than the last one, whatever the clock says",
    seen_in="twitter-archive/snowflake#6",
    violates=("tail-append",),
    base="timeline-notify",
    world=("two-people", 2, ("clock-step",)),
    server=ClockGoesBack,
    sequencers=("clock",),
)


@actor
class TiedCursor(TimelineServer):
    """Numbers entries by a clock that is coarser than the traffic, so that entries share a number."""

    def number(self, user: UserId, log: Log, out: Out) -> int:
        return self.clock + 1


F08 = seeded_bug(
    "F08",
    "tied cursor",
    mechanism="timestamps as cursor, strictly greater: a page ends inside a tie",
    cure="use numbers that no two entries share, or a cursor that also names the last entry of a tie",
    seen_in="nanoclaw PR#245, dxos PR#12538",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 2, ()),
    server=TiedCursor,
    page_size=1,
)


F41_COST = Cost(
    id="F41",
    failure="hybrid over sparse numbers",
    mechanism="the rule of dense numbering on a sequencer that skips: every push looks like a gap",
    seen_in="Tablestore: auto-increment is not consecutive",
    metric="pulls_per_delivery",
    sound=DESIGNS["timeline-dense-push"],
    design=msgspec.structs.replace(
        DESIGNS["timeline-dense-push"], name="F41", server=PushServer, sequencers=("sparse",)
    ),
    scenario="default",
    times=3.0,
)
