"""What each device has shown, for the properties of inboxes."""

from __future__ import annotations

import attrs

from syncproof.actor import state
from syncproof.observations import Shown
from syncproof.properties.base import Property, observes
from syncproof.vocabulary import DeviceId, MessageId


@state
class Showing(Property):
    """Remembers what each device has shown. A base, not a property of its own.

    Nothing is ever forgotten: a copy that was deleted may be queued again, and its device will not show it again.
    """

    shown: dict[DeviceId, set[MessageId]] = attrs.field(factory=dict)

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        shown = self.shown.get(o.device)
        if shown is None:
            shown = self.shown[o.device] = set()
        shown.add(o.message)
        return None
