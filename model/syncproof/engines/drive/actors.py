"""The process of an actor of the model: its handlers are called as in every engine, its durable fields are in SQLite.

A step is one call of a handler. What it changes in durable fields and what it observes of durable state is one transaction;
only then is anything sent, and only then are the other observations noted. So a process that is killed at any moment has
either done a step or not, and nobody has heard of a step that it has not done.

Storage operations take a time that is drawn for each (`slow_s`), so that they complete in any order; a process that is killed
loses those that are open. Timers run `FASTER` times as fast as the design says.

Usage: python -m syncproof.engines.drive.actors [--server] SPEC.json, and commands on standard input, one JSON object a line.
"""

from __future__ import annotations

import heapq
import os
import pickle
import select
import signal
import socket
import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, cast

import msgspec

from syncproof.core.actor import Actor, Out, made_by_engines
from syncproof.core.hosts import Landed
from syncproof.core.observations import (
    MADE_BY_ENGINES,
    Connected,
    Disconnected,
    Observation,
    Shown,
)
from syncproof.core.packets import Closed, Compose, Expire, Idle, Opened, Packet, Resend, Tick
from syncproof.core.replies import told
from syncproof.core.values import ENVIRONMENT, ActorId, ConnectionId, DeviceId, Id, UserId
from syncproof.core.world import System
from syncproof.engines.drive import journal
from syncproof.engines.drive.adapter import Cast
from syncproof.engines.drive.devices import AGAIN_S, ARMED, Command, Commands, Spec
from syncproof.engines.drive.processes import LOOPBACK
from syncproof.engines.drive.wire import Channel, Hello
from syncproof.errors import place as place_of
from syncproof.errors import raised

FASTER = 100.0
"""How many seconds of the model pass in one real second."""
HOT_S = 0.002
"""Seconds between two polls of a device that looks for something new all the time."""
TICK_S = 0.05
"""Seconds between two readings of the clock that a server with a clock is told."""
EXPIRE = b'{"do":"expire"}'
"""The command that tells the server that retention deletes."""

TABLES = """
CREATE TABLE IF NOT EXISTS fields (name TEXT PRIMARY KEY, image BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class ServerSpec(msgspec.Struct, kw_only=True):
    """What the server's process is told when it starts. `before`: the database before a restore, if there was one."""

    database: str
    port_file: str
    cast: Cast
    before: str = ""
    options: dict[str, Any]


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


class ServerProcess(Process):
    """The server: it accepts connections, and keeps a channel for pushes to each client."""

    def __init__(self, spec: ServerSpec) -> None:
        system = system_of(spec.options, spec.cast)
        assert system.server is not None
        actor = system.cast()[system.server]
        super().__init__(system, actor, spec.database, spec.options["slow_s"])
        if not self.recover():
            journal.note(self.database, *system.opening)
        if spec.before:
            self.put_back(spec.before)
        self.listening = socket.create_server((LOOPBACK, 0), backlog=64)
        self.listening.setblocking(False)
        self.strangers: list[Channel] = []
        self.connections: dict[ConnectionId, Channel] = {}
        self.pushes: dict[int, Channel] = {}
        self.clocked = system.clocked and Tick in actor.handlers
        self._ticked = 0.0
        draft = Path(f"{spec.port_file}.new")
        draft.write_text(str(self.listening.getsockname()[1]))
        os.replace(draft, spec.port_file)

    def put_back(self, before: str) -> None:
        """Let the actor do what its design does after a restore; `before`: the database as it was."""
        assert self.system.server is not None
        former = self.system.cast()[self.system.server]
        database = journal.connect(Path(before))
        former.recover({name: pickle.loads(i) for name, i in database.execute("SELECT name, image FROM fields")})
        database.close()
        landed = Landed(self.actor, lambda seen: self._noted.append((True, seen)))
        self.step(lambda: self.actor.restored(former, landed))

    def channels(self) -> list[Channel]:
        return [*self.strangers, *self.connections.values(), *self.pushes.values()]

    def work(self) -> None:
        if self.clocked and time.monotonic() - self._ticked > TICK_S:
            self._ticked = time.monotonic()
            self.handle(ENVIRONMENT, Tick(int(self._ticked * 1000)))
        self._welcome()
        busy = True
        while busy:
            busy = False
            for name, channel in list(self.connections.items()):
                channel.read()
                busy = self.take(name, channel.inbound) or busy
                if channel.gone and not channel.inbound:
                    del self.connections[name]
                    channel.close()
                    self.handle(name, Closed(name))
            for client, channel in list(self.pushes.items()):
                channel.read()
                busy = self.take(DeviceId(client), channel.inbound) or busy
                if channel.gone:
                    del self.pushes[client]
                    channel.close()

    def _welcome(self) -> None:
        """Accept connections, and read what they say first."""
        try:
            while True:
                self.strangers.append(Channel(self.listening.accept()[0]))
        except BlockingIOError:
            pass
        for channel in list(self.strangers):
            lines = channel.lines()
            if lines:
                self._introduce(channel, msgspec.json.decode(lines[0], type=Hello))
            if lines or channel.gone:
                self.strangers.remove(channel)

    def _introduce(self, channel: Channel, hello: Hello) -> None:
        channel.hello = hello
        channel.write(b"{}")
        if hello.push:
            self.pushes[hello.client] = channel
            return
        name = ConnectionId.of(hello.client, hello.count)
        self.connections[name] = channel
        self.handle(name, Opened(name, DeviceId(hello.client)))

    def deliver(self, destination: Id, packet: Packet) -> None:
        if isinstance(destination, ConnectionId):
            channel = self.connections.get(destination)
        elif isinstance(destination, DeviceId) and self.system.link(packet).lossy:
            channel = self.pushes.get(int(destination))
        else:
            raise self.unlinked(packet, destination)
        if channel is not None:
            channel.send(packet)

    def obey(self, command: Command) -> None:
        if command.do == "expire":
            self.handle(ENVIRONMENT, Expire())


