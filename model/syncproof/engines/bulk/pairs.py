"""The timelines of a stretch, and its pairs of a timeline and a device that shows entries or moves a checkpoint there."""

from __future__ import annotations

from typing import Any

import numpy

from syncproof.core.observations import Appended, Checkpointed, RangeRead, Shown
from syncproof.core.values import Timeline
from syncproof.engines.bulk.ranks import BITS, LIMIT, demand, ranked
from syncproof.engines.bulk.stretch import Stretch
from syncproof.formats.columnar import NONE, timeline_of

INBOX = 2
"""The number of that kind in the key of a timeline."""


class Timelines(dict[int, Timeline]):
    """The timelines by their keys; one object for each."""

    def __missing__(self, key: int) -> Timeline:
        made = self[key] = timeline_of(key)
        return made


class Pairs:
    """The timelines and pairs of a stretch.

    `timelines`: the different ones; `logs`: by class, the number of each row's timeline among them. `pair_logs`, `pair_devices`:
    the different pairs. `shown_rows`, `shown_seqs`, `shown_pairs`: of what is shown from an entry of a log; `moved_pairs`: of
    checkpoints.
    """

    def __init__(self, stretch: Stretch, made: Timelines) -> None:
        appended, read = stretch.parts[Appended], stretch.parts[RangeRead]
        shown, moved = stretch.parts[Shown], stretch.parts[Checkpointed]
        from_log = (shown.timelines != NONE) & (shown.cells["seq"] != NONE) & ((shown.timelines & 3) != INBOX)
        columns = [appended.timelines, read.timelines, shown.timelines[from_log], moved.timelines]
        keys, numbers = ranked(numpy.concatenate(columns))
        ends = numpy.cumsum([len(column) for column in columns]).tolist()
        parts = [numbers[end - len(column) : end] for column, end in zip(columns, ends, strict=True)]
        self.keys = keys
        self.timelines = [made[key] for key in keys.tolist()]
        self.logs = {Appended: parts[0], RangeRead: parts[1], Checkpointed: parts[3]}
        self.shown_rows, self.shown_seqs = shown.rows[from_log], shown.cells["seq"][from_log]
        devices = numpy.concatenate([shown.cells["device"][from_log], moved.cells["device"]])
        logs = numpy.concatenate(parts[2:])
        demand((devices >= 0) & (devices < LIMIT), numpy.concatenate([self.shown_rows, moved.rows]))
        pairs, of = numpy.unique((logs << BITS) | devices, return_inverse=True)
        self.pair_logs, self.pair_devices = pairs >> BITS, pairs & (LIMIT - 1)
        self.shown_pairs: Any = of[: len(self.shown_rows)]
        self.moved_pairs: Any = of[len(self.shown_rows) :]
