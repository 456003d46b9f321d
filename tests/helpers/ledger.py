"""A world that adds up what its server stores, and a walk through it that crashes, restores and repeats at random."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any

from syncproof.core.hosts import Host, Landed, Operation
from syncproof.core.moves import Connect, Crash, Disconnect, Keep, Move, MoveError, Restart, Restore, Spawn, Tell
from syncproof.core.packets import Compose, Expire, Packet, Resend
from syncproof.core.values import SERVER, ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.core.world import System, World
from syncproof.designs import Parameters, Population
from syncproof.inputs.lookup import get

PEOPLE = Population((0, 0, 1), ((0, 1), (0,)))
OWN = ("message-store", "sync-store", "sequencer", "checkpoints", "consumers")
"""The stores of logs; those of members and devices are kept by the base class."""


class LedgerHost(Host):
    """A host that counts the bytes of an operation when its change is made."""

    world: Ledger

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        assert min(rows, bytes, replaces) >= 0
        self._begin(store, bytes - replaces, then)

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        assert min(rows, bytes) >= 0
        self._begin(store, -bytes, then)

    def _begin(self, store: str, bytes: int, then: Packet | None) -> None:
        if then is None:
            self.world.stored[store] += bytes
        else:
            self.world.charges[self.operate(then, True)] = (store, bytes)


class LedgerLanded(Landed):
    """The `Out` of a write that landed in a crash: what it stores without a completion of its own counts."""

    __slots__ = ("world",)

    def __init__(self, world: Ledger) -> None:
        super().__init__(world.actors[SERVER], world.observe)
        self.world = world

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        if then is None:
            self.world.stored[store] += bytes - replaces

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        if then is None:
            self.world.stored[store] -= bytes


class Ledger(World):
    """A world in which `stored` is what its stores hold by the operations that made their change."""

    host_type = LedgerHost

    def __init__(self, system: System) -> None:
        self.stored: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.charges: dict[Operation, tuple[str, int]] = {}
        super().__init__(system)
        self.stored.update(self.actors[SERVER].held() or {})

    def complete(self, operation: Operation) -> bool:
        if operation in operation.host.operations:
            self._count(operation)
        return super().complete(operation)

    def _count(self, operation: Operation) -> None:
        store, bytes = self.charges.pop(operation, ("", 0))
        self.stored[store] += bytes

    def crash(self, host: Host, landed: Any = ()) -> bool:
        for operation in landed:
            self._count(operation)
        return super().crash(host, landed)

    def landing(self, host: Host) -> Landed:
        return LedgerLanded(self) if host.name == SERVER else super().landing(host)

    def keep(self, host: Host) -> bool:
        self.kept = self.stored.copy()
        return super().keep(host)

    def restore(self, host: Host) -> bool:
        done = super().restore(host)
        if done:
            self.stored = self.kept.copy()
        return done

    def differences(self) -> dict[str, tuple[int, int]]:
        """Return (bytes counted, bytes held) of each store in which they differ."""
        held = self.actors[SERVER].held()
        assert held is not None
        return {name: (self.stored[name], held.get(name, 0)) for name in OWN if self.stored[name] != held.get(name, 0)}


def walk(design: str, seed: int, steps: int = 400, **parameters: Any) -> Ledger:
    """Return a world after a walk of moves that are drawn at random, some of them faults; it is at rest."""
    random = Random(seed)
    world = Ledger(get(design).system(PEOPLE, Parameters(**parameters)))
    composed = 0
    devices = [DeviceId(0), DeviceId(1), DeviceId(2)]

    def attempt(move: Move) -> None:
        with suppress(MoveError):
            world.apply(move)

    for _ in range(steps):
        what, device = random.random(), random.choice(devices)
        if what < 0.08:
            message = Message(MessageId(composed), device, ConversationId(device == 0 and random.randrange(2)), 10)
            composed += 1
            attempt(Tell(device, Compose(message)))
        elif what < 0.12:
            attempt(Tell(device, Resend()))
        elif what < 0.15:
            attempt(Disconnect(device, random.random() < 0.5))
        elif what < 0.25:
            attempt(Connect(device))
        elif what < 0.27:
            open_writes = [packet for packet, write in world.operations.get(SERVER, ()) if write]
            random.shuffle(open_writes)
            attempt(Crash(SERVER, tuple(open_writes[: random.randrange(len(open_writes) + 1)])))
        elif what < 0.28:
            attempt(Keep(SERVER))
        elif what < 0.285:
            attempt(Restore(SERVER))
        elif what < 0.29 and len(devices) < 5:
            replaced = random.choice((None, devices[-1]))
            attempt(Spawn(DeviceId(len(devices)), UserId(1), replaced))
            devices.append(DeviceId(len(devices)))
        elif what < 0.32:
            attempt(Tell(SERVER, Expire()))
        elif what < 0.37:
            attempt(Restart(SERVER))
        elif moves := list(world.pending()):
            world.apply(random.choice(moves))
    attempt(Restart(SERVER))
    for _ in range(2000):
        if (pending := next(world.pending(), None)) is None:
            break
        world.apply(pending)
    return world
