"""Compact sets and mappings behave as those of Python."""

from __future__ import annotations

from collections.abc import MutableMapping
from random import Random
from typing import Any

import numpy
import pytest

from syncproof.formats.names import Names
from syncproof.properties import compact
from syncproof.properties.compact import NOTHING, FewValues, IntSet, Pages, Rows
from syncproof.properties.spill import Spill
from tests.helpers.small_blocks import use_small_blocks

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


def test_pages_that_are_in_a_file_are_written_and_read_as_others(monkeypatch: pytest.MonkeyPatch) -> None:
    use_small_blocks(monkeypatch)
    draw, found, expected = Random(3), Rows(2, Spill()), dict[int, Any]()
    for step in range(1500):
        key = 1024 * draw.randrange(6) + draw.randrange(4)
        if draw.random() < 0.3 and key in expected:
            del found[key], expected[key]
        elif draw.random() < 0.3:
            keys = sorted(draw.sample(range(6 * 1024), 5), key=lambda _: draw.random())
            found.fill(numpy.array(keys), numpy.array(keys) + step, numpy.array(keys))
            expected.update({key: (key + step, key) for key in keys})
        else:
            found[key] = expected[key] = (step, None)
        assert found.get(key) == expected.get(key)
    assert dict(found.items()) == expected
    keys = numpy.arange(6 * 1024)
    assert found.has(keys).tolist() == [key in expected for key in keys.tolist()]


def test_more_pages_stay_in_memory_while_too_few_do(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Pages(Spill())
    monkeypatch.setattr(compact, "LEAST", 2)
    found._most = 2
    for _ in range(4):
        for high in range(5):
            found.put(high << 10, 1)
    assert len(found._pages) == 5
    for high in range(5, 100):
        found.put(high << 10, 1)
    assert len(found._pages) == 2
    assert [key >> 10 for key in found] == list(range(100))
