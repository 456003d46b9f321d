"""A target on Mosquitto: MQTT with QoS 1 and persistent sessions, the broker's queue of each client being its inbox.

Each device subscribes to its conversations under a client id of its own, with a session that the broker keeps; so it also
gets what it has published itself. It acknowledges a message (PUBACK) when it has applied it. The broker says neither a
message's place nor what its store holds.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from syncproof.core.observations import Observation
from syncproof.core.values import ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.engines.drive.adapter import (
    NOTED_BY_DEVICES,
    PATIENCE_S,
    Batch,
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

AT_LEAST_ONCE = 1
SAVE_S = 1
"""Seconds between two times that the broker writes its store to the disk: it cannot do so before it replies."""


class Mosquitto(Target):
    """QoS 1 and persistent sessions."""

    name = "mosquitto"
    says = f"Mosquitto: MQTT with QoS 1 and persistent sessions, saved every {SAVE_S} s"
    design = "inbox-store-first"
    sees = NOTED_BY_DEVICES | {"Delivered"}
    blind: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("accepted-is-durable", "store-before-sync"), "the broker's store cannot be looked into"),
        **dict.fromkeys(("accepted-once", "convergence"), "the broker says no places"),
    }
    lacks: ClassVar[Mapping[str, str]] = {
        "retention": "nothing deletes what is queued",
        "backups": "the broker's store cannot be looked into, so nobody knows what a restore takes",
    }
    places_named = True

    def __init__(self, given: Prepared) -> None:
        super().__init__(given)
        self._port = 0
        self._server: Child | None = None
        self._line: Any = None
        self._came: list[Any] = []
        self._acked: set[Any] = set()

    @classmethod
    def program(cls) -> str:
        """Return where the broker's program is."""
        return installed.program("mosquitto", "/usr/sbin", "/usr/local/sbin")

    @classmethod
    def missing(cls) -> str:
        return installed.lacking(cls.program(), "Mosquitto", "Debian's mosquitto", "paho")

    @classmethod
    def version(cls) -> str:
        return installed.version(cls.program(), "-h")

    # ---- in the harness

    def up(self) -> None:
        self._port = free_port()
        settings = self.directory / "mosquitto.conf"
        lines = [
            f"listener {self._port} {LOOPBACK}",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {self.directory}/",
            f"autosave_interval {SAVE_S}",
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # else it becomes a user who cannot write here, and says nothing
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._server = Child("Mosquitto", [self.program(), "-c", str(settings)], self.directory / "server.log")
        self._server.start()
        self._server.ready(lambda: answers(self._port))

    @property
    def endpoint(self) -> int:
        return self._port

    def processes(self) -> list[Child]:
        return [] if self._server is None else [self._server]

    # ---- in the process of a device

    def _until(self, done: Callable[[], bool]) -> None:
        """Let the client work until something is so. Raises `OSError` if the connection is lost or it takes too long."""
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError("the broker does not reply")
            self._work(0.02)

    def _work(self, seconds: float) -> None:
        """Let the client read and write what there is, and wait so long if there is nothing."""
        if self._line.loop(seconds):
            raise ConnectionResetError("the broker closed the connection")

    def close(self) -> None:
        if self._line is not None:
            line, self._line = self._line, None
            with suppress(OSError):
                line.disconnect()
                line.loop(0.0)

    def register(self, device: DeviceId, user: UserId) -> Registration:
        mqtt = installed.client("paho.mqtt.client")
        self._came, self._acked = [], set()
        self._line = line = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, f"device-{device:d}", clean_session=False, manual_ack=True,
            reconnect_on_failure=False,
        )  # fmt: skip
        line.connect_timeout = PATIENCE_S
        line.on_connect = lambda *_: self._acked.add("connect")
        line.on_subscribe = lambda _, __, mid, *___: self._acked.add(mid)
        line.on_publish = lambda _, __, mid, *___: self._acked.add(mid)
        line.on_message = lambda _, __, message: self._came.append(message)
        line.connect(*self.address)
        self._until(lambda: "connect" in self._acked)
        for conversation in self.cast.conversations(user):
            _, mid = line.subscribe(_topic(conversation), AT_LEAST_ONCE)
            self._until(lambda mid=mid: mid in self._acked)  # type: ignore[misc]
        return Registration()

    def send(self, device: DeviceId, message: Message) -> Receipt | Refusal | Uncertain:
        body = json.dumps({"id": message.id, "sender": message.sender})
        try:
            mid = self._line.publish(_topic(message.conversation), body, AT_LEAST_ONCE).mid
            self._until(lambda: mid in self._acked)
        except OSError as error:
            return Uncertain(str(error))
        return Receipt()

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        before = -1
        while before != len(self._came):
            before = len(self._came)
            self._work(0.0)
        if not self._came:
            return []
        found, self._came = self._came, []
        items = []
        for each in found:
            body, conversation = json.loads(each.payload), ConversationId(int(each.topic.split("/")[1]))
            message = Message(MessageId(body["id"]), DeviceId(body["sender"]), conversation)
            items.append(Item(message, attempt=2 if each.dup else 1))
        return [Batch("inbox", tuple(items), more=True, token=[each.mid for each in found])]

    def confirm(self, device: DeviceId, batch: Batch) -> Iterable[Observation]:
        for mid in batch.token:
            self._line.ack(mid, AT_LEAST_ONCE)
        return ()


def _topic(conversation: int) -> str:
    return f"conversation/{conversation:d}"
