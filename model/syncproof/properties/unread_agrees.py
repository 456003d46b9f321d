"""What a device shows as unread is what is unread there."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import (
    Abandoned,
    Amended,
    Composed,
    Expired,
    Forgot,
    Joined,
    Placed,
    Retired,
    Shown,
    Unread,
)
from syncproof.core.values import ConversationId, DeviceId, MessageId, UserId
from syncproof.properties._base import Property, observes, seen


@state
class Placing:
    """The conversation, the place and the audience of a message."""

    conversation: ConversationId
    place: int
    audience: tuple[DeviceId, ...]


@state
class UnreadAgrees(Property):
    """At quiescence: the count n of the last Unread(d, c, n) is the number of messages that d shows in c, that a device of another
    user composed, that d has neither recalled nor removed as expired, and whose place is above the read marker that d has applied.

    Where devices of one user have the same messages of others above the latest read marker that any of them has applied, all of
    them count the same. So a device on which a marker or a recall never arrives is told by the others. It does not say that a
    device shows what it should (`no-loss` does).

    Changes (recalls, edits, read markers) are not counted, and the read marker of another user, whatever a device makes of it,
    lessens no count. A device that never says a count is compared with nothing (engines say for the devices of the beginning
    that they show 0), and so is one that was replaced (`Retired`) or is gone for good (`Abandoned`), one that shows a message at a
    place which it does not know, and a message whose place or audience nobody knows. What a device has forgotten with its database
    (`Forgot`) counts no more, nor do the changes that it forgot.

    `written`: who composed each message and where, but for changes; `readers`: who composed each read marker. `markers`,
    `recalls`: what each device has applied, by the message that brought it.
    """

    name = "unread-agrees"
    kind = "liveness"
    keyed_by = "device x conversation"
    says = "a device shows as many unread messages as there are, and a user's devices the same number"
    wants = "an unread count above 0"
    evidence = seen(Unread, lambda o: o.count > 0)
    by_message = True
    needs = ("Placed.audience", "Shown.place")
    takes_unread = True

    users: dict[DeviceId, UserId] = attrs.field(factory=dict)
    left: set[DeviceId] = attrs.field(factory=set)
    written: dict[MessageId, tuple[DeviceId, ConversationId]] = attrs.field(factory=dict)
    readers: dict[MessageId, DeviceId] = attrs.field(factory=dict)
    placed: dict[MessageId, Placing] = attrs.field(factory=dict)
    shown: dict[DeviceId, dict[MessageId, int]] = attrs.field(factory=dict)
    markers: dict[tuple[DeviceId, ConversationId], dict[MessageId, int]] = attrs.field(factory=dict)
    recalls: dict[DeviceId, dict[MessageId, MessageId]] = attrs.field(factory=dict)
    counts: dict[tuple[DeviceId, ConversationId], int] = attrs.field(factory=dict)
    expired: set[MessageId] = attrs.field(factory=set)
    unknown: set[tuple[DeviceId, ConversationId]] = attrs.field(factory=set)

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        self.users[o.device] = o.user
        return None

    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        if not o.what:
            self.written[o.message] = (o.device, o.conversation)
        elif o.what == "read":
            self.readers[o.message] = o.device
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        known = o.message in self.written and o.message not in self.expired
        if known and o.place is not None and o.audience is not None:
            self.placed[o.message] = Placing(o.conversation, o.place, o.audience)
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        if o.place is None:
            self.unknown.add((o.device, o.conversation))
        elif o.message in self.written:
            self.shown.setdefault(o.device, {}).setdefault(o.message, o.place)
        return None

    @observes(Amended)
    def on_amended(self, o: Amended) -> str | None:
        if o.what == "read":
            user = self.users.get(o.device)
            if self.users.get(self.readers.get(o.by, o.device), user) == user:
                self.markers.setdefault((o.device, ConversationId(o.which)), {})[o.by] = o.version
        elif o.final:
            self.recalls.setdefault(o.device, {})[o.by] = MessageId(o.which)
        return None

    @observes(Unread)
    def on_unread(self, o: Unread) -> str | None:
        self.counts[o.device, o.conversation] = o.count
        return None

    @observes(Expired)
    def on_expired(self, o: Expired) -> str | None:
        self.placed.pop(o.message, None)
        self.expired.add(o.message)
        if o.device is not None:
            self.shown.get(o.device, {}).pop(o.message, None)
        return None

    @observes(Forgot)
    def on_forgot(self, o: Forgot) -> str | None:
        applied = [each for (device, _), each in self.markers.items() if device == o.device]
        for message in o.messages:
            self.shown.get(o.device, {}).pop(message, None)
            self.recalls.get(o.device, {}).pop(message, None)
            for versions in applied:
                versions.pop(message, None)
        return None

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        self.left.add(o.device)
        return None

    @observes(Abandoned)
    def on_abandoned(self, o: Abandoned) -> str | None:
        return self.on_retired(Retired(o.device))

    def at_quiescence(self) -> Iterator[str]:
        told = [key for key in sorted(self.counts) if key[0] in self.users and key[0] not in self.left]
        for device, conversation in told:
            count, unread = self.counts[device, conversation], self._unread(device, conversation)
            if (device, conversation) not in self.unknown and count != unread:
                yield f"device {device:d} shows {count} unread in conversation {conversation:d}, but {unread} are"
        first: dict[tuple[UserId, ConversationId, tuple[MessageId, ...]], DeviceId] = {}
        for device, conversation in told:
            user = self.users[device]
            other = first.setdefault((user, conversation, self._owed(device, conversation)), device)
            one, count = self.counts[other, conversation], self.counts[device, conversation]
            if one != count:
                yield (
                    f"user {user:d} sees {count} unread in conversation {conversation:d} on device {device:d}, "
                    f"but {one} on device {other:d}"
                )

    def _unread(self, device: DeviceId, conversation: ConversationId) -> int:
        """Return how many messages a device should count."""
        marker = self._marker(device, conversation)
        recalled = set(self.recalls.get(device, {}).values())
        return len(
            [
                message
                for message, place in self.shown.get(device, {}).items()
                if place > marker and message not in recalled and self._is_of_others(message, device, conversation)
            ]
        )

    def _owed(self, device: DeviceId, conversation: ConversationId) -> tuple[MessageId, ...]:
        """Return the messages of others for a device above the latest marker of its user."""
        user = self.users[device]
        devices = [each for each, owner in self.users.items() if owner == user and each not in self.left]
        marker = max([self._marker(each, conversation) for each in devices])
        return tuple(
            [
                message
                for message, at in sorted(self.placed.items())
                if at.place > marker and device in at.audience and self._is_of_others(message, device, conversation)
            ]
        )

    def _marker(self, device: DeviceId, conversation: ConversationId) -> int:
        return max(self.markers.get((device, conversation), {}).values(), default=0)

    def _is_of_others(self, message: MessageId, device: DeviceId, conversation: ConversationId) -> bool:
        composer, where = self.written[message]
        return where == conversation and self.users.get(composer) != self.users[device]
