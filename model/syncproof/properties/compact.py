"""Compact sets and mappings of numbers, for what must be remembered of every message of a long history."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

from syncproof.properties.long_column import LongColumn
from syncproof.properties.spill import SIZE, Spill

BITS = 10
MASK = (1 << BITS) - 1
PAGE = (4 << BITS) // SIZE
"""How many blocks of a file a page of 32-bit numbers takes."""
LEAST, MOST = 64, 1 << 13
"""The smallest and the largest number of pages of a mapping in memory."""
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


class Pages:
    """A mapping from numbers to numbers from 1 on, in pages of 1024 keys; 0 stands for what is not there.

    The pages that were made or read back last are in memory, the others in a file. How many: one more for each page that is
    read back, because they are too few then, and one less for each page that is made.
    """

    __slots__ = ("_most", "_pages", "_spill", "_stored")

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._most = LEAST
        self._pages: OrderedDict[int, array[int]] = OrderedDict()
        self._stored: dict[int, int] = {}

    def get(self, key: int) -> int:
        """Return the number of a key, 0 if it is not there."""
        page = self._pages.get(key >> BITS) or self._back(key >> BITS)
        return page[key & MASK] if page else 0

    def put(self, key: int, number: int) -> None:
        """Set the number of a key; 0 removes it."""
        page = self._pages.get(key >> BITS) or self._back(key >> BITS) or self._made(key >> BITS)
        page[key & MASK] = number

    def has(self, keys: Any) -> Any:
        """Return, for each key of a column in growing order, whether it is there."""
        import numpy

        found = numpy.zeros(len(keys), dtype=bool)
        for high, part, low in chunked(keys):
            page = self._pages.get(high) or self._back(high)
            if page:
                found[part] = numpy.frombuffer(page, dtype=numpy.int32)[low] > 0
        return found

    def fill(self, keys: Any, numbers: Any) -> None:
        """Set the numbers of a column of different keys."""
        import numpy

        order = numpy.argsort(keys, kind="stable")
        numbers = numbers[order]
        for high, part, low in chunked(keys[order]):
            page = self._pages.get(high) or self._back(high) or self._made(high)
            numpy.frombuffer(page, dtype=numpy.int32)[low] = numbers[part]

    def __iter__(self) -> Iterator[int]:
        """Yield the keys in growing order. Pages that are in the file stay there."""
        for high in sorted({*self._stored, *self._pages}):
            page = self._pages.get(high) or self._read(high)
            for low, number in enumerate(page):
                if number:
                    yield (high << BITS) + low

    def _made(self, high: int) -> array[int]:
        """Make a page."""
        self._most = max(LEAST, self._most - 1)
        return self._kept(high, array("i", bytes(4 << BITS)))

    def _back(self, high: int) -> array[int] | None:
        """Return a page that was in the file, and keep it in memory; None if there is none."""
        if high not in self._stored:
            return None
        self._most = min(MOST, self._most + 1)
        return self._kept(high, self._read(high))

    def _read(self, high: int) -> array[int]:
        return array("i", self._spill.read(self._stored[high], PAGE))

    def _kept(self, high: int, page: array[int]) -> array[int]:
        """Keep a page in memory, and move those that are too many to the file."""
        self._pages[high] = page
        while len(self._pages) > self._most:
            oldest, old = self._pages.popitem(last=False)
            if oldest in self._stored:
                self._spill.replace(self._stored[oldest], old.tobytes())
            else:
                self._stored[oldest] = self._spill.add(old.tobytes())
        return page


class FewValues(MutableMapping[int, Any]):
    """A mapping from numbers to few different values."""

    __slots__ = ("_numbers", "_pages", "_values")

    def __init__(self, spill: Spill) -> None:
        self._pages = Pages(spill)
        self._values: list[Any] = [None]
        self._numbers: dict[Any, int] = {}

    def __setitem__(self, key: int, value: Any) -> None:
        self._pages.put(key, self._number(value))

    def _number(self, value: Any) -> int:
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._values)
            self._values.append(value)
        return number

    def fill(self, keys: Any, values: list[Any]) -> None:
        """Set the values of a column of different keys."""
        import numpy

        for value in dict.fromkeys(values):
            if value not in self._numbers:
                self._number(value)
        self._pages.fill(keys, numpy.array(list(map(self._numbers.__getitem__, values)), dtype=numpy.int32))

    def get(self, key: int, default: Any = None) -> Any:
        number = self._pages.get(key)
        return self._values[number] if number else default

    def __getitem__(self, key: int) -> Any:
        number = self._pages.get(key)
        if not number:
            raise KeyError(key)
        return self._values[number]

    def __contains__(self, key: object) -> bool:
        return self._pages.get(key) > 0  # type: ignore[arg-type]

    def __delitem__(self, key: int) -> None:
        if key not in self:
            raise KeyError(key)
        self._pages.put(key, 0)

    def __iter__(self) -> Iterator[int]:
        return iter(self._pages)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Rows(MutableMapping[int, tuple[Any, ...]]):
    """A mapping from numbers to tuples of `width` numbers or None: rows in a column, which only grows, and the row of each key.

    What is no plain number is kept in `_named`.
    """

    __slots__ = ("_last", "_named", "_rows", "_values", "_width")

    def __init__(self, width: int, spill: Spill) -> None:
        self._width = width
        self._last = 0
        self._named: dict[int, Any] = {}
        self._rows = Pages(spill)
        self._values = LongColumn(spill)

    def __setitem__(self, key: int, value: tuple[Any, ...]) -> None:
        for part in value:
            if type(part) is not int:
                value = self._plain(value)
                break
        self._values.extend(value)
        self._last = last = self._last + 1
        self._rows.put(key, last)

    def _plain(self, value: tuple[Any, ...]) -> tuple[int, ...]:
        """Return the numbers that stand for a value, of which some are None or have a name."""
        plain = tuple([NOTHING if part is None else part for part in value])
        self._named.update({part: part for part in plain if type(part) is not int})
        return plain

    def fill(self, keys: Any, *columns: Any) -> None:
        """Set the values of a column of different keys, given as columns of numbers in which `NOTHING` stands for None."""
        import numpy

        first = self._last + 1
        self._last += len(keys)
        self._values.frombytes(numpy.stack(columns, axis=1).astype(numpy.int64).tobytes())
        self._rows.fill(keys, numpy.arange(first, self._last + 1, dtype=numpy.int32))

    def has(self, keys: Any) -> Any:
        """Return, for each key of a column in growing order, whether it is there."""
        return self._rows.has(keys)

    def get(self, key: int, default: Any = None) -> Any:
        row = self._rows.get(key)
        return self._value(row) if row else default

    def _value(self, row: int) -> tuple[Any, ...]:
        end = row * self._width
        values = self._values[end - self._width : end]
        if NOTHING not in values and not self._named:
            return tuple(values)
        return tuple([None if part == NOTHING else self._named.get(part, part) for part in values])

    def __getitem__(self, key: int) -> tuple[Any, ...]:
        row = self._rows.get(key)
        if not row:
            raise KeyError(key)
        return self._value(row)

    def __contains__(self, key: object) -> bool:
        return self._rows.get(key) > 0  # type: ignore[arg-type]

    def __delitem__(self, key: int) -> None:
        if key not in self:
            raise KeyError(key)
        self._rows.put(key, 0)

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __len__(self) -> int:
        return sum(1 for _ in self)
