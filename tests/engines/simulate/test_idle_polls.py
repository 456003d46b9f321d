"""Idle polls occupy the station as if they had run, without their handlers."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.engines.simulate.polls import Polls
from syncproof.engines.simulate.run import Simulation
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from tests.helpers.timed import simulation

DEVICES = 200


def polling(interval: str, until: float, way_ms: float = 0.0, messages: int = 0, **storage: Any) -> Simulation:
    """Return a finished run of devices that are connected all the time and poll."""
    scenario = Scenario.model_validate(
        {
            "title": "polls",
            "shows": "tests",
            "duration": f"{until:g}s",
            "population": {"users": DEVICES, "devices_per_user": 1},
            "conversations": {"pairs": 1, "groups": 0},
            "network": {name: {"median": way_ms} for name in ("up_ms", "down_ms", "push_ms")},
            "storage": {"service_ms": {"median": 2.0}, "per_row_ms": 0.0, "parallel": 1, **storage},
            "model": {"poll_interval": interval, "notifications": False},
        }
    )
    traffic = Traffic(
        owners=list(range(DEVICES)),
        initial_devices=DEVICES,
        members=[(n, n + 1) for n in range(0, DEVICES, 2)],
        times=[until / messages * n for n in range(messages)],
        devices=[n * 17 % DEVICES for n in range(messages)],
        conversations=[n * 17 % DEVICES // 2 for n in range(messages)],
        sizes=[0] * messages,
        sessions=[[(0.005 * n, until, 0.0)] for n in range(DEVICES)],
        changes=[],
        joins=[],
        horizon=until,
    )
    made = simulation("timeline-notify", scenario, traffic)
    made.run()
    return made


def utilisation(made: Simulation) -> float:
    return made.station.busy_at_horizon / (made.traffic.horizon * len(made.station.free_at))


def waited(made: Simulation) -> float:
    """Return how many operations waited until the horizon; at the end of the run all devices poll at once."""
    waits = made.station.waits_at_horizon
    return waits.total * waits.later(0.0)


def test_200_devices_that_poll_each_second_keep_a_server_busy_for_40_per_cent() -> None:
    assert utilisation(polling("1s", 300.0)) == pytest.approx(0.4, abs=0.005)


def test_a_poll_follows_an_interval_after_the_reply_to_the_last() -> None:
    """A round trip of 200 ms on the wire, 2 ms in storage: 200 polls each 1.202 s."""
    assert utilisation(polling("1s", 300.0, way_ms=100.0)) == pytest.approx(0.4 / 1.202, rel=0.01)


def test_idle_polls_that_take_little_are_charged_in_a_lump_as_much() -> None:
    """Of a station of 1024 servers the polls take .04 %, below the share from which they are events."""
    made = polling("1s", 300.0, way_ms=100.0, parallel=1024)
    assert made.clock.events < DEVICES * 30
    assert 1024 * utilisation(made) == pytest.approx(0.4 / 1.202, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [1, 1024])
def test_idle_polls_cost_what_they_cost_when_they_run(parallel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = polling("2s", 120.0, way_ms=50.0, messages=300, parallel=parallel)
    monkeypatch.setattr(Polls, "served", lambda self, observation: None)
    simulated = polling("2s", 120.0, way_ms=50.0, messages=300, parallel=parallel)
    assert simulated.clock.events > 1.3 * counted.clock.events
    assert utilisation(counted) == pytest.approx(utilisation(simulated), rel=0.01)
    assert counted.network.wakeups_at_horizon == pytest.approx(simulated.network.wakeups_at_horizon, rel=0.01)
    assert counted.counters.pulls == pytest.approx(simulated.counters.pulls, abs=1.5 * DEVICES)
    assert counted.counters.deliveries == simulated.counters.deliveries
    assert sum(counted.station.work_s) == pytest.approx(counted.station.busy_s)
    per_pull = [made.counters.bytes / made.counters.pulls for made in (counted, simulated)]
    assert per_pull[0] == pytest.approx(per_pull[1], rel=0.005)
    assert waited(counted) == pytest.approx(waited(simulated), rel=0.05, abs=2)
    assert waited(counted) == 0 if parallel > 1 else waited(counted) > 400
