"""Handler calls: the result of a handler for a packet in a local state, computed once and cached.

A handler depends on its actor's fields and the packet alone, so its result is a look-up by (local state, event): the next
local state, a delta for each slot that its effects change, and the bundle of its observations. At the end of a search
handlers are called again (`rerun`) to check that they depend on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, cast

from syncproof.core.actor import Actor, Out, made_by_engines, to_nobody
from syncproof.core.observations import MADE_BY_ENGINES, Noted, Observation, Shown
from syncproof.core.packets import HangUp, Idle, Packet
from syncproof.core.replies import carried, done, told
from syncproof.core.same import same
from syncproof.core.values import ENVIRONMENT, ActorId, ConnectionId, Id
from syncproof.engines.explore.common import BITS, Made
from syncproof.engines.explore.encoding import SHIFT, START, Encoding, LocalSlot, local_slot, pending_slot, wire_slot
from syncproof.engines.explore.judging import Judging
from syncproof.engines.explore.moves import MoveTable
from syncproof.engines.explore.queues import Deltas, PendingChange, Queues, WireChange
from syncproof.engines.handler_errors import (
    HandlerError,
    ImpureHandler,
    UnfitValue,
    called,
    frozen,
    impure,
    order_dependent,
    sited,
)
from syncproof.engines.unrepeatable import watched
from syncproof.errors import InputError, declared, from_outside, in_own_code, place, raised, ran_out

Reaction = tuple[int, Deltas, int]
"""The result of a handler call: the next local state, what other slots absorb, the bundle of its observations."""

LOW = (1 << SHIFT) - 1
AGAIN = (False, False, True, False, True, True)
"""The calls that tell whether a result depends on the order of dicts and sets alone: whether that is turned round."""
CAUGHT_UP = "caught-up"
"""The situation in which a device shows something that it received over a connection other than its first."""


class Call(NamedTuple):
    """One distinct handler call: the actor, the snapshot to put it into, and what it handles (`START`: its `start`)."""

    actor: Actor
    local: tuple[Any, ...]
    source: Id
    packet: Packet


class Effects(Out):
    """The effects of one handler call of an actor."""

    __slots__ = ("actor", "amounts", "handles", "observations", "pending", "sends")

    def __init__(self, actor: Actor, handles: Packet | None = None) -> None:
        self.actor = actor
        self.handles = handles
        self.sends: list[tuple[Id, Packet]] = []
        self.pending: list[tuple[Any, Packet]] = []
        self.observations: list[Observation] = []
        self.amounts: list[tuple[Any, ...]] = []

    def send(self, destination: Id, packet: Packet) -> None:
        self.observations.extend(told(packet))
        self.sends.append((destination, packet))

    def forward(self, destination: Id, packet: Packet) -> None:
        if told(packet) and (self.handles is None or carried(self.handles) != packet):
            raise TypeError(
                f"forwards {packet!r:.80}, which the packet that it handles does not carry, so that nobody observes it; "
                "send it instead"
            )
        self.sends.append((destination, packet))

    def close(self, connection: ConnectionId) -> None:
        self.sends.append((connection, HangUp()))

    def after(self, delay: float, packet: Packet, jitter: float = 0.0) -> None:
        self.pending.append(("after", packet))
        self.amounts.append(("after", delay, jitter))

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        self.pending.append(("poll", packet))
        self.amounts.append(("poll", delay))

    def cancel(self, packet: Packet) -> None:
        self.pending.append(("cancel", packet))

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        _check_amounts("write", rows, bytes)
        if replaces < 0:
            raise ValueError(f"write that replaces {replaces} bytes; allowed: 0 or more")
        self.amounts.append((store, "write", rows, bytes, replaces))
        if then is not None:
            self.pending.append(("write", then))

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        _check_amounts("delete", rows, bytes)
        self.amounts.append((store, "delete", rows, bytes))
        if then is not None:
            self.pending.append(("write", then))

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        _check_amounts("read", rows, bytes)
        self.amounts.append((store, "read", rows, bytes))
        if then is not None:
            self.pending.append(("read", then))

    def observe(self, observation: Observation) -> None:
        if type(observation) in MADE_BY_ENGINES:
            raise made_by_engines(self.actor, type(observation))
        self.observations.append(observation)

    def charge(self) -> int:
        """Return a hash of the delays, rows and bytes that were asked for, in whatever order: no move depends on them."""
        return hash(tuple(sorted(map(repr, self.amounts)))) if self.amounts else 0


def _check_amounts(what: str, rows: int, bytes: int) -> None:
    if rows < 0 or bytes < 0:
        raise ValueError(f"{what} of {rows} rows and {bytes} bytes; allowed: 0 or more")


class HandlerCalls:
    """The handler calls that were made.

    `react[actor]`: (local state, event) -> `Reaction`; `fresh[actor]`: the keys of those that no search before had made.
    `accepted[actor]`: (local state, event) -> what a guard said.
    `situations`: those that handlers noted (`Noted`), in the order in which they were first reached.
    """

    def __init__(self, encoding: Encoding, judging: Judging, moves: MoveTable, queues: Queues) -> None:
        self.encoding = encoding
        self.judging = judging
        self.moves = moves
        self.queues = queues
        self.react: list[dict[int, Reaction]] = [{} for _ in encoding.names]
        self.fresh: list[list[int]] = [[] for _ in encoding.names]
        self.accepted: list[dict[int, bool]] = [{} for _ in encoding.names]
        self.situations: dict[str, None] = {}
        self.watching = False
        self._deltas: list[dict[int, Deltas]] = [{} for _ in encoding.names]
        """For each actor: effects, by the index that all searches give them -> the deltas."""

    def reacted(self, actor: int, local: int, event: int) -> Reaction:
        """Run a handler and cache its result. `HandlerError` if it raises or violates `Packet.answers`."""
        slot = cast(LocalSlot, self.encoding.slots[local_slot(actor)])
        made = self.encoding.calls[actor].made
        key = (slot.common[local] << BITS) | self.encoding.common_events[event]
        call = made.get(key)
        fresh = call is None
        if call is None:
            call = self._made(actor, slot, local, event)
        after = slot.take(call.after)
        deltas = self._deltas[actor].get(call.effects)
        if deltas is None:
            deltas = self._deltas[actor][call.effects] = self._grouped(
                actor, *self.encoding.common.effects[call.effects]
            )
        bundle = 0
        if call.observations:
            bundle = self._bundle(actor, call.observations)
            self._note(self.encoding.events[event][0], call.observations)
        made[key] = call
        result = self.react[actor][(local << SHIFT) | event] = (after, deltas, bundle)
        if fresh:  # the last step: Ctrl-C may come between any two
            self.fresh[actor].append((local << SHIFT) | event)
        return result

    def _made(self, actor: int, slot: LocalSlot, local: int, event: int) -> Made:
        """Run a handler in a local state for an event."""
        source, packet = self.encoding.events[event]
        after, out = self.run(actor, slot.values[local], source, packet)
        which = slot.known(after)
        try:
            effects = self.encoding.common.effects_of(out.pending, out.sends)
        except UnfitValue as error:
            raise UnfitValue(f"{called(self.encoding.actors[actor])}, in a packet: {error}") from error
        if packet is not START and (where := self.encoding.system.answers_over(packet)) is not None:
            self._check_answer(packet, where, out, unchanged=which == slot.common[local])
        return Made(which, effects, tuple(out.observations), out.charge())

    def accepts(self, actor: int, local: int, event: int) -> bool:
        """Return whether an actor receives a packet now. `HandlerError` if its guard raises or changes a field."""
        found = self.accepted[actor].get((local << SHIFT) | event)
        if found is None:
            found = self.accepted[actor][(local << SHIFT) | event] = self.asked(actor, local, event)
        return found

    def asked(self, actor: int, local: int, event: int) -> bool:
        """Ask a guard."""
        thing = self.encoding.actor_in(actor, local)
        source, packet = self.encoding.events[event]
        guard = thing.guards.get(type(packet))
        if guard is None:
            return True
        try:
            found = bool(guard(thing, source, packet))
        except Exception as error:
            raise HandlerError(
                f"{sited(self.encoding.actors[actor])}: its guard of {type(packet).__name__}: {raised(error)}"
            ) from error
        if not same(frozen(thing), self.encoding.slots[local_slot(actor)].values[local]):
            raise HandlerError(
                f"{sited(self.encoding.actors[actor])}: its guard of {type(packet).__name__} changes a field; it may only look"
            )
        return found

    def run(
        self,
        actor: int,
        local: tuple[Any, ...],
        source: Id,
        packet: Packet,
        backwards: Sequence[str] | None = (),
    ) -> tuple[tuple[Any, ...], Effects]:
        """Call a handler in the local state `local`; return the next local state and the effects.

        `backwards`: the fields whose dicts and sets are put into the other order; None: all.
        """
        thing = self.encoding.actors[actor]
        if backwards == ():
            thing.restore(local)
        else:
            thing.restore_backwards(local, backwards)
        out = Effects(thing, packet)
        if source == ENVIRONMENT:
            out.observations.extend(done(self.encoding.names[actor], packet))
        self.call(actor, source, packet, out)
        return frozen(thing), out

    def call(self, actor: int, source: Id, packet: Packet, out: Effects) -> None:
        """Call a handler of the actor in its present state. `HandlerError` if it raises."""
        thing = self.encoding.actors[actor]
        try:
            if packet is START:
                thing.start(out)
            elif self.watching:
                with watched():
                    thing.handle(source, packet, out)
            else:
                thing.handle(source, packet, out)
        except InputError:
            raise
        except BaseException as error:
            if from_outside(error) or ran_out(error):
                raise
            what = "start" if packet is START else type(packet).__name__
            where = "" if in_own_code(error) else declared(type(thing))
            name = f"{self.encoding.names[actor]!r} ({type(thing).__name__})"
            raise HandlerError(f"{where or place(error)}: {raised(error)}; {name} failed handling {what}") from error

    def calls(self) -> Iterator[Call]:
        """Yield every distinct handler call that was made."""
        for actor, table in enumerate(self.react):
            for key in table:
                source, packet = self.encoding.events[key & LOW]
                local = self.encoding.slots[local_slot(actor)].values[key >> SHIFT]
                yield Call(self.encoding.actors[actor], local, source, packet)

    def rerun(self, every: int, *, watching: bool = False) -> int:
        """Make every n-th fresh call again; return how many. `ImpureHandler` if one has another result now.

        The dicts and sets of the actor are in the other order then, so that a result that depends on their order differs.
        `watching`: whether it is also an error if a handler reads a clock or draws a random number.
        """
        count, self.watching = 0, watching
        for actor, fresh in enumerate(self.fresh):
            slot = cast(LocalSlot, self.encoding.slots[local_slot(actor)])
            values, made = slot.values, self.encoding.calls[actor].made
            for key in fresh[::every]:
                after, deltas, bundle = self.react[actor][key]
                source, packet = self.encoding.events[key & LOW]
                call = (actor, values[key >> SHIFT], source, packet)
                common = (slot.common[key >> SHIFT] << BITS) | self.encoding.common_events[key & LOW]
                before = (values[after], deltas, bundle, made[common].charge)
                if not self._gives(call, before, None):
                    raise ImpureHandler(self._why_impure(call, before))
                count += 1
        self.watching = False
        return count

    def _gives(
        self, call: tuple[int, Any, Id, Packet], before: tuple[Any, Deltas, int, int], fields: Sequence[str] | None
    ) -> bool:
        """Return whether a call has the result that it had before, with the dicts and sets of `fields` backwards."""
        actor = call[0]
        after, out = self.run(*call, fields)
        if not same(after, before[0]) or self.judging.bundle(out.observations) != before[2]:
            return False
        if out.charge() != before[3]:
            return False
        deltas = self._grouped(actor, out.pending, out.sends)
        return deltas == before[1] or self._in_any_order(deltas) == self._in_any_order(before[1])

    def _in_any_order(self, deltas: Deltas) -> Any:
        """Return deltas in an order that distinguishes only what engines distinguish.

        What is sent to one receiver keeps its order, and so do the changes of one timer, and of the poll.
        """
        found = []
        for slot, delta in sorted(deltas):
            changes = self.queues.deltas.values[delta]
            if slot % 3 == 1:
                armed = [change.number for change in changes if change.kind == "poll"]
                polled = [n for number in armed for n in self.encoding.packets.equals(number)]
                polls = [each for each in changes if each.kind in ("poll", "cancel") and each.number in polled]
                changes = (*sorted(changes, key=lambda change: change.number), *polls)
            found.append((slot, changes))
        return found

    def _why_impure(self, call: tuple[int, Any, Id, Packet], before: tuple[Any, Deltas, int, int]) -> str:
        actor, _, _, packet = call
        thing = self.encoding.actors[actor]
        what = "start" if packet is START else f"handling {packet!r}"
        # A result that changes from call to call may by chance be the first one again, so that each order is tried thrice.
        tries = [(backwards, self._gives(call, before, None if backwards else ())) for backwards in AGAIN]
        if any(same == backwards for backwards, same in tries):
            return impure(thing, what)
        each = [name for name in thing._state if not self._gives(call, before, (name,))]
        return order_dependent(thing, what, each)

    def _grouped(self, actor: int, pending: Sequence[tuple[Any, Packet]], sends: Sequence[tuple[Id, Packet]]) -> Deltas:
        """Return a handler's effects as one delta for each slot that they change."""
        groups: dict[int, list[Any]] = {}
        if pending:
            for kind, packet in pending:
                if kind == "poll" or kind == "after":
                    self.moves.arm(kind, self.encoding.names[actor], self.encoding.actors[actor], packet)
            groups[pending_slot(actor)] = [PendingChange(kind, self._intern(actor, packet)) for kind, packet in pending]
        for destination, packet in sends:
            if isinstance(destination, ConnectionId):
                client = self.encoding.place[ActorId(destination.client)]
                if client != actor and self.encoding.server_of(client, destination.count) != actor:
                    continue  # another server process holds that connection
                if isinstance(packet, HangUp):
                    change = WireChange("close", destination.count)
                else:
                    way: Literal["up", "down"] = "up" if client == actor else "down"
                    change = WireChange(way, destination.count, self._intern(actor, packet))
                groups.setdefault(wire_slot(client), []).append(change)
            else:
                receiver = self.encoding.place.get(cast(ActorId, destination))
                if receiver is None:
                    who = sited(self.encoding.actors[actor])
                    raise HandlerError(f"{who} {to_nobody(packet, destination)}")
                change = WireChange("mail", int(self.encoding.names[actor]), self._intern(actor, packet))
                groups.setdefault(wire_slot(receiver), []).append(change)
        return tuple([(slot, self.queues.deltas.intern(tuple(group))) for slot, group in groups.items()])

    def _intern(self, actor: int, packet: Packet) -> int:
        try:
            return self.encoding.packets.intern(packet)
        except UnfitValue as error:
            raise UnfitValue(f"{called(self.encoding.actors[actor])}, in a packet: {error}") from error

    def _bundle(self, actor: int, observations: Sequence[Observation]) -> int:
        try:
            return self.judging.bundle(observations)
        except UnfitValue as error:
            raise UnfitValue(f"{called(self.encoding.actors[actor])}, in an observation: {error}") from error

    def _check_answer(self, packet: Packet, where: ConnectionId, out: Effects, *, unchanged: bool) -> None:
        """Raise `HandlerError` unless a packet only answers over a connection, as its class says: a search relies on it."""
        if not unchanged or out.pending or out.observations or any(d != where for d, _ in out.sends):
            raise HandlerError(f"{type(packet).__name__} says that it only answers over {where!r}, but it does more")

    def _note(self, source: Id, observations: Sequence[Observation]) -> None:
        again = isinstance(source, ConnectionId) and source.count > 1
        for observation in observations:
            if isinstance(observation, Noted):
                self.situations[observation.situation] = None
            elif again and isinstance(observation, Shown):
                self.situations[CAUGHT_UP] = None
