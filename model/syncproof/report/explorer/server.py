"""Serve the page on this machine alone, for as long as the command runs.

The server listens on 127.0.0.1, on a free port. Every address begins with a token that is drawn when it starts; without it
nothing is answered but 403, and so is a request whose `Host` is not this server (a page elsewhere whose name resolves to
127.0.0.1). It keeps nothing between two requests, so tabs do not disturb each other.
"""

from __future__ import annotations

import hmac
import secrets
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from syncproof.core.moves import Move
from syncproof.errors import InputError, place, raised
from syncproof.report.explorer import page, runs
from syncproof.report.explorer.address import parse
from syncproof.report.explorer.page import PageData
from syncproof.report.explorer.view import place_shown, way_shown
from syncproof.report.explorer.walk import Walk

LOOPBACK = "127.0.0.1"
METHODS = ("GET", "POST")
SECONDS = 30
"""How long a connection may be silent."""
STALE = (
    "this address is not of the explorer that runs now; allowed: the address that `syncproof explore --serve` printed"
)


@dataclass(frozen=True)
class Site:
    """What is served. `save`: writes the moves of a way into a file and returns its name."""

    walk: Walk
    data: PageData
    save: Callable[[list[Move]], str]


class RefusedRequest(Exception):
    """A request that is answered with an error status and one line."""

    def __init__(self, status: HTTPStatus, says: str) -> None:
        super().__init__(says)
        self.status = status


class PageServer(ThreadingHTTPServer):
    """A server of one site. `url`: the address of its page."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, site: Site) -> None:
        self.site = site
        self.token = secrets.token_urlsafe(24)
        self.searching = Lock()
        super().__init__((LOOPBACK, 0), PageRequest)

    @property
    def url(self) -> str:
        """Return the address of the page, with its token."""
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/"

    def server_bind(self) -> None:
        """Bind the port without asking the name service for a name of this machine."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, int(self.socket.getsockname()[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a tab that was closed; tell every other error in one line."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            print(f"syncproof: explorer: {raised(error)}", file=sys.stderr, flush=True)


class PageRequest(BaseHTTPRequestHandler):
    """Answer one request."""

    server: PageServer
    timeout = SECONDS
    server_version, sys_version = "syncproof", ""

    def do_GET(self) -> None:
        """Send the page, the view of a place, or a run that was asked for."""
        self._answer({"": self._page, "view": self._view, "run": self._run})

    def do_POST(self) -> None:
        """Save a way as a moves file."""
        self._answer({"save": self._save})

    def _answer(self, known: dict[str, Callable[[dict[str, str]], tuple[str, bytes]]]) -> None:
        status = HTTPStatus.OK
        try:
            name, query = self._asked()
            if not known:
                raise RefusedRequest(
                    HTTPStatus.METHOD_NOT_ALLOWED, f"{self.command!r:.20}: allowed: {', '.join(METHODS)}"
                )
            if name not in known:
                raise RefusedRequest(
                    HTTPStatus.NOT_FOUND, f"{self.command} {name!r:.60}: allowed: {', '.join(map(repr, known))}"
                )
            kind, body = known[name](query)
        except RefusedRequest as refused:
            status, kind, body = refused.status, "application/json", _told(str(refused))
        except InputError as error:
            status, kind, body = HTTPStatus.BAD_REQUEST, "application/json", _told(str(error))
        except (Exception, SystemExit) as error:  # of the design's own code
            where = place(error)
            status, kind = HTTPStatus.INTERNAL_SERVER_ERROR, "application/json"
            body = _told(f"{where}{': ' * bool(where)}{raised(error)}")
        self._send(status, kind, body)

    def _asked(self) -> tuple[str, dict[str, str]]:
        """Return what is asked for, behind the token. Raises `RefusedRequest` for a request that is not of this server's page."""
        port = self.server.server_port
        if self.headers.get("Host", "") not in (f"{LOOPBACK}:{port}", f"localhost:{port}"):
            raise RefusedRequest(HTTPStatus.FORBIDDEN, STALE)
        asked = urlsplit(self.path)
        token, _, name = asked.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            raise RefusedRequest(HTTPStatus.FORBIDDEN, STALE)
        origin = self.headers.get("Origin")
        if origin not in (None, f"http://{LOOPBACK}:{port}", f"http://localhost:{port}"):
            raise RefusedRequest(HTTPStatus.FORBIDDEN, STALE)
        return name, {key: values[0] for key, values in parse_qs(asked.query, keep_blank_values=True).items()}

    def _page(self, query: dict[str, str]) -> tuple[str, bytes]:
        return "text/html; charset=utf-8", page.served(self.server.site.data).encode()

    def _view(self, query: dict[str, str]) -> tuple[str, bytes]:
        walk = self.server.site.walk
        address, wrong = walk.shortened(parse(query.get("way", "")))
        shown = {"way": way_shown(walk, address), "place": place_shown(walk, address)}
        return _json({**shown, "address": str(address), "wrong": wrong} if wrong else shown)

    def _run(self, query: dict[str, str]) -> tuple[str, bytes]:
        with self.server.searching:
            return _json(runs.run(self.server.site.walk, query.get("situation", "")))

    def _save(self, query: dict[str, str]) -> tuple[str, bytes]:
        address, site = parse(query.get("way", "")), self.server.site
        return _json({"file": site.save(site.walk.moves(address.codes[: address.at]))})

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Allow": ", ".join(METHODS),
            "Content-Security-Policy": f"{page.policy()}; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request of another method, or one that is no HTTP, in one line."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._answer({})
            return
        self._send(HTTPStatus(code), "application/json", _told(message or HTTPStatus(code).phrase))

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the addresses hold the token."""


def _json(value: object) -> tuple[str, bytes]:
    return "application/json", msgspec.json.encode(value)


def _told(says: str) -> bytes:
    return msgspec.json.encode({"error": says})
