"""A copy is deleted only after its device showed it."""

from __future__ import annotations

from syncproof.core.actor import state
from syncproof.core.observations import Deleted
from syncproof.properties._base import observes, seen
from syncproof.properties._showing import Showing


@state
class NoEarlyDelete(Showing):
    """Deleted(box, m, d) => Shown(d, m) before.

    If nobody acked, because the copy was deleted when it was sent, one of the devices whose copy it was must have shown
    it. A copy that expired is not judged: that is retention, as `Gone` is. If several devices read an inbox, it does not
    say that the others have shown the message (`no-loss` does).
    """

    name = "no-early-delete"
    keyed_by = "inbox"
    says = "a copy is deleted only after its device showed it"
    wants = "a copy deleted from an inbox"
    evidence = seen(Deleted)
    by_message = True
    needs = ("Deleted.devices",)

    @observes(Deleted)
    def on_deleted(self, o: Deleted) -> str | None:
        if o.device is None:
            return self._judge_unacked(o)
        if o.message in self.shown.get(o.device, ()):
            return None
        return f"the copy of message {o.message:d} for device {o.device:d} is deleted before the device has shown it"

    def _judge_unacked(self, o: Deleted) -> str | None:
        """Return a complaint if none of the devices whose copy it was has shown the message."""
        devices = () if o.cause == "expired" else o.devices or ()
        if not devices or any(o.message in self.shown.get(device, ()) for device in devices):
            return None
        return (
            f"the copy of message {o.message:d} in inbox {o.box.owner:d} is deleted without an ack, before device "
            f"{min(devices):d} has shown it"
        )
