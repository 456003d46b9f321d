"""Immutable values: ids of users, devices and conversations, messages, and entries of timelines."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec


class Id(int):
    """An identifier that a symmetry reduction may rename. One mapping must not have ids of different types as keys."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self)})"


class ActorId(Id):
    """The address of an actor."""

    __slots__ = ()


class ConnectionId(Id):
    """One connection of one client: the client's id and a count, so that no two connections share an id."""

    __slots__ = ()
    COUNT_BITS: ClassVar[int] = 24

    @classmethod
    def of(cls, client: int, count: int) -> ConnectionId:
        """Return the id of a client's connection number `count`, counted from 1."""
        return cls((client << cls.COUNT_BITS) | count)

    @property
    def client(self) -> int:
        return int(self) >> self.COUNT_BITS

    @property
    def count(self) -> int:
        return int(self) & ((1 << self.COUNT_BITS) - 1)


ENVIRONMENT = ActorId(-1)
"""The source of packets that no actor sent: a person composing, an administrator adding a member."""


class UserId(Id):
    """A person."""

    __slots__ = ()


class DeviceId(ActorId):
    """One of a person's endpoints, in one installation: a reinstall gets a new id. Devices count from 0."""

    __slots__ = ()


class ServerId(ActorId):
    """A server actor. Servers count down from -2, so that no device shares their number."""

    __slots__ = ()


class GatewayId(ServerId):
    """A server process that holds devices' connections and passes on what goes over them. Gateways count down from -1001."""

    __slots__ = ()
    FIRST: ClassVar[int] = -1001


class ConversationId(Id):
    """A 1:1 or group conversation."""

    __slots__ = ()


class MessageId(Id):
    """The client-made idempotency key."""

    __slots__ = ()


SERVER = ServerId(-2)


class Timeline(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True):
    """The name of a log or a queue.

    `conversation`: the message store's log of one conversation; `sync`: the sync store's log of one user; `inbox`:
    the offline inbox of one device (or, where it is shared, of one user). `epoch` changes when the server was restored
    to older state, so that no number given after the restore is mistaken for one given before. The owner of a device's
    own inbox is a `DeviceId`, not a bare number, so that a symmetry reduction can rename it.
    """

    kind: Literal["conversation", "sync", "inbox"]
    owner: int
    epoch: int = 0

    def same_log(self, other: Timeline) -> bool:
        """Return whether both name one log, of whatever epoch."""
        return self.kind == other.kind and self.owner == other.owner


class Message(msgspec.Struct, frozen=True, gc=False):
    """What a person wrote. `size` is the body in bytes.

    A change travels and is stored as any other message: `about` is the id of the message that a `recall` or an `edit`
    changes, or the place up to which the person has read for a `read` marker.
    """

    id: MessageId
    sender: DeviceId
    conversation: ConversationId
    size: int = 0
    kind: Literal["message", "recall", "edit", "read"] = "message"
    about: int = 0
    author: UserId | msgspec.UnsetType = msgspec.UNSET
    """The user who wrote it, where devices tell messages of others from those of their own user; left out elsewhere."""
    expires: bool | msgspec.UnsetType = msgspec.UNSET
    """True: it must be gone after a time, everywhere. Left out of a message that stays."""
    parent: MessageId | msgspec.UnsetType = msgspec.UNSET
    """The earlier message that it replies to; left out of a message that is no reply."""

    def __repr__(self) -> str:
        """Return the call that makes it, without what is left out."""
        fields = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return f"Message({', '.join([f'{name}={value!r}' for name, value in fields if value is not msgspec.UNSET])})"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry of a log. `place` is the message's number in its conversation; a void carries no message."""

    seq: int
    place: int
    message: Message | None
    kind: Literal["message", "void"] = "message"


class Cursor(msgspec.Struct, frozen=True, gc=False):
    """How far a reader has got: everything up to and including `after`."""

    timeline: Timeline
    after: int


class Page(msgspec.Struct, frozen=True, gc=False):
    """The entries in `(after, upto]` of a log. A reader that applied them all has everything up to `upto`.

    `missing`: the reader's checkpoint has expired. What was up to `upto` is trimmed; it was messages of these
    conversations, up to these places, which the message store still has.
    """

    timeline: Timeline
    after: int
    entries: tuple[Entry, ...]
    upto: int
    has_more: bool = False
    missing: tuple[tuple[ConversationId, int], ...] = ()

    @property
    def body_bytes(self) -> int:
        """Return the size of the messages' bodies together."""
        return sum([e.message.size for e in self.entries if e.message is not None])
