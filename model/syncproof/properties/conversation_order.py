"""On every device, messages are shown in the conversation's order."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Forgot, Shown
from syncproof.core.values import ConversationId, DeviceId
from syncproof.properties._base import Property, observes, seen


@state
class ConversationOrder(Property):
    """For every device and conversation: messages are shown in increasing order of place.

    A message whose place is not known does not count. It does not say that no place is left out (`no-loss` does). It is
    judged at the moment of showing: a device that sorts by place displays the right order afterwards even if it violated this.
    """

    name = "conversation-order"
    keyed_by = "device x conversation"
    says = "messages are shown in the conversation's order"
    wants = "a message shown at a place after the first"
    evidence = seen(Shown, lambda o: o.place is not None and o.place >= 2)
    needs = ("Shown.place",)
    least_messages = 2

    last: dict[tuple[DeviceId, ConversationId], int] = attrs.field(factory=dict)

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        if o.place is None:
            return None
        key = (o.device, o.conversation)
        last = self.last.get(key, 0)
        if o.place > last:
            self.last[key] = o.place
            return None
        return (
            f"device {o.device:d} shows message {o.message:d} at place {o.place} of conversation {o.conversation:d} "
            f"after place {last}"
        )

    @observes(Forgot)
    def on_forgot(self, o: Forgot) -> str | None:
        """Continue from the last places that the older database holds."""
        reached = dict(o.reached)
        for key in [key for key in self.last if key[0] == o.device]:
            self.last[key] = reached.get(key[1], 0)
        return None
