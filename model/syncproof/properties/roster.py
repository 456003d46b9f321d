"""Who is in a conversation now, as a history says it: fills in what an observation leaves out and earlier ones tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from syncproof.core.observations import (
    Deleted,
    Gone,
    Joined,
    MemberAdded,
    MemberRemoved,
    Observation,
    Placed,
    Queued,
    Retired,
    Subscribed,
    Unsubscribed,
)
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline, UserId


class Roster:
    """The registered devices, members and subscriptions of a history so far, and the devices of each queued copy.

    `complete` fills in `Placed.members`, `Placed.audience` and `Deleted.devices` where they are left out. A conversation of
    which the history says neither members nor subscriptions keeps them out.
    """

    def __init__(self) -> None:
        self.users: dict[DeviceId, UserId] = {}
        self.devices: dict[UserId, dict[DeviceId, None]] = {}
        self.members: dict[ConversationId, dict[UserId, None]] = {}
        self.subscribed: dict[ConversationId, dict[DeviceId, None]] = {}
        self.queued: dict[tuple[Timeline, MessageId], tuple[DeviceId, ...]] = {}
        self._known: dict[ConversationId, tuple[tuple[UserId, ...], tuple[DeviceId, ...]]] = {}
        self.reactions: dict[type[Observation], Callable[[Any], None]] = {
            Joined: self._joined,
            Retired: self._retired,
            MemberAdded: self._member_added,
            MemberRemoved: self._member_removed,
            Subscribed: self._subscribed,
            Unsubscribed: self._unsubscribed,
            Queued: self._queued,
            Gone: self._gone,
        }

    def complete(self, o: Observation) -> Observation:
        """Note what an observation says, and return it with what it leaves out filled in, as far as that is known."""
        kind = type(o)
        if kind is Placed:
            return self._placed(o) if o.members is None or o.audience is None else o  # type: ignore
        if kind is Deleted:
            return self._deleted(o)  # type: ignore[arg-type]
        react = self.reactions.get(kind)
        if react is not None:
            react(o)
        return o

    def _placed(self, o: Placed) -> Placed:
        members, audience = o.members, o.audience
        known = self._now(o.conversation)
        if members is None and known is not None:
            members = known[0]
        if audience is None and o.members is not None:
            audience = tuple([device for user in o.members for device in self.devices.get(user, ())])
        elif audience is None and known is not None:
            audience = known[1]
        return msgspec.structs.replace(o, members=members, audience=audience)

    def _now(self, conversation: ConversationId) -> tuple[tuple[UserId, ...], tuple[DeviceId, ...]] | None:
        """Return the members of a conversation and its audience; None if the history does not say."""
        found = self._known.get(conversation)
        if found is not None:
            return found
        members = self.members.get(conversation)
        subscribed = self.subscribed.get(conversation)
        if members is None and subscribed is None:
            return None
        users = dict(members or {})
        if subscribed is None:
            audience = tuple([device for user in users for device in self.devices.get(user, ())])
        else:
            audience = tuple(subscribed)
            users.update(dict.fromkeys([self.users[device] for device in audience if device in self.users]))
        found = self._known[conversation] = (tuple(users), audience)
        return found

    def _deleted(self, o: Deleted) -> Deleted:
        devices = self.queued.pop((o.box, o.message), None)
        if o.device is None and o.devices is None and devices is not None:
            return msgspec.structs.replace(o, devices=devices)
        return o

    def _joined(self, o: Joined) -> None:
        self.users[o.device] = o.user
        self.devices.setdefault(o.user, {})[o.device] = None
        self._known.clear()

    def _retired(self, o: Retired) -> None:
        user = self.users.pop(o.device, None)
        if user is not None:
            self.devices[user].pop(o.device, None)
        for devices in self.subscribed.values():
            devices.pop(o.device, None)
        self._known.clear()

    def _member_added(self, o: MemberAdded) -> None:
        self.members.setdefault(o.conversation, {})[o.user] = None
        self._known.pop(o.conversation, None)

    def _member_removed(self, o: MemberRemoved) -> None:
        self.members.setdefault(o.conversation, {}).pop(o.user, None)
        self._known.pop(o.conversation, None)

    def _subscribed(self, o: Subscribed) -> None:
        self.subscribed.setdefault(o.conversation, {})[o.device] = None
        self._known.pop(o.conversation, None)

    def _unsubscribed(self, o: Unsubscribed) -> None:
        self.subscribed.setdefault(o.conversation, {}).pop(o.device, None)
        self._known.pop(o.conversation, None)

    def _queued(self, o: Queued) -> None:
        self.queued[o.box, o.message] = o.devices

    def _gone(self, o: Gone) -> None:
        if o.box is not None:
            self.queued.pop((o.box, o.message), None)
