"""All devices of a user show the same sequence."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Abandoned, Amended, Composed, Expired, Forgot, Joined, Placed, Retired, Shown
from syncproof.core.values import DeviceId, MessageId, UserId
from syncproof.properties._base import Property, observes, seen

ELSEWHERE = -1
"""A place that is not known, or no longer: the user's other devices show the message, and they agreed on its place."""


Version = tuple[bool, int, MessageId]
"""Whether a change is a recall, which counts more than any edit; its version; and the message that is the change."""


@state
class Agreement:
    """How one user's devices show one message: those that have yet to show it, and the place first shown at, if any."""

    missing: set[DeviceId]
    place: int | None


@state
class Versions:
    """The version of one changed thing on each of a user's devices, and the message whose entry brought it."""

    held: dict[DeviceId, Version]


@state
class Convergence(Property):
    """At quiescence, for devices c, d of a user: a message in both audiences is shown on both or neither, at one place.

    A conversation is displayed by place, so equal messages at equal places are equal sequences. A place that a
    device does not know is not compared. Because the message's
    first audience counts, the comparison of two devices begins when the later of them joined. State is kept per (message,
    user) only while the devices disagree; `early` is what was shown before it was `placed`. It does not say that anything
    is shown (`no-loss` does), nor in which order (`conversation-order` does).

    What was changed later (recalled, edited, read) has the same version on all devices that had joined when the message
    which brought the latest version was placed; and a device that shows a change has applied it or a later one. What another
    user has read, a device may apply or not.

    A message that expires is owed to nobody from then on (`Expired`). What shows it must be done with it: it is removed on all of
    a user's devices or on none (`expiring`: where it is still shown, by message and user).

    A device that was replaced (`Retired`) or is gone for good (`abandoned`) is compared no more.
    """

    name = "convergence"
    kind = "liveness"
    keyed_by = "user x conversation"
    says = "all devices of a user show the same sequence per conversation"
    wants = "a message for two devices of one user"
    evidence = seen(Placed, lambda o: len(o.audience or ()) > len(o.members or ()))
    by_message = True
    needs = ("Placed.audience", "Shown.place")
    least_devices = 2

    users: dict[DeviceId, UserId] = attrs.field(factory=dict)
    placed: dict[MessageId, int] = attrs.field(factory=dict)
    early: dict[MessageId, dict[DeviceId, int | None]] = attrs.field(factory=dict)
    open: dict[tuple[MessageId, UserId], Agreement] = attrs.field(factory=dict)
    differing: dict[tuple[MessageId, UserId], tuple[DeviceId, int, int]] = attrs.field(factory=dict)
    versions: dict[tuple[UserId, str, int], Versions] = attrs.field(factory=dict)
    since: dict[DeviceId, int] = attrs.field(factory=dict)
    changes: dict[MessageId, tuple[str, int, int, bool, UserId | None]] = attrs.field(factory=dict)
    due: dict[tuple[DeviceId, str, int], Version] = attrs.field(factory=dict)
    abandoned: set[DeviceId] = attrs.field(factory=set)
    expiring: dict[tuple[MessageId, UserId], set[DeviceId]] = attrs.field(factory=dict)
    agreed: set[tuple[MessageId, UserId]] = attrs.field(factory=set)

    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        if o.what:
            self.changes[o.message] = (o.what, o.which, o.version, o.final, self.users.get(o.device))
        return None

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        if o.device in self.abandoned:
            return None
        self.users[o.device] = o.user
        self.since[o.device] = len(self.placed)
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        if o.message in self.placed:
            return None
        self.placed[o.message] = len(self.placed)
        of_user: dict[UserId, set[DeviceId]] = {}
        for device in o.audience or ():
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
        if o.message in self.changes and user is not None and not self._is_of_other(o.message, user):
            what, which, version, final, _ = self.changes[o.message]
            wanted = (final, version or o.place or 0, o.message)
            none = (False, 0, o.message)
            versions = self.versions.get((user, what, which))
            held = none if versions is None else versions.held.get(o.device, none)
            if wanted[:2] > held[:2]:
                self.due[o.device, what, which] = max(wanted, self.due.get((o.device, what, which), wanted))
        if user is None:
            return None
        key = (o.message, user)
        if key in self.expiring:
            if self.since[o.device] <= self.placed[o.message]:
                self.expiring[key].add(o.device)
            return None
        record = self.open.get(key)
        if record is None:
            if o.message not in self.placed:
                self.early.setdefault(o.message, {}).setdefault(o.device, o.place)
            return None
        if o.device not in record.missing:
            return None
        record.missing.discard(o.device)
        if record.place is None or record.place == ELSEWHERE:
            record.place = ELSEWHERE if o.place is None else o.place
        elif o.place is not None and record.place != o.place:
            self.differing[key] = (o.device, record.place, o.place)
        if not record.missing:
            del self.open[key]
            self.agreed.add(key)
        return None

    @observes(Amended)
    def on_amended(self, o: Amended) -> str | None:
        due = self.due.get((o.device, o.what, o.which))
        if due is not None and (o.final, o.version) >= due[:2]:
            del self.due[o.device, o.what, o.which]
        user = self.users.get(o.device)
        if user is not None:
            key = (user, o.what, o.which)
            self.versions.setdefault(key, Versions({})).held[o.device] = (o.final, o.version, o.by)
        return None

    @observes(Expired)
    def on_expired(self, o: Expired) -> str | None:
        """Compare from now on only which devices have removed the message: those of a user, or of all without `device`."""
        if o.message not in self.placed:
            return None
        for user in sorted(set(self.users.values())) if o.device is None else (self.users.get(o.device),):
            if user is None:
                continue
            key = (o.message, user)
            if key not in self.expiring:
                record = self.open.pop(key, None)
                self.differing.pop(key, None)
                index = self.placed[o.message]
                audience = [d for d, owner in self.users.items() if owner == user and self.since[d] <= index]
                if record is None and key not in self.agreed:  # it was not for several devices of this user
                    continue
                self.expiring[key] = set(audience) - (set() if record is None else record.missing)
            if o.device is not None:
                self.expiring[key].discard(o.device)
        return None

    @observes(Forgot)
    def on_forgot(self, o: Forgot) -> str | None:
        """Expect the device to show these messages again, and undo what they changed on it."""
        for key in [key for key, (_, _, by) in self.due.items() if key[0] == o.device and by in o.messages]:
            del self.due[key]
        user = self.users.get(o.device)
        if user is None:
            return None
        several = sum(owner == user for owner in self.users.values()) > 1
        for message in o.messages if several else ():
            if (message, user) in self.expiring:
                self.expiring[message, user].discard(o.device)
                continue
            record = self.open.setdefault((message, user), Agreement(set(), ELSEWHERE))
            record.missing.add(o.device)
        for versions in self.versions.values():
            held = versions.held.get(o.device)
            if held is not None and held[2] in o.messages:
                del versions.held[o.device]
        return None

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        for key in [key for key in self.due if key[0] == o.device]:
            del self.due[key]
        self.users.pop(o.device, None)
        for about, record in list(self.open.items()):
            if o.device in record.missing:
                record.missing.discard(o.device)
                if not record.missing:
                    del self.open[about]
        for versions in self.versions.values():
            versions.held.pop(o.device, None)
        for holders in self.expiring.values():
            holders.discard(o.device)
        return None

    @observes(Abandoned)
    def on_abandoned(self, o: Abandoned) -> str | None:
        self.abandoned.add(o.device)
        return self.on_retired(Retired(o.device))

    def _is_of_other(self, message: MessageId, user: UserId) -> bool:
        """Return whether a change is the read marker of another user, which a device may leave alone."""
        what, _, _, _, reader = self.changes[message]
        return what == "read" and reader not in (None, user)

    def _outdated(self) -> Iterator[str]:
        """Yield a complaint for each device that does not have the latest version of something its user's devices hold."""
        for (user, what, which), versions in sorted(self.versions.items(), key=lambda item: item[0]):
            if not versions.held:
                continue
            latest = max(versions.held.values())
            by = latest[2]
            thing = f"message {which}" if what == "message" else f"the read marker of conversation {which}"
            for device, owner in sorted(self.users.items()):
                had_joined = owner == user and self.since[device] <= self.placed.get(by, -1)
                if had_joined and versions.held.get(device, (False, 0, by))[:2] != latest[:2]:
                    yield f"user {user:d} sees {thing} as message {by:d} changed it, but not on device {device:d}"

    def at_quiescence(self) -> Iterator[str]:
        for (device, what, which), (_, _, by) in sorted(self.due.items()):
            yield f"device {device:d} shows message {by:d}, but does not change the {what} {which} that it is about"
        yield from self._outdated()
        for (message, user), record in sorted(self.open.items(), key=lambda item: item[0]):
            if record.place is not None and (message, user) not in self.differing:
                device = min(record.missing)
                yield f"user {user:d} sees message {message:d} on some devices, but not on device {device:d}"
        for (message, user), holders in sorted(self.expiring.items(), key=lambda item: item[0]):
            if holders and len([owner for owner in self.users.values() if owner == user]) > 1:
                yield f"message {message:d} has expired for user {user:d}, but device {min(holders):d} still shows it"
        for (message, user), (device, one, other) in sorted(self.differing.items()):
            yield (
                f"user {user:d} sees message {message:d} at place {other} on device {device:d}, "
                f"but at place {one} on another"
            )
