"""No number of a user's timeline is missing."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Appended, Reverted
from syncproof.core.values import Timeline
from syncproof.properties._base import Property, observes, seen


@state
class Dense(Property):
    """For every sync timeline: each number is the one before plus 1, from 1 on. Voids count.

    A gap is reported once. It says nothing about which entry has which number, nor about conversations' timelines.
    """

    name = "dense"
    keyed_by = "timeline"
    says = "no number is missing"
    wants = "an entry of a sync timeline"
    evidence = seen(Appended, lambda o: o.timeline.kind == "sync")

    last: dict[Timeline, int] = attrs.field(factory=dict)

    @observes(Appended)
    def on_appended(self, o: Appended) -> str | None:
        if o.timeline.kind != "sync":
            return None
        last = self.last.get(o.timeline, 0)
        self.last[o.timeline] = max(last, o.seq)
        if o.seq == last + 1:
            return None
        return f"number {o.seq} of sync timeline {o.timeline.owner:d} follows {last}"

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        """Let the new epoch continue after the last entry that survived."""
        if o.timeline.kind == "sync":
            self.last[o.timeline] = o.upto
        return None
