"""The recorder of a run: what everybody notes, merged into one history.

Every process stamps what it notes with CLOCK_MONOTONIC, which all processes of a machine share, before anybody can see the
effect. So the order of stamps is an order in which causes come first. What an audit finds has no stamp: it is put before the
first stamped observation that is evidence of it, which is as late as it can have happened.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from syncproof.core.observations import (
    Accepted,
    Appended,
    Audited,
    Checkpointed,
    Composed,
    Connected,
    Crashed,
    Deleted,
    Disconnected,
    Observation,
    Placed,
    Pulled,
    Quiesced,
    RangeRead,
    Served,
    Shown,
    Triggered,
    Unsure,
)
from syncproof.core.values import Timeline
from syncproof.engines.drive.journal import Reader

IDLE = (Pulled, Triggered, Served)
"""What a device also notes when it looks for something new and finds nothing."""
NO_EVIDENCE = (Composed, Checkpointed, Unsure)
"""What may come before a message has a place, although it names the message or its number."""


class RunRecorder:
    """Collect observations with their stamps. `counts`: how many of each class there are by now."""

    def __init__(self) -> None:
        self.readers: dict[Path, Reader] = {}
        self.stamped: list[tuple[int, int, Observation]] = []
        self.audited: list[Observation] = []
        self.counts: dict[type[Observation], int] = {}
        self.shown: dict[int, set[int]] = {}
        self.accepted: set[int] = set()
        self.online: set[int] = set()
        self.busy_at = time.monotonic()
        """When something new was last noted that is not the idle look of a device."""
        self.looked_at: dict[int, float] = {}
        """When each device last looked for something new."""

    def follow(self, journal: Path) -> None:
        """Read this journal from now on."""
        self.readers.setdefault(journal, Reader(journal))

    def note(self, observation: Observation) -> None:
        """Note what the harness itself did or saw, now."""
        self._add(time.monotonic_ns(), observation)

    def audit(self, found: Iterable[Observation]) -> None:
        """Note what the store holds, in the store's own order; what an earlier audit found counts once."""
        self.audited += [observation for observation in found if observation not in self.audited]

    def poll(self) -> None:
        """Read what is new in every journal."""
        for reader in self.readers.values():
            for at, observation in reader.fresh():
                self._add(at, observation)

    def _add(self, at: int, observation: Observation) -> None:
        self.stamped.append((at, len(self.stamped), observation))
        kind = type(observation)
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if isinstance(observation, Shown):
            self.shown.setdefault(int(observation.device), set()).add(int(observation.message))
        elif isinstance(observation, Accepted):
            self.accepted.add(int(observation.message))
        elif isinstance(observation, Connected):
            self.online.add(int(observation.device))
        elif isinstance(observation, Disconnected):
            self.online.discard(int(observation.device))
        elif isinstance(observation, Crashed):
            self.online.discard(int(observation.actor))
        if isinstance(observation, IDLE):
            self.looked_at[int(observation.device)] = time.monotonic()
        elif not (isinstance(observation, RangeRead) and not observation.seqs):
            self.busy_at = time.monotonic()

    def rested(self, devices: Iterable[int], quiet: float) -> bool:
        """Return whether nothing new was noted for so many seconds in which every device was online and looked.

        A device that never looks by itself is waited for four times as long.
        """
        idle = time.monotonic() - self.busy_at
        looked = all(self.looked_at.get(device, 0.0) > self.busy_at for device in devices)
        return self.online.issuperset(devices) and idle > (quiet if looked else 4 * quiet)

    def put_back(self, journal: Path, before: Path) -> None:
        """Take a journal that was put back to an older state as read. `before`: where the one is now that was in its place."""
        reader = self.readers.get(journal)
        if reader is not None:
            for at, observation in reader.rest(before):
                self._add(at, observation)
            reader.skip()

    def close(self) -> None:
        """Close the journals."""
        for reader in self.readers.values():
            reader.close()

    def history(self, reads_whole: bool = False, places_named: bool = False) -> list[Observation]:
        """Return everything in order. `Quiesced`, if the run came to rest, is the last.

        `reads_whole`, `places_named`: see `Target`.
        """
        ordered = [observation for _, _, observation in sorted(self.stamped, key=lambda each: each[:2])]
        ordered = with_audits(ordered, self.audited, reads_whole)
        if places_named:
            ordered = with_named_places(ordered)
        last = [observation for observation in ordered if isinstance(observation, Quiesced)]
        return [observation for observation in ordered if not isinstance(observation, Quiesced)] + last


