"""Seeded bugs: failures of real systems, each a small variation of a sound design, with the property that must fall.

A harness is worth what it can catch. Every bug here happened in a released system or follows from its published code
(`seen_in`); it is a subclass that overrides as little as the mechanism needs, and `world` is a small world in which it
shows. The cure is in every case what the sound design does.
"""

from __future__ import annotations

from typing import Any

import msgspec

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Accepted, Appended, Gone
from syncproof.core.packets import Closed, Packet
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
from syncproof.designs.base import ROW_BYTES, Device
from syncproof.designs.inbox import Holding, InboxDevice, InboxServer, SharedInboxServer, SyncFirstServer
from syncproof.designs.packets import (
    Accept,
    Commit,
    Copied,
    Notification,
    Pull,
    PullReply,
    Push,
    Registered,
    Respond,
    Synced,
)
from syncproof.designs.parameters import Parameters
from syncproof.designs.registry import DESIGNS, Design
from syncproof.designs.timeline.checkpointed import CheckpointedServer
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.fanout import ReadFanoutServer
from syncproof.designs.timeline.log import Log, Span, spot, sync_of
from syncproof.designs.timeline.push import DensePushDevice, DensePushServer, PushDevice, PushServer
from syncproof.designs.timeline.reading import LogServer
from syncproof.designs.timeline.sequencer import CLOCK_BITS
from syncproof.designs.timeline.server import TimelineServer

# ---- numbering


@actor
class NumberBeforeCommit(TimelineServer):
    """Gives the number when a write begins and lets writes overtake each other."""

    given_out: dict[UserId, int] = volatile(dict)

    def fan_out(self, entry: Entry, users: tuple[UserId, ...], out: Out) -> None:
        self.unsynced[spot(entry)] = len(users)
        for user in users:
            log = self.sync.get(user)
            number = max(self.given_out.get(user, 0), log.last if log else 0) + 1
            self.given_out[user] = number
            self.write_batch(user, (Entry(number, entry.place, entry.message),), out)

    @on(Synced)
    def synced(self, source: Id, packet: Synced, out: Out) -> None:
        """Readable as soon as it is written, whatever has a smaller number."""
        log = self.sync.setdefault(packet.user, Log.empty())
        for entry in packet.entries:
            assert entry.message is not None
            log.append(entry)
            out.observe(Appended(sync_of(packet.user), entry.seq, entry.message.id))
            self.copied(entry, out)
            self.hint(packet.user, sync_of(packet.user), entry, out)


@actor
class WaitsForOldest(TimelineServer):
    """Cures that: readers see nothing that began after a write which is still open. A writer that dies leaves one open."""

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
        """This write is no longer open."""
        began = self.open.pop((packet.message.id, packet.source), 0)
        self.stamps.setdefault(packet.message.id, began)
        super().commit(source, packet, out)

    def read_page(self, timeline: Timeline, log: Log, spans: tuple[Span, ...], after: int) -> Page | None:
        page = super().read_page(timeline, log, spans, after)
        if page is None or not self.open:
            return page
        oldest = min(self.open.values())
        young = [e.message is not None and self.stamps.get(e.message.id, 0) > oldest for e in page.entries]
        visible = page.entries[: young.index(True)] if True in young else page.entries
        if not visible:
            return None
        return msgspec.structs.replace(page, entries=visible, upto=visible[-1].seq)


class Replicated(Packet, frozen=True, gc=False):
    """The replica that serves reads has the user's timeline up to `upto`."""

    user: UserId
    upto: int


@actor
class LaggingReplica(TimelineServer):
    """Reads from a replica that follows later, but says how far the primary is."""

    replica: dict[UserId, int] = durable(dict)

    @on(Synced)
    def synced(self, source: Id, packet: Synced, out: Out) -> None:
        """Announced at once; the replica follows."""
        super().synced(source, packet, out)
        out.write("replica", 1, ROW_BYTES, Replicated(packet.user, self.sync[packet.user].last))

    @on(Replicated)
    def replicated(self, source: Id, packet: Replicated, out: Out) -> None:
        """The replica has caught up so far."""
        self.replica[packet.user] = max(packet.upto, self.replica.get(packet.user, 0))

    def read_page(self, timeline: Timeline, log: Log, spans: tuple[Span, ...], after: int) -> Page | None:
        if log.last <= after:
            return None
        entries, _ = log.after(after, self.replica.get(UserId(timeline.owner), 0), self.parameters.page_size)
        return Page(timeline, after, tuple(entries), log.last)


