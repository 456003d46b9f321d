"""The TCP proxy: it passes, swallows a direction, delays, cuts, and does not mend a torn stream."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from syncproof.engines.drive.processes import LOOPBACK, free_port
from syncproof.engines.drive.proxy import Proxy

PATIENCE_S = 10.0
SILENCE_S = 0.2


class Pair:
    """A device and a server with a proxy in between."""

    def __init__(self) -> None:
        self.listening = socket.create_server((LOOPBACK, 0))
        self.proxy = Proxy(lambda: self.listening.getsockname()[1])
        self.device, self.server = self.connect()

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """Return both ends of a new connection."""
        device = socket.create_connection((LOOPBACK, self.proxy.port), PATIENCE_S)
        server = self.listening.accept()[0]
        server.settimeout(PATIENCE_S)
        return device, server

    def close(self) -> None:
        """Close everything."""
        self.proxy.close()
        for each in (self.device, self.server, self.listening):
            each.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def silent(end: socket.socket) -> bool:
    """Whether nothing comes, and the connection stays open."""
    end.settimeout(SILENCE_S)
    try:
        return end.recv(10) is None
    except TimeoutError:
        return True
    finally:
        end.settimeout(PATIENCE_S)


def test_it_passes_both_ways(pair: Pair) -> None:
    pair.device.sendall(b"ping")
    assert pair.server.recv(10) == b"ping"
    pair.server.sendall(b"pong")
    assert pair.device.recv(10) == b"pong"


def test_it_swallows_one_way_and_passes_the_other(pair: Pair) -> None:
    pair.proxy.swallow("down")
    pair.server.sendall(b"lost")
    assert silent(pair.device)
    pair.device.sendall(b"heard")
    assert silent(pair.server), "a stream of which a part is lost carries nothing more"


def test_a_direction_that_is_not_swallowed_is_heard(pair: Pair) -> None:
    pair.proxy.swallow("down")
    pair.device.sendall(b"heard")
    assert pair.server.recv(10) == b"heard"


def test_healing_cuts_what_has_lost_something_and_nothing_else(pair: Pair) -> None:
    other_device, other_server = pair.connect()
    pair.proxy.swallow("down")
    pair.server.sendall(b"lost")
    assert silent(pair.device)
    pair.proxy.heal()
    assert pair.device.recv(10) == b""
    other_server.sendall(b"whole")
    assert other_device.recv(10) == b"whole"
    other_device.close()
    other_server.close()


def test_a_cut_closes_both_ends(pair: Pair) -> None:
    pair.device.sendall(b"x")
    assert pair.server.recv(1) == b"x"
    pair.proxy.cut()
    assert pair.device.recv(10) == b""
    assert pair.server.recv(10) == b""


def test_the_end_of_a_connection_is_not_passed_on_while_it_swallows(pair: Pair) -> None:
    pair.proxy.swallow("up", "down")
    pair.device.close()
    assert silent(pair.server)


def test_a_delay_holds_what_is_sent(pair: Pair) -> None:
    pair.proxy.delay(0.3)
    before = time.monotonic()
    pair.device.sendall(b"late")
    assert pair.server.recv(10) == b"late"
    assert time.monotonic() - before >= 0.3


def test_without_a_server_the_device_finds_its_connection_closed() -> None:
    port = free_port()
    proxy = Proxy(lambda: port)
    with socket.create_connection((LOOPBACK, proxy.port), PATIENCE_S) as device:
        assert device.recv(10) == b""
    proxy.close()
