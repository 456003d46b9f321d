"""Arithmetic over columns that all passes use, and how a pass says that it does not clear a stretch."""

from __future__ import annotations

from typing import Any

import numpy

NEVER = 1 << 62
"""A row number after all others."""
BITS = 40
LIMIT = 1 << BITS
"""Numbers of entries and of devices from this one on are not cleared: two numbers are compared as one of 64 bits."""


class NotClear(Exception):
    """An automaton may complain. `row`: of the first observation that is in doubt, as far as the pass knows."""

    def __init__(self, row: int) -> None:
        super().__init__()
        self.row = row


def demand(good: Any, rows: Any) -> None:
    """Raise `NotClear` with the lowest row of which `good`, a column of truth values, is false."""
    if not good.all():
        raise NotClear(int(rows[~good].min()))


def ranked(values: Any) -> tuple[Any, Any]:
    """Return the different values of a column in growing order, and for each row the number of its value among them."""
    if not len(values):
        return values, values
    low, high = int(values.min()), int(values.max())
    span = high - low + 1
    if span > 8 * len(values) + (1 << 14):
        found, inverse = numpy.unique(values, return_inverse=True)
        return found, inverse
    there = numpy.zeros(span, dtype=bool)
    shifted = values - low
    there[shifted] = True
    found = numpy.flatnonzero(there)
    table = numpy.empty(span, dtype=numpy.int64)
    table[found] = numpy.arange(len(found))
    return found + low, table[shifted]


def spread(starts: Any, counts: Any) -> Any:
    """Return the numbers from each start on, as many as its count says, one after the other."""
    total = int(counts.sum())
    before = numpy.cumsum(counts) - counts
    return numpy.arange(total) + numpy.repeat(starts - before, counts)


def firsts(column: Any) -> Any:
    """Return the truth values of where a sorted column has another value than before."""
    first = numpy.ones(len(column), dtype=bool)
    first[1:] = column[1:] != column[:-1]
    return first


def lasts(column: Any) -> Any:
    """Return the truth values of where a sorted column has another value afterwards."""
    last = numpy.ones(len(column), dtype=bool)
    last[:-1] = column[1:] != column[:-1]
    return last


def located(column: Any, values: Any) -> tuple[Any, Any]:
    """Return where values are in a growing column, and the truth values of whether they are; the place of another is any."""
    if not len(column):
        return numpy.zeros(len(values), dtype=numpy.int64), numpy.zeros(len(values), dtype=bool)
    places = numpy.searchsorted(column, values)
    places[places == len(column)] = 0
    return places, column[places] == values
