"""A target of your own: replace the server below by yours, and the requests by what your server understands.

    syncproof drive {file}:Template
    python -m pytest {test}

As it stands it works: the server is this file itself, a log of lines on a disk. docs/drive.md says what each part is for.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from syncproof.core.observations import Appended, Observation, Placed, Stored
from syncproof.core.values import ConversationId, DeviceId, Message, MessageId, Timeline, UserId
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
from syncproof.engines.drive.processes import LOOPBACK, Child, answers, free_port


class Template(Target):
    """A log for each conversation, on a disk; devices read from wherever they are."""

    name = "template"
    says = "a log for each conversation, a line for each message"

    # What it is held against: its promises count, and a search of it predicts. `syncproof designs` lists them.
    design = "timeline-read-fanout"
    # The design (a seeded bug) that devices are which confirm before they apply. Leave it out if there is none.
    confirmed_first = "F09"
    # What your histories have. A property that needs anything else is "not witnessed", which is no fault of the server.
    # Leave out what you cannot see: a place that nobody says is no place.
    sees = NOTED_BY_DEVICES | {"Stored", "Appended", "Checkpointed", "RangeRead", "Roamed", "Served"}
    # What your histories cannot judge although they have the observations, and why.
    blind: ClassVar[Mapping[str, str]] = {"tail-append": "an audit says what is there, not when it became readable"}
    # What scripts may need and the server has not, and why. `scripts.NEEDS` has the names.
    lacks: ClassVar[Mapping[str, str]] = {
        "pushes": "devices ask, the server pushes nothing",
        "retention": "nothing is ever deleted",
        "backups": "a device that is ahead of a restored log would not learn it",
    }

    def __init__(self, given: Prepared) -> None:
        super().__init__(given)
        self._line: socket.socket | None = None
        self._replies: Any = None
        self._server: Child | None = None
        self._port = 0

    # ---- in the harness: start and end the server, look into its store

    def up(self) -> None:
        """Start the server on `self.directory`, fresh or with the data that is there; ready when it answers."""
        self._port = free_port()
        command = [sys.executable, __file__, str(self.directory / "log.jsonl"), str(self._port)]
        self._server = Child("the template's server", command, self.directory / "server.log")
        self._server.start()
        self._server.ready(lambda: answers(self._port))

    @property
    def endpoint(self) -> int:
        """Return the port where it listens."""
        return self._port

    def processes(self) -> list[Child]:
        """Return what the faults kill and stop."""
        return [] if self._server is None else [self._server]

    def audit(self) -> Iterable[Observation]:
        """Return what the store holds, read past the server: the evidence that what it accepted is durable."""
        for place, message in entries(self.directory / "log.jsonl"):
            yield Placed(MessageId(message["id"]), ConversationId(message["conversation"]), place)
            yield Stored(MessageId(message["id"]))
            yield Appended(Timeline("conversation", message["conversation"]), place, MessageId(message["id"]))

    # ---- in the process of each device: talk to the server at `self.address`

    def ask(self, **request: Any) -> Any:
        """Send a request and wait for the reply. Raises `OSError` if the connection is lost."""
        if self._line is None:
            self._line = socket.create_connection(self.address, PATIENCE_S)
            self._replies = self._line.makefile("rb")
        self._line.sendall(json.dumps(request).encode() + b"\n")
        reply = self._replies.readline()
        if not reply.endswith(b"\n"):
            raise ConnectionResetError("the server closed the connection")
        return json.loads(reply)

    def close(self) -> None:
        """Close the connection."""
        if self._line is not None:
            self._replies.close()
            self._line.close()
            self._line = None

    def register(self, device: DeviceId, user: UserId) -> Registration:
        """Connect. What is returned counts for a device that appears during a script, when it does so for the first time."""
        conversations = self.cast.conversations(user)
        lasts = [(c, self.ask(do="read", conversation=c, after=0)["last"]) for c in conversations]
        return Registration(tuple(lasts), tuple([self._batch(c, last, ()) for c, last in lasts]))

    def send(self, device: DeviceId, message: Message) -> Receipt | Refusal | Uncertain:
        """Submit a message. A retry has the same id, so the server can tell."""
        try:
            reply = self.ask(do="send", id=message.id, conversation=message.conversation, sender=message.sender)
        except OSError as error:
            return Uncertain(str(error))
        return Receipt(reply["place"])

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        """Return what is behind the device's cursors. A cursor is whatever you put into the batch before."""
        found = []
        for conversation in self.cast.conversations(self._user(device)):
            place = int(after.get(f"{conversation:d}", 0))
            rows = self.ask(do="read", conversation=conversation, after=place)["rows"]
            if rows:
                found.append(self._batch(conversation, place, rows))
        return found

    def history(self, device: DeviceId, conversation: ConversationId, after: int, upto: int) -> HistoryPage | None:
        """Return a page of a conversation's history, for a new device."""
        rows = self.ask(do="read", conversation=conversation, after=after)["rows"]
        return HistoryPage(after, upto, tuple([(place, MessageId(m["id"])) for place, m in rows if place <= upto]))

    def _user(self, device: DeviceId) -> UserId:
        """Return the user of a device; this template knows the members from the script's cast."""
        owners = self.cast.owners
        return UserId(owners[device] if device < len(owners) else owners[-1])

    def _batch(self, conversation: int, after: int, rows: Sequence[Any]) -> Batch:
        items = [
            Item(Message(MessageId(m["id"]), DeviceId(m["sender"]), ConversationId(conversation)), place, place)
            for place, m in rows
        ]
        upto = rows[-1][0] if rows else after
        return Batch(f"{conversation:d}", tuple(items), str(upto), Timeline("conversation", conversation), after, upto)


