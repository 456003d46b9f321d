"""The pass of `checkpoint-covered`: every entry that a checkpoint passes was shown on its device."""

from __future__ import annotations

from typing import Any

import numpy

from syncproof.core.observations import Checkpointed, Shown
from syncproof.engines.bulk.pairs import INBOX, Pairs
from syncproof.engines.bulk.ranks import LIMIT, NotClear, demand, firsts, lasts, located, ranked, spread
from syncproof.engines.bulk.stretch import Stretch
from syncproof.engines.bulk.window import Window
from syncproof.formats.columnar import NONE
from syncproof.properties.checkpoint_covered import CheckpointCovered


class Covered:
    """What the stretch changes: positions by pair, what is shown and not covered yet, and what was shown before and is covered."""

    __slots__ = ("added", "pairs", "removed", "upto")

    def __init__(self, pairs: Any, upto: Any, added: list[tuple[int, int]], removed: list[tuple[int, int]]) -> None:
        self.pairs, self.upto, self.added, self.removed = pairs, upto, added, removed

    def commit(self, automaton: CheckpointCovered, pairs: Pairs, views: list[Any]) -> None:
        """Write into the automaton what it would know after the stretch."""
        for log in numpy.unique(pairs.logs[Checkpointed]).tolist():
            if views[log] is None:
                views[log] = automaton.log(pairs.timelines[log])
        logs, devices = pairs.pair_logs[self.pairs].tolist(), pairs.pair_devices[self.pairs].tolist()
        for log, device, upto in zip(logs, devices, self.upto.tolist(), strict=True):
            views[log].passed[device] = upto
        ahead: Any = automaton.ahead
        for device, message in self.removed:
            ahead[device].discard(message)
        for device, message in self.added:
            found = ahead.get(device)
            if found is None:
                found = ahead[device] = set()
            found.add(message)


def covered(stretch: Stretch, pairs: Pairs, window: Window, begin: Any, automaton: CheckpointCovered) -> Covered:
    """Return what the stretch changes. `NotClear` if a checkpoint may pass an entry that was not shown.

    `begin`: how many entries of its log each pair has passed before the stretch.
    """
    moved = stretch.parts[Checkpointed]
    order = numpy.argsort(pairs.moved_pairs, kind="stable")
    owners, rows, seqs = pairs.moved_pairs[order], moved.rows[order], moved.cells["seq"][order]
    demand((seqs >= 0) & (seqs < LIMIT), rows)
    logs = pairs.pair_logs[owners]
    first = firsts(owners)
    size = len(window.keys) + 1
    initial = window.starts[logs] + begin[owners] - window.lows[logs]
    upto = window.place(logs, seqs, "right")
    reached = numpy.where(first, numpy.maximum(upto, initial), upto) + owners * size
    upto = numpy.maximum.accumulate(reached) - owners * size
    before = numpy.empty(len(upto), dtype=numpy.int64)
    before[1:] = upto[:-1]
    before[first] = initial[first]
    counts = upto - before
    passes = counts > 0
    demand(window.rows[upto[passes] - 1] < rows[passes], rows[passes])
    entries = spread(before, counts)
    messages = window.messages[entries]
    solid = messages != NONE
    messages, devices = messages[solid], numpy.repeat(pairs.pair_devices[owners], counts)[solid]
    added, removed = _matched(stretch, messages, devices, numpy.repeat(rows, counts)[solid], automaton)
    last = lasts(owners) & (upto > initial)
    return Covered(owners[last], (upto - window.starts[logs] + window.lows[logs])[last], added, removed)


def _matched(
    stretch: Stretch, messages: Any, devices: Any, rows: Any, automaton: CheckpointCovered
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return what is shown and not covered, and what is covered and was shown before the stretch, as (device, message)."""
    shown = stretch.parts[Shown]
    counts = (shown.timelines == NONE) | ((shown.timelines & 3) != INBOX)
    shown_rows, shown_devices = shown.rows[counts], shown.cells["device"][counts]
    shown_messages = shown.cells["message"][counts]
    numbers, ranks = ranked(numpy.concatenate([shown_devices, devices]))
    names, here = located(stretch.messages, messages)
    size = len(numbers)
    shown_keys = stretch.named[Shown][counts] * size + ranks[: len(shown_rows)]
    keys = names * size + ranks[len(shown_rows) :]
    order = numpy.argsort(shown_keys, kind="stable")
    in_order = shown_keys[order]
    twice = ~firsts(in_order)
    demand(~twice, shown_rows[order])
    places, there = located(in_order, keys)
    found = here & there
    where = order[places[found]]
    demand(shown_rows[where] < rows[found], rows[found])
    uses = numpy.bincount(where, minlength=len(shown_rows))
    if len(uses) and uses.max() > 1:
        demand(uses[where] == 1, rows[found])
    open_ = uses == 0
    added = list(zip(shown_devices[open_].tolist(), shown_messages[open_].tolist(), strict=True))
    removed = list(zip(devices[~found].tolist(), messages[~found].tolist(), strict=True))
    nothing: frozenset[Any] = frozenset()
    waiting = numpy.array([bool(automaton.ahead.get(device)) for device in numbers.tolist()], dtype=bool)
    known = numpy.flatnonzero(waiting[ranks[: len(shown_rows)]])
    for number, device, message in zip(
        known.tolist(), shown_devices[known].tolist(), shown_messages[known].tolist(), strict=True
    ):
        if message in automaton.ahead.get(device, nothing):  # shown again
            raise NotClear(int(shown_rows[number]))
    for number, (device, message) in enumerate(removed):
        if message not in automaton.ahead.get(device, nothing):
            raise NotClear(int(rows[~found][number]))
    if len(set(removed)) < len(removed):
        raise NotClear(stretch.low)
    return added, removed
