"""A conversation's order keeps the order in which each device composed."""

from __future__ import annotations

from typing import Any, cast

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Composed, Placed, Reverted
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.properties._base import Property, observes, seen
from syncproof.properties.compact import Rows
from syncproof.properties.spill import Spill


@state
class SenderOrder(Property):
    """For m, n composed by one device in one conversation, m first: m's place is below n's.

    If a message is placed again (because the server lost it, or mistook a retry for a new message) the later place is
    judged too. It says nothing about messages of different devices, even of one user.
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
    last: dict[tuple[DeviceId, ConversationId], tuple[int, int]] = attrs.field(factory=dict)

    def compact(self, spill: Spill) -> None:
        self.numbers = cast(Any, Rows(3, spill))

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
        key = (device, conversation)
        before, place = self.last.get(key, (0, 0))
        if number >= before:
            self.last[key] = (number, o.place)
            if number > before and o.place <= place:
                return self._complaint(o, device)
            return None
        return self._complaint(o, device) if o.place >= place else None

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        """Free the places above `upto`: a restore removed their messages."""
        if o.timeline.kind == "conversation":
            for key, (number, place) in list(self.last.items()):
                if key[1] == o.timeline.owner and place > o.upto:
                    self.last[key] = (number, o.upto)
        return None

    def _complaint(self, o: Placed, device: DeviceId) -> str:
        return (
            f"message {o.message:d} of device {device:d} takes place {o.place} in conversation {o.conversation:d}, "
            f"against the order in which that device composed"
        )
