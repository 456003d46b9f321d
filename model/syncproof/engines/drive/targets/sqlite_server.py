"""A small message server around SQLite: what an application has that keeps its messages in the embedded default.

A process of its own, a thread for each connection, a line of JSON for each request and each reply. Two forms:

- `log`: one log for each conversation, read by range from wherever a device is; nothing is deleted;
- `inbox`: a copy for each other device of the audience, deleted when the device acknowledges it; nothing else is kept.

A submission is one transaction (`BEGIN IMMEDIATE`): the message gets its place, the copies are written, the message's id is
noted so that a retry is recognised. What a transaction does is noted in the journal by the same transaction.

Usage: python -m syncproof.engines.drive.targets.sqlite_server FORM DATABASE PORTFILE
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import sqlite3
import sys
from pathlib import Path
from typing import Any

from syncproof.core.observations import Appended, Deleted, Joined, MemberAdded, Observation, Placed, Queued, Stored
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline, UserId
from syncproof.engines.drive import journal
from syncproof.engines.drive.adapter import Cast
from syncproof.engines.drive.processes import LOOPBACK

PAGE = 100
"""Entries that one reply has at most."""

TABLES = """
CREATE TABLE devices (device INTEGER PRIMARY KEY, user INTEGER NOT NULL);
CREATE TABLE members (conversation INTEGER NOT NULL, user INTEGER NOT NULL, PRIMARY KEY (conversation, user));
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, place INTEGER NOT NULL, body TEXT, UNIQUE (conversation, place)
);
CREATE TABLE inbox (position INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL, message INTEGER NOT NULL,
    conversation INTEGER NOT NULL, place INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX of_device ON inbox (device, position);
CREATE TABLE epochs (epoch INTEGER NOT NULL, conversation INTEGER NOT NULL, start INTEGER NOT NULL);
"""
"""`epochs`: after each restore, the last place that every conversation still had."""


def found(path: Path, cast: Cast) -> None:
    """Make the database of a new server: its tables, and who takes part from the beginning."""
    database = journal.connect(path)
    database.executescript(TABLES)
    database.execute("BEGIN IMMEDIATE")
    for device, user in enumerate(cast.owners):
        database.execute("INSERT INTO devices VALUES (?, ?)", (device, user))
        journal.note(database, Joined(DeviceId(device), UserId(user)))
    for conversation, users in enumerate(cast.members):
        for user in users:
            database.execute("INSERT INTO members VALUES (?, ?)", (conversation, user))
            journal.note(database, MemberAdded(ConversationId(conversation), UserId(user)))
    database.execute("COMMIT")
    database.close()


def epoch_of(database: sqlite3.Connection) -> int:
    """Return the present epoch: how often the server was restored."""
    number: int = database.execute("SELECT coalesce(max(epoch), 0) FROM epochs").fetchone()[0]
    return number


def last_place(database: sqlite3.Connection, conversation: int) -> int:
    """Return the last place taken in a conversation; 0 for none."""
    query = "SELECT coalesce(max(place), 0) FROM messages WHERE conversation = ?"
    number: int = database.execute(query, (conversation,)).fetchone()[0]
    return number


def conversations_of(database: sqlite3.Connection, device: int) -> list[int]:
    """Return the conversations that a device follows."""
    query = "SELECT conversation FROM members JOIN devices USING (user) WHERE device = ? ORDER BY conversation"
    return [row[0] for row in database.execute(query, (device,))]


class Requests:
    """Answer the requests of one connection. Each method takes the fields of the request and returns those of the reply."""

    def __init__(self, form: str, path: Path) -> None:
        self.form = form
        self.database = journal.connect(path)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request."""
        reply: dict[str, Any] = getattr(self, request.pop("do"))(**request)
        return reply

    def register(self, device: int, user: int) -> dict[str, Any]:
        """Register a device unless it is; a new one is told which history there is."""
        database = self.database
        epoch = epoch_of(database)
        if database.execute("SELECT 1 FROM devices WHERE device = ?", (device,)).fetchone():
            return {"history": [], "epoch": epoch, "new": False}
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO devices VALUES (?, ?)", (device, user))
        history = [(c, last_place(database, c)) for c in conversations_of(database, device)]
        owed = tuple([(ConversationId(c), last) for c, last in history])
        journal.note(database, Joined(DeviceId(device), UserId(user), owed))
        database.execute("COMMIT")
        return {"history": history, "epoch": epoch, "new": True}

    def send(self, id: int, conversation: int, sender: int, body: str) -> dict[str, Any]:
        """Place a message and store it, or recognise it: one transaction."""
        database = self.database
        database.execute("BEGIN IMMEDIATE")
        known = database.execute("SELECT place FROM messages WHERE id = ?", (id,)).fetchone()
        if known:
            database.execute("ROLLBACK")
            return {"place": known[0]}
        place = last_place(database, conversation) + 1
        kept = body if self.form == "log" else None
        database.execute("INSERT INTO messages VALUES (?, ?, ?, ?)", (id, conversation, place, kept))
        query = "SELECT user, device FROM members LEFT JOIN devices USING (user) WHERE conversation = ? ORDER BY 1, 2"
        rows = database.execute(query, (conversation,)).fetchall()
        audience = [device for _, device in rows if device is not None]
        placed = Placed(
            MessageId(id),
            ConversationId(conversation),
            place,
            tuple(dict.fromkeys([UserId(user) for user, _ in rows])),
            tuple([DeviceId(device) for device in audience]),
        )
        noted: list[Observation] = [placed]
        if self.form == "log":
            timeline = Timeline("conversation", conversation, epoch_of(database))
            noted += [Stored(MessageId(id)), Appended(timeline, place, MessageId(id))]
        else:
            copy = (id, conversation, place, body)
            for device in [device for device in audience if device != sender]:
                database.execute(
                    "INSERT INTO inbox (device, message, conversation, place, body) VALUES (?, ?, ?, ?, ?)",
                    (device, *copy),
                )
                noted.append(Queued(Timeline("inbox", DeviceId(device)), MessageId(id), (DeviceId(device),)))
            noted.append(Stored(MessageId(id)))
        journal.note(database, *noted)
        database.execute("COMMIT")
        return {"place": place}

    def read(self, device: int, after: dict[str, list[int]]) -> dict[str, Any]:
        """Return a page of each conversation behind the device's cursors, (epoch, place) each."""
        database = self.database
        database.execute("BEGIN")  # one snapshot for all pages
        epoch = epoch_of(database)
        pages = []
        for conversation in conversations_of(database, device):
            of, place = after.get(str(conversation), (epoch, 0))
            query = "SELECT min(start) FROM epochs WHERE conversation = ? AND epoch > ?"
            start = database.execute(query, (conversation, of)).fetchone()[0]
            place = place if start is None else min(place, start)
            query = "SELECT place, id, body FROM messages WHERE conversation = ? AND place > ? ORDER BY place LIMIT ?"
            rows = database.execute(query, (conversation, place, PAGE)).fetchall()
            if rows or of != epoch:
                pages.append({"conversation": conversation, "epoch": epoch, "after": place, "rows": rows})
        database.execute("COMMIT")
        return {"pages": pages}

    def drain(self, device: int, after: int) -> dict[str, Any]:
        """Return a page of the device's inbox."""
        query = (
            "SELECT position, message, conversation, place, body FROM inbox WHERE device = ? AND position > ? LIMIT ?"
        )
        return {"rows": self.database.execute(query, (device, after, PAGE)).fetchall()}

    def acknowledge(self, device: int, positions: list[int]) -> dict[str, Any]:
        """Delete copies that a device has shown."""
        database = self.database
        database.execute("BEGIN IMMEDIATE")
        for position in positions:
            query = "DELETE FROM inbox WHERE device = ? AND position = ? RETURNING message"
            for (message,) in database.execute(query, (device, position)).fetchall():
                box = Timeline("inbox", DeviceId(device))
                journal.note(database, Deleted(box, MessageId(message), DeviceId(device)))
        database.execute("COMMIT")
        return {}

    def history(self, conversation: int, after: int, upto: int) -> dict[str, Any]:
        """Return a page of a conversation's history."""
        query = (
            "SELECT place, id FROM messages WHERE conversation = ? AND place > ? AND place <= ? ORDER BY place LIMIT ?"
        )
        return {"rows": self.database.execute(query, (conversation, after, upto, PAGE)).fetchall()}


class Handler(socketserver.StreamRequestHandler):
    """Read requests from one connection and answer them, until it is closed."""

    form = ""
    path = Path()

    def handle(self) -> None:
        """Answer line by line."""
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        requests = Requests(self.form, self.path)
        try:
            for line in self.rfile:
                reply = requests.answer(json.loads(line))
                self.wfile.write(json.dumps(reply).encode() + b"\n")
        except OSError:  # the device is gone
            pass
        finally:
            requests.database.close()


class MessageServer(socketserver.ThreadingTCPServer):
    """A server that ends without waiting for its connections."""

    daemon_threads = True
    request_queue_size = 64


def main(form: str, path: str, port_file: str) -> None:
    """Serve until the process is ended; the port is written to a file when the server is ready."""
    Handler.form, Handler.path = form, Path(path)
    with MessageServer((LOOPBACK, 0), Handler) as server:
        draft = Path(f"{port_file}.new")
        draft.write_text(str(server.server_address[1]))
        os.replace(draft, port_file)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
