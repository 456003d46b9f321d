"""Two processes that write to the same log without a condition."""

from __future__ import annotations

from syncproof.core.actor import actor
from syncproof.core.values import Entry
from syncproof.designs.timeline.log import Log
from syncproof.designs.timeline.writers import TwoWritersServer
from syncproof.seeded_bugs._record import seeded_bug


@actor
class Overwrites(TwoWritersServer):
    """Puts an entry at its number, whatever is there."""

    def put(self, log: Log, entry: Entry) -> bool:
        if entry.seq in log.seqs:
            log.entries[log.seqs.index(entry.seq)] = entry
        else:
            log.append(entry)
        return True


F65 = seeded_bug(
    "F65",
    "two writers count alone",
    mechanism="two processes give the same number; the later write takes the place of the earlier one",
    cure="write only directly after the last number that is there, or let one process write a log and refuse those of "
    "earlier terms",
    seen_in="",
    violates=("tail-append", "no-loss"),
    base="timeline-dense-push",
    world=("two-devices", 2, ()),
    server=Overwrites,
)
