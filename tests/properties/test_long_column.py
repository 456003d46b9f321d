"""A column of which most is in a file is read as a list is."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from random import Random
from typing import Any

import pytest

from syncproof.properties.long_column import LongColumn, upto
from syncproof.properties.spill import Spill
from tests.helpers.small_blocks import use_small_blocks


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    use_small_blocks(monkeypatch)


def column(count: int) -> LongColumn:
    return LongColumn(Spill(), range(count))


def test_it_keeps_only_the_last_numbers_in_memory() -> None:
    found = LongColumn(Spill())
    for number in range(1000):
        found.append(number)
        assert len(found.tail) < 4
    assert list(found) == list(range(1000))


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 11, 50])
def test_a_part_of_it_is_that_part_of_a_list(count: int) -> None:
    found, expected = column(count), list(range(count))
    for low in range(-3, count + 2):
        assert found[low:] == array("q", expected[low:])
        for high in range(-3, count + 2):
            assert found[low:high] == array("q", expected[low:high])


def test_a_position_beyond_its_ends_is_an_error() -> None:
    found = column(9)
    assert [found[-9], found[-1], found[0], found[8]] == [0, 8, 0, 8]
    for wrong in (9, -10):
        with pytest.raises(IndexError):
            found[wrong]
    with pytest.raises(IndexError):
        column(0)[-1]


def change(numbers: Any, deed: str, at: int, number: int) -> None:
    """Do the same to a column or to a list."""
    if deed == "append":
        numbers.append(number)
    elif deed == "extend":
        numbers.extend([number] * 5)
    elif deed == "bytes" and isinstance(numbers, list):
        numbers += [number, 7]
    elif deed == "bytes":
        numbers.frombytes(array("q", [number, 7]).tobytes())
    elif deed == "insert":
        numbers.insert(at, number)
    elif deed == "set" and at < len(numbers):
        numbers[at] = number
    elif deed == "cut":
        del numbers[at:]


def test_what_is_done_to_it_is_as_if_done_to_a_list() -> None:
    draw = Random(1)
    for _ in range(60):
        found, expected = LongColumn(Spill()), list[int]()
        deeds = ("append", "extend", "bytes", "set", "cut", *draw.choice(((), ("insert",))))
        for _ in range(draw.randrange(60)):
            deed, at, number = draw.choice(deeds), draw.randrange(len(expected) + 1), draw.randrange(99)
            for numbers in (found, expected):
                change(numbers, deed, at, number)
            assert list(found) == expected
            assert len(found) == len(expected)
            assert bool(found.tail) == bool(expected)
            assert [found[position] for position in range(len(expected))] == expected


def test_numbers_upto_one_are_counted_as_in_a_list() -> None:
    for numbers in ([1, 3, 3, 3, 3, 3, 8, 9, 9], [2], []):
        found = LongColumn(Spill(), numbers)
        for number in range(11):
            assert upto(found, number) == upto(numbers, number) == bisect_right(numbers, number)


def test_a_column_that_grows_in_its_middle_writes_no_more() -> None:
    spill = Spill()
    found = LongColumn(spill, range(1000))
    end = spill.add(b"")
    for number in range(100):
        found.insert(5, number)
        found.append(number)
    assert spill.add(b"") == end
    assert len(found) == 1200
