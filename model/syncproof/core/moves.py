"""Moves: everything that can happen to a world, as small values that can be recorded and applied again."""

from __future__ import annotations

import msgspec

from syncproof.core.links import End
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId, UserId


class Move(msgspec.Struct, frozen=True, tag=True):
    """Something that happens to a world."""


class Deliver(Move, frozen=True):
    """The oldest packet on a connection reaches `end`."""

    connection: ConnectionId
    end: End


class Arrive(Move, frozen=True):
    """A packet on a link reaches its receiver (or is lost, if the link needs a connection and there is none).

    `source`: who sent it; None: whoever sent the oldest one that may arrive, as in moves files of earlier versions.
    """

    receiver: ActorId
    packet: Packet
    source: ActorId | None = None


class Lose(Move, frozen=True):
    """A lossy link drops a packet. `source`: as for `Arrive`."""

    receiver: ActorId
    packet: Packet
    source: ActorId | None = None


class Duplicate(Move, frozen=True):
    """A second copy of a packet on a lossy link is under way. `source`: as for `Arrive`."""

    receiver: ActorId
    packet: Packet
    source: ActorId | None = None


class Complete(Move, frozen=True):
    """A storage operation completes."""

    actor: ActorId
    packet: Packet


class Fire(Move, frozen=True):
    """A timer fires."""

    actor: ActorId
    packet: Packet


class Take(Move, frozen=True):
    """An actor takes a step that it offers."""

    actor: ActorId
    packet: Packet


class Tell(Move, frozen=True):
    """The environment hands an actor a packet: a person composes, an administrator acts."""

    actor: ActorId
    packet: Packet


class Connect(Move, frozen=True):
    """A client opens a connection: a device, or a gateway, whose connection leads to the store."""

    client: ActorId


class Disconnect(Move, frozen=True):
    """A client's end closes; `clean`: the server's end closes too, after what is in flight to it has arrived."""

    client: ActorId
    clean: bool


class Handover(Move, frozen=True):
    """A device's end closes and it connects again at once, through the next gateway; the former gateway is not told."""

    client: DeviceId


class Notice(Move, frozen=True):
    """An open end detects that the other end is closed, and closes too."""

    connection: ConnectionId
    end: End


class Crash(Move, frozen=True):
    """An actor loses its volatile state. Of its open writes exactly `landed` become durable, in this order."""

    actor: ActorId
    landed: tuple[Packet, ...] = ()


class Restart(Move, frozen=True):
    """A crashed actor starts again."""

    actor: ActorId


class Keep(Move, frozen=True):
    """A backup of an actor's durable state is taken; it replaces the former one."""

    actor: ActorId


class Restore(Move, frozen=True):
    """An actor crashes, no open write lands, and its durable state is put back to the backup."""

    actor: ActorId


class Failover(Move, frozen=True):
    """A replica takes an actor's place: as `Restore`, where the backup is what the replica has, which follows with a lag."""

    actor: ActorId


class Spawn(Move, frozen=True):
    """A new device of a user appears; it is in no audience until it has registered.

    `replaces`: the device whose reinstall it is; that one never returns, and the server takes it out of its registry
    when the new one registers.
    """

    actor: DeviceId
    user: UserId
    replaces: DeviceId | None = None


class Abandon(Move, frozen=True):
    """A device is gone for good, and the server is not told."""

    client: DeviceId


class Stop(Move, frozen=True):
    """Faults stop; from here on everything is eventually delivered."""


class Rest(Move, frozen=True):
    """The world is quiescent: liveness is judged."""


class MoveError(Exception):
    """A move that is not enabled in this world; the message says why."""
