"""Images of values: they tell different values apart, and the value comes back, in either order of its dicts and sets."""

from __future__ import annotations

import doctest
from collections import deque

import pytest

from syncproof.core import images
from syncproof.core.actor import state
from syncproof.core.images import freeze, is_part, thaw, thaw_backwards


@state
class Shelf:
    books: list[int]
    open: bool


class Cupboard(Shelf):
    pass


def test_snapshots_hash_the_same_whatever_the_order_of_insertion() -> None:
    assert hash(freeze({1: {3, 2}, 0: {1}})) == hash(freeze({0: {1}, 1: {2, 3}}))


@pytest.mark.parametrize("value", [{}, [], set(), deque(), (), None])
def test_empty_values_of_different_types_have_different_images(value: object) -> None:
    others = [freeze(v) for v in ({}, [], set(), deque(), (), None) if type(v) is not type(value)]
    assert freeze(value) not in others
    assert thaw(freeze(value)) == value
    assert type(thaw(freeze(value))) is type(value)


@pytest.mark.parametrize(
    "value",
    [(int, 3), (dict, ("a", 1)), (set,), (tuple, 1), (Shelf, [], False), {"a": (list, 1)}, [(set, 1)], {(int, 1)}],
)
def test_a_tuple_that_begins_with_a_type_survives(value: object) -> None:
    again = thaw(freeze(value))
    assert again == value
    assert type(again) is type(value)


def test_dicts_and_sets_come_back_in_the_other_order() -> None:
    assert list(thaw_backwards(freeze([{1: {4: 5, 6: 7}, 2: 3}]))[0]) == [2, 1]
    assert list(thaw_backwards(freeze([{1: {4: 5, 6: 7}, 2: 3}]))[0][1]) == [6, 4]
    assert thaw_backwards(freeze(Shelf([1, 2], True))).books == [1, 2]
    for value in ({}, set(), [], deque([1]), (int, 2), 5):
        again = thaw_backwards(freeze(value))
        assert (again, type(again)) == (value, type(value))


def test_a_class_is_a_part_only_if_state_stands_above_it() -> None:
    assert is_part(Shelf)
    assert not is_part(Cupboard)


def test_the_examples_in_the_module_docstring_run() -> None:
    assert doctest.testmod(images) == doctest.TestResults(failed=0, attempted=2)