@actor
class CounterLost(TimelineServer):
    """Keeps the counter in memory and begins again at 1 after a restart."""

    counters: dict[UserId, int] = volatile(dict)

    def number(self, user: UserId, log: Log, out: Out) -> int:
        number = self.counters[user] = self.counters.get(user, 0) + 1
        return number


@actor
class LeavesHoles(DensePushServer):
    """Fills no burnt number."""

    def start(self, out: Out) -> None:
        TimelineServer.start(self, out)


@actor
class AsksForHoles(DensePushDevice):
    """Takes a page only if it begins with the next number, else asks again."""

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """What does not follow must be a mistake: once more."""
        for page in packet.pages:
            checkpoint = self.checkpoints.get(page.timeline, 0)
            if page.entries[0].seq > checkpoint + 1:
                self.pull((Cursor(page.timeline, checkpoint),), False, out)
                return
        super().replied(source, packet, out)


@actor
class ClockGoesBack(TimelineServer):
    """Numbers by the wall clock as it is."""

    def number(self, user: UserId, log: Log, out: Out) -> int:
        return (self.clock << CLOCK_BITS) + len(log.seqs)


@actor
class TiedCursor(TimelineServer):
    """Numbers by a clock that is coarser than the traffic: entries share a number."""

    def number(self, user: UserId, log: Log, out: Out) -> int:
        return self.clock + 1


# ---- checkpoints


@actor
class CheckpointOnSend(TimelineDevice):
    """Takes the place of its own message for how far it has got."""

    def placed(self, message: Message, place: int, out: Out) -> None:
        self.show(Entry(place, place, message), None, out)
        self.advance(sync_of(self.user), place, out)


class Applied(Packet, frozen=True, gc=False):
    """The device's database has the pages."""

    pages: tuple[Page, ...]


@actor
class CheckpointFirst(TimelineDevice):
    """Saves the checkpoint, then writes the messages."""

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """The checkpoint at once, the messages when the disk is ready."""
        self.pulling = False
        if not packet.pages:
            self.save((), out)
            return
        self.saving = True
        for page in packet.pages:
            self.advance(page.timeline, page.upto, out)
        out.write("device", len(packet.pages), ROW_BYTES, Applied(packet.pages))

    @on(Applied)
    def applied(self, source: Id, packet: Applied, out: Out) -> None:
        """Now the messages are there as well."""
        self.saving = False
        for page in packet.pages:
            for entry in page.entries:
                self.show(entry, page.timeline, out)
        self.save((), out)


@actor
class ShowsAgain(TimelineDevice):
    """Does not look whether it has a message already."""

    def show(self, entry: Entry, timeline: Timeline | None, out: Out) -> bool:
        if entry.message is not None:
            self.shown.discard(entry.message.id)
        return super().show(entry, timeline, out)


@actor
class SummaryMovesCursor(TimelineDevice):
    """Takes a hint's head for its own checkpoint."""

    @on(Notification)
    def notified(self, source: Id, packet: Notification, out: Out) -> None:
        """So many there are, so far we have got."""
        super().notified(source, packet, out)
        self.advance(packet.timeline, packet.head, out)


@actor
class PushDuringCatchUp(DensePushDevice):
    """Applies whatever is pushed while a pull is under way."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """The pull will bring the rest."""
        if self.pulling and packet.entry.seq > self.checkpoints.get(packet.timeline, 0):
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)
        else:
            super().pushed(source, packet, out)


@actor
class TooLax(DensePushDevice):
    """Applies what is newer than the checkpoint rather than what is next."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Newer is good enough."""
        if packet.entry.seq > self.checkpoints.get(packet.timeline, 0):
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)


