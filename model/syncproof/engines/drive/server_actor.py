"""The process of a server's actor: it accepts connections, and keeps a channel for pushes to each client.

Usage: python -m syncproof.engines.drive.server_actor SPEC.json, and commands on standard input, one JSON object a line.
"""

from __future__ import annotations

import os
import pickle
import socket
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from syncproof.core.hosts import Landed
from syncproof.core.packets import Closed, Expire, Opened, Packet, Tick
from syncproof.core.values import ENVIRONMENT, ConnectionId, DeviceId, Id
from syncproof.engines.drive import journal
from syncproof.engines.drive.actors import Process, carry_out, system_of
from syncproof.engines.drive.adapter import Cast
from syncproof.engines.drive.devices import Command
from syncproof.engines.drive.processes import LOOPBACK
from syncproof.engines.drive.wire import Channel, Hello

TICK_S = 0.05
"""Seconds between two readings of the clock that a server with a clock is told."""
EXPIRE = b'{"do":"expire"}'
"""The command that tells the server that retention deletes."""


class ServerSpec(msgspec.Struct, kw_only=True):
    """What the server's process is told when it starts. `before`: the database before a restore, if there was one."""

    database: str
    port_file: str
    cast: Cast
    before: str = ""
    options: dict[str, Any]


class ServerProcess(Process):
    """The server's actor, its listening socket, and a channel for each connection and each client's pushes."""

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
        self.unnamed: list[Channel] = []
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
        return [*self.unnamed, *self.connections.values(), *self.pushes.values()]

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
                self.unnamed.append(Channel(self.listening.accept()[0]))
        except BlockingIOError:
            pass
        for channel in list(self.unnamed):
            lines = channel.lines()
            if lines:
                self._introduce(channel, msgspec.json.decode(lines[0], type=Hello))
            if lines or channel.gone:
                self.unnamed.remove(channel)

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


if __name__ == "__main__":
    carry_out(lambda: ServerProcess(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=ServerSpec)))
