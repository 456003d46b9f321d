"""A copy is deleted only after its device showed it."""

from __future__ import annotations

from syncproof.core.actor import state
from syncproof.core.observations import Deleted
from syncproof.properties._base import observes, seen
from syncproof.properties._showing import Showing


@state
class NoEarlyDelete(Showing):
    """Deleted(box, m, d) => Shown(d, m) before.

    If several devices read an inbox, it does not say that the others have shown the message (`no-loss` does).
    """

    name = "no-early-delete"
    keyed_by = "inbox"
    says = "a copy is deleted only after its device showed it"
    wants = "a copy deleted from an inbox"
    evidence = seen(Deleted)

    @observes(Deleted)
    def on_deleted(self, o: Deleted) -> str | None:
        if o.message in self.shown.get(o.device, ()):
            return None
        return f"the copy of message {o.message:d} for device {o.device:d} is deleted before the device has shown it"
