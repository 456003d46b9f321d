"""Fault plans: what the scenario and the traffic can really fire, and nothing else, is configured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncproof import scenario
from syncproof.faults import FAULTS, FaultPlan, plan
from syncproof.scenario import Scenario
from syncproof.workload import Traffic, generate

CALM = (
    scenario.load("default")
    .with_value("faults", {})
    .with_value("population.new_devices", 0)
    .with_value("presence", {"offline": "0s"})
)
TRAFFIC = generate(CALM, 1)


def planned(made: Scenario, traffic: Traffic = TRAFFIC) -> FaultPlan:
    return plan(made, traffic, 1)


def test_without_faults_nothing_is_configured() -> None:
    assert planned(CALM) == FaultPlan(sender_retry_after_s=CALM.faults.sender_retry_after)


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("faults.push_loss", 0.1, "push-lost"),
        ("faults.push_duplicate", 0.1, "push-duplicated"),
        ("faults.push_reorder", 0.1, "push-reordered"),
        ("faults.outages", [{"start": "1h", "length": "1h"}], "push-outage"),
        ("faults.server_crashes", [{"at": "1h"}], "server-crash"),
        ("faults.device_crashes_per_day", 1.0, "device-crash"),
        ("faults.sender_retry", 0.1, "sender-retry"),
    ],
)
def test_a_fault_of_the_scenario_is_configured(key: str, value: object, fault: str) -> None:
    assert planned(CALM.with_value(key, value)).configured == (fault,)


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ({"sessions": [[(0.0, 10.0, 0.0)], *TRAFFIC.sessions[1:]]}, "disconnect"),
        ({"sessions": [[(0.0, 10.0, 60.0)], *TRAFFIC.sessions[1:]]}, "half-open"),
        ({"joins": [(10.0, 5)]}, "new-device"),
        ({"changes": [(10.0, "add", 0, 5)]}, "membership"),
    ],
)
def test_a_fault_of_the_traffic_is_configured(part: dict[str, object], fault: str) -> None:
    assert planned(CALM, replace(TRAFFIC, **part)).configured == (fault,)


def test_without_notifications_no_push_can_be_lost() -> None:
    made = CALM.with_value("faults.push_loss", 0.5).with_value("model.notifications", False)
    assert planned(made).configured == ()


def test_outages_and_crashes_are_absolute_times() -> None:
    made = CALM.with_value("faults.outages", [{"start": "1h", "length": "30m"}])
    made = made.with_value("faults.server_crashes", [{"at": "2h", "down": "10s"}])
    assert planned(made).outages == ((3600.0, 5400.0),)
    assert planned(made).server_crashes == ((7200.0, 10.0),)


def test_what_lies_beyond_a_shortened_traffic_is_dropped() -> None:
    made = CALM.with_value("faults.server_crashes", [{"at": "1h"}, {"at": "3h"}])
    assert [at for at, _ in planned(made, replace(TRAFFIC, horizon=7200.0)).server_crashes] == [3600.0]


def test_devices_crash_as_often_as_stated() -> None:
    crashes = planned(CALM.with_value("faults.device_crashes_per_day", 30.0)).device_crashes
    assert len(crashes) == 10 * len(TRAFFIC.owners)
    assert list(crashes) == sorted(crashes)
    assert all(0 <= at < TRAFFIC.horizon for at, _, _ in crashes)


def test_crashes_of_a_device_do_not_depend_on_how_many_devices_there_are() -> None:
    made = CALM.with_value("faults.device_crashes_per_day", 6.0)
    fewer = replace(TRAFFIC, owners=TRAFFIC.owners[:5])
    assert planned(made, fewer).device_crashes == tuple(c for c in planned(made).device_crashes if c[1] < 5)


def test_the_same_seed_gives_the_same_plan_and_another_another() -> None:
    made = CALM.with_value("faults.device_crashes_per_day", 6.0)
    assert plan(made, TRAFFIC, 1) == plan(made, TRAFFIC, 1) != plan(made, TRAFFIC, 2)


def test_every_fault_is_told_in_a_sentence() -> None:
    assert all(says and says[0].islower() and not says.endswith(".") for says in FAULTS.values())
