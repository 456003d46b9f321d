"""Histories as Parquet files with typed columns, for queries as well as for `check`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

import msgspec

from syncproof.core.observations import Observation
from syncproof.core.values import Timeline
from syncproof.errors import InputError, nearest
from syncproof.formats.arrow import column_of, encoded, valid, values
from syncproof.formats.codec import DecodeError, Decoder
from syncproof.formats.columnar import Columnar
from syncproof.formats.columns import TEXT, Column, Field, columns, fields, joined, split, timelines
from syncproof.formats.names import Names
from syncproof.formats.parquet_columnar import columnar_rows
from syncproof.formats.wire import KINDS

ROWS = 1 << 16
"""The rows of a row group, and of what is read at once."""


def write_parquet(path: Path, header: bytes, blocks: Iterable[list[Observation]]) -> None:
    """Write a history: the column `type`, and a column for each name of a field. The header is the metadata `syncproof`."""
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema(_schema(), metadata={"syncproof": header.decode()})
    with parquet.ParquetWriter(path, schema) as writer:
        for rows in _groups(blocks):
            writer.write_table(pyarrow.table(_columns_of(rows, schema), schema=schema))


def _groups(blocks: Iterable[list[Observation]]) -> Iterator[list[Observation]]:
    """Yield the observations in lists of `ROWS`, the last one of fewer."""
    rows: list[Observation] = []
    for block in blocks:
        rows += block
        while len(rows) >= ROWS:
            yield rows[:ROWS]
            rows = rows[ROWS:]
    yield rows


def _schema() -> list[tuple[str, Any]]:
    import pyarrow

    numbers, words = pyarrow.int64(), pyarrow.string()
    shapes = {"number": numbers, "text": pyarrow.string(), "flag": pyarrow.bool_()}
    shapes |= {"list": pyarrow.list_(numbers), "pairs": pyarrow.list_(pyarrow.list_(numbers))}
    texts = {"number": words, "list": pyarrow.list_(words), "pairs": pyarrow.list_(pyarrow.list_(words))}
    found = [("type", pyarrow.string())]
    for column in columns().values():
        found.append((column.name, shapes[column.shape]))
        if column.named:
            found.append((column.name + TEXT, texts[column.shape]))
    return found


def _columns_of(rows: list[Observation], schema: Any) -> dict[str, Any]:
    """Return the columns of observations."""
    import pyarrow

    values: dict[str, list[Any]] = {name: [None] * len(rows) for name in schema.names}
    values["type"] = [type(row).__name__ for row in rows]
    by_kind: dict[type[Observation], list[int]] = {}
    for number, row in enumerate(rows):
        by_kind.setdefault(type(row), []).append(number)
    for kind, numbers in by_kind.items():
        for field in fields(kind):
            found = [getattr(rows[number], field.name) for number in numbers]
            for column in field.columns:
                part = column.name.removeprefix(f"{field.name}_")
                cells = [None if v is None else getattr(v, part) for v in found] if field.is_timeline else found
                _place(values, column, numbers, cells)
    return {name: pyarrow.array(values[name], schema.field(name).type) for name in schema.names}


def _place(values: dict[str, list[Any]], column: Column, numbers: list[int], cells: list[Any]) -> None:
    whole, texts = split(column.shape, cells) if column.named else (cells, None)
    target = values[column.name]
    for number, cell in zip(numbers, whole, strict=True):
        target[number] = int(cell) if column.shape == "number" and cell is not None else cell
    if texts is not None:
        target = values[column.name + TEXT]
        for number, cell in zip(numbers, texts, strict=True):
            target[number] = cell


def read_parquet(path: Path) -> tuple[bytes, Iterator[tuple[int, list[Observation]]]]:
    """Read a history: its header as JSON, and its observations many at a time, numbered from 2 as in a text file.

    `InputError` as `read_parquet_batches`.
    """
    header, blocks = read_parquet_batches(path)
    return header, (
        (first, block.objects(0, len(block)) if isinstance(block, Columnar) else block) for first, block in blocks
    )


def read_parquet_batches(
    path: Path, batched: bool = False
) -> tuple[bytes, Iterator[tuple[int, list[Observation] | Columnar]]]:
    """Read a history as `read_parquet` does; if `batched`, in batches where its rows have columns.

    Files of schema 1 have each observation as JSON in the column `body`. `InputError` for a file that is not Parquet, is damaged,
    or is not a history.
    """
    from pyarrow import parquet

    with _readable(path):
        file = parquet.ParquetFile(path)
        schema = file.schema_arrow
        metadata = schema.metadata or {}
        if batched:  # few different texts, which are then not read one by one
            words = [name for name in ("type", "timeline_kind", "cause", "what") if name in schema.names]
            file = parquet.ParquetFile(path, read_dictionary=words)
    former = "body" in schema.names
    if b"syncproof" not in metadata or not (former or "type" in schema.names):
        raise InputError(f"{path}: not a history: the metadata `syncproof` and the column `type` are needed")
    if not former:
        for name, kind in _schema():
            if name in schema.names and schema.field(name).type not in (kind, _wider(kind)):
                raise InputError(f"{path}: column {name}: {schema.field(name).type}; allowed: {kind}")
    return metadata[b"syncproof"], _bodies(path, file) if former else _typed(path, file, schema.names, batched)


def _wider(kind: Any) -> Any:
    """Return the type that other writers may use for texts."""
    import pyarrow

    return pyarrow.large_string() if kind == pyarrow.string() else kind


def _batches(path: Path, file: Any, names: list[str] | None) -> Iterator[Any]:
    batches = file.iter_batches(batch_size=ROWS, columns=names)
    while True:
        with _readable(path):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _lean(path: Path, file: Any, names: list[str]) -> Iterator[Any]:
    """Yield batches with the columns that the classes in their row group have; reading an empty column takes as long as another."""
    for group in range(file.num_row_groups):
        said = set()
        with _readable(path):
            for batch in file.iter_batches(batch_size=ROWS, columns=["type"], row_groups=[group]):
                said.update(encoded(batch.column(0))[1])
        kinds = [KINDS[name] for name in said if name in KINDS]
        wanted = {c.name for kind in kinds for field in fields(kind) for c in field.columns}
        wanted |= {name + TEXT for name in wanted}
        lean = [name for name in names if name == "type" or name in wanted]
        batches = file.iter_batches(batch_size=ROWS, columns=lean, row_groups=[group])
        while True:
            with _readable(path):
                batch = next(batches, None)
            if batch is None:
                break
            yield batch


def _bodies(path: Path, file: Any) -> Iterator[tuple[int, list[Observation] | Columnar]]:
    """Yield the observations of a file of schema 1."""
    decoder, number = Decoder(), 1
    for batch in _batches(path, file, ["body"]):
        with _readable(path):
            bodies = batch.column(0).to_pylist()
        for body in bodies:
            number += 1
            if not isinstance(body, str):
                raise InputError(f"{path}:{number}: body: {body!r:.40}; allowed: a JSON object as text")
            try:
                yield number, [decoder.line(body.encode())]
            except DecodeError as error:
                raise InputError(f"{path}:{number}: {error}") from None


def _typed(
    path: Path, file: Any, names: list[str], batched: bool
) -> Iterator[tuple[int, list[Observation] | Columnar]]:
    """Yield the observations of a file with typed columns."""
    known, made = Names(), dict[Any, Any]()
    # Empty columns are read as well: pyarrow ends the whole process where the footer's statistics are damaged.
    wanted = [name for name, _ in _schema() if name in names]
    first = 2
    for batch in (_lean if batched else _batches)(path, file, ["type", *[name for name in wanted if name != "type"]]):
        found: list[Observation] | Columnar | None = _batch(path, first, batch, known, made) if batched else None
        if found is None:
            with _readable(path):
                found = _Rows(path, first, batch, known, made).observations()
        yield first, found
        first += len(found)


def _batch(path: Path, first: int, batch: Any, known: Names, made: dict[Any, Any]) -> Columnar | None:
    """Return the rows of a record batch as columns; None if they have none, or something is wrong with them."""

    def decode(part: Any) -> list[Observation]:
        return _Rows(path, first, part, known, made).observations()

    try:
        return columnar_rows(batch, decode)
    except Exception:  # a damaged file: reading it as observations says what is wrong
        return None


class _Rows:
    """The rows of a batch, from number `first` on, as observations. `made`: the timelines of earlier batches."""

    def __init__(self, path: Path, first: int, batch: Any, known: Names, made: dict[Any, Any]) -> None:
        self.path, self.first, self.batch, self.known, self.made = path, first, batch, known, made
        self.columns = {n: batch.column(n) for n in batch.schema.names if batch.column(n).null_count < len(batch)}

    def observations(self) -> list[Observation]:
        """Return the observations in the order of the rows."""
        import numpy

        types = self.batch.column("type")
        codes, names = encoded(types)
        if types.null_count:
            null = int(numpy.flatnonzero(~valid(types))[0])
            raise InputError(f"{self.path}:{self.first + null}: type: null; allowed: {', '.join(sorted(KINDS))}")
        rows: Any = numpy.empty(len(self.batch), dtype=object)
        for code, name in enumerate(names):
            at = numpy.flatnonzero(codes == code)
            kind = KINDS.get(name)
            if kind is None:
                where = f"{self.path}:{self.first + int(at[0])}"
                raise InputError(f"{where}: type: {name!r:.40} is no observation{nearest(str(name), sorted(KINDS))}")
            index = column_of(at)
            cells = [self._values(kind, field, index) for field in fields(kind)]
            made = list(map(kind, *cells)) if cells else [kind() for _ in range(len(at))]
            rows[at] = numpy.fromiter(made, dtype=object, count=len(made))
        found: list[Observation] = rows.tolist()
        return found

    def _values(self, kind: type, field: Field, index: Any) -> Any:
        """Return the values of a field of the rows of a class."""
        arrays = [self.columns[c.name].take(index) if c.name in self.columns else None for c in field.columns]
        texts = [
            self.columns[c.name + TEXT].take(index) if c.name + TEXT in self.columns else None for c in field.columns
        ]
        if all(array is None or array.null_count == len(index) for array in (*arrays, *texts)):
            return self._checked(kind, field, index, None, repeat(None, len(index)))
        if field.is_timeline and all(array is not None and not array.null_count for array in arrays):
            return self._checked(kind, field, index, None, self._timelines(arrays))
        parts = []
        for column, array, text in zip(field.columns, arrays, texts, strict=True):
            numbers = [None] * len(index) if array is None else _list(array, column.shape)
            if text is not None and text.null_count < len(index):
                numbers = joined(numbers, text.to_pylist(), self.known)
            parts.append(numbers)
        if field.is_timeline:
            return self._checked(kind, field, index, None, timelines(*parts))
        return self._checked(kind, field, index, arrays[0], parts[0])

    def _timelines(self, arrays: list[Any]) -> list[Any]:
        """Return the timelines of three columns without a null; equal ones are one object."""
        import numpy

        kinds, names = encoded(arrays[0])
        keys = numpy.stack([kinds, values(arrays[1], numpy.int64), values(arrays[2], numpy.int64)])
        weights = keys[1] * 8 + keys[0]
        if keys[0].max() > 7 or abs(keys[1]).max() > 1 << 59 or keys[2].any():
            return timelines(arrays[0].to_pylist(), keys[1].tolist(), keys[2].tolist())
        _, places, inverse = numpy.unique(weights, return_index=True, return_inverse=True)
        found: Any = numpy.empty(len(places), dtype=object)
        for number, place in enumerate(places.tolist()):
            key = (names[int(keys[0][place])], int(keys[1][place]))
            timeline = self.made.get(key)
            if timeline is None:
                timeline = self.made[key] = Timeline(*key)  # type: ignore[arg-type]
            found[number] = timeline
        every: list[Any] = found[inverse].tolist()
        return every

    def _checked(self, kind: type, field: Field, index: Any, array: Any, values: Any) -> Any:
        """Return the values of a field if all are allowed. `InputError` names the first row that has another."""
        optional = field.columns[0].optional
        if array is None or array.null_count:
            values = list(values)
            if not optional and None in values:
                default = {f.name: f.default for f in msgspec.structs.fields(kind)}[field.name]
                if default is msgspec.NODEFAULT:
                    raise self._refused(kind, field, index, values.index(None), None)
                values = [default if value is None else value for value in values]
        if field.allowed:
            said = [None if v is None else v.kind for v in values] if field.is_timeline else values
            if not field.allowed.issuperset({word for word in said if word is not None}):
                at, word = next((n, w) for n, w in enumerate(said) if w is not None and w not in field.allowed)
                raise self._refused(kind, field, index, at, word)
        if field.least is not None and field.columns[0].shape == "number" and array is not None:
            least = _least(array)
            if least is not None and least < field.least:
                raise self._refused(kind, field, index, values.index(least), least)
        return values

    def _refused(self, kind: type, field: Field, index: Any, at: int, value: Any) -> InputError:
        allowed = ", ".join(sorted(field.allowed)) or ("a number from 0" if field.least is not None else "a value")
        row = self.first + index[at].as_py()
        return InputError(f"{self.path}:{row}: {kind.__name__}.{field.name}: {value!r:.40}; allowed: {allowed}")


def _least(array: Any) -> int | None:
    """Return the least number of a column; None if it has none."""
    from pyarrow import compute

    least: int | None = compute.min(array).as_py()
    return least


def _list(array: Any, shape: str) -> list[Any]:
    """Return the values of a column as Python's, lists as tuples."""
    import numpy

    if array.null_count:
        return [_tuple(value) for value in array.to_pylist()] if shape in ("list", "pairs") else array.to_pylist()
    if shape == "number":
        found: list[Any] = values(array, numpy.int64).tolist()
        return found
    if shape in ("list", "pairs"):
        ends = values(array, numpy.int32, 1).tolist()
        flat = _list(array.values, "number" if shape == "list" else "list")
        return [tuple(flat[start:end]) for start, end in pairwise(ends)]
    every: list[Any] = array.to_pylist()
    return every


def _tuple(value: Any) -> Any:
    return tuple([_tuple(part) for part in value]) if isinstance(value, list) else value


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever the library raises for a damaged file into an `InputError` of one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        says = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: not a Parquet file that can be read: {says:.160}") from error
