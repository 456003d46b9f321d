"""The model itself as a target: each actor of a system is a process, its durable fields are in an SQLite file.

What this tests is the protocol of a design and its recovery from real crashes: real sockets, real processes that are killed at
any instruction, an order of events that nobody chose. It does not test a store: the rows that a design says it writes are
bytes to account for, and what becomes durable is the state of the actor's fields.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from syncproof.core import observations
from syncproof.core.observations import Observation
from syncproof.engines.drive.adapter import Prepared, Target
from syncproof.engines.drive.processes import Child
from syncproof.engines.drive.server_actor import EXPIRE, ServerSpec


class ModelTarget(Target):
    """A system of one server and devices.

    `given.options`: `system`, where the function is that returns the system (`module:function`), `arguments` for it beside
    the cast, and `slow_s`, the most seconds that a store takes for an operation.
    """

    name = "model"
    says = "the actors of a design, each a process over TCP with SQLite under it"
    sees = frozenset(name for name, kind in vars(observations).items() if isinstance(kind, type))
    notes_registry = True
    poll_s = 0.3
    pushes_apart = True
    device_program = "syncproof.engines.drive.device_actor"

    def __init__(self, given: Prepared) -> None:
        super().__init__(given)
        self.store = self.directory / "server.db"
        self._ports = self.directory / "port"
        self._before = ""
        self._server = Child(
            "the server",
            [sys.executable, "-m", "syncproof.engines.drive.server_actor", str(self.directory / "spec.json")],
            self.directory / "server.log",
            told=True,
        )

    def up(self) -> None:
        """Start the server's process; after a restore, with what it was before."""
        spec = ServerSpec(
            database=str(self.store),
            port_file=str(self._ports),
            cast=self.cast,
            before=self._before,
            options=self.given.options,
        )
        self._before = ""
        (self.directory / "spec.json").write_bytes(msgspec.json.encode(spec))
        self._ports.unlink(missing_ok=True)
        self._server.start()
        self._server.ready(self._ports.exists)

    @property
    def endpoint(self) -> int:
        return int(self._ports.read_text())

    def processes(self) -> list[Child]:
        return [self._server]

    def journals(self) -> list[Path]:
        return [self.store]

    def trim(self) -> Iterable[Observation]:
        """Tell the server that retention deletes."""
        self._server.tell(EXPIRE)
        return ()

    def restored(self, before: Path) -> Iterable[Observation]:
        """Let the server, when it starts, do what its design does after a restore."""
        self._before = str(before / self.store.name)
        return ()
