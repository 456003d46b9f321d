"""The moves that an actor's wire makes possible: on its connections, and with its mail.

What closes which end of a connection, and what becomes of packets in flight, is read from the table in `core/links.py`. When an end
closes, pending answers over that connection are dropped (`drop-answers`), because they would do nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from syncproof.core.links import CLOSINGS
from syncproof.core.moves import Arrive, Connect, Deliver, Disconnect, Duplicate, Handover, Lose, Move, Notice
from syncproof.core.observations import Connected, Disconnected
from syncproof.core.packets import Closed, Opened, Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId
from syncproof.engines.explore.budgets import FREE, Budgets
from syncproof.engines.explore.encoding import Encoding, Ends, Wire, pending_slot, wire_slot
from syncproof.engines.explore.judging import Judging
from syncproof.engines.explore.moves import MoveTable, Offer
from syncproof.engines.explore.queues import Deltas, Queues, closed


class WireOffers:
    """The offers of the values of wire slots."""

    def __init__(
        self, encoding: Encoding, judging: Judging, moves: MoveTable, budgets: Budgets, queues: Queues
    ) -> None:
        self.encoding = encoding
        self.judging = judging
        self.moves = moves
        self.budgets = budgets
        self.queues = queues

    def of(self, actor: int, value: int) -> Iterator[Offer]:
        """Yield the moves that a value of an actor's wire makes possible."""
        wire: Wire = self.encoding.slots[wire_slot(actor)].values[value]
        if actor in self.encoding.clients and self.encoding.server >= 0:
            for ends in wire.connections:
                yield from self._deliver(actor, wire, ends)
                yield from self._close(actor, wire, ends)
            if not any(ends.client_open for ends in wire.connections):
                yield self._connect(actor, wire)
        yield from self._mail(actor, wire)

    # ---- connections

    def _deliver(self, actor: int, wire: Wire, ends: Ends) -> Iterator[Offer]:
        """Yield the arrival of the oldest packet at either end of a connection."""
        connection = self._id(actor, ends)
        packets = self.encoding.packets.values
        if ends.up and ends.server_open:
            packet = packets[ends.up[0]]
            closes = isinstance(packet, Closed)
            left = closed(ends, CLOSINGS["server-told"]) if closes else ends._replace(up=ends.up[1:])
            if closes:
                event = self.encoding.event(connection, Closed(connection))
            else:
                event = self.encoding.event_of(connection, ends.up[0])
            deltas = () if ends.client_open else self._drop_answers(connection)
            server = self.encoding.server_of(actor, ends.number)
            asked = () if closes else self._asked(server, packet)
            yield self._offer(
                Deliver(connection, "server"), actor, wire, ends, left, server, event, deltas, guards=asked
            )
        if ends.down and ends.client_open:
            left = ends._replace(down=ends.down[1:])
            event = self.encoding.event_of(connection, ends.down[0])
            asked = self._asked(actor, packets[ends.down[0]])
            yield self._offer(Deliver(connection, "client"), actor, wire, ends, left, actor, event, guards=asked)

    def _close(self, actor: int, wire: Wire, ends: Ends) -> Iterator[Offer]:
        """Yield the moves that close an end of a connection: a dead end is noticed, the device disconnects."""
        connection = self._id(actor, ends)
        if not ends.client_open:
            if ends.server_open:
                left = closed(ends, CLOSINGS["server-notices"])
                notice = Notice(connection, "server")
                event = self.encoding.event(connection, Closed(connection))
                server = self.encoding.server_of(actor, ends.number)
                yield self._offer(notice, actor, wire, ends, left, server, event)
            return
        event = self.encoding.event(connection, Closed(connection))
        drop = self._drop_answers(connection)
        if not ends.server_open:
            row = CLOSINGS["client-notices"]
            notice = Notice(connection, "client")
            yield self._offer(notice, actor, wire, ends, closed(ends, row), actor, event, drop, clean=row.clean)
        for clean in (True, False):
            move = Disconnect(self.encoding.names[actor], clean)
            budget = self.budgets.of(move)
            if budget is not None:
                row = CLOSINGS["clean-disconnect" if clean else "half-open"]
                after = closed(ends, row, self.encoding.packets.intern(Closed(connection)))
                yield self._offer(move, actor, wire, ends, after, actor, event, drop, clean=row.clean, budget=budget)
        name = self.encoding.names[actor]
        budget = self.budgets.of(Handover(name)) if isinstance(name, DeviceId) else None
        if isinstance(name, DeviceId) and budget is not None:
            yield self._hand_over(name, actor, wire, ends, budget)

    def _hand_over(self, name: DeviceId, actor: int, wire: Wire, ends: Ends, budget: int) -> Offer:
        """Return the handover of a device: its end closes as if it was lost, and its next connection opens."""
        connection = self._id(actor, ends)
        row = CLOSINGS["half-open"]
        opened = ConnectionId.of(name, wire.opened + 1)
        server = self.encoding.server_of(actor, opened.count)
        event = self.encoding.event(opened, Opened(opened, name))
        after = [closed(each, row) if each is ends else each for each in wire.connections]
        left = [each for each in after if each.client_open or each.server_open]
        return Offer(
            self.moves.intern(Handover(name)),
            self.encoding.slots[wire_slot(actor)].intern(
                Wire(opened.count, (*left, Ends(opened.count, True, True, (), ())), wire.mail)
            ),
            ((actor, self.encoding.event(connection, Closed(connection))), (server, event), (actor, event)),
            budget=budget,
            guards=(pending_slot(actor), pending_slot(server)),
            deltas=self._drop_answers(connection),
            bundle=self.judging.bundle([Disconnected(name, row.clean), Connected(name)]),
        )

    def _connect(self, actor: int, wire: Wire) -> Offer:
        name = self.encoding.names[actor]
        opened = ConnectionId.of(name, wire.opened + 1)
        event = self.encoding.event(opened, Opened(opened, name))
        connections = (*wire.connections, Ends(wire.opened + 1, True, True, (), ()))
        server = self.encoding.server_of(actor, opened.count)
        return Offer(
            self.moves.intern(Connect(name)),
            self.encoding.slots[wire_slot(actor)].intern(Wire(wire.opened + 1, connections, wire.mail)),
            ((server, event), (actor, event)),
            guards=(pending_slot(actor), pending_slot(server)),
            bundle=self.judging.bundle([Connected(name)] if isinstance(name, DeviceId) else []),
        )

    def _offer(
        self,
        move: Move,
        client: int,
        wire: Wire,
        before: Ends,
        after: Ends,
        receiver: int,
        event: int,
        deltas: Deltas = (),
        *,
        clean: bool | None = None,
        budget: int = FREE,
        guards: tuple[int, ...] = (),
    ) -> Offer:
        """Return a move on one connection of `client`, which removes the connection if both of its ends are closed then.

        `clean`: the client's end closes, and how; None: it does not close.
        """
        connections = [after if ends is before else ends for ends in wire.connections]
        left = tuple([ends for ends in connections if ends.client_open or ends.server_open])
        value = self.encoding.slots[wire_slot(client)].intern(wire._replace(connections=left))
        name = self.encoding.names[client]
        seen = [] if clean is None or not isinstance(name, DeviceId) else [Disconnected(name, clean)]
        bundle = self.judging.bundle(seen) if seen else 0
        number = self.moves.intern(move)
        if isinstance(move, Deliver) and self.encoding.actors[receiver].guards:
            self.moves.declinable(number)
        return Offer(number, value, ((receiver, event),), budget, guards, deltas=deltas, bundle=bundle)

    def _asked(self, receiver: int, packet: Packet) -> tuple[int, ...]:
        """Return the guard of an offer whose receiver may decline the packet; nothing if it has no guard."""
        return (~receiver,) if type(packet) in self.encoding.actors[receiver].guards else ()

    def _id(self, actor: int, ends: Ends) -> ConnectionId:
        return ConnectionId.of(self.encoding.names[actor], ends.number)

    def _drop_answers(self, connection: ConnectionId) -> Deltas:
        if self.encoding.system.gateways:
            return ()
        return ((pending_slot(self.encoding.server), self.queues.drop_answers(connection)),)

    # ---- mail

    def _mail(self, actor: int, wire: Wire) -> Iterator[Offer]:
        """Yield arrivals, losses and duplications of mail. Equal packets of one source are offered once.

        A packet whose link needs a connection is lost when it arrives without one, also while the receiver is down; any
        other packet waits until its receiver runs.
        """
        mail = wire.mail
        ordered_before: set[int] = set()
        for index, (source, which) in enumerate(mail):
            packet = self.encoding.packets.values[which]
            link = self.encoding.system.link(packet)
            if link.order == "ordered":
                if source in ordered_before:
                    continue
                ordered_before.add(source)
            elif (source, which) in mail[:index]:
                continue
            name = self.encoding.names[actor]
            without = mail[:index] + mail[index + 1 :]
            guards = () if link.while_connected else (pending_slot(actor),)
            sender = self.encoding.source(source)
            event = (actor, self.encoding.event_of(sender, which))
            received = not link.while_connected or self._connected(actor, wire, sender)
            number = self.moves.intern(Arrive(name, packet, sender))
            asked = self._asked(actor, packet) if received else ()
            if type(packet) in self.encoding.actors[actor].guards:
                self.moves.declinable(number)
            yield Offer(
                number,
                self._with(actor, wire, mail if link.order == "duplicating" else without),
                (event,) if received else (),
                guards=(*guards, *asked),
            )
            if link.lossy:
                twice = (*mail[:index], mail[index], *mail[index:])
                lost, repeated = Lose(name, packet, sender), Duplicate(name, packet, sender)
                for move, left in ((lost, without), (repeated, twice)):
                    budget = self.budgets.of(move)
                    if budget is not None:
                        value = self._with(actor, wire, left)
                        yield Offer(self.moves.intern(move), value, (), budget=budget, guards=guards)

    def _connected(self, actor: int, wire: Wire, sender: ActorId) -> bool:
        """Return whether a client has an open connection; with gateways, to the one that sent what arrives."""
        open_ends = [ends for ends in wire.connections if ends.client_open]
        if not self.encoding.system.gateways:
            return bool(open_ends)
        return any(self.encoding.names[self.encoding.server_of(actor, ends.number)] == sender for ends in open_ends)

    def _with(self, actor: int, wire: Wire, mail: tuple[tuple[int, int], ...]) -> int:
        return self.encoding.slots[wire_slot(actor)].intern(wire._replace(mail=mail))
