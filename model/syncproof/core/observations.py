"""What an outside observer can record: the vocabulary of properties, metrics and histories.

A history is a list of observations, one JSON object a line (see `docs/history.md`); a real server's log can be converted
to one. An observation carries no time: only the order of observations counts.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from syncproof.core.values import ActorId, ConversationId, DeviceId, MessageId, Timeline, UserId


class Observation(msgspec.Struct, frozen=True, gc=False, tag=True, forbid_unknown_fields=True):
    """What an outside observer can record.

    `durable`: it says what a store contains, so it is made even by a write that lands in a crash; otherwise it says what
    a running process did.
    """

    durable: ClassVar[bool] = False


class Composed(Observation, frozen=True, gc=False):
    """A person wrote a message on `device`; it is in the device's durable outbox.

    A change (a recall, an edit, a read marker) names what it changes by `what` and `which`, as `Amended` does; `version`
    is a read marker's own, and 0 where the place that the change takes is its version. `final`: it is a recall.
    """

    message: MessageId
    device: DeviceId
    conversation: ConversationId
    what: str = ""
    which: int = 0
    version: int = 0
    final: bool = False


class Placed(Observation, frozen=True, gc=False):
    """A message took its place in its conversation's order; without `place`, nobody knows which.

    `members` are the conversation's users at that moment, `audience` their registered devices (the composing one
    included). Left out, both are what `Joined`, `MemberAdded`, `Subscribed` and their opposites say at that moment. If a
    message is placed again, because a restored server had lost it, the later place and audience count.
    """

    durable: ClassVar[bool] = True
    message: MessageId
    conversation: ConversationId
    place: int | None = None
    members: tuple[UserId, ...] | None = None
    audience: tuple[DeviceId, ...] | None = None


class Stored(Observation, frozen=True, gc=False):
    """The message is durable in the message store (or, where there is none, in at least one inbox)."""

    durable: ClassVar[bool] = True
    message: MessageId


class Audited(Observation, frozen=True, gc=False):
    """A look into the server's stores, from outside, found exactly these messages there.

    For servers that do not say when a message is `Stored`. It says nothing about the moment at which a message got there.
    """

    messages: tuple[MessageId, ...]


class Accepted(Observation, frozen=True, gc=False):
    """The reply that accepts the message was sent; every such reply is observed. `place`: the one that it names, if any.

    Engines make it from the packet that is sent (`Packet.accepts`), not handlers.
    """

    message: MessageId
    place: int | None = None


class Refused(Observation, frozen=True, gc=False):
    """The reply that refuses the message for good was sent: it takes no place, and its sender keeps it no longer.

    Engines make it from the packet that is sent (`Packet.refuses`), not handlers.
    """

    message: MessageId


class Unsure(Observation, frozen=True, gc=False):
    """The sender had no reply, so it does not know whether the message was accepted. It may send it again."""

    message: MessageId


class Appended(Observation, frozen=True, gc=False):
    """An entry of a log became readable. A void carries no message."""

    durable: ClassVar[bool] = True
    timeline: Timeline
    seq: int
    message: MessageId | None


class RangeRead(Observation, frozen=True, gc=False):
    """A read of `(after, upto]` on behalf of `device` returned exactly the entries with the numbers `seqs`.

    `replica`: the number of the server that was asked, where several serve reads.
    """

    device: DeviceId
    timeline: Timeline
    after: int
    upto: int
    seqs: tuple[int, ...]
    replica: int | None = None


class Served(Observation, frozen=True, gc=False):
    """A read on behalf of `device` covered every timeline that it follows, and left nothing for another page."""

    device: DeviceId


class Delivered(Observation, frozen=True, gc=False):
    """The message was sent to a device, for the `attempt`-th time: the first is 1, a redelivery 2 or more."""

    device: DeviceId
    message: MessageId
    attempt: int


class Shown(Observation, frozen=True, gc=False):
    """A message is durably in the device's database at `place` of its conversation, and visible.

    Without `place` the device does not know one. `timeline` and `seq` name the entry that the device got it from; both
    are None for a device's own message that it places by the accepting reply, and for a message fetched from the message
    store because its checkpoint had expired.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    message: MessageId
    conversation: ConversationId
    place: int | None = None
    timeline: Timeline | None = None
    seq: int | None = None


