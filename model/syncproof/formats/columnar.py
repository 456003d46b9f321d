"""Observations that follow one another as columns of numbers, by class, for passes over many at once.

Only the classes of which a long history mostly consists have columns (`COLUMNS`); the others are found by their rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from syncproof.core.observations import (
    Accepted,
    Appended,
    Checkpointed,
    Composed,
    Observation,
    Placed,
    Pulled,
    RangeRead,
    Shown,
    Stored,
    Triggered,
)
from syncproof.core.values import Timeline
from syncproof.formats.wire import KINDS

NONE = -(1 << 63)
"""Stands for None in a column of numbers."""
CLASSES: tuple[type[Observation], ...] = tuple(KINDS.values())
"""The classes of observations; the number of a class is its place here."""
NUMBERS = {kind: number for number, kind in enumerate(CLASSES)}
TIMELINE_KINDS = ("conversation", "sync", "inbox")
LARGEST = 1 << 61
"""Ids whose absolute number is that large have no column: those of texts are below them."""
EPOCHS, OWNERS = 1 << 8, 1 << 50
"""Epochs from this one on, and owners whose absolute number is that large, have no key; see `timeline_key`."""

COLUMNS: dict[type[Observation], tuple[str, ...]] = {
    Composed: ("message", "device", "conversation"),
    Placed: ("message", "conversation", "place"),
    Stored: ("message",),
    Accepted: ("message", "place"),
    Appended: ("seq", "message"),
    RangeRead: ("device", "after", "upto"),
    Shown: ("device", "message", "conversation", "place", "seq"),
    Checkpointed: ("device", "seq", "start"),
    Triggered: ("device",),
    Pulled: ("device",),
}
"""The classes that have columns, and their fields that are numbers."""
WITH_TIMELINE = (Appended, RangeRead, Shown, Checkpointed)


class Unfit(ValueError):
    """A batch has no columns: its ids are texts, or a number is out of the range of a key."""


class ClassColumns:
    """The rows of one class: `rows` are their numbers in the batch, in growing order; the others are their columns.

    `timelines` has keys (`timeline_key`), `NONE` for no timeline. `changes`: whether a message that is composed is a change.
    `groups`: the members and the audience of what is placed, as tuples or None. `ends` and `read`: the numbers that reads
    returned, one read after the other, and where those of each read end.
    """

    __slots__ = ("cells", "changes", "ends", "groups", "read", "rows", "timelines")

    def __init__(self, rows: Any, cells: dict[str, Any]) -> None:
        self.rows = rows
        self.cells = cells
        self.timelines: Any = None
        self.changes: Any = None
        self.groups: list[tuple[Any, Any]] = []
        self.ends: Any = None
        self.read: Any = None

    def between(self, low: int, high: int) -> ClassColumns:
        """Return the part of it whose rows are from `low` to below `high`."""
        import numpy

        first, last = numpy.searchsorted(self.rows, (low, high)).tolist()
        made = ClassColumns(self.rows[first:last], {name: column[first:last] for name, column in self.cells.items()})
        if self.timelines is not None:
            made.timelines = self.timelines[first:last]
        if self.changes is not None:
            made.changes = self.changes[first:last]
        made.groups = self.groups[first:last]
        if self.ends is not None:
            begin = int(self.ends[first - 1]) if first else 0
            made.ends = self.ends[first:last] - begin
            made.read = self.read[begin : begin + (int(made.ends[-1]) if last > first else 0)]
        return made


class Columnar:
    """Observations that follow one another: `codes` has the number of each one's class, `parts` the columns by class.

    Arguments:
        codes: an array of numbers of classes.
        parts: the columns of each class that has some and occurs.
        objects: returns the observations from one row to below another.
        chosen: returns the observations of a column of rows.
    """

    def __init__(
        self,
        codes: Any,
        parts: dict[type[Observation], ClassColumns],
        objects: Callable[[int, int], list[Observation]],
        chosen: Callable[[Any], list[Observation]],
    ) -> None:
        self.codes = codes
        self.parts = parts
        self.objects = objects
        self.chosen = chosen

    def __len__(self) -> int:
        return len(self.codes)


def timeline_key(timeline: Timeline | None) -> int:
    """Return a number for a timeline. `Unfit` if it has none."""
    if timeline is None:
        return NONE
    if not (0 <= timeline.epoch < EPOCHS and abs(timeline.owner) < OWNERS):
        raise Unfit
    return (timeline.owner * EPOCHS + timeline.epoch) * 4 + TIMELINE_KINDS.index(timeline.kind)


def timeline_of(key: int) -> Timeline:
    """Return the timeline of a key."""
    return Timeline(TIMELINE_KINDS[key & 3], key >> 10, (key >> 2) & (EPOCHS - 1))  # type: ignore[arg-type]


def columnar_of(observations: list[Observation]) -> Columnar:
    """Return observations as a batch. `Unfit` if an id is no number that fits into a column, or is a text."""
    import numpy

    count = len(observations)
    codes = numpy.fromiter(map(NUMBERS.__getitem__, map(type, observations)), numpy.int8, count)
    found: Any = numpy.empty(count, dtype=object)
    found[:] = observations
    parts = {}
    for kind, names in COLUMNS.items():
        rows = numpy.flatnonzero(codes == NUMBERS[kind])
        if len(rows):
            parts[kind] = _part(kind, names, rows, found[rows].tolist())
    return _with_objects(codes, parts, observations)


def _with_objects(
    codes: Any, parts: dict[type[Observation], ClassColumns], observations: list[Observation]
) -> Columnar:
    return Columnar(
        codes,
        parts,
        lambda low, high: observations[low:high],
        lambda rows: [observations[row] for row in rows.tolist()],
    )


def merged(batches: Sequence[Columnar]) -> Columnar:
    """Return batches of objects that follow one another as one."""
    import numpy

    if len(batches) == 1:
        return batches[0]
    starts = numpy.cumsum([0, *map(len, batches)]).tolist()
    parts = {}
    for kind in COLUMNS:
        found = [
            (start, batch.parts[kind]) for start, batch in zip(starts, batches, strict=False) if kind in batch.parts
        ]
        if found:
            parts[kind] = _joined(found)
    objects = [observation for batch in batches for observation in batch.objects(0, len(batch))]
    return _with_objects(numpy.concatenate([batch.codes for batch in batches]), parts, objects)


def _joined(found: list[tuple[int, ClassColumns]]) -> ClassColumns:
    """Return parts of one class, each with the number that its batch's first row gets, as one."""
    import numpy

    first = found[0][1]
    cells = {name: numpy.concatenate([part.cells[name] for _, part in found]) for name in first.cells}
    made = ClassColumns(numpy.concatenate([part.rows + start for start, part in found]), cells)
    if first.timelines is not None:
        made.timelines = numpy.concatenate([part.timelines for _, part in found])
    if first.changes is not None:
        made.changes = numpy.concatenate([part.changes for _, part in found])
    made.groups = [group for _, part in found for group in part.groups]
    if first.ends is not None:
        before = numpy.cumsum([0, *[len(part.read) for _, part in found]]).tolist()
        made.ends = numpy.concatenate([part.ends + start for start, (_, part) in zip(before, found, strict=False)])
        made.read = numpy.concatenate([part.read for _, part in found])
    return made


