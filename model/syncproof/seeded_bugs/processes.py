"""Servers of several processes that disagree on who serves a device."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.observations import Deleted
from syncproof.core.packets import Opened, Packet
from syncproof.core.values import ConnectionId, DeviceId, Id, Message, MessageId, Timeline
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.deployments import DownPush, Gateway
from syncproof.designs.inbox.server import InboxServer, bytes_of
from syncproof.designs.packets import Ack, Push
from syncproof.seeded_bugs._record import seeded_bug


class SessionMoved(Packet, frozen=True, gc=False):
    """A device's session is at its new connection now, with what was `queued` for it when the move began."""

    device: DeviceId
    queued: tuple[MessageId, ...]


@actor
class TakeoverInTwoSteps(InboxServer):
    """Copies a session's queue when the move begins, and puts this copy in its place when the move ends.

    `moving`: the devices whose session is being moved. Nothing is pushed to them meanwhile.
    """

    moving: set[DeviceId] = volatile(set)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        """Begin to move the session if the device is believed to be online over another connection."""
        device = DeviceId(packet.peer)
        takes_over = device in self.online
        super().opened(source, packet, out)
        if takes_over:
            box = self.boxes.get(self.box_of(device))
            self.moving.add(device)
            out.write("session", 1, ROW_BYTES, SessionMoved(device, () if box is None else tuple(sorted(box.copies))))

    def receivers(self, box: Timeline, message: Message) -> list[DeviceId]:
        return [device for device in super().receivers(box, message) if device not in self.moving]

    @on(SessionMoved)
    def session_moved(self, source: Id, packet: SessionMoved, out: Out) -> None:
        """Put the queue of before the move in place of the session's; what was queued since then is not in it."""
        self.moving.discard(packet.device)
        name = self.box_of(packet.device)
        box = self.boxes.get(name)
        if box is not None:
            since = [message for message in sorted(box.copies) if message not in packet.queued]
            size = bytes_of([box.copies[message] for message in since])
            out.delete("inbox", len(since), None, size)
            for message in self.take_out(name, since, out):
                out.observe(Deleted(name, message, packet.device))


F44 = seeded_bug(
    "F44",
    "takeover in two steps",
    mechanism="a session moves to another connection; what is queued between the copy of its queue and the switch is lost",
    cure="keep the queue where no move of a session touches it, and let the new connection read it after the switch",
    seen_in="emqx PR#6393, akka.net#8501",
    violates=("no-loss", "no-early-delete"),
    base="inbox-store-first",
    world=("two-people", 1, ("handover",)),
    server=TakeoverInTwoSteps,
)


@actor
class AcksForTheDevice(Gateway):
    """Acknowledges a push for the device as soon as it has passed it on, to a device that may be elsewhere by then."""

    @on(DownPush)
    def pushed_by_store(self, source: ConnectionId, packet: DownPush, out: Out) -> None:
        """Pass on a push, and ack it over the device's connection here."""
        super().pushed_by_store(source, packet, out)
        here = [connection for connection, device in sorted(self.online.items()) if device == packet.device]
        if here and isinstance(packet.packet, Push) and packet.packet.entry.message is not None:
            self.up(here[-1], Ack((packet.packet.entry.message.id,)), out)


F60 = seeded_bug(
    "F60",
    "two workers on one session",
    mechanism="two gateways believe that they serve a device; the stale one acks what it has passed on to nobody",
    cure="let only the device ack, after it has stored what it was sent; a gateway passes acks on",
    seen_in="fluxmq PR#597, VerneMQ#761",
    violates=("no-loss", "no-early-delete"),
    base="inbox-store-first",
    world=("two-people", 1, ("handover",)),
    gateway=AcksForTheDevice,
)
