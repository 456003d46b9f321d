"""A checkpoint never passes an entry that was not shown."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Checkpointed, Forgot, Shown
from syncproof.core.values import DeviceId, MessageId
from syncproof.properties._base import observes, seen
from syncproof.properties._logs import Logs
from syncproof.properties.long_column import upto


@state
class CheckpointCovered(Logs):
    """Checkpointed(d, t, n) => every entry of t in (start, n] that concerns d's user has been shown on d.

    It does not matter why d showed it: from another timeline, from a push, or when its own message was accepted.
    `ahead` holds what a device has shown above its checkpoints. It says nothing about entries that become readable
    below a checkpoint later (`tail-append` does).
    """

    name = "checkpoint-covered"
    keyed_by = "installation x timeline"
    says = "a checkpoint never passes an entry that was not shown"
    wants = "a checkpoint that moved"
    evidence = seen(Checkpointed, lambda o: not o.start)
    needs = ("Placed.members",)

    ahead: dict[DeviceId, set[MessageId]] = attrs.field(factory=dict)

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        if o.timeline is None or o.timeline.kind != "inbox":
            ahead = self.ahead.get(o.device)
            if ahead is None:
                ahead = self.ahead[o.device] = set()
            ahead.add(o.message)
        return None

    @observes(Forgot)
    def on_forgot(self, o: Forgot) -> str | None:
        if o.device in self.ahead:
            self.ahead[o.device].difference_update(o.messages)
        return None

    @observes(Checkpointed)
    def on_checkpointed(self, o: Checkpointed) -> str | None:
        log = self.logs.get(o.timeline)
        if log is None:
            log = self.log(o.timeline)
        if o.start:
            position = self.begun(o.timeline, o.seq, o.device)
            covered = log.messages[position : log.passed.get(o.device, 0)]
            if covered:  # the device moves back to an older state, so it has shown what its checkpoint had covered
                self.ahead.setdefault(o.device, set()).update([m for m in covered if m is not None])
            log.passed[o.device] = position
            return None
        first = log.passed.get(o.device, 0)
        end = upto(log.seqs, o.seq)
        ahead = self.ahead.get(o.device, set())
        uncovered = None
        for position, message in enumerate(log.messages[first:end], first):
            if message in ahead:
                ahead.discard(message)
            elif uncovered is None and self.concerns(message, o.device):
                uncovered = log.seqs[position]
        if end > first:
            log.passed[o.device] = end
        if uncovered is None:
            return None
        return (
            f"device {o.device:d} moves its checkpoint in {o.timeline.kind} timeline {o.timeline.owner:d} to {o.seq}, "
            f"past number {uncovered}, which it has not shown"
        )
