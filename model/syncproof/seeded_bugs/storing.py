"""Messages that are accepted, stored, sent again or copied in the wrong order."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, on
from syncproof.core.packets import Closed, Packet
from syncproof.core.values import (
    ConnectionId,
    Entry,
    Id,
    Message,
    UserId,
)
from syncproof.designs.packets import (
    Accept,
)
from syncproof.designs.registry import DESIGNS
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.server import TimelineServer
from syncproof.seeded_bugs._record import Cost, seeded_bug
from syncproof.seeded_bugs.checkpoints import ShowsAgain


@actor
class AcceptsFromCache(TimelineServer):
    """Accepts a message before it is written."""

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        if message.id not in self.index:
            out.send(source, Accept(message.id, 0))
        super().receive(source, message, out)


F21 = seeded_bug(
    "F21",
    "accepted before durable",
    mechanism='the sender receives "ok" from a cache; the write behind fails',
    cure="accept a message after its write is durable",
    seen_in="open-im-server#3080; Redis without AOF",
    violates=("accepted-is-durable",),
    base="timeline-notify",
    world=("two-people", 1, ("server-crash",)),
    server=AcceptsFromCache,
)


@actor
class NothingRedrives(TimelineServer):
    """Does not resume the copies that a crash has interrupted."""

    def start(self, out: Out) -> None:
        pass


F22 = seeded_bug(
    "F22",
    "crash between the two stores",
    mechanism="the message is stored, the sync store is never written, nothing resumes the copying",
    cure="store with the message what is left to copy, and go on with it after a restart",
    seen_in="",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 1, ("server-crash",)),
    server=NothingRedrives,
)


F23 = seeded_bug(
    "F23",
    "sender's retry",
    mechanism="the ack is lost, the retry is stored as a new message",
    cure="recognise a message by its client-made id, on the server and in the device's database",
    seen_in="zulip#31219",
    violates=("no-duplicate",),
    base="timeline-notify",
    world=("two-people", 1, ("sender-retry",)),
    device=ShowsAgain,
    idempotent_send=False,
)


@actor
class RetryLater(TimelineDevice):
    """Moves an unanswered message behind the others in the outbox."""

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Send another message first on the next connection."""
        if packet.connection == self.connection and self.sending:
            self.outbox.rotate(-1)
        super().closed(source, packet, out)


F24 = seeded_bug(
    "F24",
    "retry reorders",
    mechanism="an older message is sent again after a newer one",
    cure="send the outbox in its order, and a message only after the one before it was accepted",
    seen_in="ejabberd#3228",
    violates=("sender-order",),
    base="timeline-notify",
    world=("two-people", 2, ("disconnect",)),
    device=RetryLater,
)


class FannedOut(Packet, frozen=True, gc=False):
    """The copying of the entry begins now."""

    entry: Entry


@actor
class MembersAtSync(TimelineServer):
    """Copies an entry to those who are members when the copying begins, not when the message took its place."""

    def fan_out(self, entry: Entry, users: tuple[UserId, ...], out: Out) -> None:
        out.after(0.0, FannedOut(entry))

    @on(FannedOut)
    def fanned_out(self, source: Id, packet: FannedOut, out: Out) -> None:
        """Copy the entry to the present members."""
        assert packet.entry.message is not None
        super().fan_out(packet.entry, self.members.get(packet.entry.message.conversation, ()), out)


F34 = seeded_bug(
    "F34",
    "membership race",
    mechanism="added or removed mid-send: messages are missing or leak",
    cure="fix the audience in the step in which the message takes its place",
    seen_in="open-im-server#1718",
    violates=("no-loss", "no-creation"),
    base="timeline-notify",
    world=("two-people", 1, ("membership",)),
    server=MembersAtSync,
)


F36_COST = Cost(
    id="F36",
    failure="big-group amplification",
    mechanism="fan-out on write: a row per member and message; reading large conversations instead repairs it",
    seen_in="WeChat caps write fan-out at 500",
    metric="server_writes_per_message",
    sound=DESIGNS["timeline-hybrid-fanout"],
    design=DESIGNS["timeline-notify"],
    scenario="big-group",
    times=3.0,
)
