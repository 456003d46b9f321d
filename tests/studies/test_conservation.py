"""What each store counts at the end of a run is what the server holds in it, whatever the faults were."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncproof.core.actor import actor
from syncproof.designs import DESIGNS
from syncproof.designs.forms import all_names
from syncproof.designs.timeline.server import TimelineServer
from syncproof.inputs import fault_plan, workload
from syncproof.inputs.scenario import load
from syncproof.studies.compare import compare
from syncproof.studies.runs import simulate_design

ROUGH: dict[str, object] = {
    "duration": "1h",
    "population.users": 12,
    "population.new_devices": 3,
    "population.reinstalls": 6,
    "traffic.messages_per_user_per_day": 400.0,
    "presence.online": "10m",
    "presence.offline": "3m",
    "presence.half_open": 0.2,
    "storage.service_ms": {"median": 300.0, "sigma": 1.0},
    "storage.parallel": 2,
    "faults.push_loss": 0.1,
    "faults.push_duplicate": 0.1,
    "faults.sender_retry": 0.2,
    "faults.server_crashes": [{"at": f"{minute}m", "down": "5s"} for minute in (5, 12, 19, 33, 41, 52)],
    "faults.server_restores": [
        {"backup": "15m", "at": "25m", "down": "5s"},
        {"backup": "35m", "at": "47m", "down": "5s"},
    ],
    "faults.device_crashes_per_day": 40.0,
    "faults.device_restores_per_day": 20.0,
    "faults.trims": ["8m", "30m", "55m"],
}
"""Storage is slow, so that crashes cut operations and land others, and completions come for devices that are gone."""
VARIANTS: dict[str, dict[str, object]] = {
    "rough": ROUGH,
    "rough, short lives": {**ROUGH, "model.inbox_ttl": "3m", "model.sync_ttl": "3m"},
    "rough, stored twice": {**ROUGH, "model.idempotent_send": False},
    "rough, trimmed when confirmed": {**ROUGH, "model.retention": "acknowledged"},
    "rough, few workers and impatient": {**ROUGH, "model.workers": 2, "model.request_timeout": "2s"},
}
SCENARIOS = {
    "default": 200,
    "commute": 200,
    "many-endpoints": 200,
    "big-group": 30,
    "push-outage": 200,
    "server-crash": 200,
}
"""Scenario -> how many of its messages are simulated. One in `big-group` has more than 300 deliveries."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SCENARIOS, *VARIANTS])
def test_bytes_add_up_in_every_design_and_form(name: str) -> None:
    scenario = load("default").with_values(VARIANTS[name]) if name in VARIANTS else load(name)
    traffic = workload.generate(scenario, 1)
    traffic = traffic if name in VARIANTS else traffic.first(SCENARIOS[name])
    plan = fault_plan.plan(scenario, traffic, 1)
    for design in all_names():
        found = simulate_design(design, scenario, traffic, plan, 1, checks="none")
        assert found.unbalanced == {}, design
        assert found.messages > 0.75 * len(traffic.times)
        if name in VARIANTS:
            assert (
                min(found.faults_fired[fault] for fault in ("server-crash", "server-restore", "reinstall", "trim")) > 1
            )


@actor
class Forgetful(TimelineServer):
    """A server that says it holds a row less in its message store than it does, as soon as it holds some."""

    def held(self) -> Mapping[str, int]:
        held = super().held()
        return {**held, "message-store": max(0, held["message-store"] - 32)}


@pytest.mark.usefixtures("need_not_add_up")
def test_a_comparison_warns_of_bytes_that_do_not_add_up() -> None:
    design = DESIGNS["timeline-notify"].variant(server=Forgetful, summary="Says less than it holds.")
    found = compare(load("default").with_value("duration", "10m"), designs=[design], runs=1, jobs=1, sweep=False)
    (warning,) = [each for each in found.results().warnings if "add up" in each]
    assert warning.startswith(f"{design.name}: the bytes of message-store do not add up: counted ")
    assert warning.endswith(" (run 0)")
