"""The packets of messaging designs: between devices and servers, and from an actor to itself."""

from __future__ import annotations

from typing import ClassVar, Literal

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

ID_BYTES = 16
"""The size on the wire of a message's id, which clients make so that no two are equal (a UUID)."""
NUMBER_BYTES = 8
"""The size on the wire of a seq or place, and of the name of a timeline, conversation, user or device."""
CURSOR_BYTES = 2 * NUMBER_BYTES
"""A timeline's name and a number."""
MESSAGE_BYTES = ID_BYTES + 2 * NUMBER_BYTES
"""What a message takes beside its body: its id, conversation and sending device."""
ENTRY_BYTES = 2 * NUMBER_BYTES
"""What an entry takes beside its message: its seq and place."""
PAGE_BYTES = 3 * NUMBER_BYTES
"""What a page takes beside its entries: the timeline's name, and the range that it covers."""


def page_size(page: Page) -> int:
    """Return the bytes of a page on the wire, without the bodies in it."""
    carried = sum([entry.message is not None for entry in page.entries])
    return PAGE_BYTES + ENTRY_BYTES * len(page.entries) + MESSAGE_BYTES * carried + CURSOR_BYTES * len(page.missing)


# ---- device to server, over a connection


class Submit(Packet, frozen=True, gc=False):
    """A device submits a message, and sends it again until it is accepted.

    `after`: the message that it submitted before this one over the same connection, and that is not accepted yet. `number`: the
    message's number among those that the device submits over this connection, from 1, where acks are cumulative; else 0.
    """

    request: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True
    message: Message
    after: MessageId | None = None
    number: int = 0

    @property
    def body_bytes(self) -> int:
        order = (0 if self.after is None else ID_BYTES) + (NUMBER_BYTES if self.number else 0)
        return MESSAGE_BYTES + self.message.size + order

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
        return CURSOR_BYTES * len(self.cursors)


class Ack(Packet, frozen=True, gc=False):
    """A device acknowledges messages: they are durably shown on it."""

    messages: tuple[MessageId, ...]

    @property
    def body_bytes(self) -> int:
        return ID_BYTES * len(self.messages)


class AckRange(Packet, frozen=True, gc=False):
    """A device acknowledges the entries in `(after, upto]` of its queue: it has durably shown the page that held them."""

    timeline: Timeline
    after: int
    upto: int

    @property
    def body_bytes(self) -> int:
        """Return 8 bytes each for the queue's name and the two numbers."""
        return 24


class EntryAck(Packet, frozen=True, gc=False):
    """A device acknowledges entries of a log, by their numbers: they are durably shown on it."""

    timeline: Timeline
    seqs: tuple[int, ...]

    @property
    def body_bytes(self) -> int:
        return NUMBER_BYTES * (1 + len(self.seqs))


class Register(Packet, frozen=True, gc=False):
    """A new device of `user` registers; `replaces` is the installation whose place it takes."""

    request: ClassVar[bool] = True
    user: UserId
    replaces: DeviceId | None = None

    @property
    def body_bytes(self) -> int:
        return 2 * NUMBER_BYTES


class Roam(Packet, frozen=True, gc=False):
    """A new device asks for a page of the history of one of its user's conversations."""

    request: ClassVar[bool] = True
    conversation: ConversationId
    after: int
    upto: int

    @property
    def body_bytes(self) -> int:
        return 3 * NUMBER_BYTES


class Fetch(Packet, frozen=True, gc=False):
    """A device whose checkpoint has expired asks the message store for what it missed in a conversation."""

    request: ClassVar[bool] = True
    conversation: ConversationId
    after: int
    upto: int

    @property
    def body_bytes(self) -> int:
        return 3 * NUMBER_BYTES


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
        """Return the size of the id and the place, and of the two numbers; the timeline is the device's own, so not named."""
        return ID_BYTES + (NUMBER_BYTES if self.timeline is None else 3 * NUMBER_BYTES)

    @property
    def draw_key(self) -> int:
        return self.message


