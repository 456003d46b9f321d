"""Durations: a number and a unit, read and written."""

from __future__ import annotations

import pytest

from syncproof.inputs.durations import length, seconds


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("15m", 900), ("8h", 28_800), ("1.5d", 129_600), ("250ms", 0.25)]
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("value", ["15", "m", "15 m", "-3s", "1w", "", 15, None])
def test_other_values_are_not_durations(value: object) -> None:
    with pytest.raises(ValueError, match="such as '15m'"):
        seconds(value)


@pytest.mark.parametrize(
    ("duration", "text"),
    [(90.0, "90s"), (900.0, "15m"), (129_600.0, "36h"), (172_800.0, "2d"), (0.25, "250ms"), (0.0, "0s")],
)
def test_a_duration_is_written_in_the_largest_unit_that_gives_a_whole_number(duration: float, text: str) -> None:
    assert length(duration) == text
