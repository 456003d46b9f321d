"""The knee: below the load at which storage saturates waits are bounded, above it they grow as long as the load lasts."""

from __future__ import annotations

from functools import cache
from math import isnan, log

import pytest

from syncproof.engines.simulate.counters import Counters, completed, snapshot
from syncproof.engines.simulate.metrics import measure
from syncproof.inputs import scenario
from syncproof.inputs.durations import DAY
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.workload import generate
from tests.helpers.timed import simulation

RUSH: Scenario = scenario.load("rush-hour").with_values(
    {
        "duration": "3m",
        "model.poll_interval": "1m",  # as long as the drain
        "model.request_timeout": "0s",  # the station alone, without the load of clients that give up
        "presence.offline": "0s",
    }
)
USERS = RUSH.population.users
DESIGNS = ("inbox-store-first", "timeline-notify")


@cache
def counted(design: str, messages_per_s: float, minutes: int = 3) -> Counters:
    made = RUSH.with_values(
        {"traffic.messages_per_user_per_day": messages_per_s * DAY / USERS, "duration": f"{minutes}m"}
    )
    run = simulation(design, made, generate(made, 5), 5)
    run.run()
    return completed(run, snapshot(run))


@cache
def saturation(design: str) -> float:
    """Return the load at which the station saturates, from a run at a load that is far below."""
    return measure(counted(design, 3.0))["saturation_messages_per_s"]


def metric(name: str, design: str, share: float, minutes: int = 3) -> float:
    return measure(counted(design, share * saturation(design), minutes))[name]


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_the_station_is_busy_for_the_share_that_the_load_is_of_its_saturation(design: str) -> None:
    counters = counted(design, 0.85 * saturation(design))
    offered = counters.messages_at_horizon / (180.0 * saturation(design))
    assert measure(counters)["storage_utilisation"] == pytest.approx(offered, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_below_saturation_few_wait_longer_than_if_a_message_took_its_station_time_at_once(design: str) -> None:
    """That queue is M/M/1 with messages as customers: P(W > t) = ρ·e^(-(μ-λ)t). Storage is taken in many smaller parts."""
    load = 0.85
    assert metric("storage_wait_p99_s", design, load) < log(load / 0.01) / (saturation(design) * (1 - load))


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_above_saturation_the_station_is_always_busy_and_senders_wait_the_longer_the_longer_it_lasts(
    design: str,
) -> None:
    """A device has one submission open at a time, so the queue grows in the outboxes, not at the station."""
    assert metric("storage_utilisation", design, 1.2) > 0.98
    assert metric("accept_latency_p99_s", design, 1.2, 6) > 1.4 * metric("accept_latency_p99_s", design, 1.2)


@pytest.mark.parametrize("design", DESIGNS)
def test_saturation_is_all_servers_over_the_station_time_of_a_message(design: str) -> None:
    found = measure(counted(design, 3.0))
    assert found["saturation_messages_per_s"] * found["storage_ms_per_message"] == pytest.approx(1000.0)


def test_a_design_that_writes_for_each_device_saturates_before_one_that_pushes_from_a_log() -> None:
    assert (
        saturation("inbox-store-first")
        < 0.6 * measure(counted("timeline-dense-push", 3.0))["saturation_messages_per_s"]
    )


def test_a_station_that_served_no_message_before_the_traffic_ended_has_no_saturation() -> None:
    counted = Counters({}, 0, 0, {}, 0, 0, 0, 0, messages=5, busy_s=60.0, capacity_s=60.0, servers=1)
    assert isnan(measure(counted)["saturation_messages_per_s"])
