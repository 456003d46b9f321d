"""Deltas: packets are put into queues, operations and timers are added or removed.

A handler's effects are grouped by the slot that they change. Each group is a *delta*: a tuple of changes, numbered, so
that a slot absorbs it by one look-up by (slot's value, delta). Here the changes are made when a pair is first met.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from syncproof.core.links import CLOSINGS, Closing
from syncproof.core.values import ConnectionId
from syncproof.engines.explore.encoding import ABSENT, NO_POLL, SHIFT, Encoding, Ends, Pending, Wire
from syncproof.engines.explore.interned import Numbered

Deltas = tuple[tuple[int, int], ...]
"""(slot, delta) pairs: what each of several slots absorbs."""


class PendingChange(NamedTuple):
    """A change of what is pending at an actor. `number` is a packet's, for `drop-answers` a connection's.

    `drop-answers` removes the operations whose only effect would be to answer over that connection, which has closed.
    """

    kind: Literal["write", "read", "after", "poll", "cancel", "drop-answers"]
    number: int


class WireChange(NamedTuple):
    """A change of an actor's wire: a packet sent up or down its connection number `where`, or mailed by actor `where`.

    `close`: the server closes its end of the connection of this number. `server-down`: the server's end of every connection to
    the actor at position `where` closes, and what was in flight to it is lost.
    """

    kind: Literal["up", "down", "mail", "close", "server-down"]
    where: int = 0
    packet: int = 0


class Queues:
    """The deltas that were met, and the values of slots after absorbing them.

    `absorbed[slot]`: (slot's value, delta) -> the slot's value afterwards.
    """

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.deltas: Numbered[tuple[Any, ...]] = Numbered()
        self.absorbed: list[dict[int, int]] = [{} for _ in encoding.slots]

    def drop_answers(self, connection: ConnectionId) -> int:
        """Return the delta for the server when a connection has closed."""
        return self.deltas.intern((PendingChange("drop-answers", int(connection)),))

    def server_down(self, server: int) -> int:
        """Return the delta for a client's wire when a server goes down."""
        return self.deltas.intern((WireChange("server-down", server),))

    def absorb(self, slot: int, value: int, delta: int) -> int:
        """Return the slot's value after a delta."""
        change = self.deltas.values[delta]
        interned = self.encoding.slots[slot]
        if slot % 3 == 2:
            after = interned.intern(self._route(slot // 3, interned.values[value], change))
        else:
            after = value if value <= ABSENT else interned.intern(self._pend(interned.values[value], change))
        self.absorbed[slot][(value << SHIFT) | delta] = after
        return after

    def _pend(self, before: Pending, changes: Sequence[PendingChange]) -> Pending:
        equals = self.encoding.packets.equals  # of timers that are equal but not the same the last one counts
        operations, timers, poll = list(before.operations), set(before.timers), before.poll
        for kind, number in changes:
            match kind:
                case "write" | "read":
                    operations.append((number, kind == "write"))
                case "after":
                    timers.difference_update(equals(number))
                    timers.add(number)
                case "poll":
                    poll = number
                case "cancel":
                    timers.difference_update(equals(number))
                    poll = NO_POLL if poll in equals(number) else poll
                case "drop-answers":
                    operations = [o for o in operations if self.encoding.connection(o[0]) != number]
        return Pending(tuple(sorted(operations)), tuple(sorted(timers)), poll)

    def _route(self, client: int, before: Wire, changes: Sequence[WireChange]) -> Wire:
        opened, connections, mail = before
        for kind, where, packet in changes:
            match kind:
                case "mail":
                    mail = self.encoding.sent(mail, where, packet)
                case "up" | "down":
                    connections = tuple(
                        [_sent(ends, kind == "up", packet) if ends.number == where else ends for ends in connections]
                    )
                case "close":
                    hung = [ends.number == where and ends.server_open for ends in connections]
                    connections = _closed_where(connections, hung, CLOSINGS["server-closes"])
                case "server-down":
                    cut = [self.encoding.server_of(client, ends.number) == where for ends in connections]
                    connections = _closed_where(connections, cut, CLOSINGS["server-down"])
        return Wire(opened, connections, mail)


def closed(ends: Ends, row: Closing, closing_packet: int = 0) -> Ends:
    """Return a connection after one of its ends has closed as a row of `CLOSINGS` says.

    `closing_packet`: the number of the packet `Closed` of this connection, for rows that send it to the other end.
    """
    up = (*ends.up, closing_packet) if row.other_end == "told" and ends.server_open else ends.up
    return ends._replace(
        client_open=ends.client_open and row.end != "client",
        server_open=ends.server_open and row.end != "server",
        up=() if row.to_server == "lost" else up,
        down=() if row.to_client == "lost" else ends.down,
    )


def _closed_where(connections: tuple[Ends, ...], which: Sequence[bool], row: Closing) -> tuple[Ends, ...]:
    """Return connections after the server's end of some of them has closed; without those whose two ends are closed then."""
    after = [closed(ends, row) if closes else ends for ends, closes in zip(connections, which, strict=True)]
    return tuple([ends for ends in after if ends.client_open or ends.server_open])


def _sent(ends: Ends, up: bool, packet: int) -> Ends:
    """Return a connection with a packet sent over it; what is sent while an end is closed is lost."""
    if not (ends.client_open and ends.server_open):
        return ends
    return ends._replace(up=(*ends.up, packet)) if up else ends._replace(down=(*ends.down, packet))
