"""The moves that one slot's value makes possible, whatever the other slots hold.

Most moves depend on one slot: a packet arrives from a wire, an operation completes, a script continues. So the moves of a
state are those that its slots offer, and the offers of a slot's value are computed once. An `Offer` says what else the
move needs: other actors that must be running, a budget. This module has the offers of local states (steps), of what is
pending (completions, timers, restarts) and of the environment (scripts, interventions, newcomers); `wire_offers.py` has
those of the wires, and `actor_faults.py` those that depend on several slots at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from syncproof.core.environment import Environment
from syncproof.core.moves import Complete, Fire, Restart, Take, Tell
from syncproof.core.observations import Appeared, Restarted
from syncproof.core.values import ENVIRONMENT
from syncproof.engines.explore.budgets import FREE, Budgets
from syncproof.engines.explore.encoding import (
    ABSENT,
    DOWN,
    NO_POLL,
    START,
    Encoding,
    Left,
    Pending,
    local_slot,
    pending_slot,
)
from syncproof.engines.explore.judging import Judging
from syncproof.engines.explore.moves import MoveTable, Offer
from syncproof.engines.explore.queues import Queues
from syncproof.engines.explore.wire_offers import WireOffers


class Offers:
    """The offers of slots' values, computed when a value is first met and kept in `Slot.offers`."""

    def __init__(
        self,
        encoding: Encoding,
        environment: Environment,
        judging: Judging,
        moves: MoveTable,
        budgets: Budgets,
        queues: Queues,
    ) -> None:
        self.encoding = encoding
        self.environment = environment
        self.judging = judging
        self.moves = moves
        self.budgets = budgets
        wires = WireOffers(encoding, judging, moves, budgets, queues)
        self._of_part = (self._of_local, self._of_pending, wires.of)
        self.polls: list[dict[int, Offer | None]] = [{} for _ in encoding.slots]
        self.bounded: list[dict[int, tuple[tuple[Offer, Offer], ...]]] = [{} for _ in encoding.slots]

    def offered(self, slot: int, value: int) -> tuple[Offer, ...]:
        """Return the moves that a slot's value makes possible, computed at the first call."""
        found = self.encoding.slots[slot].offers[value]
        if found is None:
            found = self.encoding.slots[slot].offers[value] = self.computed(slot, value)
        return found

    def computed(self, slot: int, value: int) -> tuple[Offer, ...]:
        """Compute the moves that a slot's value makes possible."""
        if slot == self.encoding.environment_slot:
            return tuple(self._of_environment(value))
        return tuple(self._of_part[slot % 3](slot // 3, value))

    def offering(self) -> list[int]:
        """Return the slots that can offer moves at all."""
        slots = []
        for number, actor in enumerate(self.encoding.actors):
            slots += [local_slot(number)] if actor.offers_steps else []
            slots += [3 * number + 1, 3 * number + 2]
        return [*slots, self.encoding.environment_slot]

    def polled(self, slot: int, value: int) -> Offer | None:
        """Return the firing of the poll timer in a pending slot, for polls that wait for rest; None without a poll."""
        if value not in self.polls[slot]:
            pending: Pending = self.encoding.slots[slot].values[value]
            armed = value > ABSENT and pending.poll != NO_POLL
            self.polls[slot][value] = self._poll(slot // 3, pending) if armed else None
        return self.polls[slot][value]

    def firings(self, slot: int, value: int) -> tuple[tuple[Offer, Offer], ...]:
        """Return the firings of the bounded timers in a pending slot, each (at rest, early), computed at the first call."""
        found = self.bounded[slot].get(value)
        if found is None:
            found = self.bounded[slot][value] = tuple(self._firings(slot, value))
        return found

    def _firings(self, slot: int, value: int) -> Iterator[tuple[Offer, Offer]]:
        pending: Pending = self.encoding.slots[slot].values[value]
        for index, packet in enumerate(pending.timers if value > ABSENT else ()):
            budget = self.budgets.early.get(type(self.encoding.packets.values[packet]))
            if budget is not None:
                fire = self._fire(slot // 3, packet, _without_timer(pending, index))
                yield fire, fire._replace(move=self.moves.early(fire.move), budget=budget)

    def _of_local(self, actor: int, value: int) -> Iterator[Offer]:
        name = self.encoding.names[actor]
        for packet in list(self.encoding.actor_in(actor, value).steps()):
            event = self.encoding.event(name, packet)
            guards = (pending_slot(actor),)
            yield Offer(self.moves.intern(Take(name, packet)), value, ((actor, event),), guards=guards)

    def _of_pending(self, actor: int, value: int) -> Iterator[Offer]:
        if value == ABSENT:
            return
        name = self.encoding.names[actor]
        slot = self.encoding.slots[pending_slot(actor)]
        if value == DOWN:
            up = slot.intern(Pending())
            event = self.encoding.event(name, START)
            bundle = self.judging.bundle([Restarted(name)])
            yield Offer(self.moves.intern(Restart(name)), up, ((actor, event),), bundle=bundle)
            return
        pending: Pending = slot.values[value]
        operations, timers, _ = pending
        for index, (packet, _) in enumerate(operations):
            if index and operations[index - 1][0] == packet:
                continue
            left = slot.intern(pending._replace(operations=operations[:index] + operations[index + 1 :]))
            move = Complete(name, self.encoding.packets.values[packet])
            event = self.encoding.event_of(name, packet)
            yield Offer(self.moves.intern(move), left, ((actor, event),))
        for index, packet in enumerate(timers):
            if type(self.encoding.packets.values[packet]) not in self.budgets.early:
                yield self._fire(actor, packet, _without_timer(pending, index))
        if pending.poll != NO_POLL and self.environment.polls == "any":
            yield self._poll(actor, pending)

    def _poll(self, actor: int, pending: Pending) -> Offer:
        return self._fire(actor, pending.poll, pending._replace(poll=NO_POLL))

    def _fire(self, actor: int, packet: int, left: Pending) -> Offer:
        value = self.encoding.slots[pending_slot(actor)].intern(left)
        move = Fire(self.encoding.names[actor], self.encoding.packets.values[packet])
        event = self.encoding.event_of(move.actor, packet)
        return Offer(self.moves.intern(move), value, ((actor, event),))

    def _of_environment(self, value: int) -> Iterator[Offer]:
        slot = self.encoding.slots[self.encoding.environment_slot]
        left: Left = slot.values[value]
        scripts = left.scripts
        for index, position in enumerate(scripts):
            if position < len(self.environment.scripts[index]):
                tell = self.environment.scripts[index][position]
                moved = (*scripts[:index], position + 1, *scripts[index + 1 :])
                yield self._tell(tell, slot.intern(left._replace(scripts=moved)), FREE)
        for tell, fault in self.environment.interventions:
            budget = self.budgets.position(fault)
            if budget is not None and left.budgets[budget]:
                yield self._tell(tell, value, budget)
        if left.appeared < len(self.environment.newcomers):
            yield from self._newcomer(left)

    def _newcomer(self, left: Left) -> Iterator[Offer]:
        """Yield the appearance of the next newcomer, unless it replaces a device (see `actor_faults.py`)."""
        spawn = self.environment.newcomers[left.appeared]
        budget = self.budgets.of(spawn)
        if budget is not None and left.budgets[budget] and spawn.replaces is None:
            actor = self.encoding.place[spawn.actor]
            up = self.encoding.slots[pending_slot(actor)].intern(Pending())
            after = left._replace(appeared=left.appeared + 1)
            yield Offer(
                self.moves.intern(spawn),
                self.encoding.slots[self.encoding.environment_slot].intern(after),
                ((actor, self.encoding.event(spawn.actor, START)),),
                budget=budget,
                sets=((pending_slot(actor), up),),
                bundle=self.judging.bundle([Appeared(spawn.actor, spawn.user)]),
            )

    def _tell(self, tell: Tell, value: int, budget: int) -> Offer:
        actor = self.encoding.place[tell.actor]
        event = self.encoding.event(ENVIRONMENT, tell.packet)
        guards = (pending_slot(actor),)
        return Offer(self.moves.intern(tell), value, ((actor, event),), budget=budget, guards=guards)


def _without_timer(pending: Pending, index: int) -> Pending:
    return pending._replace(timers=pending.timers[:index] + pending.timers[index + 1 :])
