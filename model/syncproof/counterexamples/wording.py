"""Short texts for values, packets, moves and actors, for diagrams, graphs and messages."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from syncproof.core.observations import Joined
from syncproof.core.values import (
    ActorId,
    ConnectionId,
    Cursor,
    DeviceId,
    Entry,
    GatewayId,
    Id,
    Message,
    Page,
    ServerId,
    Timeline,
)
from syncproof.core.world import System, World

LETTERS = {"DeviceId": "d", "UserId": "u", "ConversationId": "c", "MessageId": "m"}


def brief(value: Any) -> str:
    """Return a short text for a value: `Pull sync:1>3`, `Disconnected d0 !clean`."""
    if isinstance(value, GatewayId):
        return f"g{GatewayId.FIRST - value}"
    if isinstance(value, ServerId):
        return "server"
    if isinstance(value, ConnectionId):
        client = DeviceId(value.client) if value.client >= 0 else GatewayId(value.client)
        return f"{brief(client)}#{value.count}"
    if isinstance(value, Id):
        kind = type(value).__name__
        return f"{LETTERS[kind]}{int(value)}" if kind in LETTERS else f"{kind.removesuffix('Id').lower()}{int(value)}"
    if isinstance(value, Timeline):
        return f"{value.kind}:{int(value.owner)}"
    if isinstance(value, Message):
        return brief(value.id)
    if isinstance(value, Entry):
        return f"{value.seq}={'void' if value.message is None else brief(value.message)}"
    if isinstance(value, Cursor):
        return f"{brief(value.timeline)}>{value.after}"
    if isinstance(value, Page):
        entries = " ".join(map(brief, value.entries))
        return f"{brief(value.timeline)}({value.after},{value.upto}][{entries}]"
    if isinstance(value, msgspec.Struct):
        defaults = dict(zip(reversed(value.__struct_fields__), reversed(value.__struct_defaults__), strict=False))
        shown = [(name, getattr(value, name)) for name in value.__struct_fields__]
        parts = [
            (name if item else f"!{name}") if isinstance(item, bool) else brief(item)
            for name, item in shown
            if name not in defaults or item != defaults[name]
        ]
        return " ".join([type(value).__name__, *[part for part in parts if part]])
    if isinstance(value, (tuple, list)):
        return ",".join(map(brief, value))
    if isinstance(value, (set, frozenset)):
        return "{" + ",".join(f"({brief(i)})" if isinstance(i, tuple) else brief(i) for i in sorted(value)) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{brief(k)}: {brief(v)}" for k, v in sorted(value.items())) + "}"
    if attrs.has(type(value)):
        return " ".join(f"{f.name}={brief(getattr(value, f.name))}" for f in attrs.fields(type(value)))
    return str(value)


def actor_names(system: System, world: World) -> dict[ActorId, str]:
    """Return the name of every actor, such as `device 0 (user 0)`."""
    owners = {o.device: o.user for o in system.opening if isinstance(o, Joined)}
    return {actor: actor_name(actor, owners.get(actor)) for actor in world.actors}  # type: ignore[call-overload]


def actor_name(actor: ActorId, owner: Id | None = None) -> str:
    """Return the name of an actor, with a device's user if it is known."""
    if isinstance(actor, DeviceId):
        return f"device {int(actor)}" + ("" if owner is None else f" (user {int(owner)})")
    if isinstance(actor, GatewayId):
        return f"gateway {GatewayId.FIRST - actor}"
    return "server" if isinstance(actor, ServerId) else brief(actor)
