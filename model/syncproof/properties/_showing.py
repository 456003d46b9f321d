"""The messages that each device has shown, for the properties of inboxes."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Shown
from syncproof.core.values import DeviceId, MessageId
from syncproof.properties._base import Property, observes


@state
class Showing(Property):
    """The messages that each device has shown. A base, not a property of its own.

    Nothing is removed from `shown`: a deleted copy may be queued again, and its device does not show it again.
    """

    shown: dict[DeviceId, set[MessageId]] = attrs.field(factory=dict)

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        shown = self.shown.get(o.device)
        if shown is None:
            shown = self.shown[o.device] = set()
        shown.add(o.message)
        return None
