"""Entries of a timeline are shown in the order of their numbers, skipping nothing."""

from __future__ import annotations

from bisect import bisect_left

from syncproof.core.actor import state
from syncproof.core.observations import Checkpointed, Shown
from syncproof.properties._base import observes, seen
from syncproof.properties._logs import Entries, Logs


@state
class PrefixOrder(Logs):
    """For every device and timeline: what is shown from it is a prefix of its entries above the starting checkpoint.

    Entries that do not concern the device's user may be skipped. A skip is Jepsen's *poll-skip*, a step back
    *nonmonotonic-poll*; each is reported once. It says nothing about entries above the last one shown (`no-loss` does),
    nor about those that became readable below what was shown already (`tail-append` does).
    """

    name = "prefix-order"
    keyed_by = "installation x timeline"
    says = "entries are shown in the order of their numbers, skipping nothing"
    wants = "a message shown from an entry of a log"
    evidence = seen(Shown, lambda o: o.seq is not None and o.timeline is not None and o.timeline.kind != "inbox")
    needs = ("Placed.members",)
    anomaly = "poll-skip, nonmonotonic-poll"

    @observes(Checkpointed)
    def on_checkpointed(self, o: Checkpointed) -> str | None:
        if o.start:
            self.log(o.timeline).passed[o.device] = self.begun(o.timeline, o.seq, o.device)
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        timeline = o.timeline
        if timeline is None or o.seq is None or timeline.kind == "inbox":
            return None
        log = self.logs.get(timeline)
        if log is None:
            log = self.log(timeline)
        position = log.passed.get(o.device, 0)
        try:
            following = log.seqs[position]
        except IndexError:
            following = None
        if following == o.seq:
            log.passed[o.device] = position + 1
            return None
        return self._judge_jump(o, o.seq, log, position)

    def _judge_jump(self, o: Shown, seq: int, log: Entries, position: int) -> str | None:
        """Return a complaint if an entry that is not the next one is below it, does not exist, or skips a due one."""
        assert o.timeline is not None
        where = f"device {o.device:d} shows number {seq} of {o.timeline.kind} timeline {o.timeline.owner:d}"
        found = bisect_left(log.seqs, seq, position)
        if found == len(log.seqs) or log.seqs[found] != seq:
            below = position > 0 and seq <= log.seqs[position - 1]
            return f"{where} after number {log.seqs[position - 1]}" if below else f"{where}, which is not there"
        log.passed[o.device] = found + 1
        for skipped in range(position, found):
            if self.concerns(log.messages[skipped], o.device):
                return f"{where} and skips {log.seqs[skipped]}"
        return None
