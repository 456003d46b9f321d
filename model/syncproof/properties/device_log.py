"""The log of each device, as an abstract machine: the audience's messages in the conversation's order, each once."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Shown
from syncproof.core.values import ConversationId, DeviceId, MessageId, UserId
from syncproof.properties._base import seen
from syncproof.properties.refinement import Refinement, action


@state
class Listed:
    """A message of a conversation's list: its index there, its place, and whom it is for."""

    index: int
    place: int
    members: tuple[UserId, ...]
    audience: tuple[DeviceId, ...]


@state
class DeviceLog(Refinement):
    """The machine has a list of messages for each conversation, and for each device and conversation how far it is.

    `place` appends a message to the list: one that is not there yet, at a later place than the last. `show` moves a device to
    a message that is for it, and passes none that is owed to it. `rewind` puts a device back to its backup, `expire` owes a
    message to nobody any more. A message is *owed* to its audience; it may also be shown on another device of a member (one
    that was registered after the message took its place) and on the device that composed it.
    """

    name = "device-log"
    says = "every device shows the audience's messages in the conversation's order, each once"
    keyed_by = "device x conversation"
    wants = "a message shown at a place after the first"
    evidence = seen(Shown, lambda o: o.place is not None and o.place >= 2)
    needs = ("Placed.place", "Placed.members", "Placed.audience")
    least_messages = 2

    order: dict[ConversationId, list[MessageId]] = attrs.field(factory=dict)
    listed: dict[MessageId, Listed] = attrs.field(factory=dict)
    composers: dict[MessageId, DeviceId] = attrs.field(factory=dict)
    users: dict[DeviceId, UserId] = attrs.field(factory=dict)
    reached: dict[tuple[DeviceId, ConversationId], int] = attrs.field(factory=dict)

    @action
    def join(self, device: DeviceId, user: UserId) -> str | None:
        """Note whose device it is."""
        self.users[device] = user
        return None

    @action
    def compose(self, device: DeviceId, message: MessageId) -> str | None:
        """Note which device may show the message whatever becomes of its user's membership."""
        self.composers[message] = device
        return None

    @action
    def place(
        self,
        message: MessageId,
        conversation: ConversationId,
        place: int | None,
        members: tuple[UserId, ...],
        audience: tuple[DeviceId, ...],
    ) -> str | None:
        """Append a message to the conversation's list."""
        order = self.order.setdefault(conversation, [])
        last = self.listed[order[-1]].place if order else 0
        if message in self.listed:
            return f"message {message:d} takes a place a second time"
        if place is not None and place <= last:
            return f"message {message:d} takes place {place} of conversation {conversation:d} after place {last}"
        self.listed[message] = Listed(len(order), last if place is None else place, members, audience)
        order.append(message)
        return None

    @action
    def show(self, device: DeviceId, message: MessageId, conversation: ConversationId) -> str | None:
        """Move a device to the next message of the conversation that is for it."""
        who, listed = f"device {device:d} shows message {message:d}", self.listed.get(message)
        order, reached = self.order.get(conversation, []), self.reached.get((device, conversation), 0)
        if listed is None:
            return f"{who}, which has taken no place"
        if self.users.get(device) not in listed.members and self.composers.get(message) != device:
            return f"{who}, which is not for it"
        if listed.index < reached:
            last = order[reached - 1]
            return f"{who} a second time" if last == message else f"{who} after message {last:d}, a later one"
        for passed in order[reached : listed.index]:
            if device in self.listed[passed].audience:
                return f"{who} before message {passed:d}, the next one of conversation {conversation:d} for it"
        self.reached[device, conversation] = listed.index + 1
        return None

    @action
    def expire(self, message: MessageId, device: DeviceId | None) -> str | None:
        """Owe a message to nobody any more: devices may pass it."""
        if message in self.listed:
            self.listed[message].audience = ()
        return None

    @action
    def rewind(
        self, device: DeviceId, messages: tuple[MessageId, ...], reached: tuple[tuple[ConversationId, int], ...]
    ) -> str | None:
        """Put a device back to the last place that its backup holds of each conversation."""
        held = dict(reached)
        for key in [key for key in self.reached if key[0] == device]:
            upto = held.get(key[1], 0)
            self.reached[key] = sum([self.listed[each].place <= upto for each in self.order[key[1]]])
        return None
