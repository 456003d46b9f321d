"""New entries become readable only at a log's tail."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Appended
from syncproof.core.values import Timeline
from syncproof.properties._base import Property, observes, seen


@state
class TailAppend(Property):
    """For every timeline: the numbers of Appended only grow.

    Readers may have passed an entry below the tail already. It does not say that no number is missing (`dense` does).
    """

    name = "tail-append"
    keyed_by = "timeline"
    says = "an entry never becomes readable below one that was readable before"
    wants = "an entry of a log"
    evidence = seen(Appended)

    last: dict[Timeline, int] = attrs.field(factory=dict)

    @observes(Appended)
    def on_appended(self, o: Appended) -> str | None:
        last = self.last.get(o.timeline, 0)
        if o.seq > last:
            self.last[o.timeline] = o.seq
            return None
        return f"number {o.seq} of {o.timeline.kind} timeline {o.timeline.owner:d} becomes readable after {last}"
