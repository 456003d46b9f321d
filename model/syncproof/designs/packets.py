"""The packets of messaging designs: between devices and servers, and from an actor to itself."""

from __future__ import annotations

from typing import ClassVar

from syncproof.core.links import PUSH, Link
from syncproof.core.packets import Packet
from syncproof.core.values import (
    ConnectionId,
    ConversationId,
    Cursor,
    DeviceId,
    Entry,
    Message,
    MessageId,
    Page,
    Timeline,
    UserId,
)

# ---- device to server, over a connection


class Submit(Packet, frozen=True, gc=False):
    """A device submits a message, and sends it again until it is accepted."""

    request: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True
    message: Message

    @property
    def body_bytes(self) -> int:
        return self.message.size

    @property
    def draw_key(self) -> int:
        return self.message.id


class Pull(Packet, frozen=True, gc=False):
    """A device asks for the entries after these cursors; `full`: also of timelines that it has no cursor for."""

    request: ClassVar[bool] = True
    pull: ClassVar[bool] = True
    cursors: tuple[Cursor, ...]
    full: bool = True

    @property
    def body_bytes(self) -> int:
        """Return 16 bytes (a timeline's name and a number) for each cursor but the first, which the stated header holds."""
        return 16 * max(0, len(self.cursors) - 1)


class Ack(Packet, frozen=True, gc=False):
    """A device acknowledges messages: they are durably shown on it."""

    messages: tuple[MessageId, ...]


class EntryAck(Packet, frozen=True, gc=False):
    """A device acknowledges entries of a log, by their numbers: they are durably shown on it."""

    timeline: Timeline
    seqs: tuple[int, ...]


class Register(Packet, frozen=True, gc=False):
    """A new device of `user` registers; `replaces` is the installation whose place it takes."""

    request: ClassVar[bool] = True
    user: UserId
    replaces: DeviceId | None = None


class Roam(Packet, frozen=True, gc=False):
    """A new device asks for a page of the history of one of its user's conversations."""

    request: ClassVar[bool] = True
    conversation: ConversationId
    after: int
    upto: int


class Fetch(Packet, frozen=True, gc=False):
    """A device whose checkpoint has expired asks the message store for what it missed in a conversation."""

    request: ClassVar[bool] = True
    conversation: ConversationId
    after: int
    upto: int


# ---- server to device, over a connection


class Accept(Packet, frozen=True, gc=False):
    """The server has the message; `place` is its number in the conversation.

    `timeline`, `after`, `seq`: where the sender's own copy is, and the number in that timeline just before it, so that a
    device which has everything up to there need not pull what it wrote. Without a timeline the reply does not say.
    """

    accepts: ClassVar[str | None] = "message"
    accepts_at: ClassVar[str | None] = "place"
    message: MessageId
    place: int
    timeline: Timeline | None = None
    after: int = 0
    seq: int = 0

    @property
    def body_bytes(self) -> int:
        """Return 16 bytes for the two numbers; the timeline is the device's own and need not be named."""
        return 0 if self.timeline is None else 16


class PullReply(Packet, frozen=True, gc=False):
    """A page for each timeline that has something new. `size`: the bodies in it, in bytes."""

    pages: tuple[Page, ...]
    size: int = 0

    @property
    def body_bytes(self) -> int:
        return self.size

    @property
    def is_empty(self) -> bool:
        return not self.pages


class Registered(Packet, frozen=True, gc=False):
    """The server registered the device: where its timelines start, and the history to fetch, (conversation, upto)."""

    cursors: tuple[Cursor, ...]
    history: tuple[tuple[ConversationId, int], ...]


class Unknown(Packet, frozen=True, gc=False):
    """The device is not in the server's registry (any more) and must register."""


class Fetched(Packet, frozen=True, gc=False):
    """One page of what a device missed in a conversation."""

    page: Page
    conversation: ConversationId

    @property
    def body_bytes(self) -> int:
        return self.page.body_bytes


class RoamReply(Packet, frozen=True, gc=False):
    """One page of history."""

    page: Page
    conversation: ConversationId

    @property
    def body_bytes(self) -> int:
        return self.page.body_bytes


# ---- server to device, pushed


