"""A copy is deleted only after its device showed it."""

from __future__ import annotations

import attrs

from syncproof.actor import state
from syncproof.observations import Deleted, Shown
from syncproof.properties.base import Property, observes
from syncproof.vocabulary import DeviceId, MessageId


@state
class NoEarlyDelete(Property):
    """Deleted(box, m, d) => Shown(d, m) before."""

    name = "no-early-delete"
    keyed_by = "inbox"
    says = "a copy is deleted only after its device showed it"

    shown: dict[DeviceId, set[MessageId]] = attrs.field(factory=dict)

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        shown = self.shown.get(o.device)
        if shown is None:
            shown = self.shown[o.device] = set()
        shown.add(o.message)
        return None

    @observes(Deleted)
    def on_deleted(self, o: Deleted) -> str | None:
        if o.message in self.shown.get(o.device, ()):
            return None
        return f"the copy of message {o.message:d} for device {o.device:d} is deleted before the device has shown it"
