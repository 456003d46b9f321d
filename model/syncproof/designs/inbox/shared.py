"""The server of `inbox-shared`: one queue for all devices of a user."""

from __future__ import annotations

from syncproof.core.actor import actor
from syncproof.core.values import DeviceId, Message, Timeline, UserId
from syncproof.designs.inbox.server import InboxServer


@actor
class SharedInboxServer(InboxServer):
    """`inbox-shared`: one copy for all devices of a user, fetched by the first device that asks.

    It is deleted after that device's ack, or as soon as it was sent to it (`Parameters.shared_delete`).
    """

    def deletes_on_send(self) -> bool:
        return self.parameters.shared_delete == "send"

    def box_of(self, device: DeviceId) -> Timeline:
        return Timeline("inbox", int(self.owners[device]))

    def fetching_devices(self, box: Timeline) -> tuple[DeviceId, ...]:
        return self.devices[UserId(box.owner)]

    def receivers(self, box: Timeline, message: Message) -> list[DeviceId]:
        return super().receivers(box, message)[:1]
