"""The pass over logs: what is appended, read, shown from them and passed by checkpoints.

It clears `tail-append`, `dense`, `prefix-order`, `range-read`, `checkpoint-covered`, and what `References` asks of entries. Of each
log it looks at a *window*: the entries from the first one that an observation of the stretch may concern on, those of the stretch
included.
"""

from __future__ import annotations

from typing import Any, cast

import numpy

from syncproof.core.observations import Appended, Checkpointed, Joined, RangeRead
from syncproof.core.values import Timeline
from syncproof.engines.bulk.covered import Covered, covered
from syncproof.engines.bulk.messages import Known
from syncproof.engines.bulk.pairs import Pairs
from syncproof.engines.bulk.ranks import BITS, LIMIT, NEVER, NotClear, demand, firsts, lasts, spread
from syncproof.engines.bulk.stretch import Stretch
from syncproof.engines.bulk.window import Window
from syncproof.formats.columnar import NONE
from syncproof.properties.checkpoint_covered import CheckpointCovered
from syncproof.properties.dense import Dense
from syncproof.properties.long_column import upto
from syncproof.properties.prefix_order import PrefixOrder
from syncproof.properties.range_read import RangeReads
from syncproof.properties.references import References
from syncproof.properties.tail_append import TailAppend

MOST_OLD = 8
"""A stretch is not cleared if the windows together have more than so many times its rows."""