# ---- the server: replace it by yours

LOCK = threading.Lock()


def entries(log: Path) -> Iterable[tuple[int, dict[str, int]]]:
    """Yield (place, message) of every whole line of the log."""
    places: dict[int, int] = {}
    for line in log.read_bytes().split(b"\n")[:-1] if log.exists() else ():
        message = json.loads(line)
        places[message["conversation"]] = places.get(message["conversation"], 0) + 1
        yield places[message["conversation"]], message


class LineHandler(socketserver.StreamRequestHandler):
    """Answer the requests of one connection."""

    log: ClassVar[Path]

    def handle(self) -> None:
        """Answer line by line."""
        for line in self.rfile:
            request = json.loads(line)
            self.wfile.write(json.dumps(getattr(self, request.pop("do"))(**request)).encode() + b"\n")

    def send(self, **message: int) -> dict[str, Any]:
        """Append a message, unless it is there, and reply when it is on the disk."""
        with LOCK:
            if message["id"] not in [m["id"] for _, m in entries(self.log)]:
                with self.log.open("ab") as file:
                    file.write(json.dumps(message).encode() + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
            return {"place": next(place for place, m in entries(self.log) if m["id"] == message["id"])}

    def read(self, conversation: int, after: int) -> dict[str, Any]:
        """Return what a conversation has behind a place, and its last place."""
        with LOCK:
            rows = [(p, m) for p, m in entries(self.log) if m["conversation"] == conversation]
        return {"rows": [row for row in rows if row[0] > after], "last": len(rows)}


class LineServer(socketserver.ThreadingTCPServer):
    """A thread for each connection."""

    daemon_threads = True
    allow_reuse_address = True


if __name__ == "__main__":
    LineHandler.log = Path(sys.argv[1])
    if LineHandler.log.exists():  # a line that a crash has cut was never accepted
        whole = LineHandler.log.read_bytes()
        LineHandler.log.write_bytes(whole[: whole.rfind(b"\n") + 1])
    with LineServer((LOOPBACK, int(sys.argv[2])), LineHandler) as server:
        server.serve_forever()
