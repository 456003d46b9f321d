"""Override one hook of a ready design, first wrongly, then rightly: what a device does when its own message is accepted.

The reply says where the own copy is in the user's timeline, so the device need not pull it. `Eager` moves its checkpoint there at
once. A search shows what is lost by that; `Mended` looks first whether it has everything before.

syncproof explore examples/own_entry.py:Eager --messages 2
"""

from syncproof.core.actor import Out, actor
from syncproof.core.values import Entry, Timeline
from syncproof.designs import DESIGNS
from syncproof.designs.timeline.device import TimelineDevice


@actor
class EagerDevice(TimelineDevice):
    """Show what was written here when it is accepted, and move the checkpoint to it."""

    def on_own_entry(self, timeline: Timeline, after: int, entry: Entry, out: Out) -> None:
        """Take the own entry for the next one. It is not, if the user's other device wrote one before it."""
        if entry.message is not None and self.ready(timeline):
            self.apply_next(entry, timeline, out)


@actor
class MendedDevice(EagerDevice):
    """Move the checkpoint only if nothing is missing before it; otherwise pull."""

    def on_own_entry(self, timeline: Timeline, after: int, entry: Entry, out: Out) -> None:
        """Compare with `after`, the last number of the timeline before the own entry."""
        if self.checkpoints.get(timeline, 0) == after:
            super().on_own_entry(timeline, after, entry, out)
        else:
            self.on_hint(timeline, entry.seq, "accept", out)


Eager = DESIGNS["timeline-notify"].variant(device=EagerDevice, summary="Takes the own entry for the next one.")
Mended = DESIGNS["timeline-notify"].variant(device=MendedDevice, summary="Takes the own entry if it is the next one.")
