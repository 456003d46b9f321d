"""Handler calls: the result of a handler for a packet in a local state, computed once and cached.

A handler depends on its actor's fields and the packet alone, so its result is a look-up by (local state, event): the next
local state, a delta for each slot that its effects change, and the bundle of its observations. At the end of a search
handlers are called again (`rerun`) to check that they depend on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from syncproof.core.actor import Actor, Out
from syncproof.core.observations import Noted, Observation, Shown
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId, ConnectionId, Id
from syncproof.engines.explore.encoding import SHIFT, START, Encoding, local_slot, pending_slot, wire_slot
from syncproof.engines.explore.judging import Judging
from syncproof.engines.explore.moves import MoveTable
from syncproof.engines.explore.queues import Deltas, PendingChange, Queues, WireChange

Reaction = tuple[int, Deltas, int]
"""The result of a handler call: the next local state, what other slots absorb, the bundle of its observations."""

LOW = (1 << SHIFT) - 1
CAUGHT_UP = "caught-up"
"""The situation in which a device shows something that it received over a connection other than its first."""


class HandlerError(Exception):
    """A handler raised. The message names the actor and the packet; the cause is the handler's own exception."""


class ImpureHandler(Exception):
    """A handler gave another result when it was called again in the same state with the same packet."""


class Call(NamedTuple):
    """One distinct handler call: the actor, the snapshot to put it into, and what it handles (`START`: its `start`)."""

    actor: Actor
    local: tuple[Any, ...]
    source: Id
    packet: Packet


class Effects(Out):
    """The effects of one handler call."""

    __slots__ = ("observations", "pending", "sends")

    def __init__(self) -> None:
        self.sends: list[tuple[Id, Packet]] = []
        self.pending: list[tuple[Any, Packet]] = []
        self.observations: list[Observation] = []

    def send(self, destination: Id, packet: Packet) -> None:
        self.sends.append((destination, packet))

    def after(self, delay: float, packet: Packet) -> None:
        self.pending.append(("after", packet))

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        self.pending.append(("poll", packet))

    def cancel(self, packet: Packet) -> None:
        self.pending.append(("cancel", packet))

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        if then is not None:
            self.pending.append(("write", then))

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        if then is not None:
            self.pending.append(("write", then))

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        if then is not None:
            self.pending.append(("read", then))

    def observe(self, observation: Observation) -> None:
        self.observations.append(observation)


