"""The pass over devices: checkpoints by device and log, and pulls since the last trigger.

It clears `checkpoint-monotonic` and `pull-terminates`; `epoch-learnt` complains at rest only.
"""

from __future__ import annotations

from typing import Any, cast

import numpy

from syncproof.core.observations import Checkpointed, Pulled, Shown, Triggered
from syncproof.engines.bulk.pairs import Pairs
from syncproof.engines.bulk.ranks import NotClear, demand, firsts, lasts, ranked
from syncproof.engines.bulk.stretch import Stretch
from syncproof.properties.checkpoint_monotonic import CheckpointMonotonic
from syncproof.properties.epoch_learnt import EpochLearnt
from syncproof.properties.pull_terminates import FRUITLESS, PullTerminates


class DevicePass:
    """Clears what devices do in a stretch; `commit` brings the automata's states up to date."""

    def __init__(self, automata: dict[str, Any]) -> None:
        self.monotonic = cast("CheckpointMonotonic | None", automata.get("checkpoint-monotonic"))
        self.learnt = cast("EpochLearnt | None", automata.get("epoch-learnt"))
        self.pulls = cast("PullTerminates | None", automata.get("pull-terminates"))

    def check(self, stretch: Stretch, pairs: Pairs) -> None:
        """Raise `NotClear` if an automaton may complain."""
        self._check_checkpoints(stretch, pairs)
        if self.pulls is not None:
            self._check_pulls(stretch, self.pulls)

    def _check_checkpoints(self, stretch: Stretch, pairs: Pairs) -> None:
        moved = stretch.parts[Checkpointed]
        order = numpy.argsort(pairs.moved_pairs, kind="stable")
        owners, seqs = pairs.moved_pairs[order], moved.cells["seq"][order]
        first, last = firsts(owners), lasts(owners)
        keys = [
            (device, pairs.timelines[log])
            for device, log in zip(
                pairs.pair_devices[owners[first]].tolist(), pairs.pair_logs[owners[first]].tolist(), strict=True
            )
        ]
        self.last = dict(zip(keys, seqs[last].tolist(), strict=True))
        if self.monotonic is not None:
            known: Any = self.monotonic.last
            before = numpy.empty(len(seqs), dtype=numpy.int64)
            before[1:] = seqs[:-1]
            before[first] = [known.get(key, 0) for key in keys]
            demand(seqs >= before, moved.rows[order])
        if self.learnt is not None:
            owned = pairs.keys[pairs.logs[Checkpointed]]
            if len(numpy.unique(owned & ~0x3FC)) < len(numpy.unique(owned)):  # two epochs of one log
                raise NotClear(stretch.low)

    def _check_pulls(self, stretch: Stretch, automaton: PullTerminates) -> None:
        """Count the pulls of each device since what came of them; the number that is complained of must not be reached."""
        kinds = (Pulled, Triggered, Shown, Checkpointed)
        parts = [stretch.parts[kind] for kind in kinds]
        devices, named = ranked(numpy.concatenate([part.cells["device"] for part in parts]))
        count, pulls = len(devices), len(parts[0].rows)
        rows = numpy.concatenate([part.rows for part in parts])
        pulled, resets = named[:pulls], numpy.full(count, -1)
        numpy.maximum.at(resets, named[pulls:], rows[pulls:])
        self.devices = devices.tolist()
        before = numpy.array([automaton.fruitless.get(device, 0) for device in self.devices], dtype=numpy.int64)
        after = rows[:pulls] > resets[pulled]
        self.fruitless = numpy.bincount(pulled[after], minlength=count) + numpy.where(resets < 0, before, 0)
        busy = before + numpy.bincount(pulled, minlength=count) >= FRUITLESS
        if busy.any():
            self._count(rows, named, pulls, busy, before)

    def _count(self, rows: Any, named: Any, pulls: int, busy: Any, before: Any) -> None:
        """Raise `NotClear` if one of the devices that pulled so often pulled too often in a row."""
        mine = numpy.flatnonzero(busy[named])
        runs: dict[int, int] = {}
        for at in mine[numpy.argsort(rows[mine], kind="stable")].tolist():
            device = int(named[at])
            if at < pulls:
                runs[device] = runs.get(device, int(before[device])) + 1
                if runs[device] == FRUITLESS:
                    raise NotClear(int(rows[at]))
            else:
                runs[device] = 0

    def commit(self) -> None:
        """Write into the automata what they would know after the stretch."""
        if self.monotonic is not None:
            cast(Any, self.monotonic.last).update(self.last)
        if self.learnt is not None:
            reads: Any = self.learnt.reads
            for (device, timeline), seq in self.last.items():
                if seq:
                    reads[device, timeline.kind, timeline.owner] = timeline.epoch
                else:
                    reads.pop((device, timeline.kind, timeline.owner), None)
        if self.pulls is not None:
            cast(Any, self.pulls.fruitless).update(zip(self.devices, self.fruitless.tolist(), strict=True))
