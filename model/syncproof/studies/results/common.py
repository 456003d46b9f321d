"""What the results of several studies share."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

BugId = Annotated[str, msgspec.Meta(title="BUG")]
ClaimId = Annotated[str, msgspec.Meta(title="CLAIM")]
CostId = Annotated[str, msgspec.Meta(title="COST")]
DesignName = Annotated[str, msgspec.Meta(title="DESIGN")]
DeviceCount = Annotated[str, msgspec.Meta(title="VALUE")]
FaultName = Annotated[str, msgspec.Meta(title="FAULT")]
MetricName = Annotated[str, msgspec.Meta(title="METRIC")]
MoveName = Annotated[str, msgspec.Meta(title="MOVE")]
Pair = Annotated[str, msgspec.Meta(title="PAIR")]
PacketName = Annotated[str, msgspec.Meta(title="PACKET")]
OperationKind = Annotated[str, msgspec.Meta(title="KIND")]
PropertyName = Annotated[str, msgspec.Meta(title="PROPERTY")]
ScenarioKey = Annotated[str, msgspec.Meta(title="KEY")]
SearchName = Annotated[str, msgspec.Meta(title="SEARCH")]
Situation = Annotated[str, msgspec.Meta(title="SITUATION")]
StoreName = Annotated[str, msgspec.Meta(title="STORE")]


def plain(results: msgspec.Struct) -> dict[str, Any]:
    """Return results as the dictionaries, lists and values that JSON is written from."""
    found: dict[str, Any] = msgspec.to_builtins(results)
    return found


class WorkDone(msgspec.Struct, frozen=True):
    """Hold where the pieces of a study were done, for its run.json."""

    executor: str
    """`processes`, the address of a Dask scheduler, or the class of an executor"""
    workers: int
    """processes of this machine"""
    workers_why: str
    """why there are fewer of them than processors, if only for some pieces; empty if there are not, or if `--jobs` says how many"""
    pieces: int
    """pieces of work"""
    pieces_read: int
    """pieces that an earlier command had done"""
    pieces_spoilt: int
    """kept pieces that were damaged, and done again"""

    def and_also(self, later: WorkDone) -> WorkDone:
        """Return the work of both, of which the later was done in the same places, or in fewer of them."""
        pieces, read = self.pieces + later.pieces, self.pieces_read + later.pieces_read
        why = self.workers_why or later.workers_why
        return WorkDone(self.executor, self.workers, why, pieces, read, later.pieces_spoilt)


NO_WORK = WorkDone("processes", 1, "", 0, 0, 0)


class ClaimResult(msgspec.Struct):
    """Hold what a study says of one claim."""

    says: str
    """the claim"""
    verdict: str
    """`supported`, `refuted`, `depends`, `within noise` or `unknown`"""
    evidence: str
    """the numbers or the proof behind it, and on what it depends"""


class Interval(msgspec.Struct, omit_defaults=True):
    """Hold a value over runs and its 95 % interval (`studies/intervals.py` says how it is made)."""

    value: float | None
    """mean over runs; of a quantile, that of all runs' durations together"""
    low: float | None
    """lower end of the 95 % interval; null for a single run"""
    high: float | None
    """upper end of the interval; null for a single run, and where it is above everything measured"""
    beyond: bool = False
    """true where a quantile is above everything measured (so many had not ended when the run did), and with `endless` runs"""
    endless: int = 0
    """in how many runs it is infinite: what it measures, as the recovery from a burst, never came; then there is no mean"""
