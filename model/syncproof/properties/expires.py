"""A message whose time is over is gone, and does not come back."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Abandoned, Expired, Forgot, Joined, Retired, Roamed, Shown
from syncproof.core.values import DeviceId, MessageId, UserId
from syncproof.properties._base import Property, observes, seen


@state
class Expires(Property):
    """Expired(m, d) => no Shown(d, m) after it. Expired(m) => no Shown(e, m), no Roamed(e) with m, for e that joins later.
    At quiescence: no device shows an m with Expired(m), and none of d's user an m with Expired(m, d).

    `Expired(m)` says that the server's logs hold m no more; what was on its way to a device then may still be shown there, but
    not for good. The devices of different users may begin their times at different moments, so that `Expired(m, d)` says
    nothing about those of another user. A device that has never shown m has nothing to remove. What a device forgot with its
    database (`Forgot`) it may show again, until its time is over there once more. A device that was replaced (`Retired`)
    or is gone for good (`Abandoned`) owes nothing. It does not say that the server's logs ever lose a message whose time is over,
    nor does it look into them: an entry that is still read after Expired(m) shows only on a device that joins later.

    `holders`: the devices that show a message, also as part of a history that they fetched. `ended`: the messages that are
    no longer in the server's logs, and the devices that had joined by then. `removed`: where a message is removed.
    """

    name = "expires"
    kind = "liveness"
    keyed_by = "message x device"
    says = "a message whose time is over is removed on every device, and does not come back"
    wants = "a message that expired"
    evidence = seen(Expired)
    by_message = True
    takes_expiry = True

    users: dict[DeviceId, UserId] = attrs.field(factory=dict)
    holders: dict[MessageId, set[DeviceId]] = attrs.field(factory=dict)
    ended: dict[MessageId, set[DeviceId]] = attrs.field(factory=dict)
    removed: dict[MessageId, set[DeviceId]] = attrs.field(factory=dict)

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        self.users[o.device] = o.user
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        return self._held(o.message, o.device)

    @observes(Roamed)
    def on_roamed(self, o: Roamed) -> str | None:
        found = [self._held(message, o.device) for _, message in o.entries]
        return next(filter(None, found), None)

    @observes(Expired)
    def on_expired(self, o: Expired) -> str | None:
        if o.device is None:
            self.ended.setdefault(o.message, set(self.users))
        else:
            self.holders.get(o.message, set()).discard(o.device)
            self.removed.setdefault(o.message, set()).add(o.device)
        return None

    @observes(Forgot)
    def on_forgot(self, o: Forgot) -> str | None:
        for message in o.messages:
            self.holders.get(message, set()).discard(o.device)
            self.removed.get(message, set()).discard(o.device)
        return None

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        self.users.pop(o.device, None)
        for held in self.holders.values():
            held.discard(o.device)
        return None

    @observes(Abandoned)
    def on_abandoned(self, o: Abandoned) -> str | None:
        return self.on_retired(Retired(o.device))

    def at_quiescence(self) -> Iterator[str]:
        for message, held in sorted(self.holders.items()):
            users = {self.users.get(device) for device in self.removed.get(message, ())} - {None}
            for device in sorted(held):
                if message in self.ended or self.users.get(device) in users:
                    yield f"message {message:d} has expired, but device {device:d} still shows it"

    def _held(self, message: MessageId, device: DeviceId) -> str | None:
        """Note that a device shows a message; return a complaint if its time was over there."""
        if device not in self.users:  # another installation has taken its place, while this one was still at work
            return None
        self.holders.setdefault(message, set()).add(device)
        if device in self.removed.get(message, ()):
            return f"device {device:d} shows message {message:d} again, which had expired there"
        if message in self.ended and device not in self.ended[message]:
            return f"device {device:d} joined after message {message:d} had expired, and shows it"
        return None
