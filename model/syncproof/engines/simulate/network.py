"""Packets travel: in order over a connection while it lasts, or pushed over a link that may lose or reorder them.

Draws are keyed, not sequential: a push's fate depends on (seed, purpose, message, device, the device's how-manieth
connection), so two designs that send the same push under the same seed see it lost or late alike.
"""

from __future__ import annotations

from heapq import heappush
from typing import cast

from syncproof.core.links import Link
from syncproof.core.moves import Arrive, Deliver, Duplicate, Lose, Tell
from syncproof.core.packets import Packet, Resend, Tick
from syncproof.core.values import ENVIRONMENT, ActorId, ConnectionId, Id
from syncproof.designs.packets import PullReply, Submit
from syncproof.engines.simulate.state import Core, Flight, Host
from syncproof.inputs.random_draws import COARSE, MASK


class Network(Core):
    """`Out.send`, and what arrives of it."""

    __slots__ = ()

    def send(self, destination: Id, packet: Packet) -> None:
        kind = type(packet)
        tally = self.tallies[kind]
        tally.sent += 1
        if tally.bodied:
            self.body_bytes += packet.body_bytes
        if type(destination) is not ConnectionId:
            self._push(self.hosts[cast(ActorId, destination)], packet, tally.link)
            return
        connection = self.connections.get(destination)
        if connection is None:
            return
        if self.me is self.server:
            if kind is PullReply and not cast(PullReply, packet).pages:
                self.empty_replies += 1
            if not connection.client_open:
                return
            connection.down_count = count = connection.down_count + 1
            mixed = hash((destination, count, self.down_salt))
            scramble = self.scramble
            at = self.now + self.downward[scramble[scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)] >> COARSE]
            if at < connection.down_due:
                at = connection.down_due
            connection.down_due = at
            self.serial += 1
            heappush(self.heap, (at, self.serial, self.deliver_down, connection, packet, None))
        elif connection.server_open:
            connection.up_count = count = connection.up_count + 1
            mixed = hash((destination, count, self.up_salt))
            scramble = self.scramble
            at = self.now + self.up[scramble[scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)] >> COARSE]
            if at < connection.up_due:
                at = connection.up_due
            connection.up_due = at
            self.serial += 1
            heappush(self.heap, (at, self.serial, self.deliver_up, connection, packet, None))
            if kind is Submit and self.plan.sender_retry and not self.draining:
                self._maybe_retry(cast(Submit, packet))

    def _to_server(self, connection: Flight, packet: Packet, _: None) -> None:
        if connection.server_open:
            if self.watched:
                self._before_delivery(connection)
            self._handle(self.server, connection.id, packet)

    def _before_delivery(self, connection: Flight) -> None:
        """The server's clock ticks, where it has one, and the move is recorded."""
        if self.system.clocked:
            self._tell(self.server, Tick(int(self.now * 1000)))
        if self.recorder is not None:
            self.recorder.move(Deliver(connection.id, "server"))

    def _to_client(self, connection: Flight, packet: Packet, _: None) -> None:
        if connection.client_open:
            if self.recorder is not None:
                self.recorder.move(Deliver(connection.id, "client"))
            self._handle(connection.host, connection.id, packet)

    def _tell(self, to: Host, packet: Packet) -> None:
        """A packet from nobody who takes part."""
        if self.recorder is not None:
            self.recorder.move(Tell(to.name, packet))
        self._handle(to, ENVIRONMENT, packet)

    # ---- pushes

    def _push(self, receiver: Host, packet: Packet, link: Link) -> None:
        """Over a link: each fate is keyed by message, receiver and its how-manieth connection."""
        now = self.now
        plan = self.plan
        name = receiver.name
        message = getattr(packet, "message", 0)
        count = receiver.connects
        arrive = self.arrive_connected if link.while_connected else self.arrive_running
        mixed = hash((message, name, count, self.push_salt))
        scramble = self.scramble
        at = now + self.pushing[scramble[scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)] >> COARSE]
        if link.lossy and not self.draining:
            if plan.outages and any(start <= now < end for start, end in plan.outages):
                self._lose(receiver, packet, "push-outage")
                return
            if plan.push_loss and self._chance("loss", message, name, count) < plan.push_loss:
                self._lose(receiver, packet, "push-lost")
                return
            late = at + plan.reorder_delay_s
            if plan.push_duplicate and self._chance("duplicate", message, name, count) < plan.push_duplicate:
                self.faults["push-duplicated"] += 1
                self._at(late, arrive, receiver, self.me.name, packet)
                if self.recorder is not None:
                    self.recorder.move(Duplicate(name, packet))
            if plan.push_reorder and self._chance("reorder", message, name, count) < plan.push_reorder:
                self.faults["push-reordered"] += 1
                self._at(late, arrive, receiver, self.me.name, packet)
                return
        if at < receiver.pushed_until:
            at = receiver.pushed_until
        receiver.pushed_until = at
        self.serial += 1
        heappush(self.heap, (at, self.serial, arrive, receiver, self.me.name, packet))

    def _lose(self, receiver: Host, packet: Packet, fault: str) -> None:
        self.faults[fault] += 1
        if self.recorder is not None:
            self.recorder.move(Lose(receiver.name, packet))

    def _arrive_connected(self, receiver: Host, sender: ActorId, packet: Packet) -> None:
        """Over a link that needs a connection at this moment."""
        if self.recorder is not None:
            self.recorder.move(Arrive(receiver.name, packet))
        if receiver.current is not None:
            self._handle(receiver, sender, packet)

    def _arrive_running(self, receiver: Host, sender: ActorId, packet: Packet) -> None:
        """Over a link that only needs its receiver to run."""
        if self.recorder is not None:
            self.recorder.move(Arrive(receiver.name, packet))
        if not receiver.down:
            self._handle(receiver, sender, packet)

    # ---- impatient senders

    def _maybe_retry(self, packet: Submit) -> None:
        device = self.me
        if self._chance("retry", packet.message.id, device.name, device.connects) < self.plan.sender_retry:
            self._at(self.now + self.plan.sender_retry_after_s, self._retry, device, None, None)

    def _retry(self, device: Host, _: None, __: None) -> None:
        if device.current is not None and not self.draining:
            self.faults["sender-retry"] += 1
            self._tell(device, Resend())
