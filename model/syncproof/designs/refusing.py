"""Replies that say no: to a device that asks too often, to cursors that the server no longer knows, to a message.

A rate limit concerns one device. While it lasts, each request of the device is answered by `Busy`, and begins the wait again:
a device that keeps asking is kept out. It ends by itself when the device was silent for as long as the reply said.

A cursor is refused for good: the server has lost what it needs to continue from there (JMAP's `cannotCalculateChanges`, 410
Gone, Kafka's `OFFSET_OUT_OF_RANGE`). It answers a pull from the beginning, which needs no cursor, and knows the device's
cursors again afterwards.

A message is refused for good: it would be refused again whenever it came, so its sender does not send it again by itself.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from syncproof.core.actor import Actor, Out, actor, durable, on, volatile
from syncproof.core.packets import ForgetCursors, Packet, Throttle
from syncproof.core.values import ConnectionId, DeviceId, Id, MessageId
from syncproof.designs.packets import ID_BYTES, NUMBER_BYTES, Fetch, Pull, Register, Roam, Submit

Asked = Literal["submit", "pull", "register", "roam"]
"""What a device waits for a reply to; one of each is open at a time."""

KIND_OF: dict[type[Packet], Asked] = {Submit: "submit", Pull: "pull", Fetch: "pull", Roam: "roam", Register: "register"}
"""Request -> what the device waits for."""


class Busy(Packet, frozen=True, gc=False):
    """The server did not process the request, and says how many seconds to wait before the next (429, `Retry-After`)."""

    kind: Asked
    wait: float

    @property
    def body_bytes(self) -> int:
        return NUMBER_BYTES


class CursorRefused(Packet, frozen=True, gc=False):
    """The server cannot continue from the cursors of a pull; it can read from the beginning."""


class MessageRefused(Packet, frozen=True, gc=False):
    """The server will not take the message, now or later."""

    refuses: ClassVar[str | None] = "message"
    message: MessageId

    @property
    def body_bytes(self) -> int:
        return ID_BYTES


class Again(Packet, frozen=True, gc=False):
    """A device has waited as long as the server said, and sends the refused request again.

    Bounded worlds limit how often it fires early: the wait is longer than everything else that is under way.
    """

    retransmits: ClassVar[bool] = True
    kind: Asked


class LimitOver(Packet, frozen=True, gc=False):
    """A device has asked for nothing for as long as its rate limit lasts. `turn` tells a wait from the one that it replaced."""

    device: DeviceId
    turn: int

    @property
    def draw_owner(self) -> int:
        return self.device


@actor
class RefusingServer(Actor):
    """What every server refuses.

    `limits`: for each device that asks too often, the turn of the wait and how many seconds it lasts. `forgotten`: the devices
    whose cursors the server no longer knows. `peers`: the device at the other end of each connection.
    """

    peers: dict[ConnectionId, DeviceId] = volatile(dict)
    limits: dict[DeviceId, tuple[int, float]] = volatile(dict)
    forgotten: set[DeviceId] = durable(set)

    @on(Throttle)
    def throttle(self, source: Id, packet: Throttle, out: Out) -> None:
        """Begin to refuse the device's requests."""
        self.limit(packet.device, packet.seconds, out)

    def limit(self, device: DeviceId, seconds: float, out: Out) -> None:
        """Refuse the device's requests until it has asked for nothing for so long."""
        turn = 0
        if device in self.limits:
            before = self.limits[device][0]
            turn = 1 - before
            out.cancel(LimitOver(device, before))
        self.limits[device] = (turn, seconds)
        out.after(seconds, LimitOver(device, turn))

    @on(LimitOver)
    def limit_over(self, source: Id, packet: LimitOver, out: Out) -> None:
        """Process the device's requests again."""
        self.limits.pop(packet.device, None)

    @on(ForgetCursors)
    def forget_cursors(self, source: Id, packet: ForgetCursors, out: Out) -> None:
        """Lose what is needed to continue from the device's cursors."""
        self.forgotten.add(packet.device)

    def refuses(self, source: ConnectionId, packet: Packet, out: Out) -> bool:
        """Answer a request that is refused; return whether it is."""
        if not self.limits and not self.forgotten:
            return False
        device = self.peers[source]
        if device in self.limits:
            _, seconds = self.limits[device]
            self.limit(device, seconds, out)
            out.send(source, Busy(KIND_OF[type(packet)], seconds))
            return True
        if device in self.forgotten and isinstance(packet, Pull):
            if any(cursor.after for cursor in packet.cursors):
                out.send(source, CursorRefused())
                return True
            self.forgotten.discard(device)
        return False
