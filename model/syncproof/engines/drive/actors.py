"""The process of an actor of the model: its handlers are called as in every engine, its durable fields are in SQLite.

A step is one call of a handler. What it changes in durable fields and what it observes of durable state is one transaction;
only then is anything sent, and only then are the other observations noted. So a process that is killed at any moment has
either done a step or not, and nobody has heard of a step that it has not done.

Storage operations take a time that is drawn for each (`slow_s`), so that they complete in any order; a process that is killed
loses those that are open. Timers run `FASTER` times as fast as the design says.

`server_actor` and `device_actor` are the programs.
"""

from __future__ import annotations

import heapq
import os
import pickle
import select
import signal
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from syncproof.core.actor import Actor, Out, made_by_engines
from syncproof.core.observations import MADE_BY_ENGINES, Observation, Shown
from syncproof.core.packets import Idle, Packet
from syncproof.core.replies import told
from syncproof.core.values import ConnectionId, Id
from syncproof.core.world import System
from syncproof.engines.drive import journal
from syncproof.engines.drive.adapter import Cast
from syncproof.engines.drive.devices import AGAIN_S, Command, Commands
from syncproof.engines.drive.wire import Channel
from syncproof.errors import place as place_of
from syncproof.errors import raised

FASTER = 100.0
"""How many seconds of the model pass in one real second."""
HOT_S = 0.002
"""Seconds between two polls of a device that looks for something new all the time."""

