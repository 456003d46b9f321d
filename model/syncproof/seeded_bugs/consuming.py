"""Consumers on the server that stop giving, and history that is not whole."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable, on
from syncproof.core.values import ConnectionId, ConversationId, DeviceId, Entry, Id, Page
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import Commit, Redeliver, Respond, Roam, RoamReply
from syncproof.designs.servers import ReplicaFollowed
from syncproof.designs.timeline.consumers import ConsumerServer
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.log import log_of
from syncproof.designs.timeline.server import TimelineServer
from syncproof.seeded_bugs._record import seeded_bug

WINDOW = 1
"""How many entries may wait for a device's acks."""


@actor
class FullWindow(ConsumerServer):
    """Gives a device nothing new while its window is full of entries that wait for acks, and gives none of these again."""

    def unacked(self, device: DeviceId, conversation: ConversationId) -> list[Entry]:
        pending = self.consumers[device].pending
        found = [entry for entry in super().unacked(device, conversation) if (conversation, entry.seq) not in pending]
        return found[: max(0, WINDOW - len(pending))]

    @on(Redeliver)
    def redeliver(self, source: Id, packet: Redeliver, out: Out) -> None:
        """Do nothing: what was sent counts as on its way."""


F52 = seeded_bug(
    "F52",
    "window full of lost messages",
    mechanism="unacked messages fill the window, nothing is redelivered, the reader stalls",
    cure="give unacknowledged entries again after a wait, before and independent of new ones",
    seen_in="nats-streaming-server#77",
    violates=("no-loss",),
    base="log-device-acks",
    world=("two-people", 2, ("push",)),
    server=FullWindow,
)


@actor
class HistoryFromReplica(TimelineServer):
    """Reads history from a replica that may lack part of it, and says that this is all."""

    replica: dict[ConversationId, int] = durable(dict)

    @on(Commit)
    def commit(self, source: Id, packet: Commit, out: Out) -> None:
        """Place the message, and copy it to the replica later."""
        super().commit(source, packet, out)
        conversation = packet.message.conversation
        out.write("replica", 1, ROW_BYTES, ReplicaFollowed(conversation, self.last_place(conversation)))

    @on(ReplicaFollowed)
    def replicated(self, source: Id, packet: ReplicaFollowed, out: Out) -> None:
        """Note how far the replica has caught up."""
        self.replica[packet.conversation] = max(packet.upto, self.replica.get(packet.conversation, 0))

    @on(Roam)
    def roam(self, source: ConnectionId, packet: Roam, out: Out) -> None:
        """Read what the replica has of the range, and reply that the range holds no more."""
        log = self.store[packet.conversation]
        there = min(packet.upto, self.replica.get(packet.conversation, 0))
        entries, _ = log.after(packet.after, there, len(log.entries))
        page = Page(log_of(packet.conversation, self.epoch), packet.after, tuple(entries), packet.upto)
        out.read("message-store", len(entries), page.body_bytes, Respond(source, RoamReply(page, packet.conversation)))


F56 = seeded_bug(
    "F56",
    "history from an incomplete replica",
    mechanism="a new device reads history from a node that lacks part of it",
    cure="let a replica say how far it reaches, and count history as fetched only up to there",
    seen_in="oxen-storage-server#494",
    violates=("roaming-complete",),
    base="timeline-notify",
    world=("two-people", 1, ("new-device",)),
    server=HistoryFromReplica,
)


@actor
class CutWalk(TimelineDevice):
    """Walks one page of a conversation's history, is told to slow down, and takes the walk for done."""

    def roam(self, out: Out) -> None:
        for conversation, (after, upto) in sorted(self.history.items()):
            if after:
                self.history[conversation] = (upto, upto)
        super().roam(out)


F58 = seeded_bug(
    "F58",
    "cut backfill marked complete",
    mechanism="a walk through history is ended by a rate limit and counts as done",
    cure="end a walk through history only when a page says that nothing is left",
    seen_in="sifa-workspace#334",
    violates=("roaming-complete",),
    base="timeline-notify",
    world=("two-people", 2, ("new-device",)),
    device=CutWalk,
    page_size=1,
)
