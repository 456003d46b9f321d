"""Packets: the base class, and what engines and the environment send. Messaging packets are in `designs/packets.py`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from syncproof.core.links import UNORDERED, Link
from syncproof.core.values import ActorId, ConnectionId, ConversationId, DeviceId, Message, UserId


class Packet(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What actors handle. Immutable and hashable; two packets are equal when their classes and fields are.

    Subclasses name `frozen=True, gc=False` too. Engines know of a packet only what this class declares. `link` says how
    a packet travels to an actor's id; packets that only travel over connections or to their own sender need none.
    `request`: its sender waits for a reply. `pull`: it is a request for what is new, which metrics count.
    """

    link: ClassVar[Link] = UNORDERED
    request: ClassVar[bool] = False
    pull: ClassVar[bool] = False
    answers: ClassVar[str | None] = None
    """The field that holds a connection, for a packet whose only effect is to send over that connection: once it is
    closed the packet may be dropped. Engines that rely on this check it."""

    accepts: ClassVar[str | None] = None
    """The field that holds the id of the message that this reply accepts, or the ids of several. Sending it is observed
    (`Accepted`)."""
    accepts_at: ClassVar[str | None] = None
    """The field that holds the place which an accepting reply names; None: it names none."""
    refuses: ClassVar[str | None] = None
    """The field that holds the id of the message that this reply refuses. Sending it is observed (`Refused`)."""

    carries: ClassVar[str | None] = None
    """The field that holds the packet which this one passes on: sending this one counts as sending that reply."""

    repeatable: ClassVar[bool] = False
    """Whether an impatient sender may send it again while it waits for the reply."""

    internal: ClassVar[bool] = False
    """Whether it travels between processes of the server: what devices cost does not count it. A simulation refuses one that a
    device sends or receives."""

    retransmits: ClassVar[bool] = False
    """Whether it is the timer of a retransmission: a bounded world may limit how often it fires early."""

    @property
    def body_bytes(self) -> int:
        """Return the size of its body in bytes, without the stated header."""
        return 0

    @property
    def is_empty(self) -> bool:
        """Return whether it is the reply to a pull that found nothing."""
        return False

    purpose: ClassVar[str] = ""
    """What its random draws are for; empty: its class. Classes that play one part in several designs share a purpose, and
    so meet the same losses, delays and service times there."""

    @property
    def draw_key(self) -> int:
        """Return the message that its random draws are keyed by; -1: a running number of its purpose keys them."""
        return -1

    @property
    def draw_owner(self) -> int:
        """Return the device or user that keys draws as well, for timers, `internal` packets and what completes an operation."""
        return 0


class Opened(Packet, frozen=True, gc=False):
    """A connection is up; both ends receive this. `peer` is the client, authenticated by the handshake."""

    connection: ConnectionId
    peer: ActorId


class Closed(Packet, frozen=True, gc=False):
    """This end of the connection is closed: the other end announced it, or this one noticed it."""

    connection: ConnectionId


class HangUp(Packet, frozen=True, gc=False):
    """The server closes its end of a connection: what `Out.close` is among the effects of a handler."""


class Idle(msgspec.Struct, frozen=True, gc=False):
    """What one poll that finds nothing costs: the request and the reply on the wire, and the rows read from `store`."""

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
    """Retention deletes what the server keeps for delivery, also what some device has not fetched yet."""


class Throttle(Packet, frozen=True, gc=False):
    """A device asks too often: the server refuses its requests until it has asked for nothing for so many seconds."""

    device: DeviceId
    seconds: float = 60.0


class ForgetCursors(Packet, frozen=True, gc=False):
    """The server loses what it needs to continue from a device's cursors."""

    device: DeviceId


class LoseKey(Packet, frozen=True, gc=False):
    """What is sent to this device from now on is sealed with a key that it does not have yet."""


class ReceiveKey(Packet, frozen=True, gc=False):
    """The key that this device lacked has come."""


class CacheReply(Packet, frozen=True, gc=False):
    """A cache before the server keeps the reply to the device's next pull, and gives it again when the same is asked."""

    device: DeviceId


class Tick(Packet, frozen=True, gc=False):
    """The server's wall clock now reads `milliseconds`."""

    milliseconds: int
