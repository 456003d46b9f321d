"""Only what was composed is shown, and only to its audience."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Amended, Composed, Joined, Placed, Shown
from syncproof.core.values import DeviceId, MessageId, UserId
from syncproof.properties._base import Property, observes, seen

NOT_COMPOSED, NOT_PLACED = "but it was never composed", "which nobody has composed and placed"


@state
class ComposedChange:
    """A change as it was composed. `places`: those that it ever took; `unknown`: it took one that nobody knows."""

    what: str
    which: int
    version: int
    final: bool
    places: tuple[int, ...]
    unknown: bool


@state
class NoCreation(Property):
    """Shown(d, m) => m was composed and placed before, and d's user was a member when m was placed (at least
    once, if m was placed more than once). Amended(d, x, v) by a change m => m was composed as a change of x, a recall if and
    only if it is applied as one, and v is its own version, or a place of m where it has none.

    The audience is judged by user: a device that a member registers after the message was placed and before it was
    copied may show it. So may the device that composed it, if its user was removed before the server had the message
    (`outsiders`). A message that was placed and never composed is reported once, when it is placed. It says nothing
    about contents. `changes`: of those whose `Composed` says what they change, how they were composed.
    """

    name = "no-creation"
    keyed_by = "device"
    says = "only what was composed is shown, to its audience"
    wants = "a message shown on a device"
    evidence = seen(Shown)
    by_message = True
    needs = ("Placed.members",)
    presumes = {NOT_COMPOSED: (Composed,), NOT_PLACED: (Placed,)}  # noqa: RUF012

    users: dict[DeviceId, UserId] = attrs.field(factory=dict)
    members: dict[MessageId, tuple[UserId, ...]] = attrs.field(factory=dict)
    composed: dict[MessageId, DeviceId] = attrs.field(factory=dict)
    outsiders: dict[MessageId, DeviceId] = attrs.field(factory=dict)
    changes: dict[MessageId, ComposedChange] = attrs.field(factory=dict)

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        self.users[o.device] = o.user
        return None

    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        self.composed[o.message] = o.device
        if o.what:
            self.changes[o.message] = ComposedChange(o.what, o.which, o.version, o.final, (), False)
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        change = self.changes.get(o.message)
        if change is not None:
            if o.place is None:
                change.unknown = True
            elif o.place not in change.places:
                change.places = (*change.places, o.place)
        known = self.members.get(o.message)
        if known is not None:
            self.members[o.message] = (*known, *[user for user in o.members or () if user not in known])
            return None
        members = self.members[o.message] = o.members or ()
        composer = self.composed.pop(o.message, None)
        if composer is not None:
            if self.users.get(composer) not in members:
                self.outsiders[o.message] = composer
            return None
        return f"message {o.message:d} takes a place in conversation {o.conversation:d}, {NOT_COMPOSED}"

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        members = self.members.get(o.message)
        if members is None:
            return f"device {o.device:d} shows message {o.message:d}, {NOT_PLACED}"
        if self.users.get(o.device) not in members and self.outsiders.get(o.message) != o.device:
            return (
                f"device {o.device:d} shows message {o.message:d} of conversation {o.conversation:d}, "
                f"of which its user was no member"
            )
        return None

    @observes(Amended)
    def on_amended(self, o: Amended) -> str | None:
        change = self.changes.get(o.by)
        if change is None or not o.is_change:
            return None
        if (change.what, change.which, change.final) != (o.what, o.which, o.final):
            return f"device {o.device:d} applies message {o.by:d} as another change than was composed"
        allowed = (change.version,) if change.version else change.places
        if o.version in allowed or (change.unknown and not change.version):
            return None
        return (
            f"device {o.device:d} applies message {o.by:d} with version {o.version}, "
            f"but it has {' or '.join(map(str, allowed)) or 'no place'}"
        )
