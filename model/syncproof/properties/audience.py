"""Who is who, for the properties that need it: devices' users, and the members that a message concerns."""

from __future__ import annotations

import attrs

from syncproof.actor import state
from syncproof.observations import Joined, Placed
from syncproof.properties.base import Property, observes
from syncproof.vocabulary import DeviceId, MessageId, UserId


@state
class Concerned(Property):
    """Remembers each device's user and each placed message's members. A base, not a property of its own."""

    users: dict[DeviceId, UserId] = attrs.field(factory=dict)
    members: dict[MessageId, tuple[UserId, ...]] = attrs.field(factory=dict)

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        self.users[o.device] = o.user
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        self.members[o.message] = o.members
        return None

    def concerns(self, message: MessageId | None, device: DeviceId) -> bool:
        """Whether the device's user was a member when the message was placed."""
        return message is not None and self.users.get(device) in self.members.get(message, ())
