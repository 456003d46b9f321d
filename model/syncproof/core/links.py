"""How packets travel: links between actors, and the table of what closes which end of a connection."""

from __future__ import annotations

from typing import Literal

import msgspec


class Link(msgspec.Struct, frozen=True):
    """How packets of a class travel to an actor's id.

    `order`: `ordered` (first in, first out), `unordered`, or `duplicating` (unordered, any number of deliveries).
    `lossy`: faults may lose a packet on it. `while_connected`: a packet reaches its receiver only while the receiver has
    an open connection; without one the packet is lost. On any other link a packet waits for a receiver that is down.
    """

    order: Literal["ordered", "unordered", "duplicating"]
    lossy: bool = False
    while_connected: bool = False


ORDERED = Link("ordered")


UNORDERED = Link("unordered")


DUPLICATING = Link("duplicating")


PUSH = Link("unordered", lossy=True, while_connected=True)
"""Push and notification: duplication and reordering are faults with a budget, as loss is."""


End = Literal["client", "server"]
InFlight = Literal["arrives", "lost"]


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """One cause for which an end of a connection closes, and its consequences.

    `moves`: the cause, in words. `end`: the end that closes now. `other_end`: what becomes of the other end if it is
    still open: it closes after everything in flight to it has arrived (`told`), or it stays open until a `Notice`
    (`notices`). `to_server`, `to_client`: whether what is in flight still arrives (as long as its receiving end is open).
    `handled`: whether the actor of the closing end handles `Closed`; a crashed actor does not. `clean`: the field `clean`
    of the `Disconnected` that is observed when the client's end closes.
    """

    moves: str
    end: End
    other_end: Literal["told", "notices"]
    to_server: InFlight
    to_client: InFlight
    handled: bool
    clean: bool = False


CLOSINGS: dict[str, Closing] = {
    "clean-disconnect": Closing(
        moves="`Disconnect`, clean",
        end="client",
        other_end="told",
        to_server="arrives",
        to_client="lost",
        handled=True,
        clean=True,
    ),
    "half-open": Closing(
        moves="`Disconnect`, half-open",
        end="client",
        other_end="notices",
        to_server="arrives",
        to_client="lost",
        handled=True,
    ),
    "client-down": Closing(
        moves="`Crash`, `Restore`, reinstall or `Abandon` of the client",
        end="client",
        other_end="notices",
        to_server="arrives",
        to_client="lost",
        handled=False,
    ),
    "client-notices": Closing(
        moves="`Notice` at the client",
        end="client",
        other_end="notices",
        to_server="arrives",
        to_client="lost",
        handled=True,
    ),
    "server-down": Closing(
        moves="`Crash` or `Restore` of the server",
        end="server",
        other_end="notices",
        to_server="lost",
        to_client="arrives",
        handled=False,
    ),
    "server-notices": Closing(
        moves="`Notice` at the server",
        end="server",
        other_end="notices",
        to_server="lost",
        to_client="arrives",
        handled=True,
    ),
    "server-told": Closing(
        moves="`Deliver` of the packet `Closed` to the server",
        end="server",
        other_end="notices",
        to_server="lost",
        to_client="arrives",
        handled=True,
    ),
    "server-closes": Closing(
        moves="the server's own `Out.close`",
        end="server",
        other_end="notices",
        to_server="lost",
        to_client="arrives",
        handled=False,
    ),
}
"""Everything that closes an end of a connection. `World` applies these rows.

An open end may send; what it sends to a closed end is lost. A connection whose two ends are closed is removed.
"""


def closing_rows() -> list[tuple[str, str, str, str, str]]:
    """Return the table as text: what happens, the client's end, the server's end, in flight to the server and to the client."""
    rows = []
    for row in CLOSINGS.values():
        receiver = "server" if row.end == "client" else "client"
        other = "closes after what is in flight" if row.other_end == "told" else "stays open until `Notice`"
        still = "arrives" if row.other_end == "told" else f"arrives until the {receiver} closes"
        ends = ("closes", other) if row.end == "client" else (other, "closes")
        fates = [still if fate == "arrives" else "is lost" for fate in (row.to_server, row.to_client)]
        rows.append((row.moves, ends[0], ends[1], fates[0], fates[1]))
    return rows
