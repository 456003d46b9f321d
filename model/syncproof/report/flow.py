"""Find out what a design's handlers do by watching them: which packets follow from which, and what is stored in between.

A handler table says which packets an actor handles; the effects of a handler depend on the actor's state. So small worlds
(`WORLDS`) are searched, and every handler call that a search made is made once more with an `Out` that records the effects.
The effects are collected by the packet that was handled. An effect that no small world reaches is not in a flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from syncproof.core.actor import Actor, Out
from syncproof.core.observations import Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ConnectionId, DeviceId, Id
from syncproof.designs import Design
from syncproof.engines.explore import Common, Limits, explore
from syncproof.engines.explore.encoding import START
from syncproof.inputs import lookup
from syncproof.inputs.bounds import CLUSTERED
from syncproof.inputs.small_worlds import KINDS, SmallWorld, build

Side = Literal["device", "server"]
Verb = Literal["send", "write", "delete", "read", "timer", "cancel"]

WORLDS = (
    SmallWorld("two-devices", 2, ()),
    SmallWorld("two-people", 2, ()),
    *[SmallWorld("two-devices", 1, (kind,)) for kind in KINDS if kind not in CLUSTERED],
)
STATES = 6_000
"""The most states of each world that are searched; handlers show their effects long before a search is complete."""


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """Name a packet class and the side that handles it. A packet that carries another one has both names: `Respond PullReply`."""

    side: Side
    packet: str


@dataclass(frozen=True, slots=True)
class Effect:
    """Describe an effect of a handler. `store`: the storage that it uses; `then`: the packet that follows, and where."""

    verb: Verb
    store: str = ""
    then: Node | None = None

    @property
    def order(self) -> tuple[str, str, str, str]:
        """Return a key to sort by."""
        return (self.verb, self.store, *(("", "") if self.then is None else (self.then.side, self.then.packet)))


@dataclass(frozen=True, slots=True)
class Flow:
    """Hold handled packet -> the effects that its handler was seen to have; `Restart` stands for an actor's `start`."""

    effects: dict[Node, set[Effect]] = field(default_factory=dict)

    def reached(self, starts: Iterable[Node]) -> list[Node]:
        """Return the packets that can follow from these packets, in the order in which they are found."""
        found = dict.fromkeys(start for start in starts if start in self.effects)
        queue = list(found)
        for node in queue:
            for effect in in_order(self.effects[node]):
                if effect.then is not None and effect.verb != "cancel" and effect.then not in found:
                    found[effect.then] = None
                    if effect.then in self.effects:
                        queue.append(effect.then)
        return list(found)


class Notes(Out):
    """Record the effects of a handler as its `Out`."""

    def __init__(self, flow: Flow, node: Node) -> None:
        self.effects = flow.effects.setdefault(node, set())
        self.node = node

    def _add(self, verb: Verb, then: Packet | None, store: str = "", side: Side | None = None) -> None:
        node = None if then is None else Node(side or self.node.side, label(then))
        self.effects.add(Effect(verb, store, node))

    def send(self, destination: Id, packet: Packet) -> None:
        other: Side = "server" if self.node.side == "device" else "device"
        to = other if isinstance(destination, ConnectionId) else side_of(destination)
        self._add("send", packet, side=to)

    def after(self, delay: float, packet: Packet, jitter: float = 0.0) -> None:
        self._add("timer", packet)

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        self._add("timer", packet)

    def cancel(self, packet: Packet) -> None:
        self._add("cancel", packet)

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        self._add("write", then, store)

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        self._add("delete", then, store)

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        self._add("read", then, store)

    def observe(self, observation: Observation) -> None: ...


def in_order(effects: Iterable[Effect]) -> list[Effect]:
    """Return effects in an order that is the same every time."""
    return sorted(effects, key=lambda effect: effect.order)


def side_of(actor: Id) -> Side:
    """Return the side of an actor: every actor that is not a device is on the side of the server."""
    return "device" if isinstance(actor, DeviceId) else "server"


def label(packet: Packet) -> str:
    """Return a packet's class, with the class of the packet that it carries."""
    carried = [getattr(packet, name) for name in packet.__struct_fields__]
    return " ".join([type(packet).__name__, *[type(p).__name__ for p in carried if isinstance(p, Packet)]])


def watch(design: str | Design, worlds: Sequence[SmallWorld] = WORLDS, flow: Flow | None = None) -> Flow:
    """Return the design's flow in small worlds, added to `flow` if one is given. Raises `InputError` for an unknown design."""
    flow = Flow() if flow is None else flow
    common = Common()
    for world in worlds:
        system, _, environment = build(lookup.get(design), world)
        tables = explore(system, environment, limits=Limits(states=STATES), common=common).tables
        for call in tables.handlers.calls():
            _call(call.actor, call.local, call.source, call.packet, flow)
    return flow


def _call(actor: Actor, local: tuple[object, ...], source: Id, packet: Packet | None, flow: Flow) -> None:
    actor.restore(local)
    side = side_of(actor.id)
    if packet is START:
        actor.start(Notes(flow, Node(side, "Restart")))
    else:
        assert packet is not None
        actor.handle(source, packet, Notes(flow, Node(side, label(packet))))


# ---- Mermaid

ARROWS = {"send": "-->", "write": "==>", "delete": "==>", "read": "==>", "timer": "-.->"}


STARTS = (Node("device", "Compose"), Node("device", "Poll"), Node("server", "Restart"))
"""The packets with which the handling of messages begins: a person composes, a device polls, a server restarts."""


def mermaid(flow: Flow, starts: Sequence[Node] = STARTS) -> str:
    """Return a Mermaid flowchart of what can follow from `starts` (those that have an effect), with a box for each side."""
    starts = [node for node in starts if any(e.then for e in flow.effects.get(node, ()))]
    nodes = flow.reached(starts)
    lines = ["flowchart LR"]
    for side in ("device", "server"):
        lines.append(f'    subgraph {side}box["{side}"]')
        for node in nodes:
            if node.side == side:
                opening, closing = ('(["', '"])') if node in starts else ('["', '"]')
                lines.append(f"        {_key(node)}{opening}{node.packet}{closing}")
        lines.append("    end")
    for node in nodes:
        lines += _edges(node, flow.effects.get(node, set()))
    return "\n".join(lines)


def _edges(node: Node, effects: set[Effect]) -> Iterable[str]:
    """Yield the arrows that leave a packet, one for each packet that follows, also if several stores lead to it."""
    joined: dict[tuple[Node, str], list[str]] = {}
    for effect in in_order(effects):
        if effect.then is not None and effect.verb in ARROWS:
            names = joined.setdefault((effect.then, ARROWS[effect.verb]), [])
            if effect.store:
                names.append(f"{effect.verb} {effect.store}")
    for (then, arrow), names in joined.items():
        says = f"|{', '.join(names)}|" if names else ""
        yield f"    {_key(node)} {arrow}{says} {_key(then)}"


def _key(node: Node) -> str:
    """Return a name that Mermaid accepts."""
    return f"{node.side}_{node.packet.replace(' ', '_')}"


def described(verb: Verb, effects: Iterable[Effect]) -> list[str]:
    """Return the effects of one kind in words: a packet, or `message-store, then Commit`."""
    found = []
    for effect in in_order(effects):
        if effect.verb == verb:
            then = "" if effect.then is None else effect.then.packet
            found.append(f"{effect.store}, then {then}" if effect.store and then else effect.store or then)
    return found
