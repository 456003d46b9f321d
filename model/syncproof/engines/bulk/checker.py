"""A checker of long histories, which clears stretches of observations where it can and gives the others to the automata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from syncproof.core.observations import (
    Accepted,
    Amended,
    Checkpointed,
    Composed,
    Deleted,
    Observation,
    Placed,
    Queued,
    Refused,
    Shown,
    Stored,
    Unsure,
)
from syncproof.engines.bulk.devices import DevicePass
from syncproof.engines.bulk.logs import LogPass
from syncproof.engines.bulk.messages import Known, MessagePass
from syncproof.engines.bulk.orders import OrderPass
from syncproof.engines.bulk.pairs import Pairs, Timelines
from syncproof.engines.bulk.ranks import NotClear
from syncproof.engines.bulk.stretch import Stretch
from syncproof.engines.check import Checker
from syncproof.formats.columnar import CLASSES, COLUMNS, NUMBERS, Columnar
from syncproof.properties import Property
from syncproof.properties._logs import LongLogs
from syncproof.properties.checkpoint_covered import CheckpointCovered
from syncproof.properties.checkpoint_monotonic import CheckpointMonotonic
from syncproof.properties.conversation_order import ConversationOrder
from syncproof.properties.dense import Dense
from syncproof.properties.epoch_learnt import EpochLearnt
from syncproof.properties.prefix_order import PrefixOrder
from syncproof.properties.pull_terminates import PullTerminates
from syncproof.properties.range_read import RangeReads
from syncproof.properties.roaming_complete import RoamingComplete
from syncproof.properties.sender_order import SenderOrder
from syncproof.properties.tail_append import TailAppend

LEAST = 1 << 10
"""A stretch of fewer observations is not worth its arithmetic."""
MOST = 1 << 17
BY_MESSAGE = (Amended, Queued, Deleted, Refused, Unsure)
"""Classes that have no columns and are each about one message."""
PASSED: dict[str, type[Property]] = {
    kind.name: kind
    for kind in (
        PrefixOrder,
        CheckpointCovered,
        RangeReads,
        TailAppend,
        Dense,
        CheckpointMonotonic,
        EpochLearnt,
        PullTerminates,
        SenderOrder,
        ConversationOrder,
        RoamingComplete,
    )
}
"""The automata that passes know by themselves; all others must be `by_message`, which `Settling` knows."""


class BulkChecker:
    """Feeds a checker with batches, many observations at once.

    `cleared`: how many observations no automaton saw one by one, for measurements. A stretch has from `least` to `most` of them.
    """

    def __init__(self, checker: Checker, least: int = LEAST, most: int = MOST) -> None:
        self.checker = checker
        self.least, self.most = least, most
        self.cleared = 0
        history, monitor = checker.history, checker.monitor
        automata = monitor.automata
        self.able = all(
            type(each) is PASSED.get(name) or (each.by_message and name not in PASSED)
            for name, each in automata.items()
        ) and _share(automata)
        self._made = Timelines()
        self._single: dict[type[Observation], list[tuple[str, Callable[[Any], Any]]]] = {}
        self._length = most
        self._pause = least
        if self.able:
            self.logs = LogPass(automata, checker.references)
            self.devices = DevicePass(automata)
            self.orders = OrderPass(automata, checker.size)
            self.messages = MessagePass(history.settling, checker.references)

    def feed(self, first: int, batch: Columnar) -> None:
        """Pass on the observations of a batch; the line of the first one has the number `first`."""
        if not self.able:
            self._one_by_one(first, batch, 0, len(batch))
            return
        start, waiting = 0, -1
        for row in [*self._breaks(batch), len(batch)]:
            if row - start >= self.least:
                if waiting >= 0:
                    self._one_by_one(first, batch, waiting, start)
                self._feed(first, batch, start, row)
                waiting = row
            elif waiting < 0:
                waiting = start
            start = row + 1
        self._one_by_one(first, batch, waiting, len(batch))

    def _breaks(self, batch: Columnar) -> list[int]:
        """Return the rows of what no pass knows, in growing order."""
        idle = [self._idle(kind) for kind in CLASSES]
        known = numpy.array(
            [k in COLUMNS or k in BY_MESSAGE or i for k, i in zip(CLASSES, idle, strict=True)], dtype=bool
        )
        breaks = ~known[batch.codes]
        moved = batch.parts.get(Checkpointed)
        if moved is not None:
            breaks[moved.rows[moved.cells["start"] != 0]] = True
        found: list[int] = numpy.flatnonzero(breaks).tolist()
        return found

    def _idle(self, kind: type[Observation]) -> bool:
        """Return whether nobody reacts to a class."""
        fills, reactions = self.checker.reactions(kind)
        return not fills and not reactions and kind.__name__ != "Quiesced"

    def _feed(self, first: int, batch: Columnar, begin: int, end: int) -> None:
        """Clear the rows in stretches, as long ones as possible."""
        if self.checker.quiesced and self.checker.monitor.recorded:
            self._one_by_one(first, batch, begin, end)  # which raises
            return
        while begin < end:
            stop = min(end, begin + self._length)
            if stop - begin < self.least:
                self._one_by_one(first, batch, begin, stop)
                begin = stop
                continue
            try:
                self._clear(first, batch, begin, stop)
            except NotClear as found:
                doubtful = max(begin, min(found.row, stop - 1))
                if doubtful - begin >= self.least:
                    self._length = max(self.least, doubtful - begin)
                    continue
                after = min(end, doubtful + self._pause)
                self._one_by_one(first, batch, begin, after)
                begin = after
                self._pause = min(self.most, 2 * self._pause)
                self._length = max(self.least, self._length // 2)
                continue
            begin = stop
            self._length, self._pause = min(self.most, 2 * self._length), max(self.least, self._pause // 2)

    def _one_by_one(self, first: int, batch: Columnar, begin: int, end: int) -> None:
        if begin < end:
            self.checker.feed(first + begin, batch.objects(begin, end))

    def _clear(self, first: int, batch: Columnar, begin: int, end: int) -> None:
        """Show that no automaton complains of these rows, and bring all states up to date. `NotClear` changes nothing."""
        checker = self.checker
        stretch = Stretch(batch, begin, end)
        pairs = Pairs(stretch, self._made)
        known = Known(stretch, checker.references, checker.history.roster)
        codes = batch.codes[begin:end]
        singles = numpy.flatnonzero(numpy.isin(codes, [NUMBERS[kind] for kind in BY_MESSAGE])) + begin
        observed: dict[int, Observation] = dict(zip(singles.tolist(), stretch.objects(singles), strict=True))
        self.orders.check(stretch, known)
        self.logs.check(stretch, known, pairs)
        self.devices.check(stretch, pairs)
        self.messages.check(stretch, known, {int(_message(o)) for o in observed.values()})
        odd = self.messages.odd_rows(stretch)
        observed.update(zip(odd.tolist(), stretch.objects(odd), strict=True))
        self._watch(stretch, codes)
        self.logs.commit(stretch)
        self.devices.commit()
        self.orders.commit(stretch, known)
        self.messages.commit(stretch, known)
        self._singly(first, observed)
        self.messages.remember_last(stretch)
        checker.skip(end - begin, {CLASSES[code] for code in numpy.unique(codes).tolist()})
        self.cleared += end - begin - len(observed)

    def _watch(self, stretch: Stretch, codes: Any) -> None:
        """Show what may be evidence to who still waits for some."""
        watch = self.checker.monitor.watch
        waited = [NUMBERS[kind] for kind in watch.pending if kind in NUMBERS]
        rows = numpy.flatnonzero(numpy.isin(codes, waited)) + stretch.low
        for start in range(0, len(rows), self.least):
            rows_here = rows[start : start + self.least]
            if not any(
                CLASSES[code] in watch.pending for code in numpy.unique(stretch.batch.codes[rows_here]).tolist()
            ):
                continue
            for observation in stretch.objects(rows_here):
                if type(observation) in watch.pending:
                    if type(observation) is Placed:
                        observation = self.checker.history.roster.complete(observation)
                    watch.see(observation)

    def _singly(self, first: int, observed: dict[int, Observation]) -> None:
        """Give observations of odd messages to who keeps what is known of single messages."""
        history, record = self.checker.history, self.checker.monitor.record
        for row, observation in sorted(observed.items()):
            kind = type(observation)
            self.checker.references.line = first + row
            if kind is Placed or kind is Deleted:
                observation = history.roster.complete(observation)
            receivers = self._single.get(kind)
            if receivers is None:
                receivers = self._single[kind] = self._receivers(kind)
            for name, react in receivers:
                says = react(observation)
                if says is not None:
                    record(name, says)

    def _receivers(self, kind: type[Observation]) -> list[tuple[str, Callable[[Any], Any]]]:
        checker = self.checker
        if kind in (Composed, Placed, Stored, Accepted, Shown):
            return [("", checker.history.settling.reactions[kind])]
        see = checker.monitor.watch.see
        return [each for each in checker.reactions(kind)[1] if each[1] != see]


def _share(automata: dict[str, Any]) -> bool:
    """Return whether the properties of logs are all there and look at the same logs."""
    prefix, covered, reads = [automata.get(kind.name) for kind in (PrefixOrder, CheckpointCovered, RangeReads)]
    if prefix is None or covered is None or reads is None or not isinstance(prefix.logs, LongLogs):
        return False
    shared = isinstance(covered.logs, LongLogs) and covered.logs.keeper is prefix.logs
    return shared and reads.logs is prefix.logs


def _message(observation: Any) -> int:
    found: int = observation.by if type(observation) is Amended else observation.message
    return found
