"""Links between actors: how packets of a class travel to an actor's id."""

from __future__ import annotations

from typing import Literal

import msgspec


class Link(msgspec.Struct, frozen=True):
    """How packets of a class travel to an actor's id.

    `order`: `ordered` (first in, first out), `unordered`, or `duplicating` (unordered, any number of deliveries).
    `lossy`: faults may lose it. `while_connected`: it reaches its receiver only while that has an open connection.
    """

    order: Literal["ordered", "unordered", "duplicating"]
    lossy: bool = False
    while_connected: bool = False


ORDERED = Link("ordered")


UNORDERED = Link("unordered")


DUPLICATING = Link("duplicating")


PUSH = Link("unordered", lossy=True, while_connected=True)
"""Push and notification: duplication and reordering are faults with a budget, as loss is."""
