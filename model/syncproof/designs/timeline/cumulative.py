"""Cumulative acks of a pipelined outbox: one reply accepts everything that a device submitted up to a number.

A device numbers what it submits, from 1 on each connection, and the server takes a number only directly after the one before it.
So "up to 7" says all that there is to say: a reply may cover any number of messages, a later one repeats what an earlier one
said, and a lost one is made good by the next. The server replies when no submission of the connection waits: once for each
message to a device that writes now and then, once for a whole outbox to one that comes back with many.

Numbers end with their connection, as the counter `h` of XMPP's stream management does that is not resumed (XEP-0198). Numbers
that lasted longer would be given twice by a device restored from a backup, and mean nothing to a restored server. What was
submitted and not accepted gets new numbers over the next connection, and the server knows it by its id.

The reply names no place, so a device gets what it wrote by pulling it, as everything else.
"""

from __future__ import annotations

from collections import deque

from syncproof.core.actor import Out, actor, on, state, volatile
from syncproof.core.observations import Noted
from syncproof.core.packets import Closed, Opened
from syncproof.core.values import ConnectionId, Id, Message, MessageId
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import AcceptUpTo, Submit
from syncproof.designs.refusing import MessageRefused
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.server import TimelineServer


@actor
class CumulativeDevice(TimelineDevice):
    """A device that numbers what it submits. `numbers`: of the messages submitted over this connection and not done with.

    `numbered`: the last number that it has given over this connection.
    """

    numbers: dict[MessageId, int] = volatile(dict)
    numbered: int = volatile(int)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        """Start the numbers at 1 again."""
        self.numbers.clear()
        self.numbered = 0
        super().opened(source, packet, out)

    def submission(self, position: int) -> Submit:
        """Return the packet that submits the message at a position of the outbox; it has the same number when it is sent again."""
        message = self.outbox[position]
        if message.id not in self.numbers:
            self.numbered += 1
            self.numbers[message.id] = self.numbered
        return Submit(message, None, self.numbers[message.id])

    def take_out(self, id: MessageId, out: Out) -> Message | None:
        message = super().take_out(id, out)
        if message is not None:
            self.numbers.pop(id, None)
        return message

    @on(AcceptUpTo)
    def accepted_up_to(self, source: Id, packet: AcceptUpTo, out: Out) -> None:
        """Remove everything up to the number from the outbox, and send what follows."""
        for message in sorted(self.numbers, key=self.numbers.__getitem__):
            if self.numbers[message] <= packet.number:
                self.take_out(message, out)
        self.send_next(out)


@state
class NumberedSubmissions:
    """The submissions of one connection.

    `received`: the messages that came, by number, and that no reply covers yet. `taken`: the number of the last one that was
    taken. `current`: the one being placed; `waiting`: those taken after it.
    """

    received: dict[int, MessageId]
    taken: int
    current: Message | None
    waiting: deque[Message]

    @property
    def done(self) -> int:
        """Return the number up to which every submission has its place or is refused for good."""
        return self.taken - len(self.waiting) - (self.current is not None)


@actor
class CumulativeServer(TimelineServer):
    """A server that accepts by numbers. `numbered`: by connection."""

    numbered: dict[ConnectionId, NumberedSubmissions] = volatile(dict)

    @on(Closed)
    def closed(self, source: ConnectionId, packet: Closed, out: Out) -> None:
        """Forget the numbers with the connection."""
        self.numbered.pop(packet.connection, None)
        super().closed(source, packet, out)

    @on(Submit)
    def submit(self, source: ConnectionId, packet: Submit, out: Out) -> None:
        """Take the submission if its number is the next one; answer one that came before; ignore one after a gap."""
        lane = self.numbered.get(source)
        if lane is None:
            lane = self.numbered[source] = NumberedSubmissions({}, 0, None, deque())
        lane.received[packet.number] = packet.message.id
        if self.refuses(source, packet, out):
            return
        if packet.number <= lane.taken:
            out.observe(Noted("duplicate-submit", self.id))
            self.answer_again(source, lane, packet, out)
        elif self.follows(lane, packet.number):
            lane.taken = packet.number
            if lane.current is None:
                lane.current = packet.message
                self.process(source, packet.message, out)
            else:
                lane.waiting.append(packet.message)

    def follows(self, lane: NumberedSubmissions, number: int) -> bool:
        """Return whether a number is directly after the last one that was taken."""
        return number == lane.taken + 1

    def answer_again(self, source: ConnectionId, lane: NumberedSubmissions, packet: Submit, out: Out) -> None:
        """Answer a submission that came again, unless its answer is still to come."""
        if packet.number > lane.done:
            return
        if self.is_too_large(packet.message):
            del lane.received[packet.number]
            out.send(source, MessageRefused(packet.message.id))
        else:
            self.accept_up_to(source, lane, out)

    def continue_lane(self, source: ConnectionId, out: Out) -> None:
        """Place the next submission of a connection, or accept everything if none waits."""
        lane = self.numbered.get(source)
        if lane is None:
            return
        if lane.current is not None and self.is_too_large(lane.current):
            del lane.received[lane.done + 1]
        lane.current = lane.waiting.popleft() if lane.waiting else None
        if lane.current is None:
            self.accept_up_to(source, lane, out)
        else:
            self.process(source, lane.current, out)

    def accept_up_to(self, source: ConnectionId, lane: NumberedSubmissions, out: Out) -> None:
        """Accept what came over the connection, up to the number of the last submission that is done."""
        covered = [number for number in sorted(lane.received) if number <= lane.done]
        if covered:
            out.send(source, AcceptUpTo(lane.done, tuple([lane.received.pop(number) for number in covered])))

    def reply(self, source: ConnectionId, message: Message, place: int, out: Out) -> None:
        """Do nothing: the reply of the connection comes when no submission waits."""

    def reply_again(self, source: ConnectionId, message: Message, place: int, out: Out) -> None:
        """Read the dedup row; the reply of the connection comes when no submission waits."""
        out.read("message-store", 1, ROW_BYTES)

    def carries_seq(self) -> bool:
        return False