TABLES = """
CREATE TABLE IF NOT EXISTS fields (name TEXT PRIMARY KEY, image BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


def system_of(options: dict[str, Any], cast: Cast) -> System:
    """Return the system that the options name: `system` is `module:function`, called with `arguments` and the cast."""
    module, _, function = options["system"].partition(":")
    made: System = getattr(import_module(module), function)(*options["arguments"], cast.owners, cast.members)
    return made


class Process(Out, ABC):
    """One actor in its process: the `Out` of its handlers, its store, its timers, its channels."""

    def __init__(self, system: System, actor: Actor, database: str, slow_s: float) -> None:
        self.system, self.actor, self.slow_s = system, actor, slow_s
        self.database = journal.connect(Path(database), "NORMAL")
        self.database.executescript(TABLES)
        self.random = Random(f"{int(actor.id)} {time.monotonic_ns()}")
        self.commands = Commands()
        self.ended = False
        self.hot = False
        self.crashing = False
        self._numbers = count()
        self._due: list[tuple[float, int, Packet, bool]] = []
        """Operations and timers: when, a number, the packet, whether it is a timer."""
        self._armed: dict[Packet, int] = {}
        self._sends: list[tuple[Id, Packet]] = []
        self._noted: list[tuple[bool, Observation]] = []
        self._written: dict[str, Any] = {}

    # ---- the interface of handlers

    def send(self, destination: Id, packet: Packet) -> None:
        self._noted.extend([(False, said) for said in told(packet)])
        self._sends.append((destination, packet))

    def after(self, delay: float, packet: Packet, jitter: float = 0.0) -> None:
        self._arm((delay / FASTER) * (1 + jitter * self.random.random()), packet)

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        self._arm(HOT_S if self.hot else delay / FASTER, packet)

    def cancel(self, packet: Packet) -> None:
        self._armed.pop(packet, None)

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        self._operate(then)

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        self._operate(then)

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        self._operate(then)

    def observe(self, observation: Observation) -> None:
        if type(observation) in MADE_BY_ENGINES:
            raise made_by_engines(self.actor, type(observation))
        self._noted.append((observation.durable, observation))

    def _operate(self, then: Packet | None) -> None:
        if then is not None:
            due = time.monotonic() + self.slow_s * self.random.random()
            heapq.heappush(self._due, (due, next(self._numbers), then, False))

    def _arm(self, delay: float, packet: Packet) -> None:
        number = self._armed[packet] = next(self._numbers)
        heapq.heappush(self._due, (time.monotonic() + delay, number, packet, True))

    # ---- steps

    def recover(self) -> bool:
        """Put the actor's durable fields back from the store; return whether there were any."""
        rows = self.database.execute("SELECT name, image FROM fields").fetchall()
        self._written = {name: pickle.loads(image) for name, image in rows}
        self.actor.recover(self._written)
        return bool(rows)

    def step(self, call: Callable[[], object]) -> None:
        """Call a handler, commit what it changed, then send, then note what a running process did."""
        call()
        noted, sends = self._noted, self._sends
        self._noted, self._sends = [], []
        at = time.monotonic_ns()
        fields = self.actor.durable_fields()
        changed = {name: image for name, image in fields.items() if self._written.get(name, self) != image}
        durable = [(at + place, seen) for place, (lasts, seen) in enumerate(noted) if lasts]
        if changed or durable:
            self.database.execute("BEGIN")
            rows = [(name, pickle.dumps(image)) for name, image in changed.items()]
            self.database.executemany("REPLACE INTO fields VALUES (?, ?)", rows)
            for stamp, seen in durable:
                journal.note(self.database, seen, at=stamp)
            self.database.execute("COMMIT")
            self._written.update(changed)
        if self.crashing and any(isinstance(seen, Shown) for _, seen in noted):
            os.kill(os.getpid(), signal.SIGKILL)
        for destination, packet in sends:
            self.deliver(destination, packet)
        for place, (lasts, seen) in enumerate(noted):
            if not lasts:
                journal.note(self.database, seen, at=at + place)

    def handle(self, source: Id, packet: Packet) -> None:
        """Let the actor handle a packet. A reply that accepts or refuses a message is noted by its receiver too.

        The server notes it when it has sent it, and may be killed in between.
        """
        if isinstance(source, ConnectionId):
            self._noted.extend([(True, said) for said in told(packet)])
        self.step(lambda: self.actor.handle(source, packet, self))

    def accepts(self, source: Id, packet: Packet) -> bool:
        """Return whether the actor receives a packet now."""
        guard = self.actor.guards.get(type(packet))
        return guard is None or bool(guard(self.actor, source, packet))

    def take(self, source: Id, inbound: deque[Packet]) -> bool:
        """Let the actor handle what came over a channel, as far as it accepts it; return whether it handled anything."""
        before = len(inbound)
        while inbound and self.accepts(source, inbound[0]):
            self.handle(source, inbound.popleft())
        return len(inbound) < before

    def run_due(self) -> None:
        """Complete the operations and fire the timers that are due, then take the steps that the actor offers."""
        while self._due and self._due[0][0] <= time.monotonic():
            _, number, packet, timer = heapq.heappop(self._due)
            if timer:
                if self._armed.get(packet) != number:
                    continue
                del self._armed[packet]
            self.handle(self.actor.id, packet)
        if self.actor.offers_steps:
            for packet in list(self.actor.steps()):
                self.handle(self.actor.id, packet)

    def pause(self, most: float) -> float:
        """Return the seconds until something is due, at most so many."""
        return max(0.0, min(most, self._due[0][0] - time.monotonic())) if self._due else most

    def run(self) -> None:
        """Run until the harness says that it is enough."""
        self.step(lambda: self.actor.start(self))
        while not (self.ended or self.commands.over):
            self.work()
            self.run_due()
            reading: list[Any] = [0, *self.channels()]
            writing = [channel for channel in self.channels() if channel.full]
            ready, free, _ = select.select(reading, writing, [], self.pause(AGAIN_S))
            for channel in free:
                channel.flush()
            if 0 in ready:
                for line in self.commands.wait(0.0):
                    self.obey(msgspec.json.decode(line, type=Command))

    # ---- what servers and devices do differently

    @abstractmethod
    def channels(self) -> list[Channel]:
        """Return the open channels."""

    @abstractmethod
    def work(self) -> None:
        """Connect, accept and read, and let the actor handle what has come."""

    @abstractmethod
    def deliver(self, destination: Id, packet: Packet) -> None:
        """Send a packet over a connection or as a push."""

    @abstractmethod
    def obey(self, command: Command) -> None:
        """Carry out a command of the harness."""

    def unlinked(self, packet: Packet, destination: Id) -> TypeError:
        """Return the error for a packet that no channel can carry."""
        return TypeError(
            f"{type(packet).__name__} to {destination!r}: driven systems have one server and devices, and links that are lossy"
        )


def carry_out(make: Callable[[], Process]) -> None:
    """Make a process and run it until it is ended. What a handler raises is one line, with its file and its line there."""
    try:
        make().run()
    except Exception as error:
        raise SystemExit(f"{place_of(error)}: {raised(error)}") from None
