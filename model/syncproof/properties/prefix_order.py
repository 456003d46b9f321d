"""Entries of a timeline are shown in the order of their numbers, skipping nothing."""

from __future__ import annotations

from bisect import bisect_right

import attrs

from syncproof.actor import state
from syncproof.observations import Appended, Checkpointed, Shown
from syncproof.properties.audience import Concerned
from syncproof.properties.base import observes
from syncproof.vocabulary import DeviceId, MessageId, Timeline


@state
class PrefixOrder(Concerned):
    """For every device and timeline: what is shown from it is a prefix of its entries above the starting checkpoint.

    Voids and entries that do not concern the device's user are passed over. A skip is Jepsen's *poll-skip*, a step back
    *nonmonotonic-poll*; each is told once.
    """

    name = "prefix-order"
    keyed_by = "installation x timeline"
    says = "entries are shown in the order of their numbers, skipping nothing"
    anomaly = "poll-skip, nonmonotonic-poll"

    seqs: dict[Timeline, list[int]] = attrs.field(factory=dict)
    messages: dict[Timeline, list[MessageId | None]] = attrs.field(factory=dict)
    next: dict[tuple[DeviceId, Timeline], int] = attrs.field(factory=dict)

    @observes(Appended)
    def on_appended(self, o: Appended) -> str | None:
        seqs = self.seqs.get(o.timeline)
        if seqs is None:
            seqs = self.seqs[o.timeline] = []
            self.messages[o.timeline] = []
        seqs.append(o.seq)
        self.messages[o.timeline].append(o.message)
        return None

    @observes(Checkpointed)
    def on_checkpointed(self, o: Checkpointed) -> str | None:
        if o.start:
            self.next[o.device, o.timeline] = bisect_right(self.seqs.get(o.timeline, ()), o.seq)
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        timeline = o.timeline
        if timeline is None or timeline.kind == "inbox":
            return None
        key = (o.device, timeline)
        position = self.next.get(key, 0)
        seqs = self.seqs.get(timeline, [])
        if position < len(seqs) and seqs[position] == o.seq:
            self.next[key] = position + 1
            return None
        messages = self.messages.get(timeline, [])
        skipped = []
        while position < len(seqs) and seqs[position] < (o.seq or 0):
            if self.concerns(messages[position], o.device):
                skipped.append(seqs[position])
            position += 1
        where = f"device {o.device:d} shows number {o.seq} of {timeline.kind} timeline {timeline.owner}"
        if position >= len(seqs) or seqs[position] != o.seq:
            return f"{where}, which is below what it has shown already or was never appended"
        self.next[key] = position + 1
        return f"{where} and skips {skipped[0]}" if skipped else None


