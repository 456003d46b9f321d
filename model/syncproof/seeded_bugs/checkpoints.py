"""Checkpoints that move too early, too far, or without the messages below them."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.packets import Closed, Packet
from syncproof.core.values import (
    Entry,
    Id,
    Message,
    Page,
    Timeline,
)
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import (
    Notification,
    PullReply,
    Push,
)
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.fanout import ReadFanoutDevice
from syncproof.designs.timeline.log import sync_of
from syncproof.designs.timeline.push import DensePushDevice
from syncproof.seeded_bugs._record import seeded_bug


@actor
class CheckpointOnSend(TimelineDevice):
    """Advances the checkpoint to the place of its own message when that is accepted."""

    def on_place_known(self, message: Message, place: int, out: Out) -> None:
        self.show(Entry(place, place, message), None, out)
        self.advance(sync_of(self.user), place, out)


F07 = seeded_bug(
    "F07",
    "checkpoint from the wrong clock",
    mechanism="sending moves the checkpoint past what others sent",
    cure="move the checkpoint only past entries that were applied, one's own message included",
    seen_in="Rocket.Chat.ReactNative PR#7506, PR#7523",
    violates=("checkpoint-covered",),
    base="timeline-notify",
    world=("two-devices", 2, ()),
    device=CheckpointOnSend,
    sequencers=("dense",),
)


class Applied(Packet, frozen=True, gc=False):
    """The device's database has the pages."""

    pages: tuple[Page, ...]


@actor
class CheckpointFirst(TimelineDevice):
    """Saves the checkpoint before it writes the messages."""

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Save the checkpoint at once, and the messages when the disk has written them."""
        self.pulling = False
        if not packet.pages:
            self.save((), out)
            return
        self.saving = True
        for page in packet.pages:
            self.advance(page.timeline, page.upto, out)
        out.write("device", len(packet.pages), ROW_BYTES, Applied(packet.pages))

    @on(Applied)
    def applied(self, source: Id, packet: Applied, out: Out) -> None:
        """Show the messages, which are now written."""
        self.saving = False
        for page in packet.pages:
            for entry in page.entries:
                self.show(entry, page.timeline, out)
        self.save((), out)


F09 = seeded_bug(
    "F09",
    "checkpoint before apply",
    mechanism="the checkpoint is saved, then a crash: the messages are never applied",
    cure="save the checkpoint in the transaction that applies the messages, or after it",
    seen_in="element-meta#762",
    violates=("checkpoint-covered", "no-loss"),
    base="timeline-notify",
    world=("two-people", 1, ("device-crash",)),
    device=CheckpointFirst,
)


@actor
class ShowsAgain(TimelineDevice):
    """Shows a message without checking whether it was shown before."""

    def show(self, entry: Entry, timeline: Timeline | None, out: Out) -> bool:
        if entry.message is not None:
            self.shown.discard(entry.message.id)
        return super().show(entry, timeline, out)


F10 = seeded_bug(
    "F10",
    "apply before checkpoint, not idempotent",
    mechanism="applied, crash, pulled again, shown twice",
    cure="show a message once per id, or save the checkpoint in the transaction that applies it",
    seen_in="XEP-0198",
    violates=("no-duplicate",),
    base="timeline-notify",
    world=("two-people", 1, ("device-crash",)),
    device=ShowsAgain,
    checkpoint="after-apply",
)


@actor
class SummaryMovesCursor(TimelineDevice):
    """Advances the checkpoint to the head that a notification names."""

    @on(Notification)
    def notified(self, source: Id, packet: Notification, out: Out) -> None:
        """Set the checkpoint to the head of the notification."""
        super().notified(source, packet, out)
        self.advance(packet.timeline, packet.head, out)


F11 = seeded_bug(
    "F11",
    "another channel moves the cursor",
    mechanism="a summary advances the checkpoint though the message never came",
    cure="let a summary start a pull, and let only applied entries move the checkpoint",
    seen_in="nimbalyst#1391",
    violates=("checkpoint-covered",),
    base="timeline-notify",
    world=("two-people", 1, ()),
    device=SummaryMovesCursor,
)


@actor
class PushDuringCatchUp(DensePushDevice):
    """Applies every push that arrives during a pull."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Apply the push and advance the checkpoint, though the pull's entries are missing."""
        if self.pulling and packet.entry.seq > self.checkpoints.get(packet.timeline, 0):
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)
        else:
            super().pushed(source, packet, out)


F12 = seeded_bug(
    "F12",
    "push during catch-up",
    mechanism="a live push sets the checkpoint to its number while older pages are missing",
    cure="apply a push only if its number is the next one, also during a pull",
    seen_in="gim#46, mattermost PR#3836",
    violates=("checkpoint-covered", "no-loss"),
    base="timeline-dense-push",
    world=("two-people", 2, ("disconnect",)),
    device=PushDuringCatchUp,
)


