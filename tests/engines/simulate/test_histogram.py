"""A histogram keeps quantiles within one per cent, pools, and knows what never ended."""

from __future__ import annotations

import math
import random

import pytest

from syncproof.engines.simulate.histogram import Histogram, pooled


def of(*seconds: float, beyond: int = 0) -> Histogram:
    """Return the histogram of these durations."""
    found = Histogram(beyond=beyond)
    for each in seconds:
        found.add(each)
    return found


def test_a_quantile_is_exact_where_a_bin_has_one_value() -> None:
    assert [of(1.0, 2.0, 5.0).quantile(share) for share in (0.0, 0.33, 0.34, 0.67, 1.0)] == [1.0, 1.0, 2.0, 5.0, 5.0]


def test_a_quantile_is_within_one_per_cent() -> None:
    draws = random.Random(1)
    values = sorted(draws.lognormvariate(0.0, 2.0) for _ in range(5000))
    found = of(*values)
    for share in (0.01, 0.5, 0.9, 0.99):
        assert found.quantile(share) == pytest.approx(values[math.ceil(share * 5000) - 1], rel=0.0101)


def test_what_never_ended_is_above_every_quantile() -> None:
    assert of(1.0, 2.0, beyond=2).quantile(0.5) == 2.0
    assert of(1.0, 2.0, beyond=2).quantile(0.51) == math.inf


def test_nothing_has_no_quantile() -> None:
    assert math.isnan(Histogram().quantile(0.5))


def test_no_time_at_all_is_a_duration() -> None:
    assert of(0.0, 0.0).quantile(0.5) == 0.0


def test_pooled_histograms_are_that_of_all_values() -> None:
    assert pooled([of(1.0, 2.0, beyond=1), of(2.0, 3.0)]) == of(1.0, 2.0, 2.0, 3.0, beyond=1)