class DeviceProcess(Process):
    """A device: it connects as long as it is to be online, over a connection and a channel for pushes."""

    def __init__(self, spec: Spec) -> None:
        system = system_of(spec.options, spec.cast)
        device = DeviceId(spec.device)
        if spec.new:
            assert system.spawn is not None
            actor = system.spawn(device, UserId(spec.user), None)
        else:
            actor = system.cast()[cast(ActorId, device)]
        super().__init__(system, actor, spec.database, spec.options["slow_s"])
        self.recover()
        self.device, self.port, self.push_port = device, spec.port, spec.push_port
        self.armed = Path(spec.database).parent / ARMED
        self.wants = False
        self.name: ConnectionId | None = None
        self.connection: Channel | None = None
        self.push: Channel | None = None

    def channels(self) -> list[Channel]:
        return [channel for channel in (self.connection, self.push) if channel is not None]

    def work(self) -> None:
        if self.wants and self.connection is None:
            self._connect()
        if self.connection is None or self.name is None:
            return
        if self.push is None:
            self.push = self._open(self.push_port, True)
        self.connection.read()
        busy = True
        while busy:
            busy = self.take(self.name, self.connection.inbound)
            if self.push is not None:
                self.push.read()
                busy = self.take(cast(ActorId, self.system.server), self.push.inbound) or busy
        if self.push is not None and self.push.gone:
            self.push.close()
            self.push = None
        if self.connection.gone and not self.connection.inbound:
            self._lost(clean=False)

    def _connect(self) -> None:
        """Open a connection with a number of its own, which is kept before anybody sees it."""
        row = self.database.execute("SELECT value FROM counts WHERE name = 'connects'").fetchone()
        connects = (row[0] if row else 0) + 1
        self.database.execute("REPLACE INTO counts VALUES ('connects', ?)", (connects,))
        self.push = self._open(self.push_port, True)
        opened = self._open(self.port, False, connects) if self.push is not None else None
        if opened is None:
            self._drop_push()
            return
        self.connection, self.name = opened, ConnectionId.of(int(self.device), connects)
        journal.note(self.database, Connected(self.device))
        self.handle(self.name, Opened(self.name, self.device))

    def _open(self, port: int, push: bool, connects: int = 0) -> Channel | None:
        """Open a channel and wait until the server has welcomed it; None if it cannot be reached."""
        try:
            end = socket.create_connection((LOOPBACK, port), AGAIN_S * 4)
            end.sendall(msgspec.json.encode(Hello(int(self.device), connects, push)) + b"\n")
            welcome = b""
            while welcome != b"{}\n":
                data = end.recv(3 - len(welcome))
                if not data:
                    end.close()
                    return None
                welcome += data
        except OSError:
            return None
        return Channel(end)

    def _drop_push(self) -> None:
        if self.push is not None:
            self.push.close()
            self.push = None

    def _lost(self, clean: bool) -> None:
        """Close the connection and let the actor know."""
        if self.connection is None or self.name is None:
            return
        name = self.name
        self.connection.close()
        self._drop_push()
        self.connection = self.name = None
        journal.note(self.database, Disconnected(self.device, clean))
        self.handle(name, Closed(name))

    def deliver(self, destination: Id, packet: Packet) -> None:
        if isinstance(destination, ConnectionId):
            if destination == self.name and self.connection is not None:
                self.connection.send(packet)
        elif destination == self.system.server and self.system.link(packet).lossy:
            if self.push is not None:
                self.push.send(packet)
        else:
            raise self.unlinked(packet, destination)

    def obey(self, command: Command) -> None:
        if command.do == "connect":
            self.wants = True
        elif command.do == "disconnect":
            self.wants = False
            self._lost(clean=True)
        elif command.do == "compose":
            self.handle(ENVIRONMENT, Compose(command.composed(self.device)))
        elif command.do == "resend":
            if Resend in self.actor.handlers:
                self.handle(ENVIRONMENT, Resend())
        elif command.do == "hot":
            self.hot = True
        elif command.do == "crash-between":
            self.crashing = True
            self.armed.touch()
        elif command.do == "end":
            self.ended = True


def main(arguments: list[str]) -> None:
    """Run an actor until it is ended. What a handler raises is one line, with the file and the line of the handler."""
    text = Path(arguments[-1]).read_bytes()
    process: Process
    if arguments[0] == "--server":
        process = ServerProcess(msgspec.json.decode(text, type=ServerSpec))
    else:
        process = DeviceProcess(msgspec.json.decode(text, type=Spec))
    try:
        process.run()
    except Exception as error:
        raise SystemExit(f"{place_of(error)}: {raised(error)}") from None


if __name__ == "__main__":
    main(sys.argv[1:])
