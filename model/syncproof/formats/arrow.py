"""Look at arrow's columns where arrow has them: its own conversions copy, and import pandas."""

from __future__ import annotations

from typing import Any


def values(column: Any, dtype: Any, more: int = 0) -> Any:
    """Return the numbers of a column, of which those of nulls mean nothing. `more`: how many there are beyond its length."""
    import numpy

    buffer = column.buffers()[1]
    if buffer is None:
        return numpy.zeros(0, dtype=dtype)
    return numpy.frombuffer(buffer, dtype=dtype)[column.offset : column.offset + len(column) + more]


def bits(buffer: Any, column: Any) -> Any:
    import numpy

    whole = numpy.unpackbits(numpy.frombuffer(buffer, dtype=numpy.uint8), bitorder="little")
    return whole[column.offset : column.offset + len(column)].astype(bool)


def valid(column: Any) -> Any:
    """Return which rows of a column are not null; None for all."""
    return None if not column.null_count else bits(column.buffers()[0], column)


def encoded(column: Any) -> tuple[Any, list[str]]:
    """Return a column of texts as numbers, of which those of nulls mean nothing, and the texts that they stand for."""
    import numpy
    import pyarrow

    if not pyarrow.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    indices = column.indices
    return values(indices, numpy.dtype(str(indices.type))), column.dictionary.to_pylist()


def column_of(numbers: Any) -> Any:
    """Return a numpy column of 64-bit numbers as arrow's; `pyarrow.array` would import pandas."""
    import pyarrow

    return pyarrow.Array.from_buffers(pyarrow.int64(), len(numbers), [None, pyarrow.py_buffer(numbers)])
