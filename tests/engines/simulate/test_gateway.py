"""A gateway is lost: connections die without a word, both ends notice later, and the devices connect again."""

from __future__ import annotations

from functools import cache

import pytest

from syncproof.core.moves import Connect, Deliver, Disconnect, Notice
from syncproof.core.observations import Shown
from syncproof.core.values import DeviceId
from syncproof.designs import DESIGNS
from syncproof.engines.simulate.run import Simulation
from syncproof.inputs import scenario
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.workload import generate
from tests.helpers.timed import Times, ran

AT, NOTICE, RECONNECT = 60.0, 2.0, 3.0
SMALL: Scenario = scenario.load("reconnect-storm").with_values(
    {
        "duration": "2m",
        "population.users": 30,
        "conversations.pairs": 60,
        "conversations.groups": 2,
        "traffic.messages_per_user_per_day": 5000.0,
        "faults.gateway_losses": [{"at": "1m", "share": 1.0}],
    }
)


@cache
def run(design: str = "timeline-notify", share: float = 1.0, jitter: float = 0.0) -> tuple[Simulation, Times]:
    made = SMALL.with_value("faults.gateway_losses", [{"at": "1m", "share": share}])
    made = made.with_value("network.reconnect_jitter", jitter)
    return ran(design, made, generate(made, 4), 4)


def connects(times: Times) -> list[float]:
    return [at for at, move in times.events if isinstance(move, Connect) and at >= AT]


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_every_device_is_connected_again_and_promises_hold(design: str) -> None:
    made, times = run(design)
    assert len(connects(times)) == 60
    assert made.fault_counts.fired["half-open"] == 60
    assert {name for name in made.monitor.violations if "half-open" in DESIGNS[design].promises.get(name, ())} == set()


def test_both_ends_notice_at_once_and_not_before() -> None:
    _, times = run()
    closed = [(at, move) for at, move in times.events if isinstance(move, Disconnect | Notice)]
    assert {at for at, _ in closed} == {AT + NOTICE}
    assert sum(isinstance(move, Notice) for _, move in closed) == 60


@pytest.mark.parametrize("design", ["timeline-push", "inbox-store-first"])
def test_nothing_arrives_over_a_dead_connection(design: str) -> None:
    _, times = run(design)
    dead = [o for at, o in times.events if AT < at < AT + NOTICE + RECONNECT and isinstance(o, Deliver)]
    shown = [o for at, o in times.events if AT + 0.01 < at < AT + NOTICE + RECONNECT and isinstance(o, Shown)]
    assert dead == []
    assert shown == []


def test_what_is_sent_in_the_warm_up_arrives_in_it() -> None:
    """Else everyone would pull at the start, which is what the warm-up is to prevent."""
    _, times = run()
    arrivals = [at for at, move in times.events if isinstance(move, Deliver)]
    assert sum(at < 0 for at in arrivals) >= 60
    assert 0.0 not in arrivals


def test_without_jitter_all_come_back_at_the_same_moment() -> None:
    assert set(connects(run()[1])) == {AT + NOTICE + RECONNECT}


def test_with_jitter_they_come_back_over_a_time_as_long_as_the_wait() -> None:
    back = [at - AT - NOTICE - RECONNECT for at in connects(run(jitter=1.0)[1])]
    assert 0 <= min(back) < 0.1 * RECONNECT
    assert 0.9 * RECONNECT < max(back) < RECONNECT


def test_a_share_of_the_connections_is_lost() -> None:
    made, times = run(share=0.5)
    assert len(connects(times)) == made.fault_counts.fired["half-open"]
    assert 15 <= made.fault_counts.fired["half-open"] <= 45


def test_the_same_devices_lose_their_connections_in_every_design() -> None:
    def lost(design: str) -> set[DeviceId]:
        return {move.client for _, move in run(design, 0.5)[1].events if isinstance(move, Disconnect)}

    assert lost("timeline-notify") == lost("inbox-store-first")


def test_deliveries_that_begin_while_the_ends_do_not_know_are_not_measured() -> None:
    made, _ = run()
    assert made.meter.delivery.quantile(1.0) < NOTICE + RECONNECT
