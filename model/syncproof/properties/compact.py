"""Compact sets and mappings of numbers, for what must be remembered of every message of a long history."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

BITS = 10
MASK = (1 << BITS) - 1
NOTHING = -(1 << 63)
"""Stands for None in an array of numbers."""


def chunked(numbers: Any) -> Iterator[tuple[int, slice, Any]]:
    """Yield the chunks of a column of numbers in growing order: number of the chunk, which rows, and their places in the chunk."""
    import numpy

    if not len(numbers):
        return
    highs = numbers >> BITS
    starts = numpy.flatnonzero(numpy.diff(highs, prepend=highs[:1] - 1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(numbers)], strict=True):
        part = slice(start, end)
        yield int(highs[start]), part, numbers[part] & MASK


def present(chunks: Mapping[int, Any], keys: Any, kind: str) -> Any:
    """Return, for each key of a column in growing order, whether it has a row in the chunks, arrays of rows of this type."""
    import numpy

    found = numpy.zeros(len(keys), dtype=bool)
    for high, part, low in chunked(keys):
        chunk = chunks.get(high)
        if chunk is not None:
            found[part] = numpy.frombuffer(chunk, dtype=kind)[low] > 0
    return found


class IntSet:
    """A set of numbers, kept as bits: an eighth of a byte for a number whose neighbours are in the set as well."""

    __slots__ = ("_chunks",)

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._chunks: dict[int, int] = {}
        for number in numbers:
            self.add(number)

    def add(self, number: int) -> None:
        """Add a number."""
        chunk = number >> BITS
        self._chunks[chunk] = self._chunks.get(chunk, 0) | (1 << (number & MASK))

    def discard(self, number: int) -> None:
        """Remove a number, if it is there."""
        chunk = number >> BITS
        left = self._chunks.get(chunk, 0) & ~(1 << (number & MASK))
        if left:
            self._chunks[chunk] = left
        else:
            self._chunks.pop(chunk, None)

    def __contains__(self, number: int) -> bool:
        return bool((self._chunks.get(number >> BITS, 0) >> (number & MASK)) & 1)

    def has(self, numbers: Any) -> Any:
        """Return, for each number of a column in growing order, whether it is there."""
        import numpy

        found = numpy.zeros(len(numbers), dtype=bool)
        for high, part, low in chunked(numbers):
            chunk = self._chunks.get(high, 0)
            if chunk:
                bits = numpy.frombuffer(chunk.to_bytes(1 << (BITS - 3), "little"), dtype=numpy.uint8)
                found[part] = numpy.unpackbits(bits, bitorder="little")[low]
        return found

    def fill(self, numbers: Any) -> None:
        """Add the numbers of a column in growing order."""
        import numpy

        for high, _, low in chunked(numbers):
            bits = numpy.zeros(1 << BITS, dtype=bool)
            bits[low] = True
            chunk = int.from_bytes(numpy.packbits(bits, bitorder="little").tobytes(), "little")
            self._chunks[high] = self._chunks.get(high, 0) | chunk

    def __len__(self) -> int:
        return sum(chunk.bit_count() for chunk in self._chunks.values())


def _write(chunks: dict[int, array[int]], keys: Any, values: Any) -> None:
    """Write a value for each of different keys into chunks of 32-bit numbers."""
    import numpy

    order = numpy.argsort(keys, kind="stable")
    values = values[order]
    for high, part, low in chunked(keys[order]):
        chunk = chunks.get(high)
        if chunk is None:
            chunk = chunks[high] = array("i", bytes(4 << BITS))
        numpy.frombuffer(chunk, dtype=numpy.int32)[low] = values[part]


class FewValues(MutableMapping[int, Any]):
    """A mapping from numbers to few different values: four bytes for a number whose neighbours are in it as well."""

    __slots__ = ("_chunks", "_numbers", "_values")

    def __init__(self) -> None:
        self._chunks: dict[int, array[int]] = {}
        self._values: list[Any] = [None]
        self._numbers: dict[Any, int] = {}

    def __setitem__(self, key: int, value: Any) -> None:
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._values)
            self._values.append(value)
        chunk = self._chunks.get(key >> BITS)
        if chunk is None:
            chunk = self._chunks[key >> BITS] = array("i", bytes(4 << BITS))
        chunk[key & MASK] = number

    def fill(self, keys: Any, values: list[Any]) -> None:
        """Set the values of a column of different keys."""
        import numpy

        for value in dict.fromkeys(values):
            if value not in self._numbers:
                self._numbers[value] = len(self._values)
                self._values.append(value)
        _write(self._chunks, keys, numpy.array(list(map(self._numbers.__getitem__, values)), dtype=numpy.int32))

    def _number(self, key: int) -> int:
        chunk = self._chunks.get(key >> BITS)
        return 0 if chunk is None else chunk[key & MASK]

    def get(self, key: int, default: Any = None) -> Any:
        number = self._number(key)
        return self._values[number] if number else default

    def __getitem__(self, key: int) -> Any:
        number = self._number(key)
        if not number:
            raise KeyError(key)
        return self._values[number]

    def __contains__(self, key: object) -> bool:
        return self._number(key) > 0  # type: ignore[arg-type]

    def __delitem__(self, key: int) -> None:
        if not self._number(key):
            raise KeyError(key)
        self._chunks[key >> BITS][key & MASK] = 0

    def __iter__(self) -> Iterator[int]:
        for high, chunk in sorted(self._chunks.items()):
            for low, number in enumerate(chunk):
                if number:
                    yield (high << BITS) + low

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Rows(MutableMapping[int, tuple[Any, ...]]):
    """A mapping from numbers to tuples of `width` numbers or None, in arrays. What is no plain number is kept in `_named`."""

    __slots__ = ("_columns", "_named", "_rows")

    def __init__(self, width: int) -> None:
        self._named: dict[int, Any] = {}
        self._rows: dict[int, array[int]] = {}
        self._columns = tuple(array("q") for _ in range(width))

    def __setitem__(self, key: int, value: tuple[Any, ...]) -> None:
        chunk = self._rows.get(key >> BITS)
        if chunk is None:
            chunk = self._rows[key >> BITS] = array("i", bytes(4 << BITS))
        row = chunk[key & MASK]
        plain = [NOTHING if part is None else part for part in value]
        self._named.update({part: part for part in plain if type(part) is not int})
        if row:
            for column, part in zip(self._columns, plain, strict=True):
                column[row - 1] = part
            return
        for column, part in zip(self._columns, plain, strict=True):
            column.append(part)
        chunk[key & MASK] = len(self._columns[0])

    def fill(self, keys: Any, *columns: Any) -> None:
        """Set the values of a column of different keys, given as columns of numbers in which `NOTHING` stands for None."""
        import numpy

        known = self.has(numpy.sort(keys))
        if known.any():
            known = numpy.array([key in self for key in keys.tolist()], dtype=bool)
        for at in numpy.flatnonzero(known).tolist():
            self[int(keys[at])] = tuple([None if c[at] == NOTHING else int(c[at]) for c in columns])
        new, first = ~known, len(self._columns[0]) + 1
        for column, values in zip(self._columns, columns, strict=True):
            column.frombytes(numpy.ascontiguousarray(values[new], dtype=numpy.int64).tobytes())
        _write(self._rows, keys[new], numpy.arange(first, len(self._columns[0]) + 1, dtype=numpy.int32))

    def has(self, keys: Any) -> Any:
        """Return, for each key of a column in growing order, whether it is there."""
        return present(self._rows, keys, "int32")

    def _row(self, key: int) -> int:
        chunk = self._rows.get(key >> BITS)
        return 0 if chunk is None else chunk[key & MASK]

    def get(self, key: int, default: Any = None) -> Any:
        row = self._row(key)
        return self._value(row) if row else default

    def _value(self, row: int) -> tuple[Any, ...]:
        found: list[Any] = [None if c[row - 1] == NOTHING else c[row - 1] for c in self._columns]
        return tuple([self._named.get(part, part) for part in found]) if self._named else tuple(found)

    def __getitem__(self, key: int) -> tuple[Any, ...]:
        row = self._row(key)
        if not row:
            raise KeyError(key)
        return self._value(row)

    def __contains__(self, key: object) -> bool:
        return self._row(key) > 0  # type: ignore[arg-type]

    def __delitem__(self, key: int) -> None:
        if not self._row(key):
            raise KeyError(key)
        self._rows[key >> BITS][key & MASK] = 0

    def __iter__(self) -> Iterator[int]:
        for high, chunk in sorted(self._rows.items()):
            for low, row in enumerate(chunk):
                if row:
                    yield (high << BITS) + low

    def __len__(self) -> int:
        return sum(1 for _ in self)