@actor
class CountsTheBatch(DensePushDevice):
    """Collects pushes and takes them when their count fits, without looking whether they follow each other."""

    batch: list[Entry] = volatile(list)

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """As many as the last number says: complete."""
        checkpoint = self.checkpoints.get(packet.timeline, 0)
        if packet.entry.seq <= checkpoint:
            return
        self.batch.append(packet.entry)
        if packet.entry.seq == checkpoint + len(self.batch):
            for entry in self.batch:
                self.show(entry, packet.timeline, out)
            self.batch.clear()
            self.advance(packet.timeline, packet.entry.seq, out)
        else:
            self.on_hint(packet.timeline, packet.entry.seq, "push", out)

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """What was collected is in the reply."""
        self.batch.clear()
        super().replied(source, packet, out)


# ---- pages and subscriptions


@actor
class SubscribesLate(TimelineServer):
    """Lets a new device's timelines begin where its first pull meets them, not where its history ended."""

    subscribed: set[DeviceId] = durable(set)

    def welcome(self, device: DeviceId, user: UserId, history: tuple[tuple[ConversationId, int], ...]) -> Registered:
        return Registered((), history)

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """The first pull of a new device is its subscription."""
        device = self.peers[source]
        if device in self.enrolments and device not in self.subscribed:
            self.subscribed.add(device)
            pages = [Page(timeline, log.last, (), log.last) for timeline, log, _ in self.feeds(self.owners[device])]
            out.read("sync-store", len(pages), ROW_BYTES, Respond(source, PullReply(tuple(pages))))
        else:
            super().pulled(source, packet, out)


@actor
class NewestFirst(TimelineServer):
    """Returns the newest page, and says that it reaches to the end."""

    def read_page(self, timeline: Timeline, log: Log, spans: tuple[Span, ...], after: int) -> Page | None:
        entries, _ = log.after(after, None, len(log.seqs))
        newest = tuple(entries[-self.parameters.page_size :])
        return Page(timeline, after, newest, newest[-1].seq) if newest else None


@actor
class OffByOne(TimelineDevice):
    """Asks for the next page from one after where it begins."""

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """One further for good measure."""
        pages = [msgspec.structs.replace(p, upto=p.upto + p.has_more) for p in packet.pages]
        super().replied(source, msgspec.structs.replace(packet, pages=tuple(pages)), out)


@actor
class TellsNobody(TimelineServer):
    """Reads what retention has left, as if nothing had ever been before it."""

    def expired(self, timeline: Timeline, log: Log, after: int) -> Page | None:
        return None


@actor
class StartsAtTheEnd(TimelineServer):
    """Takes a checkpoint that has expired for a new reader's, and lets it begin after what is there."""

    def expired(self, timeline: Timeline, log: Log, after: int) -> Page | None:
        gap = super().expired(timeline, log, after)
        return None if gap is None else Page(timeline, log.last, (), log.last)


@actor
class TrimsByFastest(CheckpointedServer):
    """Trims what one device of a user has confirmed, and tells nobody."""

    def expired(self, timeline: Timeline, log: Log, after: int) -> Page | None:
        return None

    def retain(self, user: UserId, timeline: Timeline, out: Out) -> None:
        every = self.devices[user]
        self.devices[user] = tuple([d for d in every if (d, timeline) in self.known])
        super().retain(user, timeline, out)
        self.devices[user] = every


# ---- backups


@actor
class CheckpointElsewhere(TimelineDevice):
    """Keeps its checkpoint outside the database, where a restore does not reach it."""

    def restored(self, before: Device, out: Out) -> None:
        """Old messages, new checkpoint."""
        assert isinstance(before, CheckpointElsewhere)
        self.checkpoints = before.checkpoints
        Device.restored(self, before, out)


@actor
class NoEpoch(ReadFanoutServer):
    """Goes on after a restore as if nothing had happened: numbers are given a second time."""

    def restored(self, before: LogServer, out: Out) -> None:
        """Nobody is told."""
        for message in sorted(before.index):
            if message not in self.index:
                out.observe(Gone(message))


