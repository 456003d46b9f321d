"""A message is shown at most once on each installation."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Forgot, Shown
from syncproof.core.values import DeviceId, MessageId
from syncproof.properties._base import Property, observes, seen


@state
class NoDuplicate(Property):
    """For every device and message: at most one Shown. (A reinstall has a device id of its own.) What the device's
    database lost in a restore (`Forgot`) may be shown again.

    Jepsen's *duplicate*, judged where a person sees it. It does not say that the server's log holds the message once.
    """

    name = "no-duplicate"
    keyed_by = "installation"
    says = "a message is shown at most once"
    wants = "a message shown on a device"
    evidence = seen(Shown)
    by_message = True
    anomaly = "duplicate"

    shown: dict[DeviceId, set[MessageId]] = attrs.field(factory=dict)

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        shown = self.shown.get(o.device)
        if shown is None:
            shown = self.shown[o.device] = set()
        if o.message in shown:
            return f"device {o.device:d} shows message {o.message:d} a second time"
        shown.add(o.message)
        return None

    @observes(Forgot)
    def on_forgot(self, o: Forgot) -> str | None:
        if o.device in self.shown:
            self.shown[o.device].difference_update(o.messages)
        return None
