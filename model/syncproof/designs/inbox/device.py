"""The device of the inbox family: show and acknowledge what is pushed, pull the queue at login and at each poll."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.packets import Closed
from syncproof.core.values import ConnectionId, Cursor, Entry, Id, Message, MessageId
from syncproof.designs.base import Device
from syncproof.designs.packets import Ack, AckDue, AckRange, PullReply, Push


@actor
class InboxDevice(Device):
    """A device that shows and acknowledges what is pushed or drained, and pulls its queue at login and at each poll.

    `unsent`: the messages whose acks it collects (`Parameters.ack_batch`). A crash loses them, and they are drained again.
    """

    unsent: list[MessageId] = volatile(list)

    def catch_up(self, out: Out) -> None:
        self.pull((), True, out)

    def on_place_known(self, message: Message, place: int, out: Out) -> None:
        self.show(Entry(0, place, message), None, out)

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Show the message and acknowledge it, new or not: the server waits for the ack."""
        if self.connection is None:
            return
        self.show(packet.entry, packet.timeline, out)
        self.acknowledge(packet.message, self.connection, out)
        if self.registered and not self.pulling:
            self.arm_poll(out)

    def acknowledge(self, message: MessageId, connection: ConnectionId, out: Out) -> None:
        """Send the ack of a push, or collect it with others."""
        if self.parameters.ack_batch == 1:
            out.send(connection, Ack((message,)))
        elif message not in self.unsent:
            self.unsent.append(message)
            if len(self.unsent) >= self.parameters.ack_batch:
                self.send_acks(out)
            elif len(self.unsent) == 1:
                out.after(self.parameters.ack_delay, AckDue())

    @on(AckDue)
    def acks_due(self, source: Id, packet: AckDue, out: Out) -> None:
        """Send the collected acks."""
        self.send_acks(out)

    def send_acks(self, out: Out) -> None:
        """Send the collected acks in one packet, and empty the collection."""
        out.cancel(AckDue())
        if self.connection is not None and self.unsent:
            out.send(self.connection, Ack(tuple(self.unsent)))
        self.unsent.clear()

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Forget the connection, and the acks that were to go over it: the next one begins with draining the queue."""
        if packet.connection == self.connection and self.unsent:
            self.unsent.clear()
            out.cancel(AckDue())
        super().closed(source, packet, out)

    @on(PullReply)
    def drained(self, source: Id, packet: PullReply, out: Out) -> None:
        """Show a page of the queue and acknowledge it as a range; pull the next page, or wait for the next poll."""
        self.pull_answered(out)
        if self.connection is None:
            return
        rest: tuple[Cursor, ...] = ()
        for page in packet.pages:
            for entry in page.entries:
                self.show(entry, page.timeline, out)
            if page.entries:
                out.send(self.connection, AckRange(page.timeline, page.after, page.upto))
            if page.has_more:
                rest = (Cursor(page.timeline, page.upto),)
        if self.pulling:
            return
        if rest:
            self.pull(rest, True, out)
        else:
            self.arm_poll(out)
