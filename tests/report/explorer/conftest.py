"""A wrong design, the search that refutes it, and a server of its explorer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from syncproof.core.enabled import KINDS
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.report.explorer import page, runs
from syncproof.report.explorer.server import PageServer, Site
from syncproof.report.explorer.walk import Walk, walk
from syncproof.studies.verification import Explored
from syncproof.studies.verify import explore_one

DESIGN = f"{Path(__file__).parents[2] / 'helpers' / 'hasty_inbox.py'}:HastyInbox"
WORLD = SmallWorld("two-people", 1, ("device-crash",))


@pytest.fixture(scope="session")
def explored() -> Explored:
    """Return the search of the wrong inbox: it loses a message and deletes a copy too early."""
    return explore_one(DESIGN, WORLD)


@pytest.fixture(scope="session")
def walked() -> Walk:
    """Return the walk through the same world."""
    return walk(DESIGN, WORLD)


@pytest.fixture(scope="session")
def jumps(walked: Walk, explored: Explored) -> dict[str, runs.Jump]:
    """Return the counterexamples by property."""
    return {jump.name: jump for jump in runs.counterexamples(walked, explored)}


@pytest.fixture(scope="session")
def data(walked: Walk, jumps: dict[str, runs.Jump]) -> page.PageData:
    """Return what the served page knows."""
    command = page.command(DESIGN, WORLD)
    return page.PageData(DESIGN, str(WORLD), command, KINDS, list(jumps.values()), runs.situations(walked))


class EndingServer(PageServer):
    """A server whose connections end with it, as they do when its command ends.

    A browser keeps a spare connection, over which a thread of the tests would answer after the server is closed.
    """

    def __init__(self, site: Site) -> None:
        self.accepted: list[socket.socket] = []
        super().__init__(site)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.accepted.append(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        super().server_close()
        for connection in self.accepted:
            with suppress(OSError):  # it is closed
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="session")
def serving(walked: Walk, data: page.PageData) -> Callable[[], object]:
    """Return a function whose result is a context in which the explorer is served; what is saved is not written."""

    @contextmanager
    def begin() -> Iterator[PageServer]:
        with EndingServer(Site(walked, data, lambda moves: f"saved/{len(moves)}.moves.jsonl")) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield server
            finally:
                server.shutdown()
                thread.join()

    return begin
