"""Targets on SQLite, from the standard library: a log for each conversation, and an inbox for each device.

The server is `sqlite_server.py`. Its database is in WAL mode with `synchronous = FULL`: what is committed survives.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from syncproof.core.observations import Gone, Observation, Queued, Reverted
from syncproof.core.values import ConversationId, DeviceId, Message, MessageId, Timeline, UserId
from syncproof.engines.drive import journal
from syncproof.engines.drive.adapter import (
    NOTED_BY_DEVICES,
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
from syncproof.engines.drive.processes import Child
from syncproof.engines.drive.targets.sqlite_server import epoch_of, found, last_place

BOTH = NOTED_BY_DEVICES | {"Stored", "Gone", "Reverted"}


class _Sqlite(Target):
    """What both forms share: the server's process, and requests and replies of a line each."""

    form: ClassVar[str]
    notes_registry = True

    def __init__(self, given: Prepared) -> None:
        super().__init__(given)
        self.store = self.directory / "messages.db"
        self._ports = self.directory / "port"
        self._line: socket.socket | None = None
        self._replies: Any = None
        command = [sys.executable, "-m", "syncproof.engines.drive.targets.sqlite_server", self.form]
        self._server = Child(
            "the SQLite server", [*command, str(self.store), str(self._ports)], self.directory / "server.log"
        )

    # ---- in the harness

    def up(self) -> None:
        if not self.store.exists():
            found(self.store, self.cast)
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

    # ---- in the process of a device

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its reply. Raises `OSError` if the connection is lost."""
        if self._line is None:
            self._line = socket.create_connection(self.address, PATIENCE_S)
            self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._replies = self._line.makefile("rb")
        self._line.sendall(json.dumps(request).encode() + b"\n")
        line = self._replies.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the server closed the connection")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def close(self) -> None:
        if self._line is not None:
            self._replies.close()
            self._line.close()
            self._line = None

    def register(self, device: DeviceId, user: UserId) -> Registration:
        reply = self.ask(do="register", device=device, user=user)
        return self.registered(reply) if reply["new"] else Registration()

    def registered(self, reply: dict[str, Any]) -> Registration:
        """Return what a new device is told."""
        return Registration(tuple([(ConversationId(c), last) for c, last in reply["history"]]))

    def send(self, device: DeviceId, message: Message) -> Receipt | Refusal | Uncertain:
        body = json.dumps({"sender": message.sender})
        try:
            reply = self.ask(
                do="send", id=message.id, conversation=message.conversation, sender=message.sender, body=body
            )
        except OSError as error:
            return Uncertain(str(error))
        return Receipt(reply["place"])


def _message(id: int, conversation: int, body: str) -> Message:
    return Message(MessageId(id), DeviceId(json.loads(body)["sender"]), ConversationId(conversation))


class SqliteLog(_Sqlite):
    """A log for each conversation: `BEGIN IMMEDIATE`, the next place, `INSERT`; devices read by range."""

    name = "sqlite-log"
    says = "SQLite: a log for each conversation, read by range"
    design = "timeline-read-fanout"
    confirmed_first = "F09"
    sees = BOTH | {"Appended", "Checkpointed", "RangeRead", "Served", "Roamed"}
    lacks: ClassVar[Mapping[str, str]] = {
        "pushes": "devices ask, the server pushes nothing",
        "retention": "the log is the message store, which keeps everything",
    }
    form = "log"

    def restored(self, before: Path) -> Iterable[Observation]:
        """Begin a new epoch, so that a device which is ahead of the restored log learns it; note what is gone."""
        was, now = sqlite3.connect(before / self.store.name), journal.connect(self.store)
        epoch, of = epoch_of(was) + 1, epoch_of(now)
        now.execute("BEGIN IMMEDIATE")
        for conversation in range(len(self.cast.members)):
            last = last_place(now, conversation)
            now.execute("INSERT INTO epochs VALUES (?, ?, ?)", (epoch, conversation, last))
            journal.note(now, Reverted(Timeline("conversation", conversation, epoch), last, of))
        kept = {row[0] for row in now.execute("SELECT id FROM messages")}
        lost = [row[0] for row in was.execute("SELECT id FROM messages ORDER BY id") if row[0] not in kept]
        journal.note(now, *[Gone(MessageId(message)) for message in lost])
        now.execute("COMMIT")
        was.close()
        now.close()
        return ()

    def registered(self, reply: dict[str, Any]) -> Registration:
        found = super().registered(reply)
        start = [self._batch(c, reply["epoch"], last, [], False) for c, last in found.history]
        return Registration(found.history, tuple(start))

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        cursors = {name: json.loads(cursor) for name, cursor in after.items()}
        pages = self.ask(do="read", device=device, after=cursors)["pages"]
        return [self._batch(p["conversation"], p["epoch"], p["after"], p["rows"], True) for p in pages]

    def _batch(self, conversation: int, epoch: int, after: int, rows: list[Any], more: bool) -> Batch:
        items = tuple([Item(_message(id, conversation, body), place, place) for place, id, body in rows])
        upto = rows[-1][0] if rows else after
        timeline = Timeline("conversation", conversation, epoch)
        return Batch(f"{conversation:d}", items, json.dumps([epoch, upto]), timeline, after, upto, more)

    def history(self, device: DeviceId, conversation: ConversationId, after: int, upto: int) -> HistoryPage | None:
        rows = self.ask(do="history", conversation=conversation, after=after, upto=upto)["rows"]
        entries = tuple([(place, MessageId(id)) for place, id in rows])
        return HistoryPage(after, entries[-1][0] if entries else upto, entries)


class SqliteInbox(_Sqlite):
    """An inbox for each device: a copy of each message, deleted when the device acknowledges it."""

    name = "sqlite-inbox"
    says = "SQLite: an inbox for each device, copies deleted when acknowledged"
    design = "inbox-store-first"
    confirmed_first = "F17"
    sees = BOTH | {"Queued", "Deleted"}
    own_copy: ClassVar[Literal["received", "receipt"]] = "receipt"
    lacks: ClassVar[Mapping[str, str]] = {"pushes": "devices ask, the server pushes nothing"}
    form = "inbox"

    def trim(self) -> Iterable[Observation]:
        """Delete every copy, fetched or not, as retention by time does."""
        database = journal.connect(self.store)
        database.execute("BEGIN IMMEDIATE")
        rows = database.execute("DELETE FROM inbox RETURNING device, message").fetchall()
        journal.note(
            database, *[Gone(MessageId(m), Timeline("inbox", DeviceId(d)), "retention") for d, m in sorted(rows)]
        )
        database.execute("COMMIT")
        database.close()
        return ()

    def restored(self, before: Path) -> Iterable[Observation]:
        """Note what the restore changed: copies that were deleted are back, later ones are gone, places are free again."""
        was, now = sqlite3.connect(before / self.store.name), journal.connect(self.store)
        query = "SELECT device, message FROM inbox ORDER BY device, position"
        then, back = was.execute(query).fetchall(), now.execute(query).fetchall()
        now.execute("BEGIN IMMEDIATE")
        for conversation in range(len(self.cast.members)):
            journal.note(now, Reverted(Timeline("conversation", conversation), last_place(now, conversation), 0))
        for device, message in [row for row in back if row not in then]:
            journal.note(now, Queued(Timeline("inbox", DeviceId(device)), MessageId(message), (DeviceId(device),)))
        lost = [row for row in then if row not in back]
        journal.note(now, *[Gone(MessageId(m), Timeline("inbox", DeviceId(d))) for d, m in lost])
        now.execute("COMMIT")
        was.close()
        now.close()
        return ()

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        rows = self.ask(do="drain", device=device, after=0)["rows"]
        if not rows:
            return []
        items = tuple([Item(_message(id, conversation, body), place) for _, id, conversation, place, body in rows])
        return [Batch("inbox", items, more=True, token=[row[0] for row in rows])]

    def confirm(self, device: DeviceId, batch: Batch) -> Iterable[Observation]:
        self.ask(do="acknowledge", device=device, positions=batch.token)
        return ()