def with_audits(ordered: list[Observation], audited: list[Observation], reads_whole: bool = False) -> list[Observation]:
    """Return a history with what audits found, each before the first evidence of it, and in the order of the store.

    Evidence of a message is an observation that names it; evidence of an entry of a log is also a read that returned it.
    If reads are whole, an entry that a read lacks became readable after that read, whatever the order of the store. That
    a copy was deleted is noted at the end, unless the device has noted it: the reply that would have told it was lost. There
    is also the list of everything that the last audit found.
    """
    first: dict[Any, int] = {}
    if reads_whole:
        ordered = with_reads_in_order(ordered)
    lacked = _lacked(ordered, audited) if reads_whole else {}
    for index, observation in enumerate(ordered):
        if isinstance(observation, RangeRead):
            for seq in observation.seqs:
                first.setdefault((observation.timeline, seq), index)
        elif not isinstance(observation, NO_EVIDENCE):
            first.setdefault(getattr(observation, "message", None), index)
    end = next((i for i, o in enumerate(ordered) if isinstance(o, Quiesced)), len(ordered))
    due: dict[int, list[Observation]] = {}
    at = end
    noted = {(each.box, each.message) for each in ordered if isinstance(each, Deleted)}
    for observation in reversed(audited):
        if isinstance(observation, Audited):
            if not any(isinstance(each, Audited) for each in due.get(end, ())):
                due.setdefault(end, []).append(observation)
            continue
        if isinstance(observation, Deleted):
            if (observation.box, observation.message) not in noted:
                due.setdefault(end, []).append(observation)
            continue
        at = min(at, first.get(getattr(observation, "message", None), end))
        if isinstance(observation, Appended):
            at = min(at, first.get((observation.timeline, observation.seq), end))
            due.setdefault(max(at, lacked.get((observation.timeline, observation.seq), 0)), []).append(observation)
            continue
        due.setdefault(at, []).append(observation)
    merged: list[Observation] = []
    for index in range(len(ordered) + 1):
        merged += reversed(due.get(index, ()))
        merged += ordered[index : index + 1]
    return merged


def with_reads_in_order(ordered: list[Observation]) -> list[Observation]:
    """Return a history in which a read that lacks an entry comes before one under way at the same time that returned it.

    A device notes that it pulls before it asks, and what it read after the reply came. The store answered in between. So of two
    reads that overlap, the one whose note came first may have been answered last.
    """
    asked: dict[int, int] = {}
    returned: dict[tuple[Timeline, int], int] = {}
    places: list[tuple[int, int]] = []
    for index, observation in enumerate(ordered):
        place = (index, 1)
        if isinstance(observation, Pulled):
            asked[observation.device] = index
        elif isinstance(observation, RangeRead):
            numbers = range(observation.after + 1, observation.upto + 1)
            lacks = [
                at
                for (timeline, seq), at in returned.items()
                if timeline == observation.timeline and seq in numbers and seq not in observation.seqs
            ]
            before = min(lacks, default=index)
            if asked.get(observation.device, index) < before < index:
                place = (before, 0)
            for seq in observation.seqs:
                returned.setdefault((observation.timeline, seq), place[0])
        places.append(place)
    return [ordered[index] for index in sorted(range(len(ordered)), key=places.__getitem__)]


def _lacked(ordered: list[Observation], audited: list[Observation]) -> dict[tuple[Timeline, int], int]:
    """Return, for each entry of a log that some read of its number lacks, the position behind the last such read."""
    entries: dict[Timeline, list[int]] = {}
    for observation in audited:
        if isinstance(observation, Appended):
            entries.setdefault(observation.timeline, []).append(observation.seq)
    found: dict[tuple[Timeline, int], int] = {}
    for index, observation in enumerate(ordered):
        if isinstance(observation, RangeRead):
            for seq in entries.get(observation.timeline, ()):
                if observation.after < seq <= observation.upto and seq not in observation.seqs:
                    found[observation.timeline, seq] = index + 1
    return found


def with_named_places(ordered: list[Observation]) -> list[Observation]:
    """Return a history with the places that only a reply or a copy is evidence of, each before the first of them."""
    conversations = {o.message: o.conversation for o in ordered if isinstance(o, Composed)}
    known = {(o.message, o.place) for o in ordered if isinstance(o, Placed)}
    merged: list[Observation] = []
    for observation in ordered:
        if isinstance(observation, (Accepted, Shown)):
            message, place = observation.message, observation.place
            if (message, place) not in known:
                known.add((message, place))
                merged.append(Placed(message, conversations[message], place))
        merged.append(observation)
    return merged
