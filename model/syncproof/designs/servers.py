"""The designs that released servers are: a ready design with one trait of the server, so that a search of it predicts the server.

A serial column numbers a row when its statement begins, and whoever commits first is read first. A stream whose numbers come
from the clock never gives a number twice, not even after a restore. A server that keeps everything in memory, or saves only now
and then, accepts what a crash takes. They are no designs to choose from, and so in no registry; `lookup.get` knows them by name.
"""

from __future__ import annotations

import msgspec

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.packets import Packet
from syncproof.core.values import ConnectionId, ConversationId, DeviceId, Entry, Id, Message, MessageId, Page, Timeline
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.forms import FORMS
from syncproof.designs.inbox.server import InboxServer
from syncproof.designs.inbox.shared import SharedInboxServer
from syncproof.designs.packets import Commit
from syncproof.designs.registry import DESIGNS, Design
from syncproof.designs.timeline.consumers import ConsumerDevice, ConsumerServer
from syncproof.designs.timeline.fanout import ReadFanoutServer
from syncproof.designs.timeline.log import Log, SeqRange
from syncproof.designs.timeline.reading import LogServer


@actor
class ClockServer(ReadFanoutServer):
    """Numbers a conversation's log from a clock: a number is never given twice, whatever the store has lost.

    `highest`: the last number of each conversation, which no restore takes back.
    """

    highest: dict[ConversationId, int] = durable(dict)

    def next_place(self, log: Log, message: Message) -> int:
        place = max(log.last, self.highest.get(message.conversation, 0)) + 1
        self.highest[message.conversation] = place
        return place

    def restored(self, before: LogServer, out: Out) -> None:
        super().restored(before, out)
        assert isinstance(before, ClockServer)
        self.highest = dict(before.highest)


@actor
class SerialServer(ClockServer):
    """Numbers a message in its conversation's log when its write begins, and lets later writes complete first (as F01).

    `reserved`: the numbers of writes that are open. PostgreSQL logs a sequence 32 numbers ahead, so that neither a crash nor a
    restore to a backup of a few messages ago gives a number again.
    """

    reserved: dict[MessageId, int] = volatile(dict)

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        if message.id not in self.index and message.id not in self.reserved:
            log = self.store.get(message.conversation) or Log.empty(self.epoch)
            self.reserved[message.id] = super().next_place(log, message)
        super().receive(source, message, out)

    def next_place(self, log: Log, message: Message) -> int:
        return self.reserved.pop(message.id)


@actor
class MemoryServer(ClockServer):
    """Keeps the logs in memory alone: what is accepted and read is on no disk, and a crash takes all of it."""

    def note_stored(self, message: Message, out: Out) -> None:
        """Observe nothing: the message is not durable."""

    def crash(self) -> None:
        super().crash()
        self.store, self.index, self.intents = {}, {}, {}


@actor
class UnsavedInboxServer(InboxServer):
    """Keeps the inboxes in memory until it saves them, after it has accepted: a crash takes what came since."""

    def crash(self) -> None:
        super().crash()
        self.boxes, self.index, self.audiences = {}, {}, {}


@actor
class CarbonsServer(SharedInboxServer):
    """Sends a message to every device of a user that is online (XEP-0280), and keeps one copy only while none is."""

    def receivers(self, box: Timeline, message: Message) -> list[DeviceId]:
        return InboxServer.receivers(self, box, message)


@actor
class ReceivingDevice(ConsumerDevice):
    """A device that shows its own message when it is given it, as every other: the reply that accepts it shows nothing."""

    def on_place_known(self, message: Message, place: int, out: Out) -> None:
        """Do nothing: the copy is to come."""


@actor
class GivesAllServer(ConsumerServer):
    """Gives a device what it wrote itself, too, as a consumer of a stream does."""

    def is_own(self, device: DeviceId, message: Message) -> bool:
        return False


class ReplicaFollowed(Packet, frozen=True, gc=False):
    """The replica has the conversation's log up to `upto`."""

    conversation: ConversationId
    upto: int


