"""A checkpoint never passes an entry that was not shown."""

from __future__ import annotations

from bisect import bisect_right

import attrs

from syncproof.actor import state
from syncproof.observations import Appended, Checkpointed, Shown
from syncproof.properties.audience import Concerned
from syncproof.properties.base import observes
from syncproof.vocabulary import DeviceId, MessageId, Timeline


@state
class CheckpointCovered(Concerned):
    """Checkpointed(d, t, n) => every entry of t in (start, n] that concerns d's user has been shown on d.

    `ahead` holds what a device has shown from a timeline and not yet covered by its checkpoint; what it got through
    another timeline counts as well (a message has at most one entry in each).
    """

    name = "checkpoint-covered"
    keyed_by = "installation x timeline"
    says = "a checkpoint never passes an entry that was not shown"

    seqs: dict[Timeline, list[int]] = attrs.field(factory=dict)
    messages: dict[Timeline, list[MessageId | None]] = attrs.field(factory=dict)
    position: dict[tuple[DeviceId, Timeline], int] = attrs.field(factory=dict)
    ahead: dict[DeviceId, set[MessageId]] = attrs.field(factory=dict)

    @observes(Appended)
    def on_appended(self, o: Appended) -> str | None:
        seqs = self.seqs.get(o.timeline)
        if seqs is None:
            seqs = self.seqs[o.timeline] = []
            self.messages[o.timeline] = []
        seqs.append(o.seq)
        self.messages[o.timeline].append(o.message)
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        if o.timeline is not None and o.timeline.kind != "inbox":
            ahead = self.ahead.get(o.device)
            if ahead is None:
                ahead = self.ahead[o.device] = set()
            ahead.add(o.message)
        return None

    @observes(Checkpointed)
    def on_checkpointed(self, o: Checkpointed) -> str | None:
        key = (o.device, o.timeline)
        seqs = self.seqs.get(o.timeline, [])
        if o.start:
            self.position[key] = bisect_right(seqs, o.seq)
            return None
        position = self.position.get(key, 0)
        messages = self.messages.get(o.timeline, [])
        ahead = self.ahead.get(o.device, set())
        passed = None
        while position < len(seqs) and seqs[position] <= o.seq:
            message = messages[position]
            if message in ahead:
                ahead.discard(message)
            elif passed is None and self.concerns(message, o.device):
                passed = seqs[position]
            position += 1
        self.position[key] = position
        if passed is None:
            return None
        return (
            f"device {o.device:d} moves its checkpoint in {o.timeline.kind} timeline {o.timeline.owner} to {o.seq}, "
            f"past number {passed}, which it has not shown"
        )
