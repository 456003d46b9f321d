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
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from syncproof.core.observations import Appended, Deleted, Gone, Observation, Placed, Queued, Stored
from syncproof.core.values import ConversationId, DeviceId, Message, MessageId, Timeline, UserId
from syncproof.engines.drive.adapter import NOTED_BY_DEVICES, Batch, HistoryPage, Item, Registration
from syncproof.engines.drive.targets.postgres_server import PostgresTarget

PAGE = 100

COMMON = NOTED_BY_DEVICES | {"Stored", "Gone", "Reverted"}

INBOX = """
CREATE TABLE devices (device int PRIMARY KEY, owner int NOT NULL);
CREATE TABLE members (conversation int NOT NULL, owner int NOT NULL, PRIMARY KEY (conversation, owner));
CREATE TABLE inbox (position bigserial PRIMARY KEY, device int NOT NULL, message bigint NOT NULL REFERENCES messages);
CREATE INDEX ON inbox (device, position);
CREATE TABLE copies (device int NOT NULL, message bigint NOT NULL)
"""
"""`copies`: what was ever queued, for the audit; no device reads it."""


class _Log(PostgresTarget):
    """A log for each conversation, read by range from wherever a device is."""

    schema = ()
    confirmed_first = "F09"
    reads_whole = (
        True  # the time of a commit is taken before it is visible, so two commits may be visible in the other order
    )
    sees = COMMON | {"Appended", "Checkpointed", "RangeRead", "Served", "Roamed"}
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
    design = "timeline-read-fanout+serial"
    place_from = "a sequence"


class PostgresCounter(_Log):
    """A counter row of the conversation numbers the messages."""

    name = "postgres-counter"
    says = "PostgreSQL: a log numbered by a counter row that is locked until the commit, read by range"
    design = "timeline-read-fanout"


class PostgresInbox(PostgresTarget):
    """An inbox for each device: a copy of each message, deleted when the device acknowledges it."""

    name = "postgres-inbox"
    says = "PostgreSQL: an inbox for each device, copies deleted when acknowledged"
    design = "inbox-store-first"
    confirmed_first = "F17"
    own_copy: ClassVar[Literal["received", "receipt"]] = "receipt"
    schema = tuple(INBOX.split(";"))
    sees = COMMON | {"Queued", "Deleted"}
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
