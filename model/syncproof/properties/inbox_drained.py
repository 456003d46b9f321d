"""Nothing that was delivered stays queued."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.actor import state
from syncproof.observations import Deleted, Queued, Shown
from syncproof.properties.base import Property, observes
from syncproof.vocabulary import DeviceId, MessageId, Timeline


@state
class InboxDrained(Property):
    """At quiescence: no copy is queued whose message a device that fetches there has shown.

    `shown` is kept for messages shown from an inbox, until their copy is deleted.
    """

    name = "inbox-drained"
    kind = "liveness"
    keyed_by = "inbox"
    says = "nothing delivered stays queued"

    queued: dict[tuple[Timeline, MessageId], tuple[DeviceId, ...]] = attrs.field(factory=dict)
    shown: set[tuple[Timeline, MessageId]] = attrs.field(factory=set)

    @observes(Queued)
    def on_queued(self, o: Queued) -> str | None:
        self.queued[o.box, o.message] = o.devices
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        if o.timeline is not None and o.timeline.kind == "inbox":
            self.shown.add((o.timeline, o.message))
        return None

    @observes(Deleted)
    def on_deleted(self, o: Deleted) -> str | None:
        self.queued.pop((o.box, o.message), None)
        return None

    def at_quiescence(self) -> Iterator[str]:
        for box, message in sorted(self.queued):
            if (box, message) in self.shown:
                yield f"message {message:d} was delivered from inbox {box.owner} and is still queued there"
