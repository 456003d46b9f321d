"""Tests of what a sample says of all mutants."""

from __future__ import annotations

import pytest

from tools.mutants.__main__ import interval


def test_the_interval_of_a_sample() -> None:
    """Compare with the numbers of Newcombe (1998), table I: 81 of 263, and none of 20."""
    assert interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert interval(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert interval(0, 0) == (0.0, 1.0)
