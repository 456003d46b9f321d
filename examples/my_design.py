"""A variant of a design: a device that trusts every push. Search it, and read the counterexample:

syncproof explore examples/my_design.py:Hasty --world two-people --messages 2 --fault push
"""

from syncproof.core.actor import Out, actor, on
from syncproof.core.values import Id
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Push
from syncproof.designs.timeline.push import DensePushDevice


@actor
class HastyDevice(DensePushDevice):
    """Applies whatever is pushed, and takes its number for the checkpoint: nothing looks whether one is missing."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """The sound device asks whether this is the next number."""
        if packet.entry.seq > self.checkpoints.get(packet.timeline, 0):
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)


Hasty = DESIGNS["timeline-dense-push"].variant(device=HastyDevice, summary="Trusts every push.")
