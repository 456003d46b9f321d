"""An array that grows keeps its rows, and another reference to the older array stays valid."""

from __future__ import annotations

import mmap
from typing import Any

import numpy
import pytest

from syncproof.engines.explore import growing
from syncproof.engines.explore.growing import Growing

PAGE = growing.LARGE_PAGE


@pytest.fixture(params=[True, False], ids=["moved", "copied"], autouse=True)
def movable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pages moved where the system can do that, and have arrays copied."""
    if request.param and not growing.MOVABLE:
        pytest.skip("the system cannot move pages")
    monkeypatch.setattr(growing, "MOVABLE", request.param)


@pytest.mark.parametrize("dtype", [numpy.int16, numpy.int32, numpy.int64])
@pytest.mark.parametrize("rows", [[4], [5, 1000], [PAGE // 8, PAGE // 8 + 1, PAGE]])
def test_rows_stay_and_more_are_zero(rows: list[int], dtype: type[Any]) -> None:
    growing = Growing([1, 2, 3], rows[0], dtype)
    growing.array[-1] = 7
    expected = [1, 2, 3, *[0] * (rows[0] - 4), 7]
    for more in rows[1:]:
        growing.resize(more)
        expected += [0] * (more - len(expected))
        assert growing.array.tolist() == expected
        growing.array[-1] = expected[-1] = 9
    assert (len(growing), growing.array.dtype, growing.array.tolist()) == (rows[-1], dtype, expected)


def test_a_row_may_have_columns() -> None:
    growing = Growing(numpy.asarray([[1, 2, 3], [4, 5, 6]]), 2, numpy.int64)
    growing.resize(3)
    assert growing.array.tolist() == [[1, 2, 3], [4, 5, 6], [0, 0, 0]]
    assert Growing(numpy.zeros((0, 3)), 2, numpy.int64).array.shape == (2, 3)


def test_an_array_that_somebody_holds_keeps_what_it_had() -> None:
    growing = Growing([1, 2], 2, numpy.int64)
    held = growing.array
    growing.resize(4)
    growing.array[0] = 5
    assert (held.tolist(), growing.array.tolist()) == ([1, 2], [5, 2, 0, 0])


def test_a_system_without_large_pages_has_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pages(mmap.mmap):
        def madvise(self, *arguments: int) -> None:
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(growing.mmap, "mmap", Pages)
    found = Growing([1], 2, numpy.int64)
    found.resize(3)
    assert found.array.tolist() == [1, 0, 0]


def test_an_array_for_which_there_is_no_room_is_a_memory_error() -> None:
    found = Growing([1, 2], 2, numpy.int64)
    with pytest.raises(MemoryError, match="no room for 10,"):
        found.resize(9 << 47)
    assert found.array.tolist() == [1, 2]


def test_the_array_is_the_same_until_there_is_a_new_one() -> None:
    growing = Growing([1], 1, numpy.int64)
    assert growing.array is growing.array


@pytest.mark.parametrize("rows", [PAGE // 8, PAGE // 8 + 1, 3 * PAGE // 8])
def test_large_arrays_are_whole_large_pages(rows: int) -> None:
    growing = Growing([], rows, numpy.int64)
    assert len(growing._pages) == -(-rows * 8 // PAGE) * PAGE
    assert len(growing.array) == rows
