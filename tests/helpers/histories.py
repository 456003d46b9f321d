"""Histories written by hand, one short method per observation, and what a property says of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from syncproof.core.images import freeze, thaw
from syncproof.core.observations import (
    Abandoned,
    Accepted,
    Amended,
    Appended,
    Checkpointed,
    Composed,
    Deleted,
    Expired,
    Forgot,
    Gone,
    Joined,
    MemberAdded,
    MemberRemoved,
    Observation,
    Placed,
    Pulled,
    Queued,
    RangeRead,
    Refused,
    Retired,
    Reverted,
    Roamed,
    Shown,
    Stored,
    Triggered,
    Trimmed,
    Unread,
)
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline, UserId
from syncproof.properties import PROPERTIES, Property

Kind = Literal["conversation", "sync", "inbox"]


class History:
    """A growing history. User 0 has device 0, user 1 has devices 1 and 2; they share conversation 0."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []
        for device, user in ((0, 0), (1, 1), (2, 1)):
            self.joined(device, user)

    def add(self, observation: Observation) -> None:
        self.observations.append(observation)

    def joined(self, device: int, user: int, history: Iterable[tuple[int, int]] | None = None) -> None:
        listed = None if history is None else tuple([(ConversationId(c), n) for c, n in history])
        self.add(Joined(DeviceId(device), UserId(user), listed))

    def composed(self, message: int, device: int = 0, conversation: int = 0) -> None:
        self.add(Composed(MessageId(message), DeviceId(device), ConversationId(conversation)))

    def changed(
        self,
        message: int,
        place: int | None = None,
        what: str = "message",
        which: int = 1,
        version: int = 0,
        device: int = 0,
    ) -> None:
        """Compose a change, and place it, at the place of its own number by default."""
        self.add(Composed(MessageId(message), DeviceId(device), ConversationId(0), what, which, version))
        self.placed(message, message if place is None else place)

    def member_added(self, user: int, conversation: int = 0) -> None:
        self.add(MemberAdded(ConversationId(conversation), UserId(user)))

    def member_removed(self, user: int, conversation: int = 0) -> None:
        self.add(MemberRemoved(ConversationId(conversation), UserId(user)))

    def placed(
        self, message: int, place: int, users: Iterable[int] = (0, 1), devices: Iterable[int] = (0, 1, 2)
    ) -> None:
        members = tuple(map(UserId, users))
        self.add(Placed(MessageId(message), ConversationId(0), place, members, tuple(map(DeviceId, devices))))

    def sent(self, *messages: int) -> None:
        """Compose and place messages, each at the place of its own number."""
        for message in messages:
            self.composed(message)
            self.placed(message, message)

    def stored(self, message: int) -> None:
        self.add(Stored(MessageId(message)))

    def accepted(self, message: int, place: int | None = None) -> None:
        self.add(Accepted(MessageId(message), place))

    def refused(self, message: int) -> None:
        self.add(Refused(MessageId(message)))

    def appended(self, seq: int, message: int | None, kind: Kind = "sync", owner: int = 1, epoch: int = 0) -> None:
        self.add(Appended(Timeline(kind, owner, epoch), seq, None if message is None else MessageId(message)))

    def read(self, device: int, after: int, upto: int, *seqs: int, kind: Kind = "sync", owner: int = 1) -> None:
        self.add(RangeRead(DeviceId(device), Timeline(kind, owner), after, upto, seqs))

    def shown(
        self,
        device: int,
        message: int,
        place: int | None = None,
        seq: int | None = None,
        kind: Kind = "sync",
        owner: int = 1,
        epoch: int = 0,
    ) -> None:
        """Show a message, at the place of its own number by default; without `seq`, by the accepting reply."""
        timeline = None if seq is None else Timeline(kind, owner, epoch)
        at = message if place is None else place
        self.add(Shown(DeviceId(device), MessageId(message), ConversationId(0), at, timeline, seq))

    def checkpointed(self, device: int, seq: int, start: bool = False, owner: int = 1, epoch: int = 0) -> None:
        self.add(Checkpointed(DeviceId(device), Timeline("sync", owner, epoch), seq, start))

    def queued(self, message: int, box: int, devices: Iterable[int] | None = None) -> None:
        """Queue a copy in an inbox, which in the inbox family also stores the message."""
        fetchers = (box,) if devices is None else devices
        self.add(Queued(Timeline("inbox", box), MessageId(message), tuple(map(DeviceId, fetchers))))
        self.stored(message)

    def deleted(self, message: int, box: int, device: int | None = None) -> None:
        self.add(Deleted(Timeline("inbox", box), MessageId(message), DeviceId(box if device is None else device)))

    def trimmed(self, upto: int) -> None:
        self.add(Trimmed(Timeline("sync", 1), upto))

    def roamed(
        self, device: int, after: int, upto: int, *entries: int | tuple[int, int], conversation: int = 0
    ) -> None:
        """Fetch a page of history. Entries are messages at the places of their own numbers, or (place, message)."""
        pairs = [entry if isinstance(entry, tuple) else (entry, entry) for entry in entries]
        page = tuple([(place, MessageId(message)) for place, message in pairs])
        self.add(Roamed(DeviceId(device), ConversationId(conversation), after, upto, page))

    def reverted(self, upto: int, kind: Kind = "sync", owner: int = 1, epoch: int = 1, of: int = 0) -> None:
        self.add(Reverted(Timeline(kind, owner, epoch), upto, of))

    def gone(self, message: int, box: int | None = None) -> None:
        """Remove a message from the message store, or from an inbox."""
        self.add(Gone(MessageId(message), None if box is None else Timeline("inbox", box)))

    def forgot(
        self,
        device: int,
        *messages: int,
        reached: Iterable[tuple[int, int]] = (),
        roamed: Iterable[tuple[int, int]] = (),
        unsent: Iterable[int] = (),
    ) -> None:
        listed = [tuple([(ConversationId(c), n) for c, n in places]) for places in (reached, roamed)]
        self.add(Forgot(DeviceId(device), tuple(map(MessageId, messages)), *listed, tuple(map(MessageId, unsent))))

    def retired(self, device: int) -> None:
        self.add(Retired(DeviceId(device)))

    def abandoned(self, device: int) -> None:
        self.add(Abandoned(DeviceId(device)))

    def amended(
        self, device: int, version: int, by: int, what: str = "message", which: int = 1, final: bool = False
    ) -> None:
        self.add(Amended(DeviceId(device), what, which, version, MessageId(by), final))

    def expired(self, message: int, device: int | None = None) -> None:
        self.add(Expired(MessageId(message), None if device is None else DeviceId(device)))

    def unread(self, device: int, count: int, conversation: int = 0) -> None:
        self.add(Unread(DeviceId(device), ConversationId(conversation), count))

    def triggered(self, device: int) -> None:
        self.add(Triggered(DeviceId(device), "notification"))

    def pulled(self, device: int, times: int = 1) -> None:
        for _ in range(times):
            self.add(Pulled(DeviceId(device)))

    def run(self, name: str) -> Property:
        """Return the property's automaton after the history."""
        automaton: Property = PROPERTIES[name]()
        for observation in self.observations:
            automaton.react(observation)
        return automaton

    def says(self, name: str) -> list[str]:
        """Return the property's complaints, step by step and then at quiescence.

        A second automaton is frozen and thawed before every step and must complain of the same.
        """
        live: Property = PROPERTIES[name]()
        frozen = freeze(PROPERTIES[name]())
        complaints: list[str] = []
        for observation in self.observations:
            thawed: Property = thaw(frozen)
            line = live.react(observation)
            assert thawed.react(observation) == line
            frozen = freeze(thawed)
            assert frozen == freeze(live)
            hash(frozen)
            if line is not None:
                complaints.append(line)
        at_rest = list(live.at_quiescence())
        assert list(thaw(frozen).at_quiescence()) == at_rest
        return complaints + at_rest