# ---- changes


@actor
class ChangesInPlace(TimelineServer):
    """Changes the stored message and adds no entry: who has passed it never hears of that."""

    @on(Commit)
    def commit(self, source: Id, packet: Commit, out: Out) -> None:
        """A recall is a new content of the message that it is about."""
        message = packet.message
        if message.kind != "recall":
            super().commit(source, packet, out)
            return
        for timeline in (*self.store.values(), *self.sync.values()):
            for index, entry in enumerate(timeline.entries):
                known = entry.message
                if known is not None and int(known.id) == message.about:
                    changed = msgspec.structs.replace(known, kind="recall", about=message.about)
                    timeline.entries[index] = msgspec.structs.replace(entry, message=changed)
        out.send(packet.source, Accept(message.id, 0))
        self.release(out)


@actor
class ForgetsEarlyRecall(PushDevice):
    """Drops a recall whose message it does not have yet."""

    def amend(self, message: Message, place: int, out: Out) -> None:
        if message.kind == "read" or message.about in self.shown:
            super().amend(message, place, out)


# ---- triggers


@actor
class OnlyNotified(TimelineDevice):
    """Pulls when it is told to, and at no other time."""

    def on_connected(self, out: Out) -> None:
        self.send_next(out)

    def arm_poll(self, out: Out) -> None:
        pass


@actor
class SwallowsTrigger(TimelineDevice):
    """Ignores a hint that comes during a pull: "already syncing"."""

    def on_hint(self, timeline: Timeline, head: int, cause: str, out: Out) -> None:
        if not self.pulling:
            super().on_hint(timeline, head, cause, out)

    def arm_poll(self, out: Out) -> None:
        pass


@actor
class RepairLoop(TimelineDevice):
    """Compares its count of messages with the head, and synchronises until they agree."""

    def save(self, cursors: tuple[Cursor, ...], out: Out) -> None:
        super().save(cursors, out)
        if not self.pulling and len(self.shown) != self.checkpoints.get(sync_of(self.user), 0):
            self.catch_up(out)


# ---- sending and storing


@actor
class AcceptsFromCache(TimelineServer):
    """Says "accepted" before anything is written."""

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        if message.id not in self.index:
            out.observe(Accepted(message.id))
            out.send(source, Accept(message.id, 0))
        super().receive(source, message, out)


@actor
class NothingRedrives(TimelineServer):
    """Forgets after a crash what was stored and not yet copied."""

    def start(self, out: Out) -> None:
        pass


@actor
class RetryLater(TimelineDevice):
    """Puts a message that was not answered behind the others."""

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Next time another one first."""
        if packet.connection == self.connection and self.sending:
            self.outbox.rotate(-1)
        super().closed(source, packet, out)


class FannedOut(Packet, frozen=True, gc=False):
    """It is the entry's turn to be copied."""

    entry: Entry


@actor
class MembersAtSync(TimelineServer):
    """Copies to those who are members when the copying begins, not when the message took its place."""

    def fan_out(self, entry: Entry, users: tuple[UserId, ...], out: Out) -> None:
        out.after(0.0, FannedOut(entry))

    @on(FannedOut)
    def fanned_out(self, source: Id, packet: FannedOut, out: Out) -> None:
        """Later than the place was taken."""
        assert packet.entry.message is not None
        super().fan_out(packet.entry, self.members.get(packet.entry.message.conversation, ()), out)


# ---- inboxes


@actor
class DeletesOnPush(InboxServer):
    """Deletes a copy when it is written to the socket."""

    @on(Copied)
    def copied(self, source: Id, packet: Copied, out: Out) -> None:
        """Sent is delivered."""
        super().copied(source, packet, out)
        for device in self.receivers(packet.box, packet.message):
            self.remove(device, (packet.message.id,), out)


@actor
class TrustsTheSocket(SyncFirstServer):
    """Takes a device that it believes online for one that has the message."""

    def accept_if_complete(self, held: Holding, out: Out) -> None:
        held.waiting = {d for d in held.waiting if d not in self.online}
        super().accept_if_complete(held, out)


