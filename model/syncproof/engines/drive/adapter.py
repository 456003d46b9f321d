"""The class of targets: a server, the way to talk to it, and what can be witnessed of it.

A target is one small class with two halves, which never share an object:

- *in the harness*: `up` starts the server on a directory, `down` ends it, `endpoint` says where it listens, `processes`
  which children it has, `audit` what its store holds, out of band. `trim` and `restored` are what an operator does;
- *in the process of each device*: `register`, `send`, `receive`, `confirm` and `history` talk to the server at `endpoint`.
  They block, for at most `PATIENCE_S` seconds, and raise `OSError` (such as `TimeoutError`) when the connection is lost.

Everything else is shared by all targets: outbox, database and checkpoint of the devices, faults, recording, verdicts. What a
target does not override is not there: its devices fetch no history, confirm nothing, its stores are not audited.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from syncproof.core.observations import Observation
from syncproof.core.values import ConversationId, DeviceId, Message, MessageId, Timeline, UserId
from syncproof.engines.drive.processes import LOOPBACK, Child
from syncproof.errors import InputError, nearest

PATIENCE_S = 1.0
"""Seconds that a device waits for a reply before it takes its connection for dead."""


NOTED_BY_ALL = frozenset({"Crashed", "Restarted", "FaultsStopped", "Quiesced"})
"""The classes of observation that the harness itself notes."""

NOTED_BY_DEVICES = frozenset({
    "Joined", "MemberAdded", "Composed", "Placed", "Accepted", "Refused", "Unsure", "Shown", "Connected", "Disconnected",
    "Triggered", "Pulled",
})  # fmt: skip
"""The classes of observation that the harness and its devices note of every server."""


class Cast(msgspec.Struct, frozen=True):
    """Who takes part when a script begins: the user of each device, and the members of each conversation."""

    owners: tuple[int, ...]
    members: tuple[tuple[int, ...], ...]

    def conversations(self, user: int) -> list[ConversationId]:
        """Return the conversations of a user."""
        return [ConversationId(number) for number, users in enumerate(self.members) if user in users]

    def users(self) -> list[UserId]:
        """Return every user, in order."""
        return [UserId(user) for user in sorted({*self.owners, *[u for users in self.members for u in users]})]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server has accepted the message. `place`: its number in the conversation, if the server says one."""

    place: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server has refused the message for good."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Nobody knows whether the server has the message: the device reconnects and sends it again."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A message that a device receives. `place`: in its conversation; `seq`: in the log or queue; None: nobody says.

    `attempt`: 2 or more for one that was delivered before.
    """

    message: Message
    place: int | None = None
    seq: int | None = None
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read of one log or queue returned, in order.

    `name`: the device's own name of the log; `cursor`: where the device continues, in whatever form the server has it.
    `timeline`, `after`, `upto`: the log and the range `(after, upto]` that was read, if the server has such numbers.
    `more`: there is another page. `token`: whatever `confirm` needs; it stays in the device's process.
    """

    name: str
    items: tuple[Item, ...]
    cursor: str = ""
    timeline: Timeline | None = None
    after: int = 0
    upto: int = 0
    more: bool = False
    token: Any = None