class Placeholder(Observation, frozen=True, gc=False):
    """What the device shows of the message is a placeholder, because it cannot open the message yet.

    It takes the message's place for order and checkpoints, and counts as `Shown`. An `Amended` of the message replaces it.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    message: MessageId


class Openable(Observation, frozen=True, gc=False):
    """From here on the device can open every message of which it shows a placeholder: it has been given the key.

    Engines make it when the key comes, whatever the device makes of that.
    """

    durable: ClassVar[bool] = True
    device: DeviceId


class Checkpointed(Observation, frozen=True, gc=False):
    """The device's checkpoint in a timeline is now `seq`. `start`: its starting value in this installation."""

    durable: ClassVar[bool] = True
    device: DeviceId
    timeline: Timeline
    seq: int
    start: bool = False


class Learnt(Observation, frozen=True, gc=False):
    """The server recorded a device's checkpoint."""

    durable: ClassVar[bool] = True
    device: DeviceId
    timeline: Timeline
    seq: int


class Queued(Observation, frozen=True, gc=False):
    """A copy of the message is in an offline inbox. `devices` may fetch it there."""

    durable: ClassVar[bool] = True
    box: Timeline
    message: MessageId
    devices: tuple[DeviceId, ...]


class Deleted(Observation, frozen=True, gc=False):
    """A copy is deleted from an offline inbox: after an ack of `device`, or, without one, for another `cause`.

    `cause` is `ack`, `sent` (deleted as soon as it was sent) or `expired` (it had been there too long). `devices`: those
    whose copy it was if no `device` is named; left out, those of its `Queued`.
    """

    durable: ClassVar[bool] = True
    box: Timeline
    message: MessageId
    device: DeviceId | None
    cause: Literal["ack", "sent", "expired"] = "ack"
    devices: tuple[DeviceId, ...] | None = None


class Trimmed(Observation, frozen=True, gc=False):
    """Retention deleted the entries of a log up to `upto`."""

    durable: ClassVar[bool] = True
    timeline: Timeline
    upto: int


class Reverted(Observation, frozen=True, gc=False):
    """The server was restored: `timeline` is a new epoch of a log, and continues after `upto`.

    Up to `upto` it contains what the log contained in the epoch `of`; what was above is not part of the new epoch.
    """

    durable: ClassVar[bool] = True
    timeline: Timeline
    upto: int
    of: int


class Gone(Observation, frozen=True, gc=False):
    """A stored message was removed without a device's ack: by a restore, by retention, or because a crash lost it.

    `box` is the offline inbox that held the copy; None: the message store. A restore and retention are excuses for what
    follows, a `crash` is none.
    """

    durable: ClassVar[bool] = True
    message: MessageId
    box: Timeline | None = None
    cause: Literal["restore", "retention", "crash"] = "restore"


class Forgot(Observation, frozen=True, gc=False):
    """A device's database was put back to a backup, which lacks `messages` that the device had shown.

    `reached`: the last place in the backup of each conversation whose order the device keeps; `roamed`: the last place
    of the history that it had fetched; `unsent`: messages of its outbox that the backup lacks, which it never sends again.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    messages: tuple[MessageId, ...]
    reached: tuple[tuple[ConversationId, int], ...] = ()
    roamed: tuple[tuple[ConversationId, int], ...] = ()
    unsent: tuple[MessageId, ...] = ()


class Amended(Observation, frozen=True, gc=False):
    """The entry of message `by` changed what a device shows.

    `what` is `message` (recalled or edited; `which` is its id, `version` the place of the change) or `read` (`which` is the
    conversation, `version` the place up to which it is read). A higher version is a later one. `final`: it is a recall,
    which counts whatever the version of an edit. A message that is amended by itself, with version 0, is shown as it was
    composed, in the place of its placeholder.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    what: str
    which: int
    version: int
    by: MessageId
    final: bool = False

    @property
    def is_change(self) -> bool:
        """Return whether a recall, an edit or a read marker made it, and not the message itself."""
        return self.what != "message" or self.which != self.by


class Expired(Observation, frozen=True, gc=False):
    """The time of a message is over: it was removed on `device`, or, without one, from the server's logs, where a void is left.

    From here on it is owed to nobody.
    """

    durable: ClassVar[bool] = True
    message: MessageId
    device: DeviceId | None = None


