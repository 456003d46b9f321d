"""A message that a receiver shows is stored already."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Composed, Shown, Stored
from syncproof.core.values import DeviceId, MessageId
from syncproof.properties._base import Property, observes, seen

UNSTORED = "before the server has stored it"


@state
class StoreBeforeSync(Property):
    """Shown(d, m) on a device other than the composing one => Stored(m) before. One complaint a message.

    It does not say that the message stays stored (`accepted-is-durable` does), nor anything about a message that was
    never composed (`no-creation` does).
    """

    name = "store-before-sync"
    keyed_by = "message"
    says = "what is shown is already in durable server storage"
    wants = "a message shown on a device"
    evidence = seen(Shown)
    by_message = True
    presumes = {UNSTORED: (Stored,)}  # noqa: RUF012

    unstored: dict[MessageId, DeviceId] = attrs.field(factory=dict)

    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        self.unstored[o.message] = o.device
        return None

    @observes(Stored)
    def on_stored(self, o: Stored) -> str | None:
        self.unstored.pop(o.message, None)
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        composer = self.unstored.get(o.message)
        if composer is None or composer == o.device:
            return None
        del self.unstored[o.message]
        return f"device {o.device:d} shows message {o.message:d} {UNSTORED}"