def _part(kind: type[Observation], names: Sequence[str], rows: Any, objects: list[Any]) -> ClassColumns:
    import numpy

    part = ClassColumns(rows, {name: _numbers(objects, name) for name in names})
    if kind in WITH_TIMELINE:
        part.timelines = _timelines(objects)
    if kind is Composed:
        part.changes = numpy.array(
            [bool(o.what or o.final or o.which or o.version) for o in objects],
            dtype=bool,
        )
    elif kind is Placed:
        part.groups = list(map(attrgetter("members", "audience"), objects))
    elif kind is RangeRead:
        read = list(map(attrgetter("seqs"), objects))
        part.ends = numpy.cumsum(numpy.fromiter(map(len, read), numpy.int64, len(read)))
        part.read = _array([number for seqs in read for number in seqs])
    return part


def _numbers(objects: list[Any], name: str) -> Any:
    """Return a field as a column."""
    import numpy

    try:
        column = numpy.fromiter(map(attrgetter(name), objects), numpy.int64, len(objects))
    except TypeError:
        values = list(map(attrgetter(name), objects))
        column = _array([NONE if value is None else value for value in values])
        _ids(column[column != NONE])
        if int((column == NONE).sum()) != values.count(None):
            raise Unfit from None
        return column
    except OverflowError:
        raise Unfit from None
    return _ids(column)


def _ids(column: Any) -> Any:
    """Return a column without None. `Unfit` if it has the number of a text, or one that stands for None."""
    if len(column) and not (column.min() > -LARGEST and column.max() < LARGEST):
        raise Unfit
    return column


def _array(values: list[int]) -> Any:
    import numpy

    try:
        return numpy.array(values, dtype=numpy.int64)
    except (OverflowError, TypeError, ValueError):
        raise Unfit from None


def _timelines(objects: list[Any]) -> Any:
    """Return the keys of the timelines of observations."""
    import numpy

    count = len(objects)
    try:
        kinds = list(map(attrgetter("timeline.kind"), objects))
        owners = numpy.fromiter(map(attrgetter("timeline.owner"), objects), numpy.int64, count)
        epochs = numpy.fromiter(map(attrgetter("timeline.epoch"), objects), numpy.int64, count)
    except AttributeError:  # some have none
        return numpy.fromiter((timeline_key(o.timeline) for o in objects), numpy.int64, count)
    except OverflowError:
        raise Unfit from None
    uniform = kinds.count(kinds[0]) == count
    numbers = TIMELINE_KINDS.index(kinds[0]) if uniform else numpy.array([TIMELINE_KINDS.index(k) for k in kinds])
    return keys_of(numbers, owners, epochs)


def keys_of(kinds: Any, owners: Any, epochs: Any) -> Any:
    """Return the keys of timelines, of the columns of their parts. `Unfit` if one has none."""
    if len(owners) and not (
        owners.min() > -OWNERS and owners.max() < OWNERS and 0 <= epochs.min() <= epochs.max() < EPOCHS
    ):
        raise Unfit
    return (owners * EPOCHS + epochs) * 4 + kinds
