"""A new device can reach all history of its conversations."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.actor import state
from syncproof.observations import Joined, Roamed
from syncproof.properties.base import Property, observes
from syncproof.vocabulary import ConversationId, DeviceId


@state
class RoamingComplete(Property):
    """At quiescence: a device that joined when a conversation of its user had n places holds its history up to n.

    What is placed after the join is `no-loss`'s business.
    """

    name = "roaming-complete"
    kind = "liveness"
    keyed_by = "new device x conversation"
    says = "a new device can reach all history of its conversations"

    missing: dict[tuple[DeviceId, ConversationId], int] = attrs.field(factory=dict)

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        for conversation, last in o.history or ():
            if last > 0:
                self.missing[o.device, conversation] = last
        return None

    @observes(Roamed)
    def on_roamed(self, o: Roamed) -> str | None:
        key = (o.device, o.conversation)
        if self.missing.get(key, 0) <= o.upto:
            self.missing.pop(key, None)
        return None

    def at_quiescence(self) -> Iterator[str]:
        for (device, conversation), last in sorted(self.missing.items()):
            yield f"new device {device:d} cannot reach the {last} earlier places of conversation {conversation:d}"