@actor
class ClonedIdentity(InboxServer):
    """Two installations share one identity: the newcomer is taken for the device that was there first."""

    def identity(self, device: DeviceId) -> DeviceId:
        """The device that this one was cloned from."""
        return self.devices[self.owners[device]][0] if device in self.enrolments else device

    def box_of(self, device: DeviceId) -> Timeline:
        return super().box_of(self.identity(device))

    def fetchers(self, box: Timeline) -> tuple[DeviceId, ...]:
        return tuple([d for d in self.devices[self.owners[DeviceId(box.owner)]] if self.box_of(d) == box])

    def receivers(self, box: Timeline, message: Message) -> list[DeviceId]:
        return super().receivers(box, message)[-1:]


class Moved(Packet, frozen=True, gc=False):
    """The queue is where reads look for it."""

    box: Timeline


@actor
class LooksEmpty(InboxServer):
    """Shows an empty queue while it is moved from memory to disk."""

    moving: set[Timeline] = volatile(set)

    @on(Copied)
    def copied(self, source: Id, packet: Copied, out: Out) -> None:
        """The copy is there, and then moves."""
        super().copied(source, packet, out)
        self.moving.add(packet.box)
        out.write("inbox", 1, ROW_BYTES + packet.message.size, Moved(packet.box))

    @on(Moved)
    def moved(self, source: Id, packet: Moved, out: Out) -> None:
        """Visible again."""
        self.moving.discard(packet.box)

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Nothing there, as it seems."""
        if self.box_of(self.peers[source]) in self.moving:
            out.read("inbox", 0, 0, Respond(source, PullReply(())))
        else:
            super().pulled(source, packet, out)


@actor
class DrainsAtLogin(InboxDevice):
    """Asks for its queue at login alone."""

    def arm_poll(self, out: Out) -> None:
        pass


# ---- the catalogue


class Bug(msgspec.Struct, frozen=True):
    """A failure of a real system, seeded.

    `falls`: the properties that must be violated. `base`: the sound design that it varies. `world`: people, messages
    and kinds of fault of a world in which it shows (`worlds.shape`). `design`: what the engines run.
    """

    id: str
    failure: str
    mechanism: str
    seen_in: str
    falls: tuple[str, ...]
    base: str
    world: tuple[str, int, tuple[str, ...]]
    design: Design


def _bug(
    id: str,
    failure: str,
    mechanism: str,
    seen_in: str,
    falls: tuple[str, ...],
    base: str,
    world: tuple[str, int, tuple[str, ...]],
    *,
    device: type[Device] | None = None,
    server: type[Any] | None = None,
    sequencers: tuple[str, ...] | None = None,
    **parameters: Any,
) -> Bug:
    sound = DESIGNS[base]
    design = msgspec.structs.replace(
        sound,
        name=id,
        summary=mechanism,
        device=device or sound.device,
        server=server or sound.server,
        sequencers=sequencers or sound.sequencers,
        parameters=Parameters(**parameters),
        meets=(),  # what a bug breaks may be what its base would meet
    )
    return Bug(id, failure, mechanism, seen_in, falls, base, world, design)


DENSE = ("dense",)

BUGS: dict[str, Bug] = {
    bug.id: bug
    for bug in (
        _bug(
            "F01",
            "number before commit",
            "a number is reserved, a later one commits and is pulled first, the earlier appears below the checkpoint",
            "synapse PR#6187, open-im-server#320, PostgreSQL sequences",
            ("tail-append", "no-loss"),
            "timeline-notify",
            ("two-devices", 2, ()),
            server=NumberBeforeCommit,
        ),
        _bug(
            "F02",
            "the cure blocks everyone",
            "readers wait for the oldest open write; a writer that crashed leaves one open for ever",
            "synapse#16633",
            ("no-loss",),
            "timeline-notify",
            ("two-people", 1, ("server-crash",)),
            server=WaitsForOldest,
        ),
        _bug(
            "F03",
            "cursor ahead of the reader's replica",
            "the notification outruns the replica that serves the pull",
            "synapse#14158",
            ("no-loss",),
            "timeline-notify",
            ("two-people", 1, ()),
            server=LaggingReplica,
        ),
        _bug(
            "F04",
            "sequencer rolls back",
            "the counter is lost in a restart; new messages get old numbers and are ignored",
            "open-im-server#342, turms#1569",
            ("tail-append", "no-loss"),
            "timeline-notify",
            ("two-people", 2, ("server-crash",)),
            server=CounterLost,
        ),
        _bug(
            "F05",
            "sequencer jumps ahead",
            "numbers are skipped; a gap rule asks again and again for what never existed",
            "open-im-server#3249, #3436",
            ("pull-terminates",),
            "timeline-dense-push",
            ("two-people", 1, ("server-crash",)),
            device=AsksForHoles,
            server=LeavesHoles,
        ),
        _bug(
            "F06",
            "clock goes backwards",
            "clock-based numbers sink",
            "twitter-archive/snowflake#6",
            ("tail-append",),
            "timeline-notify",
            ("two-people", 2, ("clock-step",)),
            server=ClockGoesBack,
            sequencers=("clock",),
        ),
        _bug(
            "F07",
            "checkpoint from the wrong clock",
            "sending moves the checkpoint past what others sent",
            "Rocket.Chat.ReactNative PR#7506, PR#7523",
            ("checkpoint-covered",),
            "timeline-notify",
            ("two-devices", 2, ()),
            device=CheckpointOnSend,
            sequencers=DENSE,
        ),
        _bug(
            "F08",
            "tied cursor",
            "timestamps as cursor, strictly greater: a page ends inside a tie",
            "nanoclaw PR#245, dxos PR#12538",
            ("no-loss",),
            "timeline-notify",
            ("two-people", 2, ()),
            server=TiedCursor,
            page_size=1,
        ),
        _bug(
            "F09",
            "checkpoint before apply",
            "the checkpoint is saved, then a crash: the messages are never applied",
            "element-meta#762",
            ("checkpoint-covered", "no-loss"),
            "timeline-notify",
            ("two-people", 1, ("device-crash",)),
            device=CheckpointFirst,
        ),
        _bug(
            "F10",
            "apply before checkpoint, not idempotent",
            "applied, crash, pulled again, shown twice",
            "XEP-0198",
            ("no-duplicate",),
            "timeline-notify",
            ("two-people", 1, ("device-crash",)),
            device=ShowsAgain,
            checkpoint="after-apply",
        ),
        _bug(
            "F11",
            "another channel moves the cursor",
            "a summary advances the checkpoint though the message never came",
            "nimbalyst#1391",
            ("checkpoint-covered",),
            "timeline-notify",
            ("two-people", 1, ()),
            device=SummaryMovesCursor,
        ),
        _bug(
            "F12",
            "push during catch-up",
            "a live push sets the checkpoint to its number while older pages are missing",
            "gim#46, mattermost PR#3836",
            ("checkpoint-covered", "no-loss"),
            "timeline-dense-push",
            ("two-people", 2, ("disconnect",)),
            device=PushDuringCatchUp,
        ),
        _bug(
            "F13",
            "window between history and subscription",
            "history is fetched, then subscribed: what came between is missed",
            "Rocket.Chat.ReactNative PR#7547, gim#46",
            ("no-loss",),
            "timeline-notify",
            ("two-devices", 1, ("new-device",)),
            server=SubscribesLate,
        ),
        _bug(
            "F14",
            "counting instead of contiguity",
            "a batch is accepted when its count fits: redelivered items hide a hole",
            "openim-sdk-core, read in code",
            ("no-loss",),
            "timeline-dense-push",
            ("two-people", 2, ("push",)),
            device=CountsTheBatch,
        ),
        _bug(
            "F15",
            "newest-first page",
            "a limited page returns the newest, the checkpoint jumps to the end",
            "tinode-js#71, tindroid#158, matterhorn#281",
            ("no-loss",),
            "timeline-notify",
            ("two-people", 2, ()),
            server=NewestFirst,
            page_size=1,
        ),
        _bug(
            "F16",
            "off-by-one page",
            "`>=` and `>` are confused at the page border",
            "WuKongIM#416",
            ("no-loss",),
            "timeline-notify",
            ("two-people", 2, ()),
            device=OffByOne,
            sequencers=DENSE,
            page_size=1,
        ),
        _bug(
            "F17",
            "delete on push",
            "the inbox copy is deleted when it is written to the socket, not when it is acknowledged",
            "ejabberd#3228, #3180; Prosody",
            ("no-loss", "no-early-delete"),
            "inbox-store-first",
            ("two-people", 1, ("push",)),
            server=DeletesOnPush,
        ),
        _bug(
            "F18",
            "half-open connection",
            "the server believes the device online: neither delivered nor stored",
            "ejabberd#417, #1151, #2713",
            ("no-loss",),
            "inbox-sync-first",
            ("two-people", 1, ("half-open",)),
            server=TrustsTheSocket,
        ),
        _bug(
            "F19",
            "one inbox per user",
            "the first device drains it for all",
            "MongooseIM#3115, XEP-0160; Prosody",
            ("no-loss", "convergence"),
            "inbox-store-first",
            ("three-devices", 1, ()),
            server=SharedInboxServer,
        ),
        _bug(
            "F20",
            "cloned identity",
            "two installations share one device id and drain each other's queue",
            "Signal-Desktop#2527",
            ("no-loss",),
            "inbox-store-first",
            ("three-devices", 1, ("new-device",)),
            server=ClonedIdentity,
        ),
        _bug(
            "F21",
            "accepted before durable",
            'the sender is told "ok" from a cache; the write behind fails',
            "open-im-server#3080; Redis without AOF",
            ("accepted-is-durable",),
            "timeline-notify",
            ("two-people", 1, ("server-crash",)),
            server=AcceptsFromCache,
        ),
        _bug(
            "F22",
            "crash between the two stores",
            "the message is stored, the sync store is never written, nothing re-drives it",
            "",
            ("no-loss",),
            "timeline-notify",
            ("two-people", 1, ("server-crash",)),
            server=NothingRedrives,
        ),
        _bug(
            "F23",
            "sender's retry",
            "the ack is lost, the retry is stored as a new message",
            "zulip#31219",
            ("no-duplicate",),
            "timeline-notify",
            ("two-people", 1, ("sender-retry",)),
            device=ShowsAgain,
            idempotent_send=False,
        ),
        _bug(
            "F24",
            "retry reorders",
            "an older message is sent again after a newer one",
            "ejabberd#3228",
            ("sender-order",),
            "timeline-notify",
            ("two-people", 2, ("disconnect",)),
            device=RetryLater,
        ),
        _bug(
            "F25",
            "notification is the only trigger",
            "it is lost, and nothing polls or pulls on reconnect",
            "Signal-iOS#272, ergo#1527",
            ("no-loss",),
            "timeline-notify",
            ("two-people", 1, ("push",)),
            device=OnlyNotified,
        ),
        _bug(
            "F26",
            "trigger swallowed",
            "a notification that arrives during a pull is dropped",
            "openim-sdk-core, read in code",
            ("no-loss",),
            "timeline-notify",
            ("two-people", 2, ()),
            device=SwallowsTrigger,
        ),
        _bug(
            "F27",
            "repair livelock",
            "mismatch, resync, the same mismatch",
            "mattermost#30388",
            ("pull-terminates",),
            "timeline-notify",
            ("two-people", 1, ()),
            device=RepairLoop,
        ),
        _bug(
            "F28",
            "trimmed past a lagging device",
            "retention drops what a device has not pulled, silently",
            "Signal-Desktop#4730; Mosquitto",
            ("no-loss",),
            "timeline-checkpointed",
            ("three-devices", 1, ("disconnect",)),
            server=TrimsByFastest,
            retention="acknowledged",
        ),
        _bug(
            "F29",
            "expired cursor not told",
            "an unknown checkpoint silently begins at the end",
            "ejabberd MAM (restarts), measured; zulip-flutter#556",
            ("no-loss",),
            "timeline-notify",
            ("two-people", 1, ("trim",)),
            server=StartsAtTheEnd,
        ),
        _bug(
            "F30",
            "device restored from backup",
            "the checkpoint is not part of the backup: old messages, new checkpoint",
            "submersion PR#309",
            ("no-loss",),
            "timeline-notify",
            ("two-people", 1, ("device-restore",)),
            device=CheckpointElsewhere,
        ),
        _bug(
            "F31",
            "server restored",
            "checkpoints are ahead of the log: empty replies for ever; the cure is an epoch",
            "synapse PR#19644, zulip PR#12888, dxos PR#12942; Redis",
            ("no-loss",),
            "timeline-read-fanout",
            ("two-people", 2, ("server-restore",)),
            server=NoEpoch,
        ),
        _bug(
            "F32",
            "created-at cursor misses changes",
            "a recall changes the message where it stands; who has passed it never hears of that",
            "Rocket.Chat#41079",
            ("convergence",),
            "timeline-notify",
            ("two-devices", 2, ("recall",)),
            server=ChangesInPlace,
        ),
        _bug(
            "F33",
            "recall before its message",
            "a recall is dropped because its message is not there yet",
            "chatmail/core#2849, element-web#23508",
            ("convergence",),
            "timeline-push",
            ("two-devices", 2, ("recall", "push")),
            device=ForgetsEarlyRecall,
        ),
        _bug(
            "F34",
            "membership race",
            "added or removed mid-send: messages are missing or leak",
            "open-im-server#1718",
            ("no-loss", "no-creation"),
            "timeline-notify",
            ("two-people", 1, ("membership",)),
            server=MembersAtSync,
        ),
        _bug(
            "F37",
            "queue looks empty while it moves",
            "reads return nothing during persistence, the device believes that it is done",
            "Signal-Server, read in code",
            ("no-loss",),
            "inbox-store-first",
            ("two-people", 1, ("disconnect",)),
            device=DrainsAtLogin,
            server=LooksEmpty,
        ),
        _bug(
            "F40",
            "hybrid gap rule too lax",
            "a push is applied when its number is larger than the checkpoint",
            "Telegram's rule is the sound one",
            ("checkpoint-covered", "no-loss"),
            "timeline-dense-push",
            ("two-people", 2, ("push",)),
            device=TooLax,
        ),
    )
}


class Cost(msgspec.Struct, frozen=True):
    """A failure that breaks no promise and only costs: what it does to a metric, beside the design that is its cure.

    `scenario`: a ready scenario, or a table as its file has it. The metric must be at least `times` the sound design's.
    """

    id: str
    failure: str
    mechanism: str
    seen_in: str
    metric: str
    sound: Design
    design: Design
    scenario: str | dict[str, Any]
    times: float


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
"""A scenario for `COSTS`."""

COSTS: dict[str, Cost] = {
    cost.id: cost
    for cost in (
        Cost(
            "F02",
            "the cure blocks everyone",
            "readers wait for the oldest open write; one slow write stalls all",
            "synapse#16633",
            "delivery_latency_p99_s",
            DESIGNS["timeline-notify"],
            BUGS["F02"].design,
            SLOW_WRITES,
            3.0,
        ),
        Cost(
            "F36",
            "big-group amplification",
            "fan-out on write: a row per member and message; reading large conversations instead is the cure",
            "WeChat caps write fan-out at 500",
            "server_writes_per_message",
            DESIGNS["timeline-hybrid-fanout"],
            DESIGNS["timeline-notify"],
            "big-group",
            3.0,
        ),
        Cost(
            "F41",
            "hybrid over sparse numbers",
            "the rule of dense numbering on a sequencer that skips: every push looks like a gap",
            "Tablestore: auto-increment is not consecutive",
            "pulls_per_delivery",
            DESIGNS["timeline-dense-push"],
            msgspec.structs.replace(
                DESIGNS["timeline-dense-push"], name="F41", server=PushServer, sequencers=("sparse",)
            ),
            "default",
            3.0,
        ),
    )
}
