"""A conversation's order keeps the order in which each device composed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any, cast

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Composed, Placed, Reverted
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.properties._base import Property, observes, seen
from syncproof.properties.compact import Rows
from syncproof.properties.long_column import LongColumn
from syncproof.properties.spill import Spill


@state
class SenderOrder(Property):
    """For m, n composed by one device in one conversation, m first: m's place is below n's.

    If a message is placed again (because the server lost it, or mistook a retry for a new message) the later place is
    judged too. A message whose place a restore took has none until it is placed again; what a restore brings back has
    none either. It says nothing about messages of different devices, even of one user, and nothing about a message whose
    last place is not known.

    `taken`: the messages that have places in the order of composing, each with its number in that order and its place, by
    turns. A place against the order is not among them, and no other message is compared with it.
    """

    name = "sender-order"
    keyed_by = "sending device x conversation"
    says = "the conversation's order keeps the order of composing"
    wants = "two messages with a place in one conversation"
    evidence = seen(Placed, lambda o: o.place is not None and o.place >= 2)
    needs = ("Placed.place",)
    least_messages = 2

    numbers: dict[MessageId, tuple[DeviceId, ConversationId, int]] = attrs.field(factory=dict)
    counts: dict[tuple[DeviceId, ConversationId], int] = attrs.field(factory=dict)
    taken: dict[tuple[DeviceId, ConversationId], list[int]] = attrs.field(factory=dict)
    spill: Spill | None = None

    def compact(self, spill: Spill) -> None:
        self.numbers = cast(Any, Rows(3, spill))
        self.spill = spill

    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        key = (o.device, o.conversation)
        number = self.counts.get(key, 0) + 1
        self.counts[key] = number
        self.numbers[o.message] = (o.device, o.conversation, number)
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        origin = self.numbers.get(o.message)
        if origin is None:
            return None
        device, conversation, number = origin
        taken = self.taken_by((device, conversation))
        if o.place is not None and (not taken or (number > taken[-2] and o.place > taken[-1])):
            taken.extend((number, o.place))
            return None
        rows = range(len(taken) // 2)
        at = bisect_left(rows, number, key=lambda row: taken[2 * row])
        known = at < len(rows) and taken[2 * at] == number
        rest = taken[2 * (at + known) :]
        if o.place is None:
            if known:
                del taken[2 * at :]
                taken.extend(rest)
            return None
        if (at and taken[2 * at - 1] >= o.place) or (rest and rest[1] <= o.place):
            return (
                f"message {o.message:d} of device {device:d} takes place {o.place} in conversation {o.conversation:d}, "
                f"against the order in which that device composed"
            )
        del taken[2 * at :]
        taken.extend((number, o.place, *rest))
        return None

    def taken_by(self, key: tuple[DeviceId, ConversationId]) -> list[int]:
        """Return the numbers and places of a device's messages in a conversation."""
        found = self.taken.get(key)
        if found is None:
            found = self.taken[key] = [] if self.spill is None else cast(Any, LongColumn(self.spill))
        return found

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        """Free the places above `upto`: a restore removed their messages."""
        if o.timeline.kind == "conversation":
            for (_, conversation), taken in self.taken.items():
                if conversation == o.timeline.owner:
                    kept = bisect_right(range(len(taken) // 2), o.upto, key=lambda row: taken[2 * row + 1])
                    del taken[2 * kept :]
        return None
