"""A wrong design, as a newcomer may write it: an inbox whose device acknowledges a batch of pushes before it stores them."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.values import Id
from syncproof.designs import DESIGNS
from syncproof.designs.inbox.device import InboxDevice
from syncproof.designs.packets import AckDue, Push


@actor
class HastyInboxDevice(InboxDevice):
    """Acknowledge each push at once, and store what came when a timer fires. A crash in between loses it."""

    batch: list[Push] = volatile(list)

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        if self.connection is None:
            return
        self.acknowledge(packet.message, self.connection, out)
        if packet not in self.batch:
            self.batch.append(packet)
            out.after(1.0, AckDue())

    @on(AckDue)
    def acks_due(self, source: Id, packet: AckDue, out: Out) -> None:
        for push in self.batch:
            self.show(push.entry, push.timeline, out)
        self.batch.clear()


HastyInbox = DESIGNS["inbox-store-first"].variant(device=HastyInboxDevice, summary="Acknowledges before it stores.")
