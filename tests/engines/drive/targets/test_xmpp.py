"""The small XMPP client: it acknowledges what the device has applied, not what it has read."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from syncproof.engines.drive.targets.xmpp import SM, Client, Line

MESSAGE = "<message><body>x</body></message>"


class LoggedIn(Client):
    """A client whose stream is open already, so that a test can be its server."""

    def _log_in(self, user: str, password: str, resource: str) -> None:
        self.line.send("<stream:stream xmlns='jabber:client' xmlns:stream='s'>")


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Client, socket.socket]]:
    device, server = socket.socketpair()
    monkeypatch.setattr(Line, "__init__", lambda line, *_: vars(line).update(socket=device, host="h", depth=0))
    client = LoggedIn(("", 0), "u", "p", "d", 1.0)
    from xml.etree.ElementTree import XMLPullParser

    client.line.parser = XMLPullParser(("start", "end"))
    server.recv(1000)
    server.sendall(b"<stream:stream xmlns='jabber:client' xmlns:stream='s'>")
    yield client, server
    device.close()
    server.close()


def test_a_message_is_acknowledged_when_it_is_applied(ends: tuple[Client, socket.socket]) -> None:
    client, server = ends
    server.sendall(f"<presence/>{MESSAGE}{MESSAGE}<r xmlns='{SM}'/>".encode())
    client.until(lambda: len(client.came) == 2)
    client.take_all()
    assert server.recv(1000).decode() == f"<a xmlns='{SM}' h='1'/>"
    client.applied(3)
    assert server.recv(1000).decode() == f"<a xmlns='{SM}' h='1'/>"
    client.applied(2)
    assert server.recv(1000).decode() == f"<a xmlns='{SM}' h='3'/>"


def test_a_send_waits_for_the_count_that_covers_it(ends: tuple[Client, socket.socket]) -> None:
    client, server = ends
    client.send("<presence/>")
    server.sendall(f"<a xmlns='{SM}' h='1'/>".encode())
    client.patience = 0.1
    with pytest.raises(TimeoutError):
        client.accepted(MESSAGE)
    server.sendall(f"<a xmlns='{SM}' h='3'/>".encode())
    client.accepted(MESSAGE)


def test_a_stream_that_ends_is_a_lost_connection(ends: tuple[Client, socket.socket]) -> None:
    client, server = ends
    server.sendall(b"</stream:stream>")
    with pytest.raises(ConnectionResetError):
        client.take_all()
