"""Functions that are run in copies of this process."""

from __future__ import annotations

import os
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import pytest

from tools.mutants.forks import forked, in_copies


def test_the_result_of_a_copy_is_returned() -> None:
    assert forked(os.getpid) != os.getpid()
    assert forked(lambda: {"states": 7}) == {"states": 7}


def test_a_copy_that_ends_without_a_result_has_failed() -> None:
    assert forked(partial(os._exit, 0), failed="ended") == "ended"
    assert forked(partial(int, "x"), failed="raised") == "raised"
    with pytest.raises(RuntimeError, match="ended without a result"):
        forked(partial(os._exit, 0))


@pytest.mark.parametrize("processes", [1, 3])
def test_results_come_in_the_order_of_what_was_asked(processes: int) -> None:
    base = 10
    assert list(in_copies(lambda number: base - number, range(7), processes)) == [10, 9, 8, 7, 6, 5, 4]


def test_a_copy_that_raises_or_is_killed_ends_the_work() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(in_copies(int, ["1", "x"], 2))
    with pytest.raises(BrokenProcessPool):
        list(in_copies(os._exit, [1, 1], 2))
