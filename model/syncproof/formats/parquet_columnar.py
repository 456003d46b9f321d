"""Rows of a Parquet history as columns, without an object for each observation."""

from __future__ import annotations

from typing import Any

from syncproof.core.observations import (
    Appended,
    Checkpointed,
    Composed,
    Observation,
    Placed,
    RangeRead,
    Shown,
    Triggered,
)
from syncproof.formats.arrow import bits, column_of, encoded, valid, values
from syncproof.formats.columnar import (
    CLASSES,
    COLUMNS,
    LARGEST,
    NONE,
    NUMBERS,
    TIMELINE_KINDS,
    WITH_TIMELINE,
    ClassColumns,
    Columnar,
    Unfit,
    keys_of,
)
from syncproof.formats.columns import TEXT
from syncproof.formats.wire import KINDS

OPTIONAL = {(kind, "place") for kind in CLASSES} | {(Shown, "seq"), (Appended, "message")}
"""The fields with columns in which a null is a value."""


class ArrowColumns:
    """The columns of a record batch, each read once. `Unfit` if a value has no place in a column of numbers.

    They are looked at where arrow has them: arrow's own conversions import pandas, and copy.
    """

    def __init__(self, batch: Any) -> None:
        self.batch = batch
        self.found = {n: batch.column(n) for n in batch.schema.names if batch.column(n).null_count < len(batch)}
        if any(name.endswith(TEXT) for name in self.found):
            raise Unfit
        self._seen: dict[str, tuple[Any, Any]] = {}

    def codes(self) -> Any:
        """Return the number of each row's class."""
        import numpy

        types = self.batch.column("type")
        if types.null_count:
            raise Unfit
        indices, names = encoded(types)
        if any(name not in KINDS for name in names):
            raise Unfit
        return numpy.array([NUMBERS[KINDS[name]] for name in names], dtype=numpy.int8)[indices]

    def numbers(self, name: str, rows: Any, least: int = -LARGEST) -> Any:
        """Return a column of numbers in some rows, `NONE` for null. `Unfit` if one is not above `least`."""
        import numpy

        found = self.found.get(name)
        if found is None:
            return numpy.full(len(rows), NONE)
        seen = self._seen.get(name)
        if seen is None:
            seen = self._seen[name] = values(found, numpy.int64), valid(found)
        whole, known = seen
        cells = whole[rows]
        there = None if known is None else known[rows]
        if there is None or there.all():
            if not least < cells.min() <= cells.max() < LARGEST:
                raise Unfit
            return cells
        some = cells[there]
        if len(some) and not least < some.min() <= some.max() < LARGEST:
            raise Unfit
        return numpy.where(there, cells, NONE)

    def flags(self, name: str, rows: Any) -> Any:
        """Return a column of truth values in some rows, false for null, as numbers."""
        import numpy

        column = self.found.get(name)
        if column is None:
            return numpy.zeros(len(rows), dtype=numpy.int64)
        found, there = bits(column.buffers()[1], column)[rows], valid(column)
        return (found if there is None else found & there[rows]).astype(numpy.int64)

    def texts(self, name: str, rows: Any, known: tuple[str, ...]) -> Any:
        """Return a column of texts in some rows as their places in `known`, `NONE` for null. `Unfit` for another text."""
        import numpy

        column = self.found.get(name)
        if column is None:
            return numpy.full(len(rows), NONE)
        indices, words = encoded(column)
        table = numpy.array([known.index(w) if w in known else -1 for w in words], dtype=numpy.int64)
        whole = valid(column)
        if whole is None:
            places = table[indices[rows]]
        else:
            there = whole[rows]
            places = numpy.full(len(rows), NONE)
            places[there] = table[indices[rows][there]]
        if (places == -1).any():
            raise Unfit
        return places

    def lists(self, name: str, rows: Any) -> tuple[Any, Any, Any, Any]:
        """Return of a column of lists in some rows where each begins and ends, which are there, and the numbers of all."""
        import numpy

        column = self.found[name]
        ends = values(column, numpy.int32, 1)
        inner = column.values
        whole = valid(column)
        if inner.null_count:
            raise Unfit
        there = None if whole is None or whole[rows].all() else whole[rows]
        return ends[rows], ends[rows + 1], there, values(inner, numpy.int64)


def parts_of(columns: ArrowColumns, codes: Any) -> dict[type[Observation], ClassColumns]:
    """Return the columns by class. `Unfit` if a row has no observation, so that the plain path can say why, or no columns."""
    import numpy

    made = {}
    for kind in COLUMNS:
        rows = numpy.flatnonzero(codes == NUMBERS[kind])
        if not len(rows):
            continue
        part = made[kind] = ClassColumns(rows, {name: _cells(columns, kind, name, rows) for name in COLUMNS[kind]})
        if kind in WITH_TIMELINE:
            part.timelines = _timelines(columns, rows)
            if kind is not Shown and (part.timelines == NONE).any():
                raise Unfit
        if kind is Composed:
            part.changes = _changes(columns, rows)
        elif kind is Placed:
            part.groups = list(zip(*(_tuples(columns, name, rows) for name in ("members", "audience")), strict=True))
        elif kind is RangeRead:
            part.ends, part.read = _read(columns, rows)
        elif kind is Triggered:
            cause = columns.found.get("cause")
            if cause is None or (cause.null_count and not valid(cause)[rows].all()):
                raise Unfit
    return made


