"""Faults of one actor that depend on several of its slots at once: crash, restore, reinstall; and backups.

A crash needs the local state and the open writes (some may have landed) and closes the ends of the actor's connections.
A backup, a restore and a reinstall also depend on what the environment has left. So these offers are computed from the
actor's three slots and the environment's slot, not from one slot's value; the offer's own slot is the local state.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import NamedTuple, cast

from syncproof.core.enabled import landings
from syncproof.core.environment import Environment
from syncproof.core.links import CLOSINGS
from syncproof.core.moves import Abandon, Crash, Failover, Keep, Move, Restore, Spawn
from syncproof.core.observations import Abandoned, Appeared, Crashed, Disconnected, Observation
from syncproof.core.values import ConnectionId, DeviceId
from syncproof.core.world import Landed
from syncproof.engines.explore.budgets import Budgets, one_less
from syncproof.engines.explore.encoding import (
    ABSENT,
    DOWN,
    NO_BACKUP,
    SHIFT,
    START,
    Encoding,
    Left,
    Pending,
    State,
    Wire,
    local_slot,
    pending_slot,
    wire_slot,
    writes,
)
from syncproof.engines.explore.handlers import Effects, HandlerCalls
from syncproof.engines.explore.judging import Judging
from syncproof.engines.explore.moves import MoveTable, Offer
from syncproof.engines.explore.queues import Deltas, Queues, closed
from syncproof.engines.handler_errors import frozen

Sets = tuple[tuple[int, int], ...]
"""(slot, new value) pairs."""


class _Closings(NamedTuple):
    """What changes when an actor goes down, besides its local state; `wire` is empty for an actor that is no client."""

    wire: Sets
    deltas: Deltas
    observations: list[Observation]


class ActorFaults:
    """The faults of single actors.

    `crashable`: actors that can crash, with the position of the budget that this costs. `replaceable`: actors whose backup
    can be taken and put back, whose installation can be replaced, or that can be abandoned. `crashes[actor]` and
    `replaced[actor]` cache offers.
    """

    def __init__(
        self,
        encoding: Encoding,
        environment: Environment,
        judging: Judging,
        moves: MoveTable,
        budgets: Budgets,
        queues: Queues,
        handlers: HandlerCalls,
    ) -> None:
        self.encoding = encoding
        self.environment = environment
        self.judging = judging
        self.moves = moves
        self.budgets = budgets
        self.queues = queues
        self.handlers = handlers
        costs = [(n, budgets.of(Crash(name))) for n, name in enumerate(encoding.names)]
        self.crashable = [(n, budget) for n, budget in costs if budget is not None]
        self.crashes: list[dict[int, tuple[Offer, ...]]] = [{} for _ in encoding.names]
        restores: list[tuple[int, list[tuple[int, Restore | Failover]]]] = []
        for n, name in enumerate(encoding.names):
            moves_of = [(budgets.of(move), move) for move in (Restore(name), Failover(name))]
            restores.append((n, [(budget, move) for budget, move in moves_of if budget is not None]))
        restorable = [(n, found) for n, found in restores if found]
        self.backups = {n: (place, found) for place, (n, found) in enumerate(restorable)}
        """For each actor that can be restored: its place in `Left.backups`, and the restores, each with its budget's position."""
        replaced = [s.replaces for s in environment.newcomers if budgets.of(s) is not None]
        devices = [(n, name) for n, name in enumerate(encoding.names) if isinstance(name, DeviceId)]
        costs = [(n, budgets.of(Abandon(name))) for n, name in devices]
        self.abandonable = {n: budget for n, budget in costs if budget is not None}
        """For each device that may be abandoned: the position of the budget."""
        self.replaceable = [
            n for n, name in enumerate(encoding.names) if n in self.backups or n in self.abandonable or name in replaced
        ]
        spawned = [budgets.of(spawn) for spawn in environment.newcomers]
        restored = {n: [budget for budget, _ in found] for n, (_, found) in self.backups.items()}
        self._costs = [
            [each for each in (*spawned, *restored.get(n, ()), self.abandonable.get(n)) if each is not None]
            for n in range(len(encoding.names))
        ]
        """For each actor: the positions of the budgets of which its replacements cost one."""
        self.afforded: list[dict[int, bool]] = [{} for _ in encoding.names]
        self.replaced: list[dict[tuple[int, int, int, int], tuple[Offer, ...]]] = [{} for _ in encoding.names]

    # ---- crashes

    def crash(self, actor: int, state: State) -> tuple[Offer, ...]:
        """Return the crashes of a running actor, one for each ordered selection of its open writes that may have landed.

        Of crashes that lead to the same state one is returned.
        """
        key = (((state[3 * actor] << SHIFT) | state[3 * actor + 1]) << SHIFT) | self.own_wire(actor, state)
        found = self.crashes[actor].get(key)
        if found is None:
            running = state[pending_slot(actor)] > ABSENT
            found = self.crashes[actor][key] = self.crashes_of(actor, state) if running else ()
        return found

    def crashes_of(self, actor: int, state: State) -> tuple[Offer, ...]:
        """Compute the crashes of a running actor."""
        return tuple(self._crash(actor, state))

    def crashed(self, key: int) -> tuple[int, int]:
        """Return the values of the local and the pending slot in a key of `crashes`."""
        return key >> 2 * SHIFT, (key >> SHIFT) & ((1 << SHIFT) - 1)

    def own_wire(self, actor: int, state: State) -> int:
        """Return the value of a client's wire; 0 for any other actor, which opens no connections."""
        return state[wire_slot(actor)] if actor in self.encoding.clients else 0

    def _crash(self, actor: int, state: State) -> Iterator[Offer]:
        name = self.encoding.names[actor]
        pending: Pending = self.encoding.slots[pending_slot(actor)].values[state[pending_slot(actor)]]
        closings = self._take_down(actor, state)
        sets = ((pending_slot(actor), DOWN), *closings.wire)
        budget = self.budgets.of(Crash(name))
        assert budget is not None
        seen = set()
        for landed in landings(writes(self.encoding, pending)):
            thing = self.encoding.actor_in(actor, state[local_slot(actor)])
            observations: list[Observation] = []
            for packet in landed:
                out = Effects(thing)
                self.handlers.call(actor, name, packet, out)
                observations += [o for o in out.observations if o.durable]
            thing.crash()
            value = self.encoding.slots[local_slot(actor)].intern(frozen(thing))
            bundle = self.judging.bundle([*observations, *closings.observations])
            if (value, bundle) not in seen:
                seen.add((value, bundle))
                move = self.moves.intern(Crash(name, landed))
                yield Offer(move, value, (), budget=budget, sets=sets, deltas=closings.deltas, bundle=bundle)

    def _take_down(self, actor: int, state: State) -> _Closings:
        """Return what changes on connections when an actor goes down, and what is observed."""
        name = self.encoding.names[actor]
        observations: list[Observation] = [Crashed(name)]
        closings: Deltas = ()
        if actor in self.encoding.servers:
            delta = self.queues.server_down(actor)
            closings = tuple([(wire_slot(c), delta) for c in self.encoding.clients])
        if actor not in self.encoding.clients:
            return _Closings((), closings, observations)
        wire: Wire = self.encoding.slots[wire_slot(actor)].values[state[wire_slot(actor)]]
        lost = [ConnectionId.of(name, ends.number) for ends in wire.connections if ends.client_open]
        servers = [pending_slot(self.encoding.server_of(actor, connection.count)) for connection in lost]
        drops = [self.queues.drop_answers(connection) for connection in lost]
        deltas = (*closings, *zip(servers, drops, strict=True))
        row = CLOSINGS["client-down"]
        ends = [closed(e, row) if e.client_open else e for e in wire.connections]
        cut = wire._replace(connections=tuple([e for e in ends if e.client_open or e.server_open]))
        observations += [Disconnected(name, row.clean) for _ in lost if isinstance(name, DeviceId)]
        return _Closings(((wire_slot(actor), self.encoding.slots[wire_slot(actor)].intern(cut)),), deltas, observations)

    # ---- backups, restores, reinstalls and abandoned devices

    def affords(self, actor: int, environment: int) -> bool:
        """Return whether any replacement of an actor has a budget left in a value of the environment's slot.

        This is asked first, because replacements are computed again for each value of four slots.
        """
        found = self.afforded[actor].get(environment)
        if found is None:
            left: Left = self.encoding.slots[self.encoding.environment_slot].values[environment]
            found = self.afforded[actor][environment] = any(left.budgets[budget] for budget in self._costs[actor])
        return found

    def replacements(self, actor: int, state: State) -> tuple[Offer, ...]:
        """Return the moves by which an actor's backup can be taken or put back, or the actor replaced or abandoned."""
        key = (state[3 * actor], state[3 * actor + 1], self.own_wire(actor, state), state[-1])
        found = self.replaced[actor].get(key)
        if found is None:
            present = state[pending_slot(actor)] != ABSENT
            found = self.replaced[actor][key] = self.replacements_of(actor, state) if present else ()
        return found

    def replacements_of(self, actor: int, state: State) -> tuple[Offer, ...]:
        """Compute the replacements of an actor that exists."""
        return tuple(self._replace(actor, state))

    def _replace(self, actor: int, state: State) -> Iterator[Offer]:
        left = self.encoding.left(state)
        running = state[pending_slot(actor)] > ABSENT
        if actor in self.backups:
            place, restores = self.backups[actor]
            possible = [(budget, move) for budget, move in restores if left.budgets[budget]]
            if possible and left.backups[place] == NO_BACKUP:
                yield self._keep(actor, state, place)
            elif running:
                for budget, move in possible:
                    yield self._restore(actor, state, place, budget, move)
        if left.appeared < len(self.environment.newcomers) and running:
            spawn = self.environment.newcomers[left.appeared]
            spending = self.budgets.of(spawn)
            if spawn.replaces == self.encoding.names[actor] and spending is not None and left.budgets[spending]:
                yield self._reinstall(actor, state, spawn, spending)

        if actor in self.abandonable and running and left.budgets[self.abandonable[actor]]:
            yield self._abandon(actor, state, self.abandonable[actor])

    def _keep(self, actor: int, state: State, place: int) -> Offer:
        """Return the taking of a backup. It lacks volatile state, so that backups that differ only in this are one."""
        left = self.encoding.left(state)
        thing = self.encoding.actor_in(actor, state[local_slot(actor)])
        thing.crash()
        backup = self.encoding.slots[local_slot(actor)].intern(frozen(thing))
        after = left._replace(backups=_replaced(left.backups, place, backup))
        return self._offer(Keep(self.encoding.names[actor]), state[local_slot(actor)], after)

    def usable(self, left: Left, actor: int) -> bool:
        """Return whether a backup of an actor may still be put back."""
        return any(left.budgets[budget] for budget, _ in self.backups[actor][1])

    def _restore(self, actor: int, state: State, place: int, budget: int, move: Move) -> Offer:
        """Return the restore of a backup. The last restore also removes the backup, on which nothing depends then."""
        left = self.encoding.left(state)
        thing = self.encoding.actor_in(actor, state[local_slot(actor)])
        before = copy(thing)
        self.encoding.actor_in(actor, left.backups[place])
        thing.crash()
        observations: list[Observation] = []
        thing.restored(before, Landed(thing, observations.append))
        after = left._replace(budgets=one_less(left.budgets, budget))
        if not self.usable(after, actor):
            after = after._replace(backups=_replaced(left.backups, place, NO_BACKUP))
        closings = self._take_down(actor, state)
        bundle = self.judging.bundle([*observations, *closings.observations])
        value = self.encoding.slots[local_slot(actor)].intern(frozen(thing))
        sets = ((pending_slot(actor), DOWN), *closings.wire)
        return self._offer(move, value, after, sets, closings.deltas, bundle)

    def _reinstall(self, actor: int, state: State, spawn: Spawn, budget: int) -> Offer:
        """Return the appearance of a newcomer that replaces the actor, which never returns."""
        left = self.encoding.left(state)
        newcomer = self.encoding.place[spawn.actor]
        thing = self.encoding.actor_in(actor, state[local_slot(actor)])
        thing.crash()
        closings = self._take_down(actor, state)
        up = self.encoding.slots[pending_slot(newcomer)].intern(Pending())
        sets = ((pending_slot(actor), ABSENT), *closings.wire, (pending_slot(newcomer), up))
        event = (newcomer, self.encoding.event(spawn.actor, START))
        after = left._replace(appeared=left.appeared + 1, budgets=one_less(left.budgets, budget))
        value = self.encoding.slots[local_slot(actor)].intern(frozen(thing))
        bundle = self.judging.bundle([*closings.observations, Appeared(spawn.actor, spawn.user)])
        return self._offer(spawn, value, after, sets, closings.deltas, bundle, (event,))

    def _abandon(self, actor: int, state: State, budget: int) -> Offer:
        """Return the loss of a device that never returns."""
        left = self.encoding.left(state)
        name = cast(DeviceId, self.encoding.names[actor])
        thing = self.encoding.actor_in(actor, state[local_slot(actor)])
        thing.crash()
        closings = self._take_down(actor, state)
        sets = ((pending_slot(actor), ABSENT), *closings.wire)
        after = left._replace(budgets=one_less(left.budgets, budget))
        value = self.encoding.slots[local_slot(actor)].intern(frozen(thing))
        bundle = self.judging.bundle([*closings.observations, Abandoned(name)])
        return self._offer(Abandon(name), value, after, sets, closings.deltas, bundle)

    def _offer(
        self,
        move: Move,
        value: int,
        after: Left,
        sets: Sets = (),
        deltas: Deltas = (),
        bundle: int = 0,
        events: tuple[tuple[int, int], ...] = (),
    ) -> Offer:
        slot = self.encoding.environment_slot
        sets = (*sets, (slot, self.encoding.slots[slot].intern(after)))
        return Offer(self.moves.intern(move), value, events, sets=sets, deltas=deltas, bundle=bundle)


def _replaced(backups: tuple[int, ...], place: int, backup: int) -> tuple[int, ...]:
    return (*backups[:place], backup, *backups[place + 1 :])
