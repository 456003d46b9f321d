"""A new device can reach all history of its conversations."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.actor import state
from syncproof.observations import Joined, Retired, Reverted, Roamed
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

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        for key in [key for key in self.missing if key[0] == o.device]:
            del self.missing[key]
        return None

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        """What a restore took from the conversation is no history that could be reached."""
        if o.timeline.kind == "conversation":
            for (device, conversation), last in list(self.missing.items()):
                if conversation == o.timeline.owner and last > o.upto:
                    self.missing[device, conversation] = o.upto
                    if not o.upto:
                        del self.missing[device, conversation]
        return None

    def at_quiescence(self) -> Iterator[str]:
        for (device, conversation), last in sorted(self.missing.items()):
            yield f"new device {device:d} cannot reach the {last} earlier places of conversation {conversation:d}"