@actor
class CountsTheBatch(DensePushDevice):
    """Collects pushes and applies them when their count fits, without checking that their numbers follow each other."""

    batch: list[Entry] = volatile(list)

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Apply the batch when its size is the distance from the checkpoint to the last number."""
        checkpoint = self.checkpoints.get(packet.timeline, 0)
        if packet.entry.seq <= checkpoint:
            return
        self.batch.append(packet.entry)
        if packet.entry.seq == checkpoint + len(self.batch):
            for entry in self.batch:
                self.show(entry, packet.timeline, out)
            self.batch.clear()
            self.advance(packet.timeline, packet.entry.seq, out)
        else:
            self.on_hint(packet.timeline, packet.entry.seq, "push", out)

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Drop the batch, whose entries are in the reply, and apply the reply."""
        self.batch.clear()
        super().replied(source, packet, out)


F14 = seeded_bug(
    "F14",
    "counting instead of contiguity",
    mechanism="a batch is accepted when its count fits: redelivered items hide a hole",
    cure="apply a batch only if its numbers follow the checkpoint one by one",
    seen_in="openim-sdk-core, read in code",
    violates=("no-loss",),
    base="timeline-dense-push",
    world=("two-people", 2, ("push",)),
    device=CountsTheBatch,
)


@actor
class TooLax(DensePushDevice):
    """Applies a push that is above the checkpoint, not only the one that is next."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        """Apply the push if its number is above the checkpoint."""
        if packet.entry.seq > self.checkpoints.get(packet.timeline, 0):
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)


F40 = seeded_bug(
    "F40",
    "hybrid gap rule too lax",
    mechanism="a push is applied when its number is larger than the checkpoint",
    cure="apply a push only if its number is the checkpoint plus one; pull otherwise",
    seen_in="Telegram's rule is the sound one",
    violates=("checkpoint-covered", "no-loss"),
    base="timeline-dense-push",
    world=("two-people", 2, ("push",)),
    device=TooLax,
)


@actor
class AppliesItsOwn(TimelineDevice):
    """Applies its own message when that is accepted, though entries of others may be missing before it."""

    def on_own_entry(self, timeline: Timeline, after: int, entry: Entry, out: Out) -> None:
        """Show the message and move the checkpoint to it, without a look at the number before it."""
        if entry.message is not None and self.ready(timeline):
            self.apply_next(entry, timeline, out)


F64 = seeded_bug(
    "F64",
    "own message applied out of turn",
    mechanism="the reply to a send carries its number; the checkpoint moves there past what others sent before",
    cure="apply one's own message only if nothing is missing before it; else pull",
    seen_in="",
    violates=("prefix-order", "checkpoint-covered", "no-loss"),
    base="timeline-notify",
    world=("two-devices", 2, ()),
    device=AppliesItsOwn,
)


@actor
class TakesACutReplyForEmpty(TimelineDevice):
    """Takes a reply in which the connection broke off for a complete, empty one, and moves over the range that it asked for.

    `asked`: up to which number a hint said that each timeline reaches.
    """

    asked: dict[Timeline, int] = volatile(dict)

    def on_hint(self, timeline: Timeline, head: int, cause: str, out: Out) -> None:
        self.asked[timeline] = head
        super().on_hint(timeline, head, cause, out)

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Apply a reply that is complete."""
        self.asked.clear()
        super().replied(source, packet, out)

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Move over what was asked for and did not come."""
        cut = self.pulling and packet.connection == self.connection
        super().closed(source, packet, out)
        if cut:
            for timeline, head in sorted(self.asked.items()):
                self.advance(timeline, head, out)
        self.asked.clear()


F42 = seeded_bug(
    "F42",
    "reply cut off",
    mechanism="the connection dies inside a reply; the device takes it for a complete, empty one and moves over the range",
    cure="take a reply only when it is complete, and move only over what it says it covers",
    seen_in="chatmail/core#5009",
    violates=("checkpoint-covered", "no-loss"),
    base="timeline-notify",
    world=("two-people", 1, ("disconnect",)),
    device=TakesACutReplyForEmpty,
)


@actor
class OneCursor(ReadFanoutDevice):
    """Keeps one number as the checkpoint of all conversations."""

    def on_hint(self, timeline: Timeline, head: int, cause: str, out: Out) -> None:
        self.share(timeline, out)
        super().on_hint(timeline, head, cause, out)

    def apply(self, page: Page, out: Out) -> None:
        self.share(page.timeline, out)
        super().apply(page, out)

    def share(self, timeline: Timeline, out: Out) -> None:
        """Take the largest number of any conversation for this one's."""
        self.advance(timeline, max(self.checkpoints.values(), default=0), out)


F53 = seeded_bug(
    "F53",
    "one cursor for all logs",
    mechanism="one conversation's number is stored as the cursor of all",
    cure="keep a cursor for each log",
    seen_in="Telethon#1125",
    violates=("checkpoint-covered", "prefix-order", "no-loss"),
    base="timeline-read-fanout",
    world=("two-conversations", 3, ()),
    device=OneCursor,
)
