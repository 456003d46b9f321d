"""tail-append against histories written by hand."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("seq", [2, 3])
def test_a_number_at_or_below_the_last(history, seq) -> None:
    history.appended(1, 1)
    history.appended(3, 2)
    history.appended(seq, 3)
    history.appended(4, 4)
    assert history.says("tail-append") == [f"number {seq} of sync timeline 1 becomes readable after 3"]


def test_numbers_grow_in_each_timeline(history) -> None:
    history.appended(5, 1)
    history.appended(9, 2)
    history.appended(1, 1, owner=0)
    assert history.says("tail-append") == []
