"""Which moves are possible in a world now, by kind, given what is left of its environment's scripts and budgets.

`World.apply` says what a move does and whether it is enabled; this module lists what an engine that chooses at random
can choose from. Budgets, scripts and polls are the `Environment`'s, as in a search, so every sequence of moves chosen
here is a path of the graph that a search visits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from itertools import permutations
from typing import cast

from syncproof.core.environment import Environment
from syncproof.core.fairness import recoveries
from syncproof.core.faults import OWN_MOVES, fault_of
from syncproof.core.forks import changes, fork_world
from syncproof.core.moves import (
    Abandon,
    Arrive,
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Duplicate,
    Failover,
    Fire,
    Handover,
    Keep,
    Lose,
    Move,
    MoveError,
    Notice,
    Restart,
    Restore,
    Spawn,
    Take,
    Tell,
)
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.same import distinct
from syncproof.core.values import ActorId, DeviceId, GatewayId
from syncproof.core.world import System, World

_PENDING: dict[type[Move], str] = {
    Deliver: "deliver",
    Arrive: "arrive",
    Complete: "complete",
    Fire: "fire",
    Take: "take",
}
_RECOVERING: dict[type[Move], str] = {Connect: "connect", Notice: "notice", Restart: "restart"}

UNDER_WAY = tuple(_PENDING.values())
"""The kinds of move that happen by themselves: packets, storage operations, timers, offered steps."""
RECOVERIES = tuple(_RECOVERING.values())
"""The kinds of move by which actors come back."""
ADVERSE = (*OWN_MOVES, "backup", "intervention")
"""The kinds of move that the environment may choose to make: faults, and what leads to them."""
KINDS = ("compose", *UNDER_WAY, "poll", *RECOVERIES, *ADVERSE)
"""The kinds of move to choose from; each fault among them costs one of its budget."""


def landings(writes: Sequence[Packet]) -> Iterator[tuple[Packet, ...]]:
    """Yield what may have landed of the open writes in a crash: each ordered selection once, the shortest first."""
    for length in range(len(writes) + 1):
        yield from distinct(permutations(writes, length))


class RecordingWorld(World):
    """A world that records its moves in `moves`."""

    def __init__(self, system: System, observe: Callable[[Observation], None]) -> None:
        self.moves: list[Move] = []
        super().__init__(system, observe)

    def apply(self, move: Move) -> None:
        """Make the move and record it; one that is not enabled is not recorded."""
        move = self.named(move)
        super().apply(move)
        self.moves.append(move)


class BoundedWorld:
    """A world of `system` after the environment's prelude, and what is left of the environment.

    `told`: how many `Tell`s of each script were made. `newcomers`: the devices that have yet to appear. `left`: the
    budget that is left of each fault. `early`: how often timers of each bounded class may still fire early.
    """

    def __init__(self, system: System, environment: Environment, observe: Callable[[Observation], None]) -> None:
        self.environment = environment
        self.world = RecordingWorld(system, observe)
        for move in environment.prelude:
            self.world.apply(move)
        self.world.moves.clear()
        self.told = [0] * len(environment.scripts)
        self.newcomers = list(environment.newcomers)
        self.left = dict(environment.budgets)
        self.early = dict(environment.early)
        self._possible: dict[str, list[Move]] | None = None
        self._resting = False

    def every(self) -> Iterator[Move]:
        """Yield every move that may be made now. This is the definition of what is possible."""
        for moves in self.possible().values():
            for move in moves:
                if not isinstance(move, Crash):
                    yield move
                elif not move.landed:
                    writes = [packet for packet, write in self.world.operations.get(move.actor, ()) if write]
                    yield from [Crash(move.actor, landed) for landed in landings(writes)]

    def possible(self) -> dict[str, list[Move]]:
        """Return the moves to choose from, by kind. In a crash all, none, or one of the open writes land.

        The other subsets and orders are possible too (`every`), but a dozen open writes can land in more than a billion
        ways: too many to list for an engine that chooses at random.
        """
        if self._possible is None:
            self._possible = {kind: [] for kind in KINDS}
            self._add_pending_and_recoveries(self._possible)
            bounded = self._take_out_bounded(self._possible)
            own = [move for moves in self._possible.values() for move in moves]
            self._add_tells(self._possible)
            self._add_faults(self._possible)
            polls = [Fire(a, p) for a, p in sorted(self.world.polls.items())]
            patient = polls and self.environment.polls == "at-rest"
            self._resting = bool(patient or bounded) and self._is_at_rest(own)
            if polls and (self.environment.polls == "any" or self._resting):
                self._possible["poll"] += polls
            self._possible["fire"] += [m for m in bounded if self._resting or self.early[type(m.packet)] > 0]
        return self._possible

    def make(self, move: Move) -> None:
        """Make a move that was possible, and take it off its budget or script. `MoveError` if it is not enabled."""
        early = self.is_early(move)
        self.world.apply(move)
        self._possible = None
        if early:
            self.early[type(cast(Fire, move).packet)] -= 1
        fault = self._charged_fault(move)
        if fault is not None:
            self.left[fault] -= 1
        elif isinstance(move, Tell):
            number = self._script_with_next(move)
            if number is not None:
                self.told[number] += 1
        if isinstance(move, Spawn):
            self.newcomers.pop(0)

    def attempt(self, move: Move) -> bool:
        """Make a move if it is possible. Return whether it was."""
        # Most moves are of these kinds, whose possibility the world alone decides: no need to list all possible moves.
        world_decides = isinstance(move, Deliver | Arrive | Complete) or (
            isinstance(move, Fire)
            and self.world.polls.get(move.actor) != move.packet
            and type(move.packet) not in self.early
        )
        try:
            move = self.world.named(move)
        except MoveError:
            return False
        if not world_decides and not any(move in found for found in self.possible().values()):
            return False
        try:
            self.make(move)
        except MoveError:
            return False
        return True

    def is_early(self, move: Move) -> bool:
        """Return whether a move is the firing of a bounded timer while other moves are under way."""
        if not isinstance(move, Fire) or type(move.packet) not in self.early:
            return False
        self.possible()
        return not self._resting and self.world.polls.get(move.actor) != move.packet

    def _charged_fault(self, move: Move) -> str | None:
        """Return the fault whose budget a move costs, or None.

        A `Tell` that is both an intervention and next in a script costs the budget as long as any of it is left.
        """
        if isinstance(move, Tell):
            interventions = self.environment.interventions
            return next((fault for tell, fault in interventions if tell == move and self.left.get(fault, 0)), None)
        return fault_of(move)

    def _script_with_next(self, move: Tell) -> int | None:
        """Return the number of the first script whose next `Tell` is this one, or None."""
        for number, script in enumerate(self.environment.scripts):
            if self.told[number] < len(script) and script[self.told[number]] == move:
                return number
        return None

    def _is_at_rest(self, own: Sequence[Move]) -> bool:
        """Return whether none of the moves that happen by themselves would change anything."""
        own = [move for move in own if not self._is_void(move)]
        simple = not any(isinstance(move, Deliver | Connect | Notice | Restart) for move in own)  # these always do
        return simple and not any(changes(self.world, move) for move in own)

    def fork(self, observe: Callable[[Observation], None]) -> BoundedWorld:
        """Return a copy that shares nothing which a move changes."""
        twin = copy(self)
        twin.world = fork_world(self.world, observe)
        twin.told, twin.newcomers, twin.left = list(self.told), list(self.newcomers), dict(self.left)
        twin.early = dict(self.early)
        return twin

    def _is_void(self, move: Move) -> bool:
        """Return whether a move only answers over a connection that has a closed end: the answer is lost.

        Such a move does not keep a poll timer from firing, because completing it changes nothing.
        """
        where = self.world.system.answers_over(move.packet) if isinstance(move, Complete) else None
        if where is None:
            return False
        connection = self.world.connections.get(where)
        return connection is None or not (connection.client_open and connection.server_open)

    def _take_out_bounded(self, found: dict[str, list[Move]]) -> list[Fire]:
        """Remove the timers with a bound from what fires by itself, and return them: they do not keep the world from rest."""
        if not self.early:
            return []
        bounded = [m for m in found["fire"] if isinstance(m, Fire) and type(m.packet) in self.early]
        found["fire"] = [m for m in found["fire"] if m not in bounded]
        return bounded

    def _add_pending_and_recoveries(self, found: dict[str, list[Move]]) -> None:
        for move in self.world.pending():
            found[_PENDING[type(move)]].append(move)
        world = self.world
        for move in recoveries(world.down, world.connections, world.connecting()):
            if isinstance(move, Connect) and not world.may_connect(world.hosts[move.client]):
                continue
            found[_RECOVERING[type(move)]].append(move)

    def _add_tells(self, found: dict[str, list[Move]]) -> None:
        world = self.world
        for script, told in zip(self.environment.scripts, self.told, strict=True):
            if told < len(script) and script[told].actor not in world.down and script[told].actor in world.actors:
                found["compose"].append(script[told])
        for tell, fault in self.environment.interventions:
            if self.left.get(fault, 0) > 0 and tell.actor in world.actors and tell.actor not in world.down:
                found["intervention"].append(tell)

    def _add_faults(self, found: dict[str, list[Move]]) -> None:
        for fault, moves in FAULT_MOVES.items():
            if self.left.get(fault, 0) > 0:
                found[fault] = list(moves(self.world))
        for spawn in self.newcomers[:1]:
            fault = cast(str, fault_of(spawn))
            running = spawn.replaces in self.world.actors and spawn.replaces not in self.world.down
            if self.left.get(fault, 0) > 0 and (spawn.replaces is None or running):
                found[fault] = [spawn]
        for faults, of in RESTORES:
            if any(self.left.get(fault, 0) > 0 for fault in faults):
                found["backup"] += [Keep(name) for name in of(self.world) if name not in self.world.backups]


# ---- the moves that make a fault, each a function of the world


def _devices(world: World) -> list[ActorId]:
    return [name for name in world.actors if isinstance(name, DeviceId)]


def _servers(world: World) -> list[ActorId]:
    return [name for name in world.actors if not isinstance(name, (DeviceId, GatewayId))]


def _gateways(world: World) -> list[ActorId]:
    return [name for name in world.actors if isinstance(name, GatewayId)]


def _lossy(world: World) -> Iterator[Arrive]:
    found = (mail for mail in world.foremost() if world.system.link(mail.packet).lossy)
    return (Arrive(mail.receiver.name, mail.packet, mail.source) for mail in found)


def _disconnects(world: World, clean: bool, of: type[ActorId] = DeviceId) -> Iterator[Move]:
    for connection in world.connections.values():
        if connection.client_open and isinstance(connection.client, of):
            yield Disconnect(connection.client, clean)


def _handovers(world: World) -> Iterator[Move]:
    for name in _devices(world):
        server = world.next_server(world.hosts[name])
        if world.hosts[name].connection is not None and server is not None and not server.down:
            yield Handover(DeviceId(name))


def _crashes(world: World, names: Iterable[ActorId]) -> Iterator[Move]:
    for name in names:
        if name not in world.down:
            writes = [packet for packet, write in world.operations.get(name, ()) if write]
            yield Crash(name)
            yield from [Crash(name, (packet,)) for packet in writes]
            if len(writes) > 1:
                yield Crash(name, tuple(writes))


def _restores(world: World, names: Iterable[ActorId], move: type[Restore | Failover] = Restore) -> Iterator[Move]:
    backups = world.backups
    return (move(name) for name in names if name in backups and name not in world.down)


RESTORES: tuple[tuple[tuple[str, ...], Callable[[World], list[ActorId]]], ...] = (
    (("device-restore",), _devices),
    (("server-restore", "failover"), _servers),
)
"""The faults that need a backup, and of whom one is taken."""

FAULT_MOVES: dict[str, Callable[[World], Iterable[Move]]] = {
    "push-lost": lambda world: [Lose(move.receiver, move.packet, move.source) for move in _lossy(world)],
    "push-duplicated": lambda world: [Duplicate(move.receiver, move.packet, move.source) for move in _lossy(world)],
    "disconnect": lambda world: _disconnects(world, True),
    "half-open": lambda world: _disconnects(world, False),
    "abandoned": lambda world: [Abandon(DeviceId(name)) for name in _devices(world) if name not in world.down],
    "device-crash": lambda world: _crashes(world, _devices(world)),
    "server-crash": lambda world: _crashes(world, _servers(world)),
    "device-restore": lambda world: _restores(world, _devices(world)),
    "server-restore": lambda world: _restores(world, _servers(world)),
    "gateway-crash": lambda world: _crashes(world, _gateways(world)),
    "handover": _handovers,
    "failover": lambda world: _restores(world, _servers(world), Failover),
    "partition": lambda world: _disconnects(world, False, GatewayId),
}
"""The moves that would make each fault now, for the faults that depend on the world alone. Which devices appear, and what
actors are told, the environment says."""
