"""What is observed when a packet is sent: the replies that accept or refuse a message (`Packet.accepts`, `Packet.refuses`).

Every engine asks `told` in the step that sends, so that no handler can leave the observation out.
"""

from __future__ import annotations

from typing import Any, cast

from syncproof.core.observations import Accepted, Observation, Refused
from syncproof.core.packets import Packet
from syncproof.core.values import ConnectionId


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
    return () if packet.carries is None else told(_value(packet, "carries", packet.carries))


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
