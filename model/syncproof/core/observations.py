"""What an outside witness could have recorded: the vocabulary of properties, metrics and histories.

A history is a list of these, one JSON object a line (see `docs/history.md`); a real server's log can be turned into the
same. Times are not part of an observation: their order is. `durable = True` marks what a store's content shows, made
even when the process that wrote it died at that moment.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from syncproof.core.values import ActorId, ConversationId, DeviceId, MessageId, Timeline, UserId


class Observation(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What an outside witness could have recorded.

    `durable` tells whose witness it is: of a store's content (true: made even by a write that lands in a crash) or of
    what a living process did (false).
    """

    durable: ClassVar[bool] = False


class Composed(Observation, frozen=True, gc=False):
    """A person wrote a message on `device`; it is in the device's durable outbox.

    A change of what was said before names what it changes, as `Amended` does: `what` and `which`; `version` is a read
    marker's own, and 0 where the place that it takes decides.
    """

    message: MessageId
    device: DeviceId
    conversation: ConversationId
    what: str = ""
    which: int = 0
    version: int = 0


class Placed(Observation, frozen=True, gc=False):
    """A message took its place in its conversation's order.

    `members` are the conversation's users then, `audience` their devices then (the composing one included). A message
    that is placed again (a server that forgot it) has the later place and audience.
    """

    durable: ClassVar[bool] = True
    message: MessageId
    conversation: ConversationId
    place: int
    members: tuple[UserId, ...]
    audience: tuple[DeviceId, ...]


class Stored(Observation, frozen=True, gc=False):
    """The message is durable in the message store (or, where there is none, in at least one inbox)."""

    durable: ClassVar[bool] = True
    message: MessageId


class Accepted(Observation, frozen=True, gc=False):
    """The server told the sender that it has the message (told at least once; repeated replies are not observed)."""

    message: MessageId


class Appended(Observation, frozen=True, gc=False):
    """An entry of a log became readable. A void carries no message."""

    durable: ClassVar[bool] = True
    timeline: Timeline
    seq: int
    message: MessageId | None


class RangeRead(Observation, frozen=True, gc=False):
    """A read of `(after, upto]` returned exactly the numbers `seqs`. It was asked for by `device`."""

    device: DeviceId
    timeline: Timeline
    after: int
    upto: int
    seqs: tuple[int, ...]


class Served(Observation, frozen=True, gc=False):
    """A read on behalf of `device` covered all that it follows, and nothing was left for another page."""

    device: DeviceId


class Shown(Observation, frozen=True, gc=False):
    """A message is durably in the device's database at `place` of its conversation, and visible.

    `timeline` and `seq` say where the device got it from; both are None for a device's own message that it places
    by the server's accept, and for one that it fetched from the message store because its checkpoint had expired.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    message: MessageId
    conversation: ConversationId
    place: int
    timeline: Timeline | None = None
    seq: int | None = None


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
    """A copy of the message is in an offline inbox. `devices` are those that may fetch it there."""

    durable: ClassVar[bool] = True
    box: Timeline
    message: MessageId
    devices: tuple[DeviceId, ...]


class Deleted(Observation, frozen=True, gc=False):
    """A copy is deleted from an offline inbox, on the word of `device`."""

    durable: ClassVar[bool] = True
    box: Timeline
    message: MessageId
    device: DeviceId


class Trimmed(Observation, frozen=True, gc=False):
    """The entries of a log up to `upto` are gone, by retention."""

    durable: ClassVar[bool] = True
    timeline: Timeline
    upto: int


class Reverted(Observation, frozen=True, gc=False):
    """The server was restored: `timeline` is a new life of a log, and goes on after `upto`.

    Up to there it is what it was in its life `of`; what that life had above is not part of it.
    """

    durable: ClassVar[bool] = True
    timeline: Timeline
    upto: int
    of: int


class Gone(Observation, frozen=True, gc=False):
    """A message is not where it was stored any more, on no device's word: a restore or a retention took it.

    `box` is the offline inbox that held the copy; None: the message store.
    """

    durable: ClassVar[bool] = True
    message: MessageId
    box: Timeline | None = None


class Forgot(Observation, frozen=True, gc=False):
    """A device's database was put back to a backup, which lacks `messages` that the device had shown.

    `reached`: the last place that it holds of each conversation whose order it keeps; `roamed`: the last place of the
    history that it has fetched.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    messages: tuple[MessageId, ...]
    reached: tuple[tuple[ConversationId, int], ...] = ()
    roamed: tuple[tuple[ConversationId, int], ...] = ()


class Amended(Observation, frozen=True, gc=False):
    """What a device shows was changed by the entry of message `by`.

    `what` is `message` (recalled or edited; `which` is its id, `version` the place of the change) or `read` (`which` is the
    conversation, `version` the place up to which it is read). A higher version is a later one.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    what: str
    which: int
    version: int
    by: MessageId


class Retired(Observation, frozen=True, gc=False):
    """The server took a device out of its registry: another installation has taken its place."""

    durable: ClassVar[bool] = True
    device: DeviceId


class Joined(Observation, frozen=True, gc=False):
    """The server registered a device: from here on it is in audiences.

    `history` lists the conversations that its user is in and the last place taken in each; None for the devices that
    the run begins with, which have nothing to catch up on.
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
    """A user is no member of a conversation from here on."""

    durable: ClassVar[bool] = True
    conversation: ConversationId
    user: UserId


class Roamed(Observation, frozen=True, gc=False):
    """A page of a conversation's history is in the device's database: all that is there in `(after, upto]`.

    `entries` is what came for these places: `(place, message)`, in order.
    """

    durable: ClassVar[bool] = True
    device: DeviceId
    conversation: ConversationId
    after: int
    upto: int
    entries: tuple[tuple[int, MessageId], ...]


class Triggered(Observation, frozen=True, gc=False):
    """Something gave the device a reason to pull: `connect`, `poll`, `notification`, `push`."""

    device: DeviceId
    cause: str


class Pulled(Observation, frozen=True, gc=False):
    """The device sent a pull request."""

    device: DeviceId


class Noted(Observation, frozen=True, gc=False):
    """A situation worth reaching was reached (`gap`, `redriven`, `void`, `duplicate-submit`, ...): for witnesses."""

    durable: ClassVar[bool] = True
    situation: str
    actor: ActorId


# ---- made by engines, not by actors


class Connected(Observation, frozen=True, gc=False):
    """A connection of the device is up at both ends."""

    device: DeviceId


class Disconnected(Observation, frozen=True, gc=False):
    """The device's end of its connection is closed. `clean`: the server is told."""

    device: DeviceId
    clean: bool


class Crashed(Observation, frozen=True, gc=False):
    """An actor lost its volatile state."""

    actor: ActorId


class Restarted(Observation, frozen=True, gc=False):
    """A crashed actor runs again."""

    actor: ActorId


class FaultsStopped(Observation, frozen=True, gc=False):
    """From here on nothing fails any more."""


class Quiesced(Observation, frozen=True, gc=False):
    """Only poll timers remain, and a round of polls changed nothing: liveness is judged here."""
