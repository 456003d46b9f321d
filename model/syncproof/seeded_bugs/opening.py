"""Entries that cannot be opened yet: the cursor stops, passes them silently, or they are fetched again and again."""

from __future__ import annotations

import msgspec

from syncproof.core.actor import Out, actor, on
from syncproof.core.values import Entry, Id, Page, Timeline
from syncproof.designs.packets import PullReply
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.seeded_bugs._record import seeded_bug

CURE = "show a placeholder at the entry's place, move on, and replace the placeholder when the entry can be opened"


@actor
class StopsAtSealed(TimelineDevice):
    """Applies a page up to the first entry that it cannot open, and no further."""

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Apply what can be opened."""
        pages = tuple([self.openable_part(page) for page in packet.pages])
        super().replied(source, msgspec.structs.replace(packet, pages=pages), out)

    def openable_part(self, page: Page) -> Page:
        """Return the page up to the first entry that cannot be opened."""
        found: list[Entry] = []
        for entry in page.entries:
            if entry.message is not None and self.is_sealed(entry.message):
                return msgspec.structs.replace(page, entries=tuple(found), upto=entry.seq - 1, has_more=False)
            found.append(entry)
        return page


F43 = seeded_bug(
    "F43",
    "stops at an entry that cannot be opened",
    mechanism="the key of an entry is missing: the cursor stays below it, and nothing after it is ever shown",
    cure=CURE,
    seen_in="lotti#1509",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 1, ("key-late",)),
    device=StopsAtSealed,
)


@actor
class SkipsSealed(TimelineDevice):
    """Leaves out the entries of a page that it cannot open."""

    def show(self, entry: Entry, timeline: Timeline | None, out: Out) -> bool:
        """Show the message if it can be opened."""
        if entry.message is not None and self.is_sealed(entry.message):
            return False
        return super().show(entry, timeline, out)


F43b = seeded_bug(
    "F43b",
    "entry that cannot be opened is skipped",
    mechanism="the key of an entry is missing: the cursor passes it, nothing is shown there, and it is not fetched again",
    cure=CURE,
    seen_in="libxmtp#2202",
    violates=("checkpoint-covered", "no-loss"),
    base="timeline-notify",
    world=("two-people", 1, ("key-late",)),
    device=SkipsSealed,
)


@actor
class RefetchesSealed(StopsAtSealed):
    """Pulls an entry that it cannot open again, until it can."""

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Apply what can be opened, and ask for the rest at once."""
        super().replied(source, packet, out)
        if not self.pulling and any(self.openable_part(page) != page for page in packet.pages):
            self.catch_up(out)


F43c = seeded_bug(
    "F43c",
    "entry that cannot be opened is fetched again and again",
    mechanism="the key of an entry is missing: it is pulled again at once, as long as the key does not come",
    cure=CURE,
    seen_in="lotti#1509, libxmtp#2202",
    violates=("pull-terminates",),
    base="timeline-notify",
    world=("two-people", 1, ("key-late",)),
    device=RefetchesSealed,
)
