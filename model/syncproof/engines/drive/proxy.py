"""A TCP proxy between one device and the server: it passes, swallows a direction, delays, cuts.

What is swallowed is gone while the connection stays open: a half-open connection if both directions are. A stream of which
a part was swallowed cannot go on, so `heal` cuts the connections that lost something.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from syncproof.engines.drive.processes import LOOPBACK

Direction = Literal["up", "down"]
"""`up`: to the server; `down`: to the device."""


class _Line:
    """One proxied connection: the two sockets, and whether something of it was swallowed."""

    def __init__(self, device: socket.socket, server: socket.socket) -> None:
        self.ends = {"up": (device, server), "down": (server, device)}
        self.torn = False

    def close(self) -> None:
        for end in self.ends["up"]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Listen on a free port of the loopback interface, and connect whoever comes to the port that `to` returns then."""

    def __init__(self, to: Callable[[], int]) -> None:
        self.to = to
        self.swallowed: set[Direction] = set()
        self.delay_s = 0.0
        self.lines: list[_Line] = []
        self._guard = threading.Lock()
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self, *directions: Direction) -> None:
        """Swallow these directions from now on; the connections stay open."""
        self.swallowed.update(directions)

    def delay(self, seconds: float) -> None:
        """Hold everything for so long before it is passed on."""
        self.delay_s = seconds

    def heal(self) -> None:
        """Pass everything from now on. Connections that lost something are cut."""
        self.swallowed.clear()
        self.delay_s = 0.0
        for line in [line for line in self.lines if line.torn]:
            self._drop(line)

    def cut(self) -> None:
        """Close every connection at both ends."""
        for line in list(self.lines):
            self._drop(line)

    def close(self) -> None:
        """Close everything, and listen no more."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                device, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((LOOPBACK, self.to()), 5.0)
            except OSError:  # the server is down: the device finds its connection closed
                device.close()
                continue
            for end in (device, server):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = _Line(device, server)
            with self._guard:
                self.lines.append(line)
            for direction in ("up", "down"):
                threading.Thread(target=self._pump, args=(line, direction), daemon=True).start()

    def _pump(self, line: _Line, direction: Direction) -> None:
        source, sink = line.ends[direction]
        with suppress(OSError):
            while data := source.recv(65536):
                if self.delay_s:
                    time.sleep(self.delay_s)
                if direction in self.swallowed:
                    line.torn = True
                elif not line.torn:
                    sink.sendall(data)
        if self.swallowed:  # the end of a connection is not passed on either
            line.torn = True
        else:
            self._drop(line)

    def _drop(self, line: _Line) -> None:
        with self._guard:
            if line in self.lines:
                self.lines.remove(line)
        line.close()
