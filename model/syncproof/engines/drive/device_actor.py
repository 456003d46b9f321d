"""The process of a device's actor: it connects as long as it is to be online.

Usage: python -m syncproof.engines.drive.device_actor SPEC.json, and commands on standard input, one JSON object a line.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import cast

import msgspec

from syncproof.core.observations import Connected, Disconnected
from syncproof.core.packets import Closed, Compose, Opened, Packet, Resend
from syncproof.core.values import ENVIRONMENT, ActorId, ConnectionId, DeviceId, Id, UserId
from syncproof.engines.drive import journal
from syncproof.engines.drive.actors import Process, carry_out, system_of
from syncproof.engines.drive.devices import AGAIN_S, ARMED, Command, Spec
from syncproof.engines.drive.processes import LOOPBACK
from syncproof.engines.drive.wire import Channel, Hello


class DeviceProcess(Process):
    """The device's actor, its connection and its channel for pushes."""

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


if __name__ == "__main__":
    carry_out(lambda: DeviceProcess(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Spec)))
