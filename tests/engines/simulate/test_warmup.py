"""In the warm-up the devices that are online at the start connect and pull, each at its own time; none of it is counted."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Served
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from tests.helpers.timed import ran

DEVICES = 50


def connecting(warmup: str) -> tuple[list[float], dict[str, float]]:
    """Return when the pulls of devices that are online from the start are read, and what the station counted."""
    scenario = Scenario.model_validate(
        {
            "title": "warm-up",
            "shows": "tests",
            "duration": "300s",
            "warmup": warmup,
            "population": {"users": DEVICES, "devices_per_user": 1},
            "conversations": {"pairs": 1, "groups": 0},
            "storage": {"service_ms": {"median": 2.0}, "parallel": 1},
            "model": {"poll_interval": "1h"},
        }
    )
    traffic = Traffic(
        owners=list(range(DEVICES)),
        initial_devices=DEVICES,
        members=[(0, 1)],
        times=[],
        devices=[],
        conversations=[],
        sizes=[],
        sessions=[[(0.0, 300.0, 0.0)] for _ in range(DEVICES)],
        changes=[],
        joins=[],
        horizon=300.0,
    )
    made, times = ran("timeline-notify", scenario, traffic)
    station, counters = made.station, made.counters
    counted = {"busy": station.busy_at_horizon, "waits": station.waits_at_horizon.total, "packets": counters.packets}
    return [at for at, event in times.events if isinstance(event, Served) and at < 300], counted


def test_devices_connect_one_after_another_before_the_start() -> None:
    read, counted = connecting("60s")
    assert len(read) == DEVICES
    assert -60 < min(read) < -50 < -10 < max(read) < 0
    assert len({round(at, 2) for at in read}) == DEVICES
    assert counted == {"busy": 0, "waits": 0, "packets": 0}


def test_without_a_warm_up_they_all_connect_at_the_start() -> None:
    read, counted = connecting("0s")
    assert 0 < min(read) < max(read) < 0.5
    assert counted["packets"] == 4 * DEVICES
    assert counted["busy"] == pytest.approx(0.002 * DEVICES)
