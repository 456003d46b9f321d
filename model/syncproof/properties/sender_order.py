"""A conversation's order keeps the order in which each device composed."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, cast

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Composed, Placed, Reverted
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.properties._base import Property, observes, seen
from syncproof.properties.compact import Rows
from syncproof.properties.long_column import LongColumn, upto
from syncproof.properties.spill import Spill


@state
class Taken:
    """The places that a device's messages took in a conversation. Both lists grow: of two messages the later one is higher.

    `numbers`: the messages, counted in the order of composing. `places`: the place of each.
    """

    numbers: list[int]
    places: list[int]


@state
class SenderOrder(Property):
    """For m, n composed by one device in one conversation, m first: m's place is below n's.

    If a message is placed again (because the server lost it, or mistook a retry for a new message) the later place is
    judged too. A message whose place a restore took has none until it is placed again. It says nothing about messages of
    different devices, even of one user.

    `taken`: places that keep the order. One that does not is not among them, and no other message is compared with it.
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
    taken: dict[tuple[DeviceId, ConversationId], Taken] = attrs.field(factory=dict)
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
        if origin is None or o.place is None:
            return None
        device, conversation, number = origin
        taken = self.taken_by((device, conversation))
        numbers, places = taken.numbers, taken.places
        if not numbers or (number > numbers[-1] and o.place > places[-1]):
            numbers.append(number)
            places.append(o.place)
            return None
        at = bisect_left(numbers, number)
        known = at < len(numbers) and numbers[at] == number
        later = at + known
        if (at and places[at - 1] >= o.place) or (later < len(numbers) and places[later] <= o.place):
            return (
                f"message {o.message:d} of device {device:d} takes place {o.place} in conversation {o.conversation:d}, "
                f"against the order in which that device composed"
            )
        if known:
            places[at] = o.place
        else:
            numbers.insert(at, number)
            places.insert(at, o.place)
        return None

    def taken_by(self, key: tuple[DeviceId, ConversationId]) -> Taken:
        """Return the places of a device in a conversation."""
        found = self.taken.get(key)
        if found is None:
            columns = ([], []) if self.spill is None else (LongColumn(self.spill), LongColumn(self.spill))
            found = self.taken[key] = Taken(*cast(Any, columns))
        return found

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        """Free the places above `upto`: a restore removed their messages."""
        if o.timeline.kind == "conversation":
            for (_, conversation), taken in self.taken.items():
                if conversation == o.timeline.owner:
                    kept = upto(taken.places, o.upto)
                    del taken.numbers[kept:], taken.places[kept:]
        return None