class HandlerCalls:
    """The handler calls that were made.

    `react[actor]`: (local state, event) -> `Reaction`. `situations`: those that handlers noted (`Noted`), in the order in
    which they were first reached.
    """

    def __init__(self, encoding: Encoding, judging: Judging, moves: MoveTable, queues: Queues) -> None:
        self.encoding = encoding
        self.judging = judging
        self.moves = moves
        self.queues = queues
        self.react: list[dict[int, Reaction]] = [{} for _ in encoding.names]
        self.situations: dict[str, None] = {}

    def reacted(self, actor: int, local: int, event: int) -> Reaction:
        """Run a handler and cache its result. `HandlerError` if it raises or violates `Packet.answers`."""
        slot = self.encoding.slots[local_slot(actor)]
        _, source, packet = self.encoding.events.values[event]
        after, out = self.run(actor, slot.values[local], source, packet)
        result = (slot.intern(after), self._grouped(actor, out), self.judging.bundle(out.observations))
        if packet is not START and packet.answers is not None:
            self._check_answer(packet, out, unchanged=result[0] == local)
        self.react[actor][(local << SHIFT) | event] = result
        self._note(source, out.observations)
        return result

    def run(self, actor: int, local: tuple[Any, ...], source: Id, packet: Packet) -> tuple[tuple[Any, ...], Effects]:
        """Call a handler in the local state `local`; return the next local state and the effects."""
        thing = self.encoding.actors[actor]
        thing.restore(local)
        out = Effects()
        self.call(actor, source, packet, out)
        return thing.snapshot(), out

    def call(self, actor: int, source: Id, packet: Packet, out: Effects) -> None:
        """Call a handler of the actor in its present state. `HandlerError` if it raises."""
        thing = self.encoding.actors[actor]
        try:
            if packet is START:
                thing.start(out)
            else:
                thing.handle(source, packet, out)
        except Exception as error:
            what = "start" if packet is START else repr(packet)
            name = self.encoding.names[actor]
            raise HandlerError(f"{name!r} failed handling {what}: {type(error).__name__}: {error}") from error

    def calls(self) -> Iterator[Call]:
        """Yield every distinct handler call that was made."""
        for actor, table in enumerate(self.react):
            for key in table:
                _, source, packet = self.encoding.events.values[key & LOW]
                local = self.encoding.slots[local_slot(actor)].values[key >> SHIFT]
                yield Call(self.encoding.actors[actor], local, source, packet)

    def rerun(self, every: int = 1) -> int:
        """Make every n-th cached call again; return how many. `ImpureHandler` if one has another result now."""
        count = 0
        for actor, table in enumerate(self.react):
            values = self.encoding.slots[local_slot(actor)].values
            for key, (after, deltas, bundle) in list(table.items())[::every]:
                _, source, packet = self.encoding.events.values[key & LOW]
                snapshot, out = self.run(actor, values[key >> SHIFT], source, packet)
                now = (snapshot, self._grouped(actor, out), self.judging.bundle(out.observations))
                if now != (values[after], deltas, bundle):
                    what = "start" if packet is START else f"handling {packet!r}"
                    kind = type(self.encoding.actors[actor]).__name__
                    raise ImpureHandler(
                        f"{self.encoding.names[actor]!r} ({kind}) did something else when it was called again, {what}: "
                        "a handler may depend on the actor's fields and the packet alone"
                    )
                count += 1
        return count

    def _grouped(self, actor: int, out: Effects) -> Deltas:
        """Return a handler's effects as one delta for each slot that they change."""
        intern = self.encoding.packets.intern
        groups: dict[int, list[Any]] = {}
        if out.pending:
            self.moves.polls.update([packet for kind, packet in out.pending if kind == "poll"])
            groups[pending_slot(actor)] = [PendingChange(kind, intern(packet)) for kind, packet in out.pending]
        for destination, packet in out.sends:
            if isinstance(destination, ConnectionId):
                client = self.encoding.place[ActorId(destination.client)]
                change = WireChange("up" if client == actor else "down", destination.count, intern(packet))
                groups.setdefault(wire_slot(client), []).append(change)
            else:
                receiver = self.encoding.place.get(cast(ActorId, destination))
                if receiver is None:
                    raise HandlerError(
                        f"{self.encoding.names[actor]!r} sends {packet!r} to {destination!r}, which does not exist"
                    )
                change = WireChange("mail", int(self.encoding.names[actor]), intern(packet))
                groups.setdefault(wire_slot(receiver), []).append(change)
        return tuple([(slot, self.queues.deltas.intern(tuple(group))) for slot, group in groups.items()])

    def _check_answer(self, packet: Packet, out: Effects, *, unchanged: bool) -> None:
        """Raise `HandlerError` unless a packet only answers over a connection, as its class says: a search relies on it."""
        where = getattr(packet, packet.answers or "")
        if not unchanged or out.pending or out.observations or any(d != where for d, _ in out.sends):
            raise HandlerError(f"{type(packet).__name__} says that it only answers over {where!r}, but it does more")

    def _note(self, source: Id, observations: list[Observation]) -> None:
        again = isinstance(source, ConnectionId) and source.count > 1
        for observation in observations:
            if isinstance(observation, Noted):
                self.situations[observation.situation] = None
            elif again and isinstance(observation, Shown):
                self.situations[CAUGHT_UP] = None
