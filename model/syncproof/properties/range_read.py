"""A range read returns exactly what is there."""

from __future__ import annotations

from bisect import bisect_right

import attrs

from syncproof.actor import state
from syncproof.observations import Appended, RangeRead
from syncproof.properties.audience import Concerned
from syncproof.properties.base import observes
from syncproof.vocabulary import MessageId, Timeline


@state
class RangeReads(Concerned):
    """RangeRead(t, after, upto, seqs) => seqs are exactly the entries of t in (after, upto].

    An entry of a conversation's timeline that does not concern the reading device's user may be left out.
    """

    name = "range-read"
    keyed_by = "timeline"
    says = "a read of a range returns exactly the entries there, whatever was asked before"

    seqs: dict[Timeline, list[int]] = attrs.field(factory=dict)
    messages: dict[Timeline, list[MessageId | None]] = attrs.field(factory=dict)

    @observes(Appended)
    def on_appended(self, o: Appended) -> str | None:
        seqs = self.seqs.get(o.timeline)
        if seqs is None:
            seqs = self.seqs[o.timeline] = []
            self.messages[o.timeline] = []
        seqs.append(o.seq)
        self.messages[o.timeline].append(o.message)
        return None

    @observes(RangeRead)
    def on_range_read(self, o: RangeRead) -> str | None:
        if o.timeline.kind == "inbox":
            return None
        seqs = self.seqs.get(o.timeline, [])
        low = bisect_right(seqs, o.after)
        high = bisect_right(seqs, o.upto)
        there = seqs[low:high]
        if len(there) == len(o.seqs) and tuple(there) == o.seqs:
            return None
        messages = self.messages.get(o.timeline, [])[low:high]
        read = set(o.seqs)
        missing = [n for n, m in zip(there, messages, strict=True) if n not in read and self._due(o, m)]
        invented = sorted(read - set(there))
        if not missing and not invented:
            return None
        wrong = f"leaves out {missing[0]}" if missing else f"returns {invented[0]}, which is not there"
        return f"a read of ({o.after}, {o.upto}] in {o.timeline.kind} timeline {o.timeline.owner} {wrong}"

    def _due(self, o: RangeRead, message: MessageId | None) -> bool:
        return o.timeline.kind == "sync" or self.concerns(message, o.device)