@actor
class ReplicaServer(ClockServer):
    """Reads from a replica that follows later. A page ends with the last entry that the replica has."""

    replica: dict[ConversationId, int] = durable(dict)

    @on(Commit)
    def commit(self, source: Id, packet: Commit, out: Out) -> None:
        """Take the message into the log, and copy it to the replica later."""
        super().commit(source, packet, out)
        conversation = packet.message.conversation
        out.write("replica", 1, ROW_BYTES, ReplicaFollowed(conversation, self.last_place(conversation)))

    @on(ReplicaFollowed)
    def replicated(self, source: Id, packet: ReplicaFollowed, out: Out) -> None:
        """Note how far the replica has followed."""
        self.replica[packet.conversation] = max(packet.upto, self.replica.get(packet.conversation, 0))

    def start(self, out: Out) -> None:
        """Let the replica follow what a crash kept from it."""
        super().start(out)
        for conversation in sorted(self.store):
            out.write("replica", 1, ROW_BYTES, ReplicaFollowed(conversation, self.last_place(conversation)))

    def read_page(self, timeline: Timeline, log: Log, ranges: tuple[SeqRange, ...], after: int) -> Page | None:
        page = super().read_page(timeline, log, ranges, after)
        if page is None:
            return None
        there = self.replica.get(ConversationId(timeline.owner), 0)
        entries = tuple([entry for entry in page.entries if entry.seq <= there])
        return self.page_of(page, entries)

    def page_of(self, page: Page, entries: tuple[Entry, ...]) -> Page | None:
        """Return the page that has those entries which the replica has."""
        return msgspec.structs.replace(page, entries=entries, upto=entries[-1].seq) if entries else None


@actor
class ReplicaHeadServer(ReplicaServer):
    """Reads from a replica, and says that a page goes up to the primary's head (as F03)."""

    def page_of(self, page: Page, entries: tuple[Entry, ...]) -> Page | None:
        return msgspec.structs.replace(page, entries=entries)


RECEIVED = msgspec.structs.replace(DESIGNS["timeline-read-fanout"].parameters, accept_carries_seq=False)
"""A device reads what it wrote itself as it reads everything."""

SERVERS: dict[str, Design] = {
    each.name: each
    for each in (
        DESIGNS["timeline-read-fanout"].variant(
            name="timeline-read-fanout+serial",
            server=SerialServer,
            summary="A number is given when the write begins, and a later one can be read first (F01 on a conversation's log).",
        ),
        DESIGNS["timeline-read-fanout"].variant(
            name="timeline-read-fanout+clock",
            server=ClockServer,
            summary="Numbers come from a clock: none is given twice, not even after a restore.",
        ),
        DESIGNS["timeline-read-fanout"].variant(
            name="timeline-read-fanout+memory",
            server=MemoryServer,
            summary="Numbers come from a clock, and the logs are in memory alone: a crash takes them.",
        ),
        DESIGNS["timeline-read-fanout"].variant(
            name="timeline-read-fanout+replica",
            server=ReplicaServer,
            parameters=RECEIVED,
            summary="A replica that follows later serves the reads; a page ends with the last entry that it has.",
        ),
        DESIGNS["timeline-read-fanout"].variant(
            name="timeline-read-fanout+replica-head",
            server=ReplicaHeadServer,
            parameters=RECEIVED,
            summary="A replica serves the reads, and a page goes up to the primary's head (F03 on a conversation's log).",
        ),
        DESIGNS["inbox-store-first"].variant(
            name="inbox-store-first+unsaved",
            server=UnsavedInboxServer,
            summary="A message is accepted before its copies are saved: a crash takes what came since the last save.",
        ),
        FORMS["inbox-shared+deleted-on-send"].variant(
            name="inbox-shared+carbons",
            server=CarbonsServer,
            summary="Every device online is sent a message; one copy is kept while none is, and deleted when the first is sent it.",
        ),
        DESIGNS["log-device-acks"].variant(
            name="log-device-acks+received",
            device=ReceivingDevice,
            server=GivesAllServer,
            summary="A device shows its own message when its consumer gives it, in the order of the log.",
        ),
    )
}
"""Name -> design, for the targets of `drive`."""