def _cells(columns: ArrowColumns, kind: type[Observation], name: str, rows: Any) -> Any:
    if kind is Checkpointed and name == "start":
        return columns.flags(name, rows)
    cells = columns.numbers(name, rows, -1 if name == "device" else -LARGEST)
    if (kind, name) not in OPTIONAL and (cells == NONE).any():
        raise Unfit
    return cells


def _timelines(columns: ArrowColumns, rows: Any) -> Any:
    """Return the keys of timelines, `NONE` for null."""
    import numpy

    kinds = columns.texts("timeline_kind", rows, TIMELINE_KINDS)
    owners, epochs = columns.numbers("timeline_owner", rows), columns.numbers("timeline_epoch", rows)
    there = kinds != NONE
    if not (there == (owners != NONE)).all() or not (there == (epochs != NONE)).all():
        raise Unfit
    if there.all():
        return keys_of(kinds, owners, epochs)
    keys = numpy.full(len(kinds), NONE)
    keys[there] = keys_of(kinds[there], owners[there], epochs[there])
    return keys


def _changes(columns: ArrowColumns, rows: Any) -> Any:
    """Return which messages that are composed are changes, or have the version of one."""
    import numpy

    changes = columns.flags("final", rows) != 0
    for name in ("which", "version"):
        numbers = columns.numbers(name, rows)
        changes |= (numbers != NONE) & (numbers != 0)
    what = columns.found.get("what")
    if what is not None:
        indices, words = encoded(what)
        said = numpy.array([word != "" for word in words], dtype=bool)
        whole = valid(what)
        there = numpy.ones(len(rows), dtype=bool) if whole is None else whole[rows]
        changes[there] |= said[indices[rows][there]]
    return changes


def _tuples(columns: ArrowColumns, name: str, rows: Any) -> list[Any]:
    if name not in columns.found:
        return [None] * len(rows)
    starts, ends, there, inner = columns.lists(name, rows)
    numbers = inner.tolist()
    found: list[Any] = [tuple(numbers[start:end]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    if there is not None:
        found = [value if known else None for value, known in zip(found, there.tolist(), strict=True)]
    return found


def _read(columns: ArrowColumns, rows: Any) -> tuple[Any, Any]:
    """Return where the numbers of each read end, and all numbers that reads returned."""
    import numpy

    if "seqs" not in columns.found:
        raise Unfit
    starts, ends, there, inner = columns.lists("seqs", rows)
    if there is not None:
        raise Unfit
    counts = (ends - starts).astype(numpy.int64)
    after = numpy.cumsum(counts)
    at = numpy.arange(int(counts.sum())) + numpy.repeat(starts - (after - counts), counts)
    return after, inner[at]


class Source:
    """Gives observations of a record batch as objects, when someone asks: many at once if it was asked for many.

    `decode`: a function from a record batch to its observations.
    """

    def __init__(self, batch: Any, decode: Any) -> None:
        self._batch, self._decode = batch, decode
        self._asked = 0
        self._all: list[Observation] | None = None

    def between(self, low: int, high: int) -> list[Observation]:
        """Return the observations from one row to below another."""
        self._asked += high - low
        if self._all is None and 16 * self._asked > len(self._batch):
            self._all = self._decode(self._batch)
        found: list[Observation] = (
            self._decode(self._batch.slice(low, high - low)) if self._all is None else self._all[low:high]
        )
        return found

    def chosen(self, rows: Any) -> list[Observation]:
        """Return the observations of some rows."""
        if self._all is None and 4 * len(rows) > len(self._batch):
            self._all = self._decode(self._batch)
        if self._all is not None:
            return [self._all[row] for row in rows.tolist()]
        found: list[Observation] = self._decode(self._batch.take(column_of(rows))) if len(rows) else []
        return found


def columnar_rows(batch: Any, decode: Any) -> Columnar:
    """Return a record batch as a batch. `Unfit` if it has no columns; the observations of other classes are made at once."""
    import numpy

    columns = ArrowColumns(batch)
    codes = columns.codes()
    parts = parts_of(columns, codes)
    source = Source(batch, decode)
    others = numpy.flatnonzero(~numpy.isin(codes, [NUMBERS[kind] for kind in COLUMNS]))
    source.chosen(others)  # so that what is wrong in them is said before anything is judged
    return Columnar(codes, parts, source.between, source.chosen)
