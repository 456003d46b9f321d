"""Packets: what actors handle, and what the environment tells them. The messaging packets are in `designs/packets.py`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from syncproof.core.links import UNORDERED, Link
from syncproof.core.values import ActorId, ConnectionId, ConversationId, Message, UserId


class Packet(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What actors handle. Immutable and hashable; two packets are equal when their classes and fields are.

    Subclasses name `frozen=True, gc=False` too. Engines know packets by what this class says of them alone. `link` says
    how a packet travels to an actor's id; packets that only travel over connections or to oneself need none. `request`:
    its sender waits for a reply. `pull`: it is a request for what is new, which metrics count.
    """

    link: ClassVar[Link] = UNORDERED
    request: ClassVar[bool] = False
    pull: ClassVar[bool] = False
    answers: ClassVar[str | None] = None
    """The field that holds a connection, for a packet whose only effect is to send over it: once that is closed the
    packet may be dropped. Engines that rely on it check it."""

    repeatable: ClassVar[bool] = False
    """Whether an impatient sender may send it again while it waits for the reply."""

    @property
    def body_bytes(self) -> int:
        """Return the bytes that it carries beside the stated header."""
        return 0

    @property
    def is_empty(self) -> bool:
        """Return whether it is the reply to a pull that found nothing."""
        return False

    @property
    def draw_key(self) -> int:
        """Return what keys the draws of its fate: packets of one key meet the same losses and delays in every design."""
        return 0


class Opened(Packet, frozen=True, gc=False):
    """A connection is up; both ends learn of it. `peer` is the client, as the handshake proved it."""

    connection: ConnectionId
    peer: ActorId


class Closed(Packet, frozen=True, gc=False):
    """This end of the connection is closed: told by the other end, or noticed."""

    connection: ConnectionId


class Idle(msgspec.Struct, frozen=True, gc=False):
    """What one fruitless poll costs: the request and the reply on the wire, and the rows that `store` looks up."""

    request: Packet
    reply: Packet
    rows: int = 0
    store: str = ""


# ---- from the environment


class Compose(Packet, frozen=True, gc=False):
    """A person writes `message` on this device."""

    message: Message


class Resend(Packet, frozen=True, gc=False):
    """An impatient client sends again what it already sent over this connection."""


class AddMember(Packet, frozen=True, gc=False):
    """An administrator adds a user to a conversation (which begins with its first member)."""

    conversation: ConversationId
    user: UserId


class RemoveMember(Packet, frozen=True, gc=False):
    """An administrator removes a user from a conversation."""

    conversation: ConversationId
    user: UserId


class Expire(Packet, frozen=True, gc=False):
    """Retention strikes: what the server keeps for delivery is deleted, whoever has not fetched it."""


class Tick(Packet, frozen=True, gc=False):
    """The server's wall clock now reads `milliseconds`."""

    milliseconds: int