class Notification(Packet, frozen=True, gc=False):
    """The server says that there is something new: `message` has extended `timeline` to `head`."""

    link: ClassVar[Link] = PUSH
    timeline: Timeline
    head: int
    message: MessageId

    @property
    def draw_key(self) -> int:
        return self.message


class Push(Packet, frozen=True, gc=False):
    """The server sends the message itself, with its number in `timeline`."""

    link: ClassVar[Link] = PUSH
    timeline: Timeline
    entry: Entry

    @property
    def message(self) -> MessageId:
        assert self.entry.message is not None
        return self.entry.message.id

    @property
    def draw_key(self) -> int:
        return self.message

    @property
    def body_bytes(self) -> int:
        return 0 if self.entry.message is None else self.entry.message.size


# ---- from an actor to itself: timers, and completions of storage operations


class Poll(Packet, frozen=True, gc=False):
    """A device's poll timer fired."""


class Respond(Packet, frozen=True, gc=False):
    """Storage has returned the rows of `reply`, which can be sent now."""

    answers: ClassVar[str | None] = "connection"
    connection: ConnectionId
    reply: Packet


class Commit(Packet, frozen=True, gc=False):
    """The message, its dedup row and its intent are in the store; `size`: the bytes that were written for them."""

    message: Message
    source: ConnectionId
    size: int = 0


class Synced(Packet, frozen=True, gc=False):
    """A batch of entries is in the sync store. `entries` carry numbers where these were reserved beforehand, else 0."""

    user: UserId
    entries: tuple[Entry, ...]


class Reserved(Packet, frozen=True, gc=False):
    """The sequencer has persisted that the numbers up to `upto` of the user's timeline are reserved."""

    user: UserId
    upto: int


class GapWaited(Packet, frozen=True, gc=False):
    """A device has waited long enough for the entries that a push showed to be missing."""


class Aged(Packet, frozen=True, gc=False):
    """The copies up to `upto` of the timeline have been in the sync store as long as they live there.

    Bounded worlds limit how often it fires early, as they do with retransmissions: days pass before it fires.
    """

    retransmits: ClassVar[bool] = True
    timeline: Timeline
    upto: int


class Saved(Packet, frozen=True, gc=False):
    """A device has saved its checkpoints, in a step of its own after applying the entries."""

    cursors: tuple[Cursor, ...]


class RecordCheckpoints(Packet, frozen=True, gc=False):
    """The server has waited long enough, and records the checkpoints that it has learnt."""


class CheckpointsRecorded(Packet, frozen=True, gc=False):
    """The server has recorded checkpoints of devices, learnt from pull requests."""

    checkpoints: tuple[tuple[DeviceId, Cursor], ...]


class Trim(Packet, frozen=True, gc=False):
    """Retention has deleted the entries up to `upto` of the timeline, which took `size` bytes when that began."""

    timeline: Timeline
    upto: int
    size: int = 0


class Enrolled(Packet, frozen=True, gc=False):
    """The new device is in the registry."""

    device: DeviceId
    user: UserId
    connection: ConnectionId
    replaces: DeviceId | None = None


class Indexed(Packet, frozen=True, gc=False):
    """The inbox server has stored the row for the message's id and place."""

    message: Message
    source: ConnectionId


class Copied(Packet, frozen=True, gc=False):
    """A copy of the message is in an offline inbox."""

    box: Timeline
    message: Message
    place: int


class Removed(Packet, frozen=True, gc=False):
    """The acknowledged copies are deleted from an offline inbox."""

    box: Timeline
    messages: tuple[MessageId, ...]
    device: DeviceId


class Dropped(Packet, frozen=True, gc=False):
    """These copies are deleted from an offline inbox, delivered or not."""

    box: Timeline
    messages: tuple[MessageId, ...]


class Unacked(Packet, frozen=True, gc=False):
    """The device did not acknowledge a push in time."""

    message: MessageId
    device: DeviceId


class AckRecorded(Packet, frozen=True, gc=False):
    """The acks of a device are in its consumer's row."""

    device: DeviceId
    timeline: Timeline
    seqs: tuple[int, ...]


class Redeliver(Packet, frozen=True, gc=False):
    """The device did not acknowledge the entry in time."""

    retransmits: ClassVar[bool] = True
    device: DeviceId
    timeline: Timeline
    seq: int
