"""Define a design of your own: a device that trusts every push. A search shows which promises it breaks:

syncproof explore examples/my_design.py:Hasty --world two-people --messages 2 --fault push
"""

from syncproof.core.actor import Out, actor, on
from syncproof.core.values import Id
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Push
from syncproof.designs.timeline.push import DensePushDevice


@actor
class HastyDevice(DensePushDevice):
    """Show every pushed message and advance the checkpoint to its number, also if numbers in between are missing."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Handle a push. The sound device asks first whether this is the next number."""
        if packet.entry.seq > self.checkpoints.get(packet.timeline, 0):
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)


Hasty = DESIGNS["timeline-dense-push"].variant(device=HastyDevice, summary="Trusts every push.")
