"""A few wrong inputs of every kind; `make fuzz` runs many."""

from __future__ import annotations

import pytest

from tests.fuzz.run import End, fuzz


@pytest.mark.slow
def test_no_input_ends_the_program_in_a_wrong_way() -> None:
    wrong, statuses = fuzz(range(160), seed=7, jobs=1)
    assert wrong == {}
    assert statuses[2] > 100
    assert statuses[0] > 0


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (End(0, "", "Traceback (most recent call last):\n", 0.1, True), "traceback"),
        (End(4, "", "syncproof: x", 0.1, True), "status 4"),
        (End(-9, "", "", 0.1, True), "status -9"),
        (End(2, "", "", 0.1, True), "status 2 without a message"),
        (End(0, "", "", 21.0, True), "more than 20 s"),
        (End(3, "", "", 1.0, False), "did not end within 120 s"),
        (End(2, "", "syncproof: x", 0.1, True), ""),
    ],
)
def test_a_wrong_end_is_told(end: End, says: str) -> None:
    assert end.wrong(()) == says
