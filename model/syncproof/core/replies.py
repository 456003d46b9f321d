"""What engines observe in the place of handlers, so that no handler can leave it out.

`told`: what is observed when a packet is sent: the replies that accept or refuse a message (`Packet.accepts`, `Packet.refuses`).
`done`: what is observed when the environment does something to an actor.
"""

from __future__ import annotations

from typing import Any, cast

from syncproof.core.observations import Accepted, Observation, Openable, Refused
from syncproof.core.packets import Packet, ReceiveKey
from syncproof.core.values import ActorId, ConnectionId, DeviceId


def told(packet: Packet) -> tuple[Observation, ...]:
    """Return what is observed when a packet is sent: nothing, if it neither accepts nor refuses a message."""
    if packet.accepts is not None:
        place = None if packet.accepts_at is None else _value(packet, "accepts_at", packet.accepts_at)
        accepted = _value(packet, "accepts", packet.accepts)
        if isinstance(accepted, tuple):
            return tuple([Accepted(message, place) for message in accepted])
        return (Accepted(accepted, place),)
    if packet.refuses is not None:
        return (Refused(_value(packet, "refuses", packet.refuses)),)
    passed_on = carried(packet)
    return () if passed_on is None else told(passed_on)


def carried(packet: Packet) -> Packet | None:
    """Return the packet that this one passes on (`Packet.carries`); None if it passes on none."""
    return None if packet.carries is None else _value(packet, "carries", packet.carries)


def done(actor: ActorId, packet: Packet) -> tuple[Observation, ...]:
    """Return what is observed when the environment hands a packet to an actor: that a device has the key it lacked."""
    return (Openable(DeviceId(actor)),) if type(packet) is ReceiveKey else ()


def _value(packet: Packet, attribute: str, field: str) -> Any:
    """Return the value of the field that a class attribute names. `TypeError` if the packet has no such field."""
    if field not in packet.__struct_fields__:
        name, fields = type(packet).__name__, ", ".join(packet.__struct_fields__)
        raise TypeError(f"{name}.{attribute} names the field {field!r}; allowed: {fields or 'none, it has no field'}")
    return getattr(packet, field)


def answers_only(packet: Packet) -> ConnectionId | None:
    """Return the connection over which a packet only answers (`Packet.answers`); None for other packets.

    A packet that carries a reply which accepts or refuses a message is another packet: sending that reply is observed,
    also where a closed connection loses it.
    """
    if packet.answers is None:
        return None
    for name in packet.__struct_fields__:
        carried = getattr(packet, name)
        if isinstance(carried, Packet) and (carried.accepts is not None or carried.refuses is not None):
            return None
    return cast(ConnectionId, getattr(packet, packet.answers))
