"""Arrays that grow in place: gigabytes of states and arcs should not be copied whenever there are more of them.

Linux moves the pages of a mapping without copying them, and a page of two megabytes costs one fault instead of 512. numpy's
own `resize` fills what is new with zeros in pages of four kilobytes, which took a sixth of a large search.
"""

from __future__ import annotations

import math
import mmap
from contextlib import suppress
from typing import Any

import numpy
from numpy.typing import NDArray

MOVABLE = hasattr(mmap, "MADV_HUGEPAGE")
"""Whether the system can move the pages of a mapping and make them large; elsewhere arrays are copied."""
LARGE_PAGE = 1 << 21
"""The bytes of a large page on most machines."""


class Growing:
    """Rows of numbers with room for more, which are zero at first. `array`: all of them; it is another one after `resize`.

    The shape is (rows,), or (rows, columns). An array that somebody still holds when there is a new one keeps what it had.
    """

    def __init__(self, values: Any, rows: int, dtype: type[Any]) -> None:
        given = numpy.asarray(values, dtype=dtype)
        self._columns = given.shape[1:]
        self._dtype = given.dtype
        self._row = given.dtype.itemsize * math.prod(self._columns)
        self._rows = rows
        self._pages = self._mapping(rows)
        self._array: NDArray[Any] | None = None
        self.array[: len(given)] = given

    @property
    def array(self) -> NDArray[Any]:
        """Return the rows. They are looked up again after `resize`, also after one that was interrupted."""
        if self._array is None:
            numbers = self._rows * math.prod(self._columns)
            self._array = numpy.frombuffer(self._pages, self._dtype, numbers).reshape(-1, *self._columns)
        return self._array

    def __len__(self) -> int:
        return self._rows

    def resize(self, rows: int) -> None:
        """Make room for so many rows, which are more than there are. Those that are there stay. `MemoryError` if there is none."""
        self._array = None
        try:
            if MOVABLE:
                self._pages.resize(self._size(rows))
                self._rows = rows
                return
        except (BufferError, OSError):
            pass  # somebody holds the array, as numba does after it has compiled a function for it
        pages = self._mapping(rows)
        numpy.frombuffer(pages, numpy.uint8)[: len(self._pages)] = numpy.frombuffer(self._pages, numpy.uint8)
        self._pages, self._rows = pages, rows

    def _mapping(self, rows: int) -> mmap.mmap:
        try:
            if not MOVABLE:
                return mmap.mmap(-1, self._size(rows))
            pages = mmap.mmap(-1, self._size(rows), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except OSError as error:
            raise MemoryError(f"no room for {self._size(rows):,} bytes of a search") from error
        with suppress(OSError):  # a system may be built without large pages
            pages.madvise(mmap.MADV_HUGEPAGE)
        return pages

    def _size(self, rows: int) -> int:
        """Return how many bytes so many rows take: whole large pages, which the system then moves as such."""
        size = rows * self._row
        return size if size < LARGE_PAGE else -(-size // LARGE_PAGE) * LARGE_PAGE
