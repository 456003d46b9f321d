"""Abandoned devices in a run: they never come back, nothing is owed to them, and what they cost stays."""

from __future__ import annotations

from functools import cache

import pytest

from syncproof.core.moves import Connect
from syncproof.core.observations import Abandoned
from syncproof.core.values import DeviceId
from syncproof.designs import DESIGNS
from syncproof.engines.simulate.run import Simulation
from syncproof.inputs import scenario
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from syncproof.inputs.workload import generate
from tests.helpers.timed import Times, ran

FEW: Scenario = scenario.load("default").with_values(
    {
        "duration": "3h",
        "population.users": 6,
        "population.devices_per_user": 2,
        "population.new_devices": 0,
        "population.abandoned": 0.4,
        "conversations.pairs": 8,
        "conversations.groups": 0,
    }
)


@cache
def traffic() -> Traffic:
    return generate(FEW, 3)


@cache
def run(design: str) -> tuple[Simulation, Times]:
    return ran(design, FEW, traffic(), 3)


def test_some_devices_are_abandoned_and_more_stay() -> None:
    assert 2 <= len(traffic().abandoned) <= 8


@pytest.mark.parametrize("design", ["inbox-store-first", "timeline-notify"])
def test_each_leaves_at_its_time_and_does_not_connect_again(design: str) -> None:
    _, times = run(design)
    left = {o.device: at for at, o in times.events if isinstance(o, Abandoned)}
    assert left == {DeviceId(device): at for at, device, _ in traffic().abandoned}
    assert [m for at, m in times.events if isinstance(m, Connect) and at > left.get(m.client, at)] == []


@pytest.mark.parametrize("design", DESIGNS)
def test_what_a_design_promises_under_other_faults_it_keeps(design: str) -> None:
    made, _ = run(design)
    kept = DESIGNS[design].promises
    assert made.quiesced
    assert made.fault_counts.fired["abandoned"] == len(traffic().abandoned)
    assert {name for name in made.monitor.violations if "abandoned" in kept.get(name, ())} == set()


def test_the_copies_for_them_stay_in_their_inboxes() -> None:
    made, _ = run("inbox-store-first")
    gone = {device for _, device, _ in traffic().abandoned}
    assert made.world.server is not None
    waiting = {name.owner for name, box in made.world.server.actor.boxes.items() if box.copies}
    assert waiting
    assert waiting <= gone


def test_they_are_awaited_by_no_latency() -> None:
    made, _ = run("inbox-store-first")
    assert made.meter.delivery.total > 0
    assert made.meter.delivery.beyond == 0


def test_no_message_is_written_on_one_that_is_gone() -> None:
    left = {device: at for at, device, _ in traffic().abandoned}
    written = zip(traffic().times, traffic().devices, strict=True)
    assert [(at, device) for at, device in written if at >= left.get(device, at + 1)] == []


def test_what_its_user_would_have_written_there_is_written_elsewhere() -> None:
    before = generate(FEW.with_value("population.abandoned", 0.0), 3)
    users = {
        user for device, user in enumerate(traffic().owners) if device not in {d for _, d, _ in traffic().abandoned}
    }
    kept = [at for at, device in zip(before.times, before.devices, strict=True) if before.owners[device] in users]
    now = [
        at for at, device in zip(traffic().times, traffic().devices, strict=True) if traffic().owners[device] in users
    ]
    assert now == kept