class AcceptUpTo(Packet, frozen=True, gc=False):
    """The server has every message that was submitted over this connection, up to the one with this number.

    Only the number is on the wire. `messages`: those that it covers and that no earlier reply has accepted, or that came again
    since, for what is observed (`Accepted`).
    """

    accepts: ClassVar[str | None] = "messages"
    number: int
    messages: tuple[MessageId, ...]

    @property
    def body_bytes(self) -> int:
        return NUMBER_BYTES

    @property
    def draw_key(self) -> int:
        return self.messages[-1] if self.messages else -1


class PullReply(Packet, frozen=True, gc=False):
    """A page for each timeline that has something new. `size`: the bodies in it, in bytes."""

    pages: tuple[Page, ...]
    size: int = 0

    @property
    def body_bytes(self) -> int:
        return self.size + sum([page_size(page) for page in self.pages])

    @property
    def is_empty(self) -> bool:
        return not self.pages


class Registered(Packet, frozen=True, gc=False):
    """The server registered the device: where its timelines start, and the history to fetch, (conversation, upto)."""

    cursors: tuple[Cursor, ...]
    history: tuple[tuple[ConversationId, int], ...]

    @property
    def body_bytes(self) -> int:
        return CURSOR_BYTES * (len(self.cursors) + len(self.history))


class Unknown(Packet, frozen=True, gc=False):
    """The device is not in the server's registry (any more) and must register."""


class Fetched(Packet, frozen=True, gc=False):
    """One page of what a device missed in a conversation."""

    page: Page
    conversation: ConversationId

    @property
    def body_bytes(self) -> int:
        return NUMBER_BYTES + page_size(self.page) + self.page.body_bytes


class RoamReply(Packet, frozen=True, gc=False):
    """One page of history."""

    page: Page
    conversation: ConversationId

    @property
    def body_bytes(self) -> int:
        return NUMBER_BYTES + page_size(self.page) + self.page.body_bytes


# ---- server to device, pushed


class Notification(Packet, frozen=True, gc=False):
    """The server says that there is something new: `message` has extended `timeline` to `head`."""

    link: ClassVar[Link] = PUSH
    purpose: ClassVar[str] = "push"
    timeline: Timeline
    head: int
    message: MessageId

    @property
    def body_bytes(self) -> int:
        return 2 * NUMBER_BYTES + ID_BYTES

    @property
    def draw_key(self) -> int:
        return self.message


class Push(Packet, frozen=True, gc=False):
    """The server sends the message itself, with its number in `timeline`."""

    link: ClassVar[Link] = PUSH
    purpose: ClassVar[str] = "push"
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
        """Return the bytes of the timeline's name, the entry and its message."""
        carried = 0 if self.entry.message is None else MESSAGE_BYTES + self.entry.message.size
        return NUMBER_BYTES + ENTRY_BYTES + carried


# ---- from an actor to itself: timers, and completions of storage operations


class Poll(Packet, frozen=True, gc=False):
    """A device's poll timer fired."""


class Respond(Packet, frozen=True, gc=False):
    """Storage has returned the rows of `reply`, which can be sent now."""

    answers: ClassVar[str | None] = "connection"
    connection: ConnectionId
    reply: Packet

    @property
    def draw_key(self) -> int:
        return self.reply.draw_key

    @property
    def draw_owner(self) -> int:
        return self.connection.client


class Commit(Packet, frozen=True, gc=False):
    """The message, its dedup row and its intent are in the store; `size`: the bytes that were written for them."""

    purpose: ClassVar[str] = "accepting write"
    message: Message
    source: ConnectionId
    size: int = 0

    @property
    def draw_key(self) -> int:
        return self.message.id


class Synced(Packet, frozen=True, gc=False):
    """A batch of entries is in the sync store. `entries` carry numbers where these were reserved beforehand, else 0."""

    user: UserId
    entries: tuple[Entry, ...]

    @property
    def draw_key(self) -> int:
        return -1 if self.entries[0].message is None else self.entries[0].message.id

    @property
    def draw_owner(self) -> int:
        return self.user


class Reserved(Packet, frozen=True, gc=False):
    """The sequencer has persisted that the numbers up to `upto` of the user's timeline are reserved."""

    user: UserId
    upto: int

    @property
    def draw_owner(self) -> int:
        return self.user


class GapWaited(Packet, frozen=True, gc=False):
    """A device has waited long enough for the entries that a push showed to be missing."""


