"""A small XMPP client: enough to log in, send and receive messages, count and acknowledge stanzas, and query an archive.

Libraries acknowledge a stanza as soon as they have read it (XEP-0198), before the application has applied it. This client
acknowledges a message when it is told to, so that what a crash takes is what a careful application would lose.
"""

from __future__ import annotations

import base64
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, XMLPullParser

CLIENT = "{jabber:client}"
SM = "urn:xmpp:sm:3"
MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"
STANZAS = (f"{CLIENT}message", f"{CLIENT}presence", f"{CLIENT}iq")
COUNTERS = 2**32
"""Counts of stanzas begin again after so many."""


class Line:
    """A stream of XML elements over one connection. Every method raises `OSError` if the connection is lost."""

    def __init__(self, address: tuple[str, int], seconds: float) -> None:
        self.socket = socket.create_connection(address, seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = "localhost"
        self.parser: Any = None
        self.depth = 0

    def open(self) -> Element:
        """Begin a stream; return the features that the server offers."""
        self.parser = XMLPullParser(("start", "end"))
        self.depth = 0
        self.send(
            f"<?xml version='1.0'?><stream:stream to='{self.host}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        return self.expect()

    def send(self, text: str) -> None:
        """Send XML as it is."""
        self.socket.sendall(text.encode())

    def expect(self, seconds: float = 1.0) -> Element:
        """Return the next element; raise `TimeoutError` if there is none in time."""
        found = self.read(seconds)
        if found is None:
            raise TimeoutError("the server does not reply")
        return found

    def read(self, seconds: float) -> Element | None:
        """Return the next element; None if there is none within so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            for event, element in self.parser.read_events():
                self.depth += 1 if event == "start" else -1
                if event == "end" and self.depth == 1:
                    whole: Element = element
                    return whole
                if self.depth == 0:
                    raise ConnectionResetError("the server ended the stream")
            self.socket.settimeout(max(deadline - time.monotonic(), 0.0001))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return None
            if not data:
                raise ConnectionResetError("the server closed the connection")
            self.parser.feed(data)


class Client:
    """A device that is logged in. `came`: messages not taken yet, each with its count of incoming stanzas."""

    def __init__(self, address: tuple[str, int], user: str, password: str, resource: str, patience: float) -> None:
        self.patience = patience
        self.line = Line(address, patience)
        self.line.socket.settimeout(patience)
        self.came: deque[tuple[int, Element]] = deque()
        self.waiting: set[int] = set()
        self.counted = self.sent = self.acknowledged = 0
        self.replies: dict[str, Element] = {}
        self.asked = 0
        self._log_in(user, password, resource)

    def _log_in(self, user: str, password: str, resource: str) -> None:
        line = self.line
        line.open()
        secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        line.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>")
        if not line.expect(self.patience).tag.endswith("success"):
            raise ConnectionRefusedError(f"{user} may not log in")
        line.open()
        line.send(
            "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            f"<resource>{resource}</resource></bind></iq>"
        )
        line.expect(self.patience)
        line.send(f"<enable xmlns='{SM}'/>")
        line.expect(self.patience)

    def close(self) -> None:
        """End the stream in an orderly way."""
        with suppress(OSError):
            self.line.send("</stream:stream>")
            self.line.socket.shutdown(socket.SHUT_WR)
        self.line.socket.close()

    # ---- what comes

    def until(self, done: Callable[[], bool]) -> None:
        """Take what comes until something is so. Raises `TimeoutError` if it takes too long."""
        deadline = time.monotonic() + self.patience
        while not done():
            found = self.line.read(deadline - time.monotonic())
            if found is None:
                raise TimeoutError("the server does not reply")
            self._take(found)

    def take_all(self) -> None:
        """Take what has come."""
        while (found := self.line.read(0.0)) is not None:
            self._take(found)

    def _take(self, element: Element) -> None:
        if element.tag == f"{{{SM}}}r":
            self.acknowledge()
        elif element.tag == f"{{{SM}}}a":
            self.acknowledged = int(element.get("h", "0"))
        elif element.tag in STANZAS:
            self.counted += 1
            if element.tag == f"{CLIENT}message":
                self.waiting.add(self.counted)
                self.came.append((self.counted, element))
            elif element.tag == f"{CLIENT}iq":
                self.replies[element.get("id", "")] = element

    def applied(self, *counts: int) -> None:
        """Note that messages are applied, by their counts, and acknowledge what can be acknowledged."""
        self.waiting.difference_update(counts)
        self.acknowledge()

    def acknowledge(self) -> None:
        """Tell the server how many stanzas are applied: all before the first message that is not."""
        applied = min(self.waiting) - 1 if self.waiting else self.counted
        self.line.send(f"<a xmlns='{SM}' h='{applied % COUNTERS}'/>")

    # ---- what is sent

    def send(self, stanza: str) -> int:
        """Send a stanza; return its count."""
        self.line.send(stanza)
        self.sent += 1
        return self.sent

    def accepted(self, stanza: str) -> None:
        """Send a stanza, and wait until the server says that it has it."""
        count = self.send(stanza)
        self.line.send(f"<r xmlns='{SM}'/>")
        self.until(lambda: self.acknowledged >= count)

    def ask(self, kind: str, request: str) -> Element:
        """Send a request (`get` or `set`), and return the reply."""
        self.asked += 1
        name = f"q{self.asked}"
        self.send(f"<iq type='{kind}' id='{name}'>{request}</iq>")
        self.until(lambda: name in self.replies)
        reply = self.replies.pop(name)
        if reply.get("type") == "error":
            raise ConnectionAbortedError(ElementTree.tostring(reply, encoding="unicode")[:200])
        return reply

    def archived(self, after: str, most: int) -> tuple[list[tuple[int, Element]], str, bool]:
        """Return a page of the user's archive: (count, message), the id of the last entry, and whether that is all."""
        at = f"<after>{after}</after>" if after else ""
        reply = self.ask("set", f"<query xmlns='{MAM}'><set xmlns='{RSM}'><max>{most}</max>{at}</set></query>")
        found = [(count, each) for count, each in self.came if each.find(f"{{{MAM}}}result") is not None]
        self.came = deque([each for each in self.came if each not in found])
        end = reply.find(f"{{{MAM}}}fin")
        last = reply.findtext(f".//{{{RSM}}}last", default=after)
        return found, last, end is not None and end.get("complete") == "true"
