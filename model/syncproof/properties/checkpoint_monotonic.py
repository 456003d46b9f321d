"""A checkpoint never moves back."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Checkpointed
from syncproof.core.values import DeviceId, Timeline
from syncproof.properties._base import Property, observes, seen


@state
class CheckpointMonotonic(Property):
    """For every device and timeline: the numbers of Checkpointed never decrease.

    A starting value is not compared: it is the first of an installation, or of an epoch of the log. It does not say that
    the numbers are right (`checkpoint-covered` does).
    """

    name = "checkpoint-monotonic"
    keyed_by = "installation x epoch"
    says = "a checkpoint never moves back"
    wants = "a checkpoint that moved"
    evidence = seen(Checkpointed, lambda o: not o.start)

    last: dict[tuple[DeviceId, Timeline], int] = attrs.field(factory=dict)

    @observes(Checkpointed)
    def on_checkpointed(self, o: Checkpointed) -> str | None:
        key = (o.device, o.timeline)
        last = self.last.get(key, 0)
        self.last[key] = o.seq
        if o.seq >= last or o.start:
            return None
        return (
            f"device {o.device:d} moves its checkpoint in {o.timeline.kind} timeline {o.timeline.owner:d} "
            f"from {last} back to {o.seq}"
        )
