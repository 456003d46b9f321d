"""All devices of a user show the same sequence."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.actor import state
from syncproof.observations import Joined, Placed, Shown
from syncproof.properties.base import Property, observes
from syncproof.vocabulary import DeviceId, MessageId, UserId


@state
class Agreement:
    """What one user's devices make of one message: who has yet to show it, and the place first shown at, if any."""

    missing: set[DeviceId]
    place: int | None


@state
class Convergence(Property):
    """At quiescence, for devices c, d of a user: a message in both audiences is shown on both or neither, at one place.

    A conversation is displayed by place, so equal messages at equal places are equal sequences. Judging by audience, a
    message's first one, makes the comparison begin at the later join. Kept per (message, user) only while the devices
    disagree; `early` is what was shown before it was `placed`. It does not say that anything is shown (`no-loss` does),
    nor in which order it appeared (`conversation-order` does).
    """

    name = "convergence"
    kind = "liveness"
    keyed_by = "user x conversation"
    says = "all devices of a user show the same sequence per conversation"

    users: dict[DeviceId, UserId] = attrs.field(factory=dict)
    placed: set[MessageId] = attrs.field(factory=set)
    early: dict[MessageId, dict[DeviceId, int]] = attrs.field(factory=dict)
    open: dict[tuple[MessageId, UserId], Agreement] = attrs.field(factory=dict)
    differing: dict[tuple[MessageId, UserId], tuple[DeviceId, int, int]] = attrs.field(factory=dict)

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        self.users[o.device] = o.user
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        if o.message in self.placed:
            return None
        self.placed.add(o.message)
        of_user: dict[UserId, set[DeviceId]] = {}
        for device in o.audience:
            user = self.users.get(device)
            if user is not None:
                of_user.setdefault(user, set()).add(device)
        for user, devices in of_user.items():
            if len(devices) > 1:
                self.open[o.message, user] = Agreement(devices, None)
        if o.message in self.early:
            for device, place in self.early.pop(o.message).items():
                self.on_shown(Shown(device, o.message, o.conversation, place))
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        user = self.users.get(o.device)
        if user is None:
            return None
        key = (o.message, user)
        record = self.open.get(key)
        if record is None:
            if o.message not in self.placed:
                self.early.setdefault(o.message, {}).setdefault(o.device, o.place)
            return None
        if o.device not in record.missing:
            return None
        record.missing.discard(o.device)
        if record.place is None:
            record.place = o.place
        elif record.place != o.place:
            self.differing[key] = (o.device, record.place, o.place)
        if not record.missing:
            del self.open[key]
        return None

    def at_quiescence(self) -> Iterator[str]:
        for (message, user), record in sorted(self.open.items(), key=lambda item: item[0]):
            if record.place is not None and (message, user) not in self.differing:
                device = min(record.missing)
                yield f"user {user:d} sees message {message:d} on some devices, but not on device {device:d}"
        for (message, user), (device, one, other) in sorted(self.differing.items()):
            yield (
                f"user {user:d} sees message {message:d} at place {other} on device {device:d}, "
                f"but at place {one} on another"
            )
