"""A read of a range returns exactly the entries there."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import RangeRead, Trimmed
from syncproof.core.values import MessageId, Timeline
from syncproof.properties._base import observes, seen
from syncproof.properties._logs import Logs
from syncproof.properties.long_column import upto


@state
class RangeReads(Logs):
    """RangeRead(t, after, upto, seqs) => seqs are the entries of t in (after, upto] that are not trimmed, in order.

    An entry of a conversation's timeline that does not concern the reading device's user may be left out. It says
    nothing about how far a read goes: `upto` is what the read reports.
    """

    name = "range-read"
    keyed_by = "timeline"
    says = "a read of a range returns exactly the entries there, whatever was asked before"
    wants = "a read of a log that returned an entry"
    evidence = seen(RangeRead, lambda o: bool(o.seqs) and o.timeline.kind != "inbox")
    needs = ("Placed.members",)
    passes = False

    trimmed: dict[Timeline, int] = attrs.field(factory=dict)

    @observes(Trimmed)
    def on_trimmed(self, o: Trimmed) -> str | None:
        """Note the trim for this epoch only: a restore may bring the entries back in the next one."""
        self.trimmed[o.timeline] = o.upto
        return None

    @observes(RangeRead)
    def on_range_read(self, o: RangeRead) -> str | None:
        if o.timeline.kind == "inbox":
            return None
        log = self.logs.get(o.timeline)
        if log is None:
            log = self.log(o.timeline)
        seqs = log.seqs
        low = upto(seqs, max(o.after, self.trimmed.get(o.timeline, 0)))
        high = upto(seqs, o.upto)
        if tuple(seqs[low:high]) == o.seqs:
            return None
        return self._difference(o, seqs[low:high], log.messages[low:high])

    def _difference(self, o: RangeRead, there: list[int], messages: list[MessageId | None]) -> str | None:
        """Return what is wrong with a read that did not return everything; None if all that it leaves out is optional."""
        read = set(o.seqs)
        whole = o.timeline.kind == "sync"
        due = [n for n, m in zip(there, messages, strict=True) if n in read or whole or self.concerns(m, o.device)]
        if due == list(o.seqs):
            return None
        missing = [n for n in due if n not in read]
        invented = sorted(read.difference(there))
        if missing:
            wrong = f"leaves out {missing[0]}"
        elif invented:
            wrong = f"returns {invented[0]}, which is not there"
        else:
            wrong = "repeats entries or returns them out of order"
        where = "" if o.replica is None else f" on replica {o.replica}"
        return f"a read of ({o.after}, {o.upto}] in {o.timeline.kind} timeline {o.timeline.owner:d}{where} {wrong}"
