"""Replies of an earlier life of a log, which a cache gives again."""

from __future__ import annotations

import msgspec

from syncproof.core.actor import Out, actor, on
from syncproof.core.values import Id
from syncproof.designs.packets import PullReply
from syncproof.designs.timeline.fanout import ReadFanoutDevice
from syncproof.seeded_bugs._record import seeded_bug


@actor
class KeepsItsHandle(ReadFanoutDevice):
    """Takes a page of an earlier epoch for one of the epoch that it knows."""

    @on(PullReply)
    def replied(self, source: Id, packet: PullReply, out: Out) -> None:
        """Keep the name of the log, and take the numbers."""
        pages = [
            msgspec.structs.replace(page, timeline=self.known_epoch(page.timeline))
            if self.is_earlier(page.timeline)
            else page
            for page in packet.pages
        ]
        super().replied(source, msgspec.structs.replace(packet, pages=tuple(pages)), out)


F49 = seeded_bug(
    "F49",
    "stale reply from a cache",
    mechanism="a cache gives a reply of an earlier life of the log: its handle is kept, its offset is taken",
    cure="carry the epoch of the log with every page, and ignore a page of an epoch that the device has left",
    seen_in="electric PR#3782",
    violates=("checkpoint-covered", "no-loss"),
    base="timeline-read-fanout",
    world=("two-people", 2, ("server-restore", "stale-reply")),
    device=KeepsItsHandle,
)