class LogPass:
    """Clears the observations of logs in a stretch; `commit` brings the automata's states up to date."""

    def __init__(self, automata: dict[str, Any], references: References) -> None:
        self.tail = cast("TailAppend | None", automata.get("tail-append"))
        self.dense = cast("Dense | None", automata.get("dense"))
        self.prefix = cast(PrefixOrder, automata["prefix-order"])
        self.covering = cast(CheckpointCovered, automata["checkpoint-covered"])
        self.reads = cast(RangeReads, automata["range-read"])
        self.references = references
        self.covered: Covered

    def check(self, stretch: Stretch, known: Known, pairs: Pairs) -> None:
        """Raise `NotClear` if an automaton may complain."""
        self.pairs = pairs
        self.known_logs = [self.prefix.logs.get(timeline) for timeline in pairs.timelines]
        self._check_appended(stretch, known)
        reads = stretch.parts[RangeRead]
        judged = (reads.timelines & 3) != 2
        self.read_logs, counts = pairs.logs[RangeRead][judged], numpy.diff(reads.ends, prepend=0)
        after, upto = reads.cells["after"][judged], reads.cells["upto"][judged]
        demand((after >= 0) & (after < LIMIT) & (upto >= 0) & (upto < LIMIT), reads.rows[judged])
        if self.reads.trimmed:
            trimmed = numpy.array([self.reads.trimmed.get(each, 0) for each in pairs.timelines], dtype=numpy.int64)
            after = numpy.minimum(numpy.maximum(after, trimmed[self.read_logs]), LIMIT - 1)
        window = self._window(stretch, after)
        self._check_shown(window)
        self.covered = covered(stretch, pairs, window, self.first_covered, self.covering)
        low = window.place(self.read_logs, after, "right")
        high = numpy.maximum(window.place(self.read_logs, upto, "right"), low)
        rows, found = reads.rows[judged], counts[judged]
        demand(found == high - low, rows)
        demand((high == low) | (window.rows[high - 1] < rows), rows)
        returned = reads.read[numpy.repeat(judged, counts)]
        same = (window.keys[spread(low, found)] & (LIMIT - 1)) == returned
        demand(same, numpy.repeat(rows, found))

    def _check_appended(self, stretch: Stretch, known: Known) -> None:
        """Clear the entries of the stretch as such, and sort them by log."""
        part, logs, count = stretch.parts[Appended], self.pairs.logs[Appended], len(self.pairs.timelines)
        demand((part.cells["seq"] > 0) & (part.cells["seq"] < LIMIT), part.rows)
        voids = part.cells["message"] == NONE
        named = stretch.named[Appended]
        demand(known.placed[named] < part.rows[~voids], part.rows[~voids])
        if self.prefix.again:
            again = numpy.array([message in self.prefix.again for message in stretch.messages.tolist()], dtype=bool)
            demand(~again[named], part.rows[~voids])
        order = numpy.argsort(logs, kind="stable")
        self.order = order
        self.logs, self.seqs = logs[order], part.cells["seq"][order]
        self.messages, self.rows = part.cells["message"][order], part.rows[order]
        first = firsts(self.logs)
        grows = numpy.ones(len(first), dtype=bool)
        grows[1:] = self.seqs[1:] > self.seqs[:-1]
        demand(grows | first, self.rows)
        self.counts = numpy.bincount(self.logs, minlength=count)
        self.begins = numpy.cumsum(self.counts) - self.counts
        self.fresh = self.logs[first].tolist()
        timelines, references = self.pairs.timelines, self.references
        tails = []
        for log in self.fresh:
            timeline, entries = timelines[log], self.known_logs[log]
            last = references.tails.get(timeline, 0)
            if self.tail is not None:
                last = max(last, self.tail.last.get(timeline, 0))
            if entries is not None and entries.seqs.tail:
                last = max(last, entries.seqs.tail[-1])
            if references.beyond and references.beyond.get(timeline):
                last = NEVER
            tails.append(last)
        demand(self.seqs[first] > numpy.array(tails, dtype=numpy.int64), self.rows[first])
        if self.dense is not None:
            before = numpy.zeros(len(self.seqs), dtype=numpy.int64)
            before[1:] = self.seqs[:-1]
            before[first] = [self.dense.last.get(timelines[log], 0) for log in self.fresh]
            synced = numpy.array([timeline.kind == "sync" for timeline in timelines], dtype=bool)
            demand((self.seqs == before + 1) | ~synced[self.logs], self.rows)
        self.known_from = numpy.full(count, NEVER)
        self.known_from[self.fresh] = self.rows[first]
        if len(references.tails):
            self.known_from[[timeline in references.tails for timeline in timelines]] = -1
        moved = stretch.parts[Checkpointed]
        since = self.known_from[self.pairs.logs[Checkpointed]]
        demand((moved.cells["seq"] == 0) | (since < moved.rows), moved.rows)
        joined = references.made[Joined]
        devices = moved.cells["device"]
        if not joined.issuperset(devices.tolist()):
            demand(numpy.array([device in joined for device in devices.tolist()], dtype=bool), moved.rows)

    def _window(self, stretch: Stretch, after: Any) -> Window:
        """Return the windows of the logs."""
        pairs, count = self.pairs, len(self.pairs.timelines)
        logs, views = self.known_logs, [self.covering.logs.get(timeline) for timeline in pairs.timelines]
        passed: list[dict[Any, int]] = [{} if log is None else log.passed for log in logs]
        covers: list[dict[Any, int]] = [{} if view is None else view.passed for view in views]
        self.views = views
        devices, owners = pairs.pair_devices.tolist(), pairs.pair_logs.tolist()
        self.first_shown = _numbers([passed[log].get(device, 0) for log, device in zip(owners, devices, strict=True)])
        self.first_covered = _numbers([covers[log].get(device, 0) for log, device in zip(owners, devices, strict=True)])
        sizes = _numbers([0 if log is None else len(log.seqs) for log in logs])
        lows = sizes.copy()
        numpy.minimum.at(lows, pairs.pair_logs, numpy.minimum(self.first_shown, self.first_covered))
        least = numpy.full(count, LIMIT)
        numpy.minimum.at(least, self.read_logs, after)
        for log in numpy.flatnonzero(least < LIMIT).tolist():
            known = logs[log]
            if known is not None:
                lows[log] = min(int(lows[log]), upto(known.seqs, int(least[log])))
        old = sizes - lows
        if int(old.sum()) > MOST_OLD * (stretch.high - stretch.low):
            raise NotClear(stretch.low)
        seqs, messages = [], []
        for entries, low, here in zip(logs, lows.tolist(), old.tolist(), strict=True):
            if here:
                seqs.append(cast(Any, entries).seqs[low:].tobytes())
                messages.append(cast(Any, entries).messages[low:].tobytes())
        window = Window()
        total = old + self.counts
        window.starts, window.lows = numpy.cumsum(total) - total, lows
        size = int(total.sum())
        numbers = numpy.empty(size, dtype=numpy.int64)
        window.messages, window.rows = numpy.empty(size, dtype=numpy.int64), numpy.full(size + 1, -1)
        at = spread(window.starts, old)
        numbers[at] = numpy.frombuffer(b"".join(seqs), dtype=numpy.int64)
        window.messages[at] = numpy.frombuffer(b"".join(messages), dtype=numpy.int64)
        at = spread(window.starts + old, self.counts)
        numbers[at], window.messages[at], window.rows[at] = self.seqs, self.messages, self.rows
        if size and not (numbers.min() >= 0 and numbers.max() < LIMIT):
            raise NotClear(stretch.low)
        window.keys = (numpy.repeat(numpy.arange(count), total) << BITS) | numbers
        if not (window.keys[1:] > window.keys[:-1]).all():
            raise NotClear(stretch.low)
        window.solid = numpy.zeros(size + 1, dtype=numpy.int64)
        numpy.cumsum(window.messages != NONE, out=window.solid[1:])
        return window

    def _check_shown(self, window: Window) -> None:
        """Clear what is shown from an entry: it is the next one of its log, but for voids."""
        pairs = self.pairs
        order = numpy.argsort(pairs.shown_pairs, kind="stable")
        owners, rows = pairs.shown_pairs[order], pairs.shown_rows[order]
        logs, seqs = pairs.pair_logs[owners], pairs.shown_seqs[order]
        demand((seqs >= 0) & (seqs < LIMIT), rows)
        places = window.place(logs, seqs)
        there = places < len(window.keys)
        demand(there, rows)
        demand(window.keys[places] == ((logs << BITS) | seqs), rows)
        demand(window.rows[places] < rows, rows)
        before = numpy.empty(len(places), dtype=numpy.int64)
        before[1:] = places[:-1] + 1
        first = firsts(owners)
        before[first] = (window.starts[logs] + self.first_shown[owners] - window.lows[logs])[first]
        demand(places >= before, rows)
        demand(window.solid[places] == window.solid[before], rows)
        last = lasts(owners)
        self.shown_last = owners[last]
        self.shown_upto = (places - window.starts[logs] + window.lows[logs] + 1)[last]

    def commit(self, stretch: Stretch) -> None:
        """Write into the automata what they would know after the stretch."""
        timelines, references = self.pairs.timelines, self.references
        keeper, seqs, messages = self.prefix, self.seqs.tobytes(), self.messages.tobytes()
        ends = (self.begins + self.counts).tolist()
        begins = self.begins.tolist()
        for log in self.fresh:
            timeline: Timeline = timelines[log]
            begin, end = begins[log], ends[log]
            entries = self.known_logs[log]
            if entries is None:
                entries = self.known_logs[log] = keeper.log(timeline)
            cast(Any, entries.seqs).frombytes(seqs[8 * begin : 8 * end])
            cast(Any, entries.messages).frombytes(messages[8 * begin : 8 * end])
            last = entries.seqs.tail[-1]
            if self.tail is not None:
                self.tail.last[timeline] = last
            if self.dense is not None and timeline.kind == "sync":
                self.dense.last[timeline] = last
            if timeline not in references.tails:
                references._make(Appended, (timeline.kind, timeline.owner))
            references.tails[timeline] = last
        pairs = self.pairs
        for log, device, position in zip(
            pairs.pair_logs[self.shown_last].tolist(),
            pairs.pair_devices[self.shown_last].tolist(),
            self.shown_upto.tolist(),
            strict=True,
        ):
            cast(Any, self.known_logs[log]).passed[device] = position
        self.covered.commit(self.covering, pairs, self.views)


def _numbers(values: list[int]) -> Any:
    return numpy.array(values, dtype=numpy.int64)
