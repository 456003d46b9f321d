"""The arithmetic over columns."""

from __future__ import annotations

import numpy
import pytest

from syncproof.engines.bulk.ranks import NotClear, demand, firsts, lasts, located, ranked, spread


@pytest.mark.parametrize("values", [[], [5], [5, 3, 5, -1], [1 << 60, 3, -(1 << 60), 3]])
def test_values_are_ranked_among_themselves(values: list[int]) -> None:
    found, numbers = ranked(numpy.array(values, dtype=numpy.int64))
    assert found.tolist() == sorted(set(values))
    assert found[numbers].tolist() == values


def test_a_spread_counts_on_from_each_start() -> None:
    assert spread(numpy.array([4, 9, 2]), numpy.array([2, 0, 3])).tolist() == [4, 5, 2, 3, 4]


def test_the_first_and_last_of_equal_values_are_marked() -> None:
    column = numpy.array([1, 1, 2])
    assert firsts(column).tolist() == [True, False, True]
    assert lasts(column).tolist() == [False, True, True]


def test_what_is_not_in_a_column_is_not_located() -> None:
    places, there = located(numpy.array([2, 4]), numpy.array([4, 3, 9]))
    assert there.tolist() == [True, False, False]
    assert places[0] == 1
    assert not located(numpy.array([], dtype=int), numpy.array([1]))[1].any()


def test_the_lowest_row_in_doubt_is_named() -> None:
    with pytest.raises(NotClear) as error:
        demand(numpy.array([True, False, False]), numpy.array([1, 9, 4]))
    assert error.value.row == 4