class Aged(Packet, frozen=True, gc=False):
    """The copies up to `upto` of the timeline have been in the sync store as long as they live there.

    Bounded worlds limit how often it fires early, as they do with retransmissions: days pass before it fires.
    """

    retransmits: ClassVar[bool] = True
    timeline: Timeline
    upto: int


class Elapsed(Packet, frozen=True, gc=False):
    """The time of an expiring message is over."""

    message: MessageId


class Saved(Packet, frozen=True, gc=False):
    """A device has saved its checkpoints, in a step of its own after applying the entries."""

    cursors: tuple[Cursor, ...]


class RecordCheckpoints(Packet, frozen=True, gc=False):
    """The server has waited long enough, and records the checkpoints that it has learnt."""


class CheckpointsRecorded(Packet, frozen=True, gc=False):
    """The server has recorded checkpoints of devices, learnt from pull requests."""

    checkpoints: tuple[tuple[DeviceId, Cursor], ...]

    @property
    def draw_owner(self) -> int:
        return self.checkpoints[0][0]


class Trim(Packet, frozen=True, gc=False):
    """Retention has deleted the entries up to `upto` of the timeline, which took `size` bytes when that began."""

    timeline: Timeline
    upto: int
    size: int = 0

    @property
    def draw_owner(self) -> int:
        return self.timeline.owner


class Enrolled(Packet, frozen=True, gc=False):
    """The new device is in the registry."""

    device: DeviceId
    user: UserId
    connection: ConnectionId
    replaces: DeviceId | None = None

    @property
    def draw_owner(self) -> int:
        return self.device


class Indexed(Packet, frozen=True, gc=False):
    """The inbox server has stored the row for the message's id and place."""

    purpose: ClassVar[str] = "accepting write"
    message: Message
    source: ConnectionId

    @property
    def draw_key(self) -> int:
        return self.message.id


class Copied(Packet, frozen=True, gc=False):
    """A copy of the message is in an offline inbox."""

    box: Timeline
    message: Message
    place: int

    @property
    def draw_key(self) -> int:
        return self.message.id

    @property
    def draw_owner(self) -> int:
        return self.box.owner


class Removed(Packet, frozen=True, gc=False):
    """The acknowledged copies are deleted from an offline inbox."""

    box: Timeline
    messages: tuple[MessageId, ...]
    device: DeviceId

    @property
    def draw_key(self) -> int:
        return self.messages[0]

    @property
    def draw_owner(self) -> int:
        return self.device


class Dropped(Packet, frozen=True, gc=False):
    """These copies are deleted from an offline inbox, delivered or not."""

    box: Timeline
    messages: tuple[MessageId, ...]

    @property
    def draw_key(self) -> int:
        return self.messages[0]

    @property
    def draw_owner(self) -> int:
        return self.box.owner


class Unacked(Packet, frozen=True, gc=False):
    """The device did not acknowledge a push in time."""

    message: MessageId
    device: DeviceId

    @property
    def draw_key(self) -> int:
        return self.message

    @property
    def draw_owner(self) -> int:
        return self.device


class Repush(Packet, frozen=True, gc=False):
    """The device did not acknowledge the pushed copy of the message in time, so it is pushed again."""

    retransmits: ClassVar[bool] = True
    device: DeviceId
    message: MessageId


class AckDue(Packet, frozen=True, gc=False):
    """A device has collected acks long enough and sends them."""


class Outlived(Packet, frozen=True, gc=False):
    """A copy has been in its inbox as long as one may."""

    box: Timeline
    message: MessageId


class RequestTimeout(Packet, frozen=True, gc=False):
    """A device's request was not answered in time, so it is sent again. There is at most one open request of each kind."""

    retransmits: ClassVar[bool] = True
    kind: Literal["submit", "pull", "register", "roam"]


class AckRecorded(Packet, frozen=True, gc=False):
    """The acks of a device are in its consumer's row."""

    device: DeviceId
    timeline: Timeline
    seqs: tuple[int, ...]

    @property
    def draw_owner(self) -> int:
        return self.device


class Redeliver(Packet, frozen=True, gc=False):
    """The device did not acknowledge the entry in time."""

    retransmits: ClassVar[bool] = True
    device: DeviceId
    timeline: Timeline
    seq: int
