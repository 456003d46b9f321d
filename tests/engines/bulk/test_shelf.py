"""A shelf gives back the lives that were put on it, and keeps the others in order."""

from __future__ import annotations

from typing import Any

import numpy

from syncproof.core.observations import Composed
from syncproof.engines.bulk.shelf import Shelf
from syncproof.engines.settling import Life


def life(message: int, *missing: int) -> tuple[int, Life]:
    made: Any = Composed(message, 4, 5)  # type: ignore[arg-type]
    found = Life(made)
    found.place, found.missing = 9, set(missing)
    return message, found


def shelf(*lives: tuple[int, Life]) -> Shelf:
    made = Shelf()
    made.put(lives)
    return made


def test_a_life_is_taken_once_as_it_was_put() -> None:
    found = shelf(life(7, 1, 2), life(3, 8)).take(3)
    assert found is not None
    assert (found.composed.message, found.composed.device, found.place, found.missing) == (3, 4, 9, {8})


def test_a_life_that_was_taken_is_there_no_more() -> None:
    both = shelf(life(7, 1), life(3, 8))
    both.take(7)
    assert both.take(7) is None
    assert both.messages() == [3]
    assert both.find(numpy.array([3, 7])).tolist() == [1, -1]


def test_the_devices_of_others_stay_theirs_when_lives_are_replaced() -> None:
    three = shelf(life(7, 1, 2), life(3, 8), life(5, 6))
    three.take(3)
    three.replace(three.columns, three.pairs, three.kept())
    found = three.take(5)
    assert found is not None
    assert found.missing == {6}
    assert three.messages() == [7]


def test_nothing_is_found_on_an_empty_shelf() -> None:
    assert Shelf().take(1) is None
    assert Shelf().find(numpy.array([1, 2])).tolist() == [-1, -1]
