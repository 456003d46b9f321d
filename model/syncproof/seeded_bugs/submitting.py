"""Messages that are not uploaded, and retries that the server mistakes."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Triggered
from syncproof.core.packets import Opened
from syncproof.core.values import ConnectionId, Cursor, DeviceId, Id, Message, MessageId
from syncproof.designs.packets import Accept, Commit, Poll, Submit
from syncproof.designs.refusing import MessageRefused
from syncproof.designs.timeline.cumulative import CumulativeDevice, CumulativeServer, NumberedSubmissions
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.server import TimelineServer
from syncproof.seeded_bugs._record import seeded_bug


@actor
class UploadsOnWrite(TimelineDevice):
    """Sends its outbox when something is written, and not when it connects again."""

    def on_connected(self, out: Out) -> None:
        """Catch up, and leave the outbox as it is."""
        out.observe(Triggered(self.id, "connect"))
        self.catch_up(out)
        self.roam(out)


F50 = seeded_bug(
    "F50",
    "upload stalls",
    mechanism="an upload that failed waits for the next local write",
    cure="send the outbox whenever a connection is there and something is in it",
    seen_in="powersync-native#15, powersync.dart#326",
    violates=("outbox-drained",),
    base="timeline-notify",
    world=("two-people", 1, ("disconnect",)),
    device=UploadsOnWrite,
)


@actor
class UploadsFirst(TimelineDevice):
    """Downloads nothing while its outbox holds a message, and sends what was refused again at each poll."""

    def pull(self, cursors: tuple[Cursor, ...], full: bool, out: Out) -> None:
        """Pull if everything written here is uploaded."""
        if not self.outbox:
            super().pull(cursors, full, out)

    @on(MessageRefused)
    def refused_for_good(self, source: Id, packet: MessageRefused, out: Out) -> None:
        """Keep the message in the outbox, and try again at the next poll."""
        self.sending = False
        self.arm_poll(out)

    @on(Poll)
    def poll(self, source: Id, packet: Poll, out: Out) -> None:
        """Upload, then download."""
        self.send_next(out)
        super().poll(source, packet, out)

    @on(Accept)
    def accepted(self, source: Id, packet: Accept, out: Out) -> None:
        """Download once the outbox is empty."""
        super().accepted(source, packet, out)
        if not self.outbox and not self.pulling:
            self.catch_up(out)


F50b = seeded_bug(
    "F50b",
    "uploads hold back downloads",
    mechanism="a message that the server refuses stays in the outbox, and downloads wait until the outbox is empty",
    cure="take a message that was refused for good out of the outbox, keep it as failed, and pull whatever waits there",
    seen_in="powersync.dart#326",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-devices", 2, ()),
    device=UploadsFirst,
    largest_message=1,
)


@actor
class RemembersOne(TimelineServer):
    """Keeps the dedup row of the last message of each device, and no other."""

    @on(Commit)
    def commit(self, source: Id, packet: Commit, out: Out) -> None:
        """Place the message, and delete the dedup rows of the sender's earlier ones."""
        super().commit(source, packet, out)
        for log in self.store.values():
            for entry in log.entries:
                earlier = entry.message
                if earlier is not None and earlier.sender == packet.message.sender and earlier.id != packet.message.id:
                    self.index.pop(earlier.id, None)


F55 = seeded_bug(
    "F55",
    "shallow dedup memory",
    mechanism="the server remembers one message per device; the retry of an older one is stored again",
    cure="keep the dedup rows as long as a retry may come, which the outbox bounds: up to the oldest unanswered "
    "message",
    seen_in="synapse#1481",
    violates=("accepted-once", "sender-order"),
    base="timeline-notify",
    world=("two-people", 2, ("sender-retry",)),
    server=RemembersOne,
    accept_carries_seq=False,
)


@actor
class NumbersByConnection(TimelineServer):
    """Recognises a message by its sender and its number in the connection, so that each connection has the same numbers.

    `numbered`: for each connection, how many messages came over it, and the last one. `transactions`: the place of the
    message with each sender and number.
    """

    transactions: dict[tuple[DeviceId, int], int] = durable(dict)
    numbered: dict[ConnectionId, tuple[int, MessageId]] = volatile(dict)

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        """Accept a message whose number is known, without a look at the message itself."""
        count, last = self.numbered.get(source, (0, None))
        if message.id != last:
            count += 1
            self.numbered[source] = (count, message.id)
        place = self.transactions.get((message.sender, count))
        if place is not None:
            out.send(source, Accept(message.id, place))
            self.release(out)
        else:
            super().receive(source, message, out)

    @on(Commit)
    def commit(self, source: Id, packet: Commit, out: Out) -> None:
        """Place the message, and remember its number."""
        super().commit(source, packet, out)
        count, last = self.numbered.get(packet.source, (0, None))
        if last == packet.message.id:
            self.transactions[packet.message.sender, count] = self.index[last]


F59 = seeded_bug(
    "F59",
    "reused transaction id",
    mechanism="a client counts its transactions anew; a new message is taken for an old one: accepted, never placed",
    cure="make the message id on the client, once per message and unique over its connections and restarts",
    seen_in="matrix-spec-proposals#699",
    violates=("accepted-once", "no-loss"),
    base="timeline-notify",
    world=("two-people", 2, ("disconnect",)),
    server=NumbersByConnection,
)


@actor
class Pipelines(TimelineDevice):
    """Sends its whole outbox at once; the server handles each message by itself. `sent`: what went over this connection."""

    sent: set[MessageId] = volatile(set)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        """Send everything again over the new connection."""
        self.sent.clear()
        super().opened(source, packet, out)

    def send_next(self, out: Out) -> None:
        if self.connection is not None and self.registered:
            for message in self.outbox:
                if message.id not in self.sent:
                    self.sent.add(message.id)
                    out.send(self.connection, Submit(message))

    @on(Accept)
    def accepted(self, source: Id, packet: Accept, out: Out) -> None:
        """Take an accepted message out of the outbox, wherever it stands there."""
        for message in self.outbox:
            if message.id == packet.message:
                self.outbox.remove(message)
                self.outbox.appendleft(message)
                break
        super().accepted(source, packet, out)


F51 = seeded_bug(
    "F51",
    "pipelined outbox",
    mechanism="the whole outbox is sent at once, and the server handles each message by itself",
    cure="send the next message after the one before it was accepted, or let the server take a device's messages "
    "in their order only",
    seen_in="kontalk/androidclient#32",
    violates=("sender-order",),
    base="timeline-notify",
    world=("two-people", 2, ()),
    device=Pipelines,
)


@actor
class AcksOverGaps(CumulativeServer):
    """Takes a submission whatever came of those before it, and accepts everything up to the highest number."""

    def follows(self, lane: NumberedSubmissions, number: int) -> bool:
        return True


F66 = seeded_bug(
    "F66",
    "ack over a gap",
    mechanism="the server refuses a message for now and takes the next one; its ack up to the highest number covers both",
    cure="take and acknowledge numbers without a gap only: up to the message before the first one that is not stored",
    seen_in="pulsar-nifi-bundle#223, lavinmq#2072",
    violates=("accepted-once", "accepted-is-durable", "no-loss"),
    base="timeline-notify",
    world=("two-people", 2, ("rate-limit",)),
    device=CumulativeDevice,
    server=AcksOverGaps,
    outbox_window=2,
    accept_carries_seq=False,
)
