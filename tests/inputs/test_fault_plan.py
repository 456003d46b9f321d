"""Fault plans: exactly the faults that the scenario and the traffic can cause are configured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncproof.core.faults import FAULTS
from syncproof.inputs import scenario
from syncproof.inputs.fault_plan import IN_TRAFFIC, FaultPlan, plan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.sections.faults import FaultsSection
from syncproof.inputs.traffic import Traffic
from syncproof.inputs.workload import generate

NO_FAULTS = (
    scenario.load("default")
    .with_value("faults", {})
    .with_value("population.new_devices", 0)
    .with_value("presence", {"offline": "0s"})
)
TRAFFIC = generate(NO_FAULTS, 1)


def planned(made: Scenario, traffic: Traffic = TRAFFIC) -> FaultPlan:
    return plan(made, traffic, 1)


def test_without_faults_nothing_is_configured() -> None:
    assert planned(NO_FAULTS) == FaultPlan()


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
        ("faults.device_restores_per_day", 1.0, "device-restore"),
        ("faults.server_restores", [{"backup": "30m", "at": "1h"}], "server-restore"),
        ("faults.trims", ["1h"], "trim"),
        ("faults.gateway_losses", [{"at": "1h"}], "half-open"),
    ],
)
def test_a_fault_of_the_scenario_is_configured(key: str, value: object, fault: str) -> None:
    assert planned(NO_FAULTS.with_value(key, value)).configured == (fault,)


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ({"sessions": [[(0.0, 10.0, 0.0)], *TRAFFIC.sessions[1:]]}, "disconnect"),
        ({"sessions": [[(0.0, 10.0, 60.0)], *TRAFFIC.sessions[1:]]}, "half-open"),
        ({"abandoned": ((10.0, 0, 60.0),), "sessions": [[(0.0, 10.0, 0.0)], *TRAFFIC.sessions[1:]]}, "abandoned"),
        ({"joins": [(10.0, 5)]}, "new-device"),
        ({"changes": [(10.0, "add", 0, 5)]}, "membership"),
        ({"joins": [(10.0, 5)], "replaces": {5: 0}}, "reinstall"),
    ],
)
def test_a_fault_of_the_traffic_is_configured(part: dict[str, object], fault: str) -> None:
    assert planned(NO_FAULTS, replace(TRAFFIC, **part)).configured == (fault,)


def test_the_clock_can_step_back_if_numbers_come_from_it() -> None:
    made = NO_FAULTS.with_value("faults.clock_steps", [{"at": "1h", "back": "10m"}])
    assert planned(made).configured == ()
    clocked = planned(made.with_value("model.sequencer", "clock"))
    assert clocked.configured == ("clock-step",)
    assert [(step.at, step.back) for step in clocked.settings.clock_steps] == [(3600.0, 600.0)]


def test_every_simulated_fault_is_configured_by_its_setting_or_traffic() -> None:
    assert set(IN_TRAFFIC) == {fault.name for fault in FAULTS.values() if fault.traffic}
    assert {fault.setting for fault in FAULTS.values() if fault.setting} <= set(FaultsSection.model_fields)


def test_without_notifications_no_push_can_be_lost() -> None:
    made = NO_FAULTS.with_value("faults.push_loss", 0.5).with_value("model.notifications", False)
    assert planned(made).configured == ()


def test_what_lies_beyond_a_shortened_traffic_is_dropped() -> None:
    made = NO_FAULTS.with_value("faults.server_crashes", [{"at": "1h"}, {"at": "3h"}])
    assert [crash.at for crash in planned(made, replace(TRAFFIC, horizon=7200.0)).settings.server_crashes] == [3600.0]


def test_gateways_that_are_lost_later_are_dropped() -> None:
    made = NO_FAULTS.with_value("faults.gateway_losses", [{"at": "1h"}, {"at": "3h"}])
    assert [loss.at for loss in planned(made, replace(TRAFFIC, horizon=7200.0)).settings.gateway_losses] == [3600.0]
    assert planned(made, replace(TRAFFIC, horizon=3600.0)).configured == ()


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("faults.gateway_crashes", [{"at": "1h"}], "gateway-crash"),
        ("faults.partitions", [{"at": "1h", "length": "1m"}], "partition"),
        ("faults.handovers_per_day", 1.0, "handover"),
    ],
)
def test_a_fault_of_gateways_is_configured_in_a_cluster(key: str, value: object, fault: str) -> None:
    made = NO_FAULTS.with_values({"deployment.kind": "cluster", key: value})
    assert planned(made).configured == (fault,)
    if isinstance(value, list):
        assert planned(made, replace(TRAFFIC, horizon=3600.0)).configured == ()


def test_devices_crash_as_often_as_stated() -> None:
    crashes = planned(NO_FAULTS.with_value("faults.device_crashes_per_day", 30.0)).drawn["device-crash"]
    assert len(crashes) == 10 * len(TRAFFIC.owners)
    assert list(crashes) == sorted(crashes)
    assert all(0 <= at < TRAFFIC.horizon for at, _ in crashes)


def test_crashes_of_a_device_do_not_depend_on_how_many_devices_there_are() -> None:
    made = NO_FAULTS.with_value("faults.device_crashes_per_day", 6.0)
    fewer = planned(made, replace(TRAFFIC, owners=TRAFFIC.owners[:5])).drawn["device-crash"]
    assert fewer == tuple(crash for crash in planned(made).drawn["device-crash"] if crash[1] < 5)


def test_a_new_device_beside_a_reinstall_is_both() -> None:
    traffic = replace(TRAFFIC, joins=[(10.0, 5), (20.0, 6)], replaces={5: 0})
    assert planned(NO_FAULTS, traffic).configured == ("new-device", "reinstall")


def test_restores_and_trims_end_with_the_traffic() -> None:
    restores = [{"backup": "30m", "at": "1h", "down": "20s"}, {"backup": "1h", "at": "3h"}]
    made = NO_FAULTS.with_value("faults.server_restores", restores).with_value("faults.trims", ["2h", "1h", "4h"])
    whole, part = planned(made).settings, planned(made, replace(TRAFFIC, horizon=7201.0)).settings
    assert [(r.backup, r.at, r.down) for r in whole.server_restores] == [(1800, 3600, 20), (3600, 10800, 10)]
    assert whole.trims == [7200.0, 3600.0, 14400.0]
    assert part.server_restores == whole.server_restores[:1]
    assert part.trims == [7200.0, 3600.0]
    assert planned(made, replace(TRAFFIC, horizon=600.0)).configured == ()


def test_restores_and_crashes_of_a_device_are_drawn_apart() -> None:
    made = NO_FAULTS.with_value("faults.device_restores_per_day", 6.0).with_value("faults.device_crashes_per_day", 6.0)
    drawn = planned(made).drawn
    assert {at for at, _ in drawn["device-crash"]}.isdisjoint({at for at, _ in drawn["device-restore"]})


def test_the_same_seed_gives_the_same_plan_and_another_another() -> None:
    made = NO_FAULTS.with_value("faults.device_crashes_per_day", 6.0)
    assert plan(made, TRAFFIC, 1) == plan(made, TRAFFIC, 1) != plan(made, TRAFFIC, 2)
