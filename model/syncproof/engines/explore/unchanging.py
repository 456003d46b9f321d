"""Deliveries that change nothing are not taken: the packet stays on its way, as in Stateright's actor models.

Such a delivery only removes its packet from a link without order: the receiver's fields stay as they are, nothing is sent,
armed, cancelled or stored, and no property's automaton changes. A run with it and the same run without it, in which the
packet is never delivered, differ in nothing but the packet. So every violation of safety is still found. It is not sound
for liveness: a packet that the receiver ignores now stays on its way, and fairness demands that it is delivered later, when
the receiver would not ignore it. On an ordered link or a connection the delivery is taken, because other packets wait
behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from syncproof.core.moves import Arrive
from syncproof.engines.explore.encoding import State, Wire, wire_slot
from syncproof.engines.explore.expand import Successor
from syncproof.engines.explore.tables import Tables
from syncproof.errors import InputError

UNKNOWN = (
    "deliveries that change nothing were left out, and a packet that is ignored now may be needed later; search without "
    "skip_unchanging"
)
"""Why liveness is unknown when a delivery was left out."""


@dataclass(slots=True)
class Unchanging:
    """The deliveries that are left out. `count`: how many were."""

    tables: Tables
    count: int = 0

    def __post_init__(self) -> None:
        """Raise `InputError` if a poll or a timer waits for rest: a packet that stays on its way would change when that is."""
        if self.tables.moves.patient:
            raise InputError(
                "skip_unchanging: polls of this environment wait until nothing is under way; allowed: polls = 'any'"
            )
        if self.tables.environment.early:
            bounded = ", ".join(kind.__name__ for kind in self.tables.environment.early)
            raise InputError(
                f"skip_unchanging: timers of this environment ({bounded}) wait until nothing is under way once their early "
                "firings are spent; allowed: early = {}"
            )

    def without(self, expand: Callable[[State, list[Successor]], None]) -> Callable[[State, list[Successor]], None]:
        """Return a function that appends the successors that `expand` does, without deliveries that change nothing."""
        slots: dict[int, int] = {}
        """Move -> the wire slot of the receiver of a packet that arrives in any order; -1 for every other move."""
        known = slots.get

        def skipping(state: State, out: list[Successor]) -> None:
            expand(state, out)
            kept = []
            for successor in out:
                move, after, mark = successor
                slot = known(move)
                if slot is None:
                    slot = slots[move] = self.wire(move)
                if (
                    slot < 0
                    or mark
                    or after[:slot] != state[:slot]
                    or after[slot + 1 :] != state[slot + 1 :]
                    or not self.only_removed(slot, state[slot], after[slot])
                ):
                    kept.append(successor)
                else:
                    self.count += 1
            out[:] = kept

        return skipping

    def wire(self, number: int) -> int:
        """Return the wire slot of the receiver of a packet that arrives in any order; -1 for every other move."""
        move = self.tables.moves.values[number]
        if not isinstance(move, Arrive) or self.tables.encoding.system.link(move.packet).order != "unordered":
            return -1
        return wire_slot(self.tables.encoding.place[move.receiver])

    def only_removed(self, slot: int, before: int, after: int) -> bool:
        """Return whether a wire lost one packet and gained none."""
        values = self.tables.slots[slot].values
        here: Wire = values[before]
        there: Wire = values[after]
        return len(there.mail) == len(here.mail) - 1 and there.connections == here.connections