@dataclass(frozen=True, slots=True)
class Registration:
    """What the server says to a device that connects.

    `history`: for a new device the conversations that have a history which it is to fetch, and the last place of each.
    `start`: for a new device where its logs begin: batches without items, which set its cursors.
    """

    history: tuple[tuple[ConversationId, int], ...] = ()
    start: tuple[Batch, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a conversation's history: all places in `(after, upto]`, as (place, message)."""

    after: int
    upto: int
    entries: tuple[tuple[int, MessageId], ...]


@dataclass(slots=True)
class Prepared:
    """What a target is given: a directory of its own (empty at first), who takes part, and where devices find the server.

    `options`: plain data of the target's own, the same in every process.
    """

    directory: Path
    cast: Cast
    port: int = 0
    options: dict[str, Any] = field(default_factory=dict)


class Target(ABC):
    """A server and the way to talk to it. Subclass it, name the design, and override what the server can do."""

    name: ClassVar[str] = ""
    says: ClassVar[str] = ""
    """What it is, in one line."""
    design: ClassVar[str] = ""
    """The design that it is held against: its promises, and what a search predicts."""
    confirmed_first: ClassVar[str] = ""
    """The design (a seeded bug) that a device with this server is which confirms what it has not applied yet."""
    sees: ClassVar[frozenset[str]] = frozenset()
    """The classes of observation that its histories have. What needs others is "not witnessed"."""
    blind: ClassVar[Mapping[str, str]] = {}
    """Properties that its histories cannot judge although they have the observations, and why: an audit says what is in a
    store, not when it came there, so it cannot witness `tail-append`."""
    reads_whole: ClassVar[bool] = False
    """Whether a read is known to return everything that is readable at that moment, as from one database. Then an entry of
    an audit that a read lacks became readable after that read."""
    places_named: ClassVar[bool] = False
    """Whether the reply that accepts a message, or a copy that is shown, is the evidence that it took a place, where no audit
    finds it: the store cannot be looked into, or may have lost it. Which place it was may be unknown."""
    notes_registry: ClassVar[bool] = False
    """Whether a journal of the server says who is registered and who is a member; else the harness and the devices say it."""
    own_copy: ClassVar[Literal["received", "receipt"]] = "received"
    """How the sending device gets its own message: it receives it as all others do, or has it with the receipt."""
    lacks: ClassVar[Mapping[str, str]] = {}
    """What scripts may need and this target has not (a name of `scripts.NEEDS`), and why."""
    poll_s: ClassVar[float] = 0.1
    """Seconds between two looks of a device for something new."""
    gives_again_s: ClassVar[float] = 0.0
    """Seconds after which the server gives again what it gave and nobody confirmed. A run that seems to rest waits so long: a
    device that was killed in between has such a copy to come."""
    sends_in_steps: ClassVar[bool] = False
    """Whether `send` calls `between_steps` when a message is written and nobody else can see it yet."""
    has_replica: ClassVar[bool] = False
    """Whether reads are served by a replica that can be held behind (`hold_replica`, `release_replica`)."""
    pushes_apart: ClassVar[bool] = False
    """Whether pushes travel over a connection of their own; else they come over the device's one connection."""
    device_program: ClassVar[str] = "syncproof.engines.drive.devices"
    """The module that is the process of a device."""

    def __init__(self, given: Prepared) -> None:
        self.given = given
        self.directory = given.directory
        self.cast = given.cast
        self.between_steps: Callable[[], None] = lambda: None
        """What happens between the steps of a send: a device can be made to stop there."""

    @classmethod
    def missing(cls) -> str:
        """Return why the target cannot run on this machine, such as a server that is not installed; empty if it can."""
        return ""

    @classmethod
    def version(cls) -> str:
        """Return the server's version as it says it; empty for a server of our own."""
        return ""

    # ---- in the harness

    @abstractmethod
    def up(self) -> None:
        """Start the server, on a fresh directory or on the data that is there, and wait until it is ready."""

    def down(self) -> None:
        """End the server in an orderly way and leave its data. By default every process is asked to end."""
        for child in self.processes():
            child.end()

    @property
    @abstractmethod
    def endpoint(self) -> int:
        """Return the port of the loopback interface where the server listens now."""

    @abstractmethod
    def processes(self) -> list[Child]:
        """Return the children that are the server: the faults kill and stop all of them."""

    def journals(self) -> list[Path]:
        """Return the databases in which the server's own processes note observations, if it has been taught to.

        Those within the server's directory are put back with it.
        """
        return []

    def audit(self) -> Iterable[Observation]:
        """Return what the store holds now, asked out of band: `Stored`, `Placed`, `Queued` and so on, in its order."""
        return ()

    def trim(self) -> Iterable[Observation]:
        """Delete what retention would delete; return what is gone, unless a journal says so."""
        # Not abstract: a target that lacks `retention` is given no script that calls it.
        raise NotImplementedError(f"{type(self).__name__} neither has `trim` nor lacks `retention`")

    def hold_replica(self) -> None:
        """Stop the replica that serves reads from receiving what is new."""
        # Not abstract: only a target with `has_replica` is given a script that calls it.
        raise NotImplementedError(f"{type(self).__name__} has a replica and no `hold_replica`")

    def release_replica(self) -> None:
        """Let the replica that serves reads follow again, and wait until it has everything."""
        # Not abstract: see `hold_replica`.
        raise NotImplementedError(f"{type(self).__name__} has a replica and no `release_replica`")

    def restored(self, before: Path) -> Iterable[Observation]:
        """Do what an operator does after the directory was put back to a backup, while the server is down.

        `before`: the directory as it was. Returns what the restore removed, unless a journal says so.
        """
        return ()

    def options(self) -> dict[str, Any]:
        """Return what the processes of devices are given as `given.options`."""
        return self.given.options

    # ---- in the process of a device

    def _unwritten(self, name: str) -> NotImplementedError:
        # Not abstract: a target whose devices are another program (`device_program`) needs none of these.
        return NotImplementedError(f"{type(self).__name__} has no `{name}`, which its devices need")

    def register(self, device: DeviceId, user: UserId) -> Registration:
        """Connect a device and register it, for the first time or again."""
        raise self._unwritten("register")

    def send(self, device: DeviceId, message: Message) -> Receipt | Refusal | Uncertain:
        """Submit a message and wait for the reply. A message that is sent again has the same id."""
        raise self._unwritten("send")

    def receive(self, device: DeviceId, after: Mapping[str, str]) -> list[Batch]:
        """Return what is new behind the device's cursors, by name of the log; nothing if nothing is."""
        raise self._unwritten("receive")

    def confirm(self, device: DeviceId, batch: Batch) -> Iterable[Observation] | None:
        """Tell the server that a batch was applied; nothing where the device alone keeps its checkpoint.

        Returns what the server's reply says of its store, such as `Deleted`, if anything.
        """
        return None

    def history(self, device: DeviceId, conversation: ConversationId, after: int, upto: int) -> HistoryPage | None:
        """Return a page of a conversation's history; None where the server keeps none."""
        return None

    def close(self) -> None:  # noqa: B027  (not abstract: a server may be asked anew each time, over no lasting connection)
        """Close the connection of the device, if the target keeps one open."""

    @property
    def address(self) -> tuple[str, int]:
        """Return where the device finds the server: a proxy in front of it."""
        return LOOPBACK, self.given.port


def load(where: str) -> type[Target]:
    """Return the class at `module:Class` or `FILE.py:Class`. Raises `InputError` if there is no such target."""
    module, _, name = where.rpartition(":")
    if module.endswith(".py"):
        from syncproof.inputs import lookup

        found = lookup.attribute(where)
    else:
        found = getattr(import_module(module), name, None)
    if not (isinstance(found, type) and issubclass(found, Target)):
        what = "there is no such class" if found is None else f"{name} is no Target"
        raise InputError(f"{where}: {what}; write class {name}(Target), see docs/drive.md")
    return found


def unknown(name: str, known: Iterable[str]) -> InputError:
    """Return the error for a target that nobody knows."""
    return InputError(f"unknown target {name!r}{nearest(name, [*known, 'model:DESIGN', 'FILE.py:NAME'])}")
