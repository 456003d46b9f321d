"""Readers that begin too late: at a restart, before their first entry, at a log that they meet later."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.packets import Opened
from syncproof.core.values import ConnectionId, ConversationId, DeviceId, Entry, Id, Page, Timeline
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import Pull, PullReply, Respond
from syncproof.designs.timeline.consumers import ConsumerServer
from syncproof.designs.timeline.fanout import ReadFanoutDevice
from syncproof.designs.timeline.server import TimelineServer
from syncproof.seeded_bugs._record import seeded_bug


@actor
class BeginsAgain(ConsumerServer):
    """Computes again, when a device connects after a restart, where its consumer begins, if that was given nothing before.

    `begun`: the consumers that were given something. `known`: the devices whose consumers it has in memory.
    """

    begun: set[tuple[DeviceId, ConversationId]] = durable(set)
    known: set[DeviceId] = volatile(set)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        """Let the consumer of a device that is not known begin behind what is in the logs now."""
        super().opened(source, packet, out)
        device = self.peers[packet.connection]
        if device in self.known or device not in self.consumers:
            return
        self.known.add(device)
        given = self.consumers[device].given
        for conversation in sorted(given):
            if (device, conversation) not in self.begun:
                given[conversation] = self.last_place(conversation)

    def give(self, device: DeviceId, conversation: ConversationId, entries: list[Entry], out: Out) -> None:
        self.begun.add((device, conversation))
        super().give(device, conversation, entries, out)


F45 = seeded_bug(
    "F45",
    "start of a reader recomputed",
    mechanism='where a "new only" reader begins lives in memory and is worked out again after a restart',
    cure="store where a reader begins when it is created",
    seen_in="nats-server PR#3143",
    violates=("no-loss",),
    base="log-device-acks",
    world=("two-people", 1, ("server-crash",)),
    server=BeginsAgain,
)


@actor
class NothingToReplay(TimelineServer):
    """Begins a reader that has no cursor at the end: it takes it for one that has never been there."""

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Answer a full pull without cursors with the heads of the logs, and with no entries."""
        device = self.peers[source]
        if not packet.full or packet.cursors or device not in self.owners:
            super().pulled(source, packet, out)
            return
        heads = [(timeline, log.last) for timeline, log, _ in self.readable_logs(self.owners[device])]
        reply = PullReply(tuple([Page(timeline, last, (), last) for timeline, last in heads]))
        out.read("sync-store", len(heads), ROW_BYTES, Respond(source, reply))


F46 = seeded_bug(
    "F46",
    "no cursor before the first entry",
    mechanism="a device that has received nothing has no cursor, so what it missed is not replayed",
    cure="begin a device's cursor when it registers, before it receives anything",
    seen_in="socket.io#4888, #5538",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 1, ("disconnect",)),
    server=NothingToReplay,
)


@actor
class BeginsAtTheEnd(ReadFanoutDevice):
    """Reads a conversation that it meets for the first time from where its log ends then."""

    def on_hint(self, timeline: Timeline, head: int, cause: str, out: Out) -> None:
        if self.known_epoch(timeline) is None:
            self.start_at(timeline, head, out)
        super().on_hint(timeline, head, cause, out)


F47 = seeded_bug(
    "F47",
    "late log from its end",
    mechanism="a log that is discovered later is read from where it ends then",
    cure="read a log that is discovered later from its beginning, or from where the user joined",
    seen_in="kafka PR#10167",
    violates=("no-loss",),
    base="timeline-read-fanout",
    world=("two-people", 1, ()),
    device=BeginsAtTheEnd,
)
