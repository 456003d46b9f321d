"""Recalls that do not reach a device, or that it undoes."""

from __future__ import annotations

import msgspec

from syncproof.core.actor import Out, actor, durable, on
from syncproof.core.observations import Amended
from syncproof.core.packets import Packet
from syncproof.core.values import ConversationId, Id, Message, MessageId, Page
from syncproof.designs.packets import NUMBER_BYTES, Accept, Commit
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.push import PushDevice
from syncproof.designs.timeline.server import TimelineServer
from syncproof.seeded_bugs._record import seeded_bug


@actor
class ChangesInPlace(TimelineServer):
    """Changes the stored message and appends no entry, so that devices that have pulled it do not receive the change."""

    @on(Commit)
    def commit(self, source: Id, packet: Commit, out: Out) -> None:
        """Replace the recalled message in every log that has it."""
        message = packet.message
        if message.kind != "recall":
            super().commit(source, packet, out)
            return
        for timeline in (*self.store.values(), *self.sync.values()):
            for index, entry in enumerate(timeline.entries):
                known = entry.message
                if known is not None and int(known.id) == message.about:
                    changed = msgspec.structs.replace(known, kind="recall", about=message.about)
                    timeline.entries[index] = msgspec.structs.replace(entry, message=changed)
        out.send(packet.source, Accept(message.id, 0))
        self.release(out)


F32 = seeded_bug(
    "F32",
    "created-at cursor misses changes",
    mechanism="a recall changes the message where it stands; devices past it do not learn of that",
    cure="append each change as an entry of its own",
    seen_in="Rocket.Chat#41079",
    violates=("convergence",),
    base="timeline-notify",
    world=("two-devices", 2, ("recall",)),
    server=ChangesInPlace,
)


@actor
class ForgetsEarlyRecall(PushDevice):
    """Ignores a recall that arrives before its message."""

    def amend(self, message: Message, place: int, out: Out) -> None:
        if message.kind == "read" or message.about in self.shown:
            super().amend(message, place, out)


F33 = seeded_bug(
    "F33",
    "recall before its message",
    mechanism="a recall is dropped because its message is not there yet",
    cure="keep a change that comes before its message, and apply it when the message comes",
    seen_in="chatmail/core#2849, element-web#23508",
    violates=("convergence",),
    base="timeline-push",
    world=("two-devices", 2, ("recall", "push")),
    device=ForgetsEarlyRecall,
)


@actor
class FlagsFromSync(PushDevice):
    """Writes the messages of a reply with the flags that they have there: those of a message that nobody has changed."""

    def apply(self, page: Page, out: Out) -> None:
        """Clear the flags of the page's messages, also those that came by push after the server had read the page."""
        for entry in page.entries:
            message = entry.message
            if message is not None and message.kind == "message" and ("message", message.id) in self.versions:
                del self.versions["message", message.id]
                out.observe(Amended(self.id, "message", int(message.id), 0, message.id))
        super().apply(page, out)


F57 = seeded_bug(
    "F57",
    "stale flags win",
    mechanism="a sync brings a message as it was first sent, and overwrites the recall that came meanwhile by push",
    cure="apply a message's flags only if their version is not older than the one applied",
    seen_in="thunderbird-android#5554, #5161",
    violates=("change-monotonic",),
    base="timeline-push",
    world=("two-people", 2, ("recall",)),
    device=FlagsFromSync,
)


@actor
class UnreadFromSync(PushDevice):
    """Counts the messages of a reply as unread that were unread when the server read them."""

    def apply(self, page: Page, out: Out) -> None:
        """Count them, also those that the user has read since; a marker in the page itself is known to the server."""
        messages = [(entry.place, entry.message) for entry in page.entries if entry.message is not None]
        read = {m.conversation: m.about for _, m in messages if m.kind == "read" and m.author == self.user}
        for place, message in messages:
            is_unread = place > read.get(message.conversation, 0) and message.author != self.user
            if is_unread and message.kind == "message" and message.id in self.shown:
                self.unread[message.id] = (message.conversation, place)
                self.show_count(message.conversation, out)
        super().apply(page, out)


F57b = seeded_bug(
    "F57b",
    "read during a sync, unread after it",
    mechanism="a sync brings the read flags of before the user read, and each of the user's devices that syncs so shows "
    "the message as unread for good",
    cure="derive what is unread from the read marker that the device has applied, not from the flags in a reply",
    seen_in="thunderbird-android#5554",
    violates=("unread-agrees",),
    base="timeline-push",
    world=("two-people", 2, ("read", "unread")),
    device=UnreadFromSync,
)


class RowRead(Packet, frozen=True, gc=False):
    """A job has read the row of a message, and writes it again a while later, with the flag that it had: recalled or not."""

    message: MessageId
    conversation: ConversationId
    recalled: bool


class Flags(Packet, frozen=True, gc=False):
    """From the server to a device, over a connection: whether its row of a message says that it is recalled."""

    message: MessageId
    recalled: bool

    @property
    def body_bytes(self) -> int:
        return 2 * NUMBER_BYTES


@actor
class WritesWholeRows(TimelineServer):
    """Keeps a flag in the row of each message, which a job writes again as it had read it; devices are told of the row.

    `recalled`: the messages whose rows say that they are recalled.
    """

    recalled: set[MessageId] = durable(set)

    def note_stored(self, message: Message, out: Out) -> None:
        """Set the flag of a message that is recalled; let the job begin with a new one."""
        super().note_stored(message, out)
        if message.kind == "recall":
            self.recalled.add(MessageId(message.about))
        elif message.kind == "message":
            out.after(120, RowRead(message.id, message.conversation, message.id in self.recalled))

    @on(RowRead)
    def write_row(self, source: Id, packet: RowRead, out: Out) -> None:
        """Write the row with the flag that was read, whatever was recalled since, and tell the members' devices."""
        if not packet.recalled:
            self.recalled.discard(packet.message)
        for device in self.audience(packet.conversation):
            if device in self.online:
                out.send(self.online[device], Flags(packet.message, packet.message in self.recalled))


@actor
class TakesTheFlags(TimelineDevice):
    """Shows a message as the server's row has it."""

    @on(Flags)
    def take_flags(self, source: Id, packet: Flags, out: Out) -> None:
        """Show a message again that the server says is not recalled."""
        if not packet.recalled and self.versions.pop(("message", int(packet.message)), None) is not None:
            out.observe(Amended(self.id, "message", int(packet.message), 0, packet.message))


F57c = seeded_bug(
    "F57c",
    "stale flags win on the server",
    mechanism="a job writes the row of a message as it had read it, and so takes back a recall; every device that follows the "
    "server shows the message again, all alike",
    cure="write only what the job changes, or only if the row has the version that was read; devices take a flag only with a "
    "version above the one applied",
    seen_in="thunderbird-android#5161",
    violates=("change-monotonic",),
    base="timeline-notify",
    world=("two-people", 2, ("recall",)),
    device=TakesTheFlags,
    server=WritesWholeRows,
)
