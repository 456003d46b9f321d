"""What travels between the processes of actors: a line of JSON for each packet, a line to say hello."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress

import msgspec

from syncproof.core.packets import Packet
from syncproof.formats.codec import decode, encode


class Hello(msgspec.Struct):
    """The first line of a connection: which client opens it, and which connection of this client it is.

    `push`: it is the client's channel for pushes, not a connection of the model.
    """

    client: int
    count: int
    push: bool = False


class Channel:
    """One end of a TCP connection, never blocking: packets that came, and whether the other end is gone."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.end = end
        self.hello: Hello | None = None
        self.inbound: deque[Packet] = deque()
        self.gone = False
        self._rest = b""
        self._out = b""

    def fileno(self) -> int:
        """Return the descriptor, for `select`."""
        return self.end.fileno()

    def send(self, packet: Packet) -> None:
        """Send a packet; a channel that is gone drops it."""
        self.write(encode(packet))

    def write(self, line: bytes) -> None:
        """Send a line."""
        self._out += line + b"\n"
        self.flush()

    @property
    def full(self) -> bool:
        """Return whether something waits to be sent."""
        return bool(self._out) and not self.gone

    def flush(self) -> None:
        """Send what waits, as far as the other end takes it."""
        try:
            while self._out:
                self._out = self._out[self.end.send(self._out) :]
        except BlockingIOError:
            pass
        except OSError:
            self.gone = True

    def lines(self) -> list[bytes]:
        """Return the whole lines that have come."""
        try:
            while data := self.end.recv(65536):
                self._rest += data
            self.gone = True
        except BlockingIOError:
            pass
        except OSError:
            self.gone = True
        *lines, self._rest = self._rest.split(b"\n")
        return lines

    def read(self) -> None:
        """Read packets into `inbound`."""
        self.inbound.extend([decode(line, Packet) for line in self.lines()])

    def close(self) -> None:
        """Close the channel."""
        self.gone = True
        with suppress(OSError):
            self.end.shutdown(socket.SHUT_RDWR)
        self.end.close()
