"""Intervals over runs: Student's for means, a bootstrap of the runs for pooled quantiles, paired for differences."""

from __future__ import annotations

import math
import random

import pytest

from syncproof.engines.simulate.histogram import Histogram, pooled
from syncproof.engines.simulate.metrics import METRICS
from syncproof.inputs import fault_plan, workload
from syncproof.inputs.scenario import Scenario
from syncproof.studies import intervals
from syncproof.studies.results.common import Interval
from syncproof.studies.runs import simulate_design


def histogram(values: list[float], beyond: int = 0) -> Histogram:
    """Return the histogram of these durations."""
    found = Histogram(beyond=beyond)
    for each in values:
        found.add(each)
    return found


def test_the_interval_of_a_mean_is_students() -> None:
    assert intervals.mean([1.0, 2.0, 3.0], -math.inf) == Interval(2.0, -0.484138, 4.48414)


def test_what_never_ended_leaves_no_mean() -> None:
    assert intervals.mean([1.0, math.inf, 3.0]) == Interval(None, None, None, beyond=True, endless=1)
    assert intervals.mean([math.inf, math.nan]) == Interval(None, None, None, beyond=True, endless=1)


def test_no_interval_goes_below_what_is_possible() -> None:
    assert intervals.mean([1.0, 2.0, 3.0]).low == 0.0


def test_no_interval_of_a_share_goes_above_one() -> None:
    assert intervals.mean([0.8, 1.0], most=1.0).high == 1.0


def test_one_run_has_no_interval_and_nothing_no_mean() -> None:
    assert intervals.mean([2.0]) == Interval(2.0, None, None)
    assert intervals.mean([math.nan]) == Interval(None, None, None)
    assert intervals.quantile([histogram([2.0])], 0.5) == Interval(2.0, None, None)
    assert intervals.quantile([Histogram()], 0.5) == Interval(None, None, None)


def test_a_quantile_is_that_of_all_runs_together() -> None:
    """The mean of the runs' 99th percentiles would be 34 s: a single slow run decides it."""
    runs = [histogram([1.0] * 99 + [100.0] * slow) for slow in (0, 1, 0)]
    assert intervals.quantile(runs, 0.99).value == 1.0


def test_a_quantile_above_everything_measured_says_so() -> None:
    found = intervals.quantile([histogram([1.0], beyond=1)] * 3, 0.9)
    assert found == Interval(None, None, None, beyond=True)


def test_the_interval_of_a_quantile_reaches_over_the_runs() -> None:
    runs = [histogram([float(seconds)] * 10) for seconds in (1, 2, 3, 4, 5)]
    found = intervals.quantile(runs, 0.5)
    assert found.value == 3.0
    assert (found.low, found.high) == (1.0, 5.0)


def test_what_two_designs_share_cancels_in_the_difference() -> None:
    ours, theirs = [10.0, 20.0, 33.0], [9.0, 19.0, 32.0]
    assert intervals.mean_difference(ours, theirs) == Interval(1.0, 1.0, 1.0)


def test_the_runs_of_a_quantile_are_drawn_again_in_pairs() -> None:
    theirs = [histogram([float(seconds)] * 10) for seconds in (10, 20, 30, 40, 50)]
    ours = [histogram([seconds + 1.0] * 10) for seconds in (10, 20, 30, 40, 50)]
    found = intervals.quantile_difference(ours, theirs, 0.5)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_many_runs_are_drawn_again_in_the_same_way_each_time() -> None:
    draws = random.Random(3)
    runs = [histogram([draws.expovariate(1.0) for _ in range(20)]) for _ in range(12)]
    assert intervals.quantile(runs, 0.9) == intervals.quantile(runs, 0.9)


def test_a_quantile_with_few_values_above_it_has_no_upper_end() -> None:
    runs = [histogram([float(seconds)] * 10) for seconds in (1, 2, 3, 4, 5)]
    assert intervals.quantile(runs, 0.95).high is None


SMALL = {
    "title": "small",
    "shows": "how often the intervals contain the truth",
    "duration": "2h",
    "population": {"users": 5},
    "conversations": {"pairs": 6, "groups": 2, "group_size": {"min": 3, "max": 4}},
    "traffic": {"messages_per_user_per_day": 200.0},
    "presence": {"online": "20m", "offline": "5m", "half_open": 0.2},
    "faults": {"push_loss": 0.05},
    "model": {"poll_interval": "5m"},
}


@pytest.mark.slow
def test_intervals_contain_the_truth_in_nine_cases_of_ten() -> None:
    """Five runs are drawn 200 times from 250; the truth is what all of them say. 95 % has a standard error of 1.5 points."""
    scenario = Scenario.model_validate(SMALL)
    runs = []
    for seed in range(250):
        traffic = workload.generate(scenario, seed)
        plan = fault_plan.plan(scenario, traffic, seed)
        runs.append(simulate_design("timeline-notify", scenario, traffic, plan, seed, checks="none"))
    draws = random.Random(1)
    groups = [draws.sample(runs, 5) for _ in range(200)]
    low: dict[str, float] = {}
    for name, metric in METRICS.items():
        samples = [run.histograms.get(metric.samples, Histogram()) for run in runs]
        known = [run.metrics[name] for run in runs if not math.isnan(run.metrics[name])]
        if not known:
            continue  # such as the time to recover, without a burst
        truth = pooled(samples).quantile(metric.share) if metric.samples else math.fsum(known) / len(known)
        hits = 0
        for group in groups:
            found = (
                intervals.quantile([run.histograms[metric.samples] for run in group], metric.share)
                if metric.samples
                else intervals.mean([run.metrics[name] for run in group])
            )
            assert found.low is not None
            upper = math.inf if found.high is None else found.high
            hits += found.low * 0.99 <= truth <= upper * 1.01  # a bin is one per cent wide
        low[name] = hits / len(groups)
    assert {name: share for name, share in low.items() if share < 0.9} == {}


def test_wilson_gives_an_interval_also_where_nothing_or_everything_happened() -> None:
    assert intervals.wilson(0, 5) == pytest.approx((0.0, 0.4345), abs=1e-4)
    assert intervals.wilson(5, 5) == pytest.approx((0.5655, 1.0), abs=1e-4)
    assert intervals.wilson(3, 10) == pytest.approx((0.1078, 0.6032), abs=1e-4)
