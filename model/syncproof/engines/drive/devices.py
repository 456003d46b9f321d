"""The process of a device: an outbox, a database of what is shown, and a checkpoint, on an SQLite file of its own.

The device connects, sends its outbox in order (one message at a time), receives what is new, applies it and confirms it, and
looks again every `poll_s` seconds. Applying and confirming are one transaction or two, in either order (`Order`); between
the two the device can be made to kill itself (SIGKILL), as a crash at that very moment would.

Usage: python -m syncproof.engines.drive.devices SPEC.json, and commands on standard input, one JSON object a line.
"""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from syncproof.core.observations import (
    Accepted,
    Checkpointed,
    Composed,
    Connected,
    Delivered,
    Disconnected,
    Joined,
    Observation,
    Pulled,
    RangeRead,
    Refused,
    Roamed,
    Served,
    Shown,
    Triggered,
    Unsure,
)
from syncproof.core.values import ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.engines.drive import journal
from syncproof.engines.drive.adapter import (
    Batch,
    Cast,
    Item,
    Prepared,
    Receipt,
    Registration,
    Target,
    Uncertain,
    load,
)

Order = Literal["together", "apply-confirm", "confirm-apply"]
"""Whether what was received is applied and confirmed in one transaction, or in two and in which order."""
ARMED = "armed"
"""The file beside a device's database that says: it knows that it is to crash."""
AGAIN_S = 0.05
"""Seconds until a device tries again to connect."""

TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT, message INTEGER NOT NULL, conversation INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS shown (message INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, cursor TEXT NOT NULL, epoch INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS joined (once INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS history (conversation INTEGER PRIMARY KEY, after INTEGER NOT NULL, upto INTEGER NOT NULL);
"""


class Spec(msgspec.Struct, kw_only=True):
    """What the process of a device is told when it starts. `target`: where its class is."""

    target: str
    device: int
    user: int
    port: int
    push_port: int = 0
    """Where what is pushed comes from, for a target that pushes over a connection of its own."""
    database: str
    cast: Cast
    order: Order = "together"
    new: bool = False
    """Whether it appears during the run."""
    options: dict[str, Any] = {}


class Command(msgspec.Struct, omit_defaults=True):
    """What the harness tells a device: `connect`, `disconnect`, `compose`, `hot`, `stop-between`, `crash-between` or `end`."""

    do: str
    message: int = 0
    conversation: int = 0

    def composed(self, device: DeviceId) -> Message:
        """Return the message that the device is to compose."""
        return Message(MessageId(self.message), device, ConversationId(self.conversation))


class Commands:
    """The lines on standard input."""

    def __init__(self) -> None:
        self._rest = b""
        self.over = False

    def wait(self, seconds: float) -> Iterator[bytes]:
        """Yield the lines that have come; wait so long if there is none."""
        while not self.over and select.select([0], [], [], seconds)[0]:
            data = os.read(0, 65536)
            self.over = not data
            *lines, self._rest = (self._rest + data).split(b"\n")
            yield from lines
            seconds = 0.0


class RealDevice:
    """A device: its database, and what it does with the server."""

    def __init__(self, spec: Spec) -> None:
        self.id, self.user, self.order = DeviceId(spec.device), UserId(spec.user), spec.order
        self.new = spec.new
        given = Prepared(Path(spec.database).parent, spec.cast, spec.port, spec.options)
        self.target: Target = load(spec.target)(given)
        self.sees = self.target.sees
        self.database: sqlite3.Connection = journal.connect(Path(spec.database), "NORMAL")
        self.database.executescript(TABLES)
        self.commands = Commands()
        self.wants, self.connected, self.hot, self.crashing = False, False, False, False
        self.ended = False

    def run(self) -> None:
        """Do what is told, and in between what a device does by itself, until the harness says that it is enough."""
        pause = 0.0
        while not (self.ended or self.commands.over):
            for line in self.commands.wait(pause):
                self.obey(msgspec.json.decode(line, type=Command))
            if not self.wants:
                pause = 60.0
                continue
            try:
                self.work()
                pause = 0.0 if self.hot else self.target.poll_s
            except OSError:
                self.lost(clean=False)
                pause = AGAIN_S

    def obey(self, command: Command) -> None:
        """Carry out a command."""
        if command.do == "connect":
            self.wants = True
        elif command.do == "disconnect":
            self.wants = False
            self.lost(clean=True)
        elif command.do == "compose":
            self.compose(command.composed(self.id))
        elif command.do == "hot":
            self.hot = True
        elif command.do == "stop-between":
            self.target.between_steps = self.stop
        elif command.do == "crash-between":
            self.crashing = True
            (self.target.directory / ARMED).touch()
        elif command.do == "end":
            self.ended = True

    def note(self, *observations: Observation) -> None:
        """Note those observations that histories of this target have."""
        seen = [each for each in observations if type(each).__name__ in self.sees]
        if seen:
            journal.note(self.database, *seen)

    def compose(self, message: Message) -> None:
        """Put a message into the outbox."""
        self.database.execute("BEGIN")
        row = (message.id, message.conversation)
        self.database.execute("INSERT INTO outbox (message, conversation) VALUES (?, ?)", row)
        self.note(Composed(message.id, self.id, message.conversation))
        self.database.execute("COMMIT")

    def lost(self, clean: bool) -> None:
        """Close the connection."""
        self.target.close()
        if self.connected:
            self.connected = False
            self.note(Disconnected(self.id, clean))

    def work(self) -> None:
        """Connect if needed, send the outbox, receive everything that is new. Raises `OSError` if the connection is lost."""
        cause = "poll"
        if not self.connected:
            self.registered(self.target.register(self.id, self.user))
            self.connected = True
            self.note(Connected(self.id))
            cause = "connect"
        self.fetch_history()
        self.send_outbox()
        self.note(Triggered(self.id, cause))
        while True:
            self.note(Pulled(self.id))
            batches = self.target.receive(self.id, dict(self.database.execute("SELECT name, cursor FROM cursors")))
            for batch in batches:
                self.take(batch)
            if not any(batch.more for batch in batches):
                self.note(Served(self.id))
                return

    def send_outbox(self) -> None:
        """Send the outbox, oldest first. Raises `ConnectionError` where the outcome of a send is not known."""
        for position, id, conversation in self.database.execute("SELECT * FROM outbox ORDER BY position").fetchall():
            message = Message(MessageId(id), self.id, ConversationId(conversation))
            reply = self.target.send(self.id, message)
            if isinstance(reply, Uncertain):
                self.note(Unsure(message.id))
                raise ConnectionError(reply.why)
            self.database.execute("BEGIN")
            self.database.execute("DELETE FROM outbox WHERE position = ?", (position,))
            if isinstance(reply, Receipt):
                self.note(Accepted(message.id, reply.place))
                if self.target.own_copy == "receipt":
                    self.show(Item(message, reply.place), None)
            else:
                self.note(Refused(message.id))
            self.database.execute("COMMIT")

    def stop(self) -> None:
        """Stop this process (SIGSTOP) until the harness lets it continue; once."""
        self.target.between_steps = lambda: None
        os.kill(os.getpid(), signal.SIGSTOP)

    # ---- receiving

    def take(self, batch: Batch) -> None:
        """Apply and confirm a batch, in this device's order."""
        self.begin(batch)
        if (
            batch.timeline is not None
            and (batch.items or batch.upto > batch.after)
            and all(item.seq is not None for item in batch.items)
        ):
            seqs = tuple([item.seq for item in batch.items if item.seq is not None])
            self.note(RangeRead(self.id, batch.timeline, batch.after, batch.upto, seqs))
        if self.order == "together":
            self.database.execute("BEGIN")
            self.apply(batch)
            self.save(batch)
            self.database.execute("COMMIT")
            self.confirm(batch)
        elif self.order == "apply-confirm":
            self.in_one(self.apply, batch)
            self.maybe_crash(batch)
            self.in_one(self.save, batch)
            self.confirm(batch)
        else:
            self.in_one(self.save, batch)
            self.confirm(batch)
            self.maybe_crash(batch)
            self.in_one(self.apply, batch)

    def confirm(self, batch: Batch) -> None:
        """Confirm a batch to the server, and note what its reply says of its store."""
        self.note(*(self.target.confirm(self.id, batch) or ()))

    def in_one(self, step: Any, batch: Batch) -> None:
        """Make a step in a transaction of its own."""
        self.database.execute("BEGIN")
        step(batch)
        self.database.execute("COMMIT")

    def maybe_crash(self, batch: Batch) -> None:
        """Kill this process, if it was told to at this point, and if something was received."""
        if self.crashing and batch.items:
            os.kill(os.getpid(), signal.SIGKILL)

    def apply(self, batch: Batch) -> None:
        """Show the messages of a batch."""
        for item in batch.items:
            self.note(Delivered(self.id, item.message.id, item.attempt))
            self.show(item, batch)

    def show(self, item: Item, batch: Batch | None) -> None:
        """Put a message into the database unless it is there."""
        if self.database.execute("SELECT 1 FROM shown WHERE message = ?", (item.message.id,)).fetchone():
            return
        self.database.execute("INSERT INTO shown VALUES (?)", (item.message.id,))
        named = batch is not None and item.seq is not None and "Appended" in self.sees
        timeline = batch.timeline if named and batch is not None else None
        seq = None if timeline is None else item.seq
        self.note(Shown(self.id, item.message.id, item.message.conversation, item.place, timeline, seq))

    def begin(self, batch: Batch) -> None:
        """Note where this device begins to read a log: at the end for a new device, in a new epoch where the server says."""
        timeline = batch.timeline
        if timeline is None:
            return
        row = self.database.execute("SELECT epoch FROM cursors WHERE name = ?", (batch.name,)).fetchone()
        if batch.after if row is None else row[0] != timeline.epoch:
            self.note(Checkpointed(self.id, timeline, batch.after, start=True))

    def save(self, batch: Batch) -> None:
        """Save the checkpoint behind a batch."""
        if batch.cursor:
            epoch = 0 if batch.timeline is None else batch.timeline.epoch
            self.database.execute("REPLACE INTO cursors VALUES (?, ?, ?)", (batch.name, batch.cursor, epoch))
            if batch.timeline is not None and batch.upto > batch.after:
                self.note(Checkpointed(self.id, batch.timeline, batch.upto))

    # ---- a new device

    def registered(self, told: Registration) -> None:
        """Keep what a new device is told when it registers for the first time: where its logs begin, the history to fetch."""
        if not self.new or not self.joins():
            return
        self.database.execute("BEGIN")
        if not self.target.notes_registry:
            self.note(Joined(self.id, self.user, told.history))
        for batch in told.start:
            self.begin(batch)
            self.save(batch)
        for conversation, last in told.history:
            self.database.execute("INSERT OR IGNORE INTO history VALUES (?, 0, ?)", (conversation, last))
        self.database.execute("COMMIT")

    def joins(self) -> bool:
        """Note that the device has registered; return whether it had not before."""
        return bool(self.database.execute("INSERT OR IGNORE INTO joined VALUES (1)").rowcount)

    def fetch_history(self) -> None:
        """Fetch the history that is left, page by page."""
        query = "SELECT conversation, after, upto FROM history WHERE after < upto ORDER BY conversation"
        for number, after, upto in self.database.execute(query).fetchall():
            conversation = ConversationId(number)
            while after < upto:
                page = self.target.history(self.id, conversation, after, upto)
                if page is None or page.upto <= after:
                    return
                entries = tuple([(place, MessageId(message)) for place, message in page.entries])
                self.database.execute("BEGIN")
                self.note(Roamed(self.id, conversation, page.after, page.upto, entries))
                query = "UPDATE history SET after = ? WHERE conversation = ?"
                self.database.execute(query, (page.upto, number))
                self.database.execute("COMMIT")
                after = page.upto


def main(spec: str) -> None:
    """Run a device until it is ended."""
    RealDevice(msgspec.json.decode(Path(spec).read_bytes(), type=Spec)).run()


if __name__ == "__main__":
    main(sys.argv[1])