class Unread(Observation, frozen=True, gc=False):
    """A device shows `count` as the number of unread messages of a conversation: a badge, a figure beside its name."""

    durable: ClassVar[bool] = True
    device: DeviceId
    conversation: ConversationId
    count: int


class Retired(Observation, frozen=True, gc=False):
    """The server took a device out of its registry: another installation has taken its place."""

    durable: ClassVar[bool] = True
    device: DeviceId


class Joined(Observation, frozen=True, gc=False):
    """The server registered a device: from here on it is in audiences.

    `history` lists the conversations of its user and the last place taken in each; None for the devices that
    the run begins with, which have no earlier history to fetch.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    user: UserId
    history: tuple[tuple[ConversationId, int], ...] | None = None


class MemberAdded(Observation, frozen=True, gc=False):
    """A user is a member of a conversation from here on."""

    durable: ClassVar[bool] = True
    conversation: ConversationId
    user: UserId


class MemberRemoved(Observation, frozen=True, gc=False):
    """A user is no longer a member of a conversation from here on."""

    durable: ClassVar[bool] = True
    conversation: ConversationId
    user: UserId


class Subscribed(Observation, frozen=True, gc=False):
    """A device receives what is sent to a conversation from here on.

    For servers that know subscriptions and not members. The audience of a conversation with any `Subscribed` is the devices
    that are subscribed to it: one that only sends is not among them.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    conversation: ConversationId


class Unsubscribed(Observation, frozen=True, gc=False):
    """A device no longer receives what is sent to a conversation."""

    durable: ClassVar[bool] = True
    device: DeviceId
    conversation: ConversationId


class Roamed(Observation, frozen=True, gc=False):
    """A page of a conversation's history is in the device's database: all places in `(after, upto]`.

    `entries` is what the page held for these places: `(place, message)`, in order.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    conversation: ConversationId
    after: int
    upto: int
    entries: tuple[tuple[int, MessageId], ...]


class Triggered(Observation, frozen=True, gc=False):
    """Something gave the device a reason to pull: `connect`, `poll`, `notification`, `push`, `timeout`."""

    device: DeviceId
    cause: str


class Pulled(Observation, frozen=True, gc=False):
    """The device sent a pull request."""

    device: DeviceId


class Noted(Observation, frozen=True, gc=False):
    """A situation that witnesses look for was reached (`gap`, `redriven`, `void`, `duplicate-submit`, ...)."""

    durable: ClassVar[bool] = True
    situation: str
    actor: ActorId


# ---- made by engines, not by actors


class Connected(Observation, frozen=True, gc=False):
    """A connection of the device is up at both ends."""

    device: DeviceId


class Disconnected(Observation, frozen=True, gc=False):
    """The device's end of its connection is closed. `clean`: the server's end closes too, after what is in flight."""

    device: DeviceId
    clean: bool


class Crashed(Observation, frozen=True, gc=False):
    """An actor lost its volatile state."""

    actor: ActorId


class Restarted(Observation, frozen=True, gc=False):
    """A crashed actor runs again."""

    actor: ActorId


class Appeared(Observation, frozen=True, gc=False):
    """A device of `user` that was not there before is in use from here on, and has to be registered (`Joined`)."""

    durable: ClassVar[bool] = True
    device: DeviceId
    user: UserId


class Abandoned(Observation, frozen=True, gc=False):
    """A device is gone for good and the server is not told: its connection is dead, and nobody uses it again.

    Nothing is owed to it from here on. The server keeps it in its registry, and so in audiences.
    """

    device: DeviceId


class FaultsStopped(Observation, frozen=True, gc=False):
    """From here on no fault happens."""


class Quiesced(Observation, frozen=True, gc=False):
    """Only poll timers remain, and a round of polls changed nothing: liveness is judged here."""


MADE_BY_ENGINES: frozenset[type[Observation]] = frozenset(
    {
        Accepted,
        Refused,
        Unsure,
        Openable,
        Abandoned,
        Connected,
        Disconnected,
        Crashed,
        Restarted,
        Appeared,
        FaultsStopped,
        Quiesced,
    }
)
"""The observations that engines and recorders alone make. An actor that could make one by hand could end a debt that
properties watch, or say that the faults are over.
"""

MADE_BY_RECORDERS: frozenset[type[Observation]] = frozenset({Audited, Delivered, Subscribed, Unsubscribed})
"""The observations that no engine and no design of syncproof makes: recorders of real servers do."""
