"""Targets on Prosody: messages kept offline for a user until some device comes, and the same with an archive (XEP-0313).

Messages go to the other member's bare address, and copies to the sender's other devices (carbons). The server has accepted
what it acknowledges (XEP-0198); a device acknowledges what it has applied. It says no places, and what its store holds is
not looked into.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar
from xml.etree.ElementTree import Element

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
from syncproof.engines.drive.targets.xmpp import CLIENT, Client

USERS = ("prosody", "nobody")
"""Who may be the server where this process is root, which Prosody refuses to be."""
PAGE = 50
PASSWORD = "pw"
CONFIG = """
daemonize = false
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
interfaces = {{ "{loopback}" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
modules_enabled = {{ "roster", "saslauth", "disco", "carbons", "smacks", {modules} }}
modules_disabled = {{ "s2s", "tls" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
default_archive_policy = true
log = {{ {{ levels = {{ min = "warn" }}, to = "console" }} }}
VirtualHost "localhost"
"""


class _Prosody(Target):
    """What both forms share. `modules`: what the server loads for it."""

    modules: ClassVar[str]
    sees = NOTED_BY_DEVICES | {"Delivered"}
    blind: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("accepted-is-durable", "store-before-sync"), "the server's store is not looked into"),
        **dict.fromkeys(("accepted-once", "convergence"), "the server says no places"),
    }
    lacks: ClassVar[Mapping[str, str]] = {
        "retention": "nothing deletes what is kept",
        "backups": "the server's store is not looked into, so nobody knows what a restore takes",
    }
    places_named = True

    def __init__(self, given: Prepared) -> None:
        super().__init__(given)
        self._port = 0
        self._server: Child | None = None
        self._line: Client | None = None

    @classmethod
    def program(cls) -> str:
        """Return where the server's program is."""
        return installed.program("prosody", "/usr/sbin", "/usr/local/bin")

    @classmethod
    def missing(cls) -> str:
        return "" if cls.program() else "Prosody is not installed; it comes with Debian's prosody"

    @classmethod
    def version(cls) -> str:
        """Return what its packaging wrote down: the program itself would start and say nothing."""
        places = [Path(cls.program()).resolve().parents[1] / "lib/prosody/prosody.version"]
        return next((f"Prosody {place.read_text().strip()}" for place in places if place.exists()), "Prosody")

    # ---- in the harness

    def up(self) -> None:
        self._port = free_port()
        settings = self.directory / "prosody.cfg.lua"
        accounts = self.directory / "data" / "localhost" / "accounts"
        if not accounts.exists():
            accounts.mkdir(parents=True)
            for user in self.cast.users():
                account = f'return {{ ["password"] = "{PASSWORD}"; }};\n'
                (accounts / f"u{user:d}.dat").write_text(account, encoding="utf-8")
        settings.write_text(
            CONFIG.format(folder=self.directory, port=self._port, loopback=LOOPBACK, modules=self.modules),
            encoding="utf-8",
        )
        ids = installed.unprivileged(USERS)
        installed.give(self.directory, ids)
        command = installed.as_user(ids, [self.program(), "--config", str(settings), "-F"])
        self._server = Child("Prosody", command, self.directory / "server.log")
        self._server.start()
        self._server.ready(lambda: answers(self._port))

    @property
    def endpoint(self) -> int:
        return self._port

    def processes(self) -> list[Child]:
        return [] if self._server is None else [self._server]

    # ---- in the process of a device

    @property
    def line(self) -> Client:
        """Return the connection."""
        if self._line is None:
            raise ConnectionError("not connected")
        return self._line

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def register(self, device: DeviceId, user: UserId) -> Registration:
        self._user = user
        self._line = Client(self.address, f"u{user:d}", PASSWORD, f"d{device:d}", PATIENCE_S)
        self._line.ask("set", "<enable xmlns='urn:xmpp:carbons:2'/>")
        self._line.send("<presence/>")
        return Registration()

    def send(self, device: DeviceId, message: Message) -> Receipt | Refusal | Uncertain:
        users = self.cast.members[message.conversation]
        to = next((user for user in users if user != self._user), self._user)
        body = json.dumps([message.id, message.sender, message.conversation])
        try:
            self.line.accepted(
                f"<message to='u{to:d}@localhost' type='chat' id='m{message.id:d}'><body>{body}</body></message>"
            )
        except OSError as error:
            return Uncertain(str(error))
        return Receipt()

    def pushed(self) -> list[Batch]:
        """Return what the server has sent by itself."""
        self.line.take_all()
        found, counts = [], []
        while self.line.came:
            count, element = self.line.came.popleft()
            counts.append(count)
            found += items(element)
        return [Batch("pushed", tuple(found), token=counts)] if counts else []

    def confirm(self, device: DeviceId, batch: Batch) -> Iterable[Observation]:
        self.line.applied(*batch.token)
        return ()


def items(element: Element) -> list[Item]:
    """Return the message in a stanza, also in a copy or in a result of an archive; nothing for a report of an error."""
    if element.get("type") == "error":
        return []
    body = next((found.text for found in element.iter(f"{CLIENT}body")), None)
    if not body:
        return []
    id, sender, conversation = json.loads(body)
    return [Item(Message(MessageId(id), DeviceId(sender), ConversationId(conversation)))]


class ProsodyOffline(_Prosody):
    """What comes for a user without a device online waits for the first one."""

    name = "prosody-offline"
    says = "Prosody: messages kept for a user while no device is online, deleted when sent to the first that comes"
    design = "inbox-shared+carbons"
    modules = '"offline"'
    own_copy = "receipt"

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        return self.pushed()


class ProsodyArchive(_Prosody):
    """Each user has an archive, which a device queries from where it is; what is pushed is shown at once."""

    name = "prosody-archive"
    says = "Prosody: an archive of each user (XEP-0313), queried by every device, besides what is pushed"
    design = "timeline-push"
    # What its devices confirm is a pushed copy (XEP-0198), and no checkpoint moves with it: a copy that is confirmed and lost is
    # a push that was lost, and the design needs no push.
    confirmed_first = "timeline-push"
    modules = '"mam"'

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        pushed = self.pushed()
        found, last, complete = self.line.archived(after.get("archive", ""), PAGE)
        entries = tuple([item for _, element in found for item in items(element)])
        if not found and complete:
            return pushed
        return [*pushed, Batch("archive", entries, last, more=not complete, token=[count for count, _ in found])]
