"""After a restore of the server every device learns that its logs have a new epoch."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Checkpointed, Retired, Reverted
from syncproof.core.values import DeviceId
from syncproof.properties._base import Property, observes, seen


@state
class EpochLearnt(Property):
    """At quiescence: a device whose checkpoint is in some epoch of a log has one in the latest epoch (`Reverted`).

    A device that continues in an old epoch mistakes new numbers for known ones (synapse PR#19644, zulip PR#12888). It
    does not say that nothing was lost (`no-loss` says what must still be shown).
    """

    name = "epoch-learnt"
    kind = "liveness"
    keyed_by = "installation x timeline"
    about = ("server-restore",)
    says = "after a restore every device learns that its logs have a new epoch"
    wants = "a log that began a new epoch"
    evidence = seen(Reverted)

    latest: dict[tuple[str, int], int] = attrs.field(factory=dict)
    reads: dict[tuple[DeviceId, str, int], int] = attrs.field(factory=dict)

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        self.latest[o.timeline.kind, o.timeline.owner] = o.timeline.epoch
        return None

    @observes(Checkpointed)
    def on_checkpointed(self, o: Checkpointed) -> str | None:
        key = (o.device, o.timeline.kind, o.timeline.owner)
        if o.seq:
            self.reads[key] = o.timeline.epoch
        else:  # a device that begins at 0 knows no number that it could mistake for another
            self.reads.pop(key, None)
        return None

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        for key in [key for key in self.reads if key[0] == o.device]:
            del self.reads[key]
        return None

    def at_quiescence(self) -> Iterator[str]:
        for (device, kind, owner), epoch in sorted(self.reads.items()):
            latest = self.latest.get((kind, owner), 0)
            if epoch < latest:
                yield f"device {device:d} still reads epoch {epoch} of {kind} timeline {owner}, whose epoch is {latest}"
