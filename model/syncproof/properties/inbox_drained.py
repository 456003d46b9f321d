"""No copy of a message that was delivered stays queued."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Abandoned, Deleted, Gone, Queued, Retired
from syncproof.core.values import DeviceId, MessageId, Timeline
from syncproof.properties._base import observes, seen
from syncproof.properties._showing import Showing


@state
class InboxDrained(Showing):
    """At quiescence: no copy is queued whose message was shown by a device that may fetch it.

    It does not matter from where the device got the message. A copy that no device has shown may wait: it does not say
    that every copy is delivered (`no-loss` does). The copies of a device that is gone for good (`abandoned`) stay.
    """

    name = "inbox-drained"
    kind = "liveness"
    keyed_by = "inbox"
    says = "nothing delivered stays queued"
    wants = "a copy queued in an inbox"
    evidence = seen(Queued)
    by_message = True

    queued: dict[tuple[Timeline, MessageId], tuple[DeviceId, ...]] = attrs.field(factory=dict)
    abandoned: set[DeviceId] = attrs.field(factory=set)

    @observes(Queued)
    def on_queued(self, o: Queued) -> str | None:
        devices = o.devices
        if self.abandoned:
            devices = tuple([device for device in devices if device not in self.abandoned])
        if devices:
            self.queued[o.box, o.message] = devices
        return None

    @observes(Deleted)
    def on_deleted(self, o: Deleted) -> str | None:
        self.queued.pop((o.box, o.message), None)
        return None

    @observes(Gone)
    def on_gone(self, o: Gone) -> str | None:
        if o.box is not None:
            self.queued.pop((o.box, o.message), None)
        return None

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        for key, devices in list(self.queued.items()):
            left = tuple([device for device in devices if device != o.device])
            if left:
                self.queued[key] = left
            else:
                del self.queued[key]
        return None

    @observes(Abandoned)
    def on_abandoned(self, o: Abandoned) -> str | None:
        self.abandoned.add(o.device)
        return self.on_retired(Retired(o.device))

    def at_quiescence(self) -> Iterator[str]:
        for (box, message), devices in sorted(self.queued.items()):
            if any(message in self.shown.get(device, ()) for device in devices):
                yield f"message {message:d} was delivered from inbox {box.owner:d} and is still queued there"
