"""The server of a design in this process, with a real socket under it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from syncproof.core.packets import Closed, Opened, Packet
from syncproof.core.values import ConnectionId, Id
from syncproof.engines.drive.adapter import Cast
from syncproof.engines.drive.devices import Command
from syncproof.engines.drive.server_actor import EXPIRE, ServerProcess, ServerSpec
from syncproof.engines.drive.wire import Hello

OPTIONS = {"system": "syncproof.studies.driven:system", "arguments": ["timeline-notify"], "slow_s": 0.0}


class Listening(ServerProcess):
    """A server process that says what it handled."""

    def __init__(self, folder: Path) -> None:
        self.handled: list[tuple[Id, Packet]] = []
        spec = ServerSpec(
            database=str(folder / "server.db"),
            port_file=str(folder / "port"),
            cast=Cast(owners=(0, 1), members=((0, 1),)),
            options=OPTIONS,
        )
        super().__init__(spec)

    def handle(self, source: Id, packet: Packet) -> None:
        self.handled.append((source, packet))
        super().handle(source, packet)

    def until(self, count: int) -> list[type[Packet]]:
        """Work until so many packets from outside were handled, at most ten seconds; return what they are."""
        over = time.monotonic() + 10
        while len(self.kinds()) < count and time.monotonic() < over:
            self.work()
        return self.kinds()

    def kinds(self) -> list[type[Packet]]:
        return [type(packet) for source, packet in self.handled if isinstance(source, ConnectionId)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Listening]:
    server = Listening(tmp_path)
    yield server
    for channel in server.channels():
        channel.close()
    server.listening.close()
    server.database.close()


def connected(server: Listening, folder: Path, push: bool = False) -> socket.socket:
    """Connect as the first device does, to the port that the server wrote."""
    end = socket.create_connection(("127.0.0.1", int((folder / "port").read_text())), 10)
    end.sendall(msgspec.json.encode(Hello(0, 1, push)) + b"\n")
    return end


def test_a_client_that_says_hello_is_welcomed_and_has_a_connection(server: Listening, tmp_path: Path) -> None:
    with connected(server, tmp_path) as end:
        assert server.until(1) == [Opened]
        assert end.recv(3) == b"{}\n"
        assert list(server.connections) == [ConnectionId.of(0, 1)]


def test_a_client_that_goes_closes_its_connection(server: Listening, tmp_path: Path) -> None:
    connected(server, tmp_path).close()
    assert server.until(2) == [Opened, Closed]
    assert server.connections == {}


def test_a_channel_for_pushes_is_no_connection(server: Listening, tmp_path: Path) -> None:
    with connected(server, tmp_path, push=True) as end:
        over = time.monotonic() + 10
        while not server.pushes and time.monotonic() < over:
            server.work()
        assert end.recv(3) == b"{}\n"
        assert (list(server.pushes), server.connections, server.kinds()) == ([0], {}, [])


def test_the_command_for_retention_reaches_the_server(server: Listening) -> None:
    server.obey(msgspec.json.decode(EXPIRE, type=Command))
    assert [type(packet).__name__ for _, packet in server.handled] == ["Expire"]
