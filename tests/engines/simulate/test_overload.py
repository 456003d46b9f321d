"""Recovery from a burst: with clients that back off the station recovers, with clients that do not it stays down."""

from __future__ import annotations

import math
from functools import cache

import pytest

from syncproof.engines.simulate.counters import completed, snapshot
from syncproof.engines.simulate.metrics import measure
from syncproof.inputs import scenario
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.workload import generate
from tests.helpers.timed import simulation

SHORT: Scenario = scenario.load("overload").with_values(
    {
        "duration": "6m",
        "model.poll_interval": "1m",  # as long as the drain
        "traffic.bursts": [{"start": "30s", "length": "30s", "factor": 8.0}],
    }
)


@cache
def usual(design: str) -> float:
    return recovery(design, SHORT)


def recovery(design: str, made: Scenario) -> float:
    """Return the time to recover from the burst. The run ends with its drain, since one that stays down comes to no rest."""
    run = simulation(design, made, generate(made, 6), 6)
    run._settle = lambda: None  # type: ignore[method-assign]
    run.run()
    return measure(completed(run, snapshot(run)))["recovery_s"]


def test_with_back_off_it_recovers() -> None:
    assert 20 < usual("inbox-store-first") < 240


@pytest.mark.slow
def test_without_back_off_it_stays_down() -> None:
    assert recovery("inbox-store-first", SHORT.with_value("model.request_backoff", False)) == math.inf


def test_a_design_that_stores_less_recovers_sooner() -> None:
    assert usual("timeline-dense-push") < 0.5 * usual("inbox-store-first")


def test_where_no_operation_waits_long_there_is_nothing_to_recover_from() -> None:
    assert recovery("timeline-dense-push", SHORT.with_value("storage.parallel", 64)) == 0


def test_without_a_burst_there_is_no_time_to_recover() -> None:
    assert math.isnan(recovery("timeline-dense-push", SHORT.with_value("traffic.bursts", [])))


def test_a_burst_that_lasts_until_the_end_leaves_no_time_to_recover() -> None:
    late = SHORT.with_values({"duration": "2m", "traffic.bursts": [{"start": "90s", "length": "1m", "factor": 8.0}]})
    assert math.isnan(recovery("inbox-store-first", late))
