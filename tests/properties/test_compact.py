"""Compact sets and mappings behave as those of Python."""

from __future__ import annotations

from collections.abc import MutableMapping
from random import Random
from typing import Any

import numpy
import pytest

from syncproof.formats.names import Names
from syncproof.properties.compact import NOTHING, FewValues, IntSet, Rows
from syncproof.properties.spill import Spill

KEYS = (0, 1, 5, 1023, 1024, 1025, 10**9, -1, -(1 << 62))


def test_a_set_of_numbers_is_a_set() -> None:
    draw, found, expected = Random(1), IntSet(), set[int]()
    for _ in range(2000):
        number = draw.choice(KEYS) + draw.randrange(3)
        if draw.random() < 0.6:
            found.add(number)
            expected.add(number)
        else:
            found.discard(number)
            expected.discard(number)
        assert (number in found) == (number in expected)
    assert len(found) == len(expected)
    assert len(IntSet(expected)) == len(expected)


@pytest.mark.parametrize("made", [FewValues(Spill()), Rows(2, Spill())])
def test_a_mapping_of_numbers_is_a_mapping(made: MutableMapping[int, Any]) -> None:
    draw, expected = Random(2), dict[int, Any]()
    for _ in range(2000):
        key, value = draw.choice(KEYS), (draw.randrange(3), draw.choice((None, 7)))
        if draw.random() < 0.6:
            made[key] = expected[key] = value
        elif key in expected:
            del made[key], expected[key]
        assert made.get(key, "nothing") == expected.get(key, "nothing")
        assert (key in made) == (key in expected)
    assert dict(made) == expected
    assert len(made) == len(expected)
    for wrong in (lambda: made[77], lambda: made.__delitem__(77)):
        with pytest.raises(KeyError):
            wrong()


def test_rows_keep_the_names_of_numbers() -> None:
    rows, name = Rows(2, Spill()), Names()["phone"]
    rows[1], rows[2] = (name, 5), (3, None)
    assert f"{rows[1][0]:d}" == "phone"
    assert rows[2] == (3, None)


def test_a_column_of_numbers_is_added_at_once() -> None:
    found = IntSet([5])
    found.fill(numpy.array([-7, 3, 1024, 1 << 40]))
    assert [n for n in (-8, -7, 3, 5, 1024, 1 << 40) if n in found] == [-7, 3, 5, 1024, 1 << 40]
    assert found.has(numpy.array([-8, -7, 4, 5, 1024])).tolist() == [False, True, False, True, True]


def test_columns_of_rows_are_written_at_once() -> None:
    found = Rows(2, Spill())
    found[5] = (1, None)
    found.fill(numpy.array([2000, 5, 7]), numpy.array([1, 2, 3]), numpy.array([4, 5, NOTHING]))
    assert dict(found.items()) == {5: (2, 5), 7: (3, None), 2000: (1, 4)}
    assert found.has(numpy.array([4, 5, 2000])).tolist() == [False, True, True]


def test_few_values_are_written_at_once() -> None:
    found = FewValues(Spill())
    found.fill(numpy.array([9, 2000]), [("a",), ("a",)])
    assert dict(found.items()) == {9: ("a",), 2000: ("a",)}
