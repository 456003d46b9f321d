"""Pages, subscriptions and retention that skip entries."""

from __future__ import annotations

import msgspec

from syncproof.core.actor import Out, actor, durable, on
from syncproof.core.values import (
    ConnectionId,
    ConversationId,
    DeviceId,
    Id,
    Page,
    Timeline,
    UserId,
)
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import (
    Pull,
    PullReply,
    Registered,
    Respond,
)
from syncproof.designs.timeline.checkpointed import CheckpointedServer
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.log import Log, SeqRange
from syncproof.designs.timeline.server import TimelineServer
from syncproof.seeded_bugs._record import seeded_bug


@actor
class SubscribesLate(TimelineServer):
    """Starts a new device at the head at the time of its first pull, not where its history ended."""

    subscribed: set[DeviceId] = durable(set)

    def registration(
        self, device: DeviceId, user: UserId, history: tuple[tuple[ConversationId, int], ...]
    ) -> Registered:
        return Registered((), history)

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Answer a new device's first pull with the current heads, and with no entries."""
        device = self.peers[source]
        if device in self.registrations and device not in self.subscribed:
            self.subscribed.add(device)
            pages = [
                Page(timeline, log.last, (), log.last) for timeline, log, _ in self.readable_logs(self.owners[device])
            ]
            out.read("sync-store", len(pages), ROW_BYTES, Respond(source, PullReply(tuple(pages))))
        else:
            super().pulled(source, packet, out)


F13 = seeded_bug(
    "F13",
    "window between history and subscription",
    mechanism="history is fetched, then subscribed: what came between is missed",
    cure="start at the head that the history was read up to, in one reply",
    seen_in="Rocket.Chat.ReactNative PR#7547, gim#46",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-devices", 1, ("new-device",)),
    server=SubscribesLate,
)


@actor
class NewestFirst(TimelineServer):
    """Returns the newest entries as a page that reaches to the end."""

    def read_page(self, timeline: Timeline, log: Log, ranges: tuple[SeqRange, ...], after: int) -> Page | None:
        entries, _ = log.after(after, None, len(log.seqs))
        newest = tuple(entries[-self.parameters.page_size :])
        return Page(timeline, after, newest, newest[-1].seq) if newest else None


F15 = seeded_bug(
    "F15",
    "newest-first page",
    mechanism="a limited page returns the newest, the checkpoint jumps to the end",
    cure="return the oldest entries after the cursor, and say whether there is more",
    seen_in="tinode-js#71, tindroid#158, matterhorn#281",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 2, ()),
    server=NewestFirst,
    page_size=1,
)


@actor
class OffByOne(TimelineDevice):
    """Skips the first entry of each next page."""

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Continue one number too far if there is a next page."""
        pages = [msgspec.structs.replace(p, upto=p.upto + p.has_more) for p in packet.pages]
        super().replied(source, msgspec.structs.replace(packet, pages=tuple(pages)), out)


F16 = seeded_bug(
    "F16",
    "off-by-one page",
    mechanism="`>=` and `>` are confused at the page border",
    cure="take the number of the last entry of a page as the cursor of the next, exclusive on every page",
    seen_in="WuKongIM#416",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 2, ()),
    device=OffByOne,
    sequencers=("dense",),
    page_size=1,
)


@actor
class TrimsByFastest(CheckpointedServer):
    """Trims what one of a user's devices has confirmed, and does not report the gap to the others."""

    def trimmed_page(self, timeline: Timeline, log: Log, after: int) -> Page | None:
        return None

    def retain(self, user: UserId, timeline: Timeline, out: Out) -> None:
        every = self.devices[user]
        self.devices[user] = tuple([d for d in every if (d, timeline) in self.known])
        super().retain(user, timeline, out)
        self.devices[user] = every


F28 = seeded_bug(
    "F28",
    "trimmed past a lagging device",
    mechanism="retention drops what a device has not pulled, silently",
    cure="trim only what the slowest device has confirmed; tell a device whose checkpoint is below what is kept",
    seen_in="Signal-Desktop#4730; Mosquitto",
    violates=("no-loss",),
    base="timeline-checkpointed",
    world=("three-devices", 1, ("disconnect",)),
    server=TrimsByFastest,
    retention="acknowledged",
)


@actor
class StartsAtTheEnd(TimelineServer):
    """Treats a reader with an expired checkpoint as a new one, which begins at the end of the log."""

    def trimmed_page(self, timeline: Timeline, log: Log, after: int) -> Page | None:
        gap = super().trimmed_page(timeline, log, after)
        return None if gap is None else Page(timeline, log.last, (), log.last)


F29 = seeded_bug(
    "F29",
    "expired cursor not reported",
    mechanism="an unknown checkpoint silently begins at the end",
    cure="report that the checkpoint is below what is kept, and let the device fetch the rest from the message store",
    seen_in="ejabberd MAM (restarts), measured; zulip-flutter#556",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 1, ("trim",)),
    server=StartsAtTheEnd,
)


@actor
class SaysMore(TimelineServer):
    """Says that there is more, and returns the state that the reader has."""

    def read_page(self, timeline: Timeline, log: Log, ranges: tuple[SeqRange, ...], after: int) -> Page | None:
        page = super().read_page(timeline, log, ranges, after)
        return None if page is None else Page(timeline, after, (), after, True)


F48 = seeded_bug(
    "F48",
    "has-more without progress",
    mechanism="the server says that there is more and returns the same state; the device asks again and again",
    cure="return a state beyond the one asked for, or say that there is no more; a device stops when nothing moved",
    seen_in="iNPUTmice/jmap#47",
    violates=("pull-terminates",),
    base="timeline-notify",
    world=("two-people", 1, ()),
    server=SaysMore,
)


@actor
class DropsTheGap(TimelineDevice):
    """Told that what it missed is no longer in the timeline, continues after the gap without fetching it."""

    def repair(self, out: Out) -> bool:
        while self.missed_pages:
            page = self.missed_pages.pop(0)
            self.leave_old_epoch(page.timeline, out)
            if page.upto > self.checkpoints.get(page.timeline, 0):
                self.start_at(page.timeline, page.upto, out)
        return False


F54 = seeded_bug(
    "F54",
    '"too long" ignored',
    mechanism="told that the gap is too long, the device takes the new number and drops the gap",
    cure="fetch what is missing from the message store, then continue with the new number",
    seen_in="teleproto#16",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 1, ("trim",)),
    device=DropsTheGap,
)


F54b = seeded_bug(
    "F54b",
    '"too long" ignored, though all is there',
    mechanism="a device that was away is told to fetch what it missed from the message store; it takes the new number and goes on",
    cure="fetch what the reply lists, conversation by conversation, before the checkpoint moves over the gap",
    seen_in="teleproto#16",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 2, ("disconnect",)),
    device=DropsTheGap,
    longest_gap=1,
)
